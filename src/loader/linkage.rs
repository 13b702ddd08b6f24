//! Reads the linkage files of a study, in order, into a [`Linker`].

use super::error::{Fault, LoadError, Place};
use super::extract::key_fault;
use super::format::FileRead;
use super::format::delimited::find_column;
use super::format::file::DataFile;
use super::keys::Keys;
use super::link::{LinkReport, Linker, Normaliser};
use super::{Input, Progress};
use crate::stored::Wanted;
use crate::study::{InputFile, LinkageFile, Study};
use rayon::prelude::*;

/// What the linkage files gave.
pub(crate) struct Linked {
    pub(crate) linker: Linker,
    pub(crate) inputs: Vec<Input>,
    /// How each file but the first found the persons.
    pub(crate) links: Vec<LinkReport>,
}

/// Reads the linkage files; `None` for a study without.
pub(crate) fn read_linkage(study: &Study, progress: &mut dyn Progress) -> Result<Option<Linked>, LoadError> {
    let Some(linkage) = &study.linkage else { return Ok(None) };
    let population = study.population().key.spelling.clone().unwrap_or_default();
    let mut linked = Linked { linker: Linker::default(), inputs: Vec::new(), links: Vec::new() };
    for (number, file) in linkage.files.iter().enumerate() {
        let (keys, read) = read_keys(file, progress)?;
        let input = |file| Input { extract: "linkage".to_string(), file };
        linked.inputs.extend(read.into_iter().map(input));
        match number {
            0 => linked.linker = Linker::from_linkage(file, &keys, &population)?,
            _ => linked.links.push(linked.linker.extend(file, &keys)?),
        }
    }
    Ok(Some(linked))
}

/// The keys of every row of a linkage file, one arena per spelling.
fn read_keys(linkage: &LinkageFile, progress: &mut dyn Progress) -> Result<(Vec<Keys>, Vec<FileRead>), LoadError> {
    let mut reading = Reading {
        linkage,
        keys: vec![Keys::default(); linkage.keys.len()],
        normalisers: linkage.keys.values().map(Normaliser::new).collect(),
    };
    let read: Result<Vec<FileRead>, LoadError> =
        linkage.files.iter().map(|file| reading.file(file, progress)).collect();
    Ok((reading.keys, read?))
}

struct Reading<'a> {
    linkage: &'a LinkageFile,
    keys: Vec<Keys>,
    normalisers: Vec<Normaliser<'a>>,
}

impl Reading<'_> {
    fn file(&mut self, file: &InputFile, progress: &mut dyn Progress) -> Result<FileRead, LoadError> {
        let data = DataFile::open(file, &self.linkage.format)?;
        let header = data.header().to_vec();
        let places = self.places(&header, file)?;
        let wanted: Vec<Wanted> = places.iter().map(|&column| Wanted { column, keep_user_missing: false }).collect();
        let mut batches = data.into_batches(&wanted);
        while let Some(batch) = batches.next_batch(progress)? {
            let columns = self.keys.par_iter_mut().zip(self.normalisers.par_iter_mut());
            let read = columns.enumerate().map(|(i, (keys, normaliser))| {
                let mut buffer = String::new();
                (0..batch.n_rows()).try_for_each(|row| match batch.key(row, i, &mut buffer) {
                    Some(field) => {
                        push(keys, normaliser, field, batch.row(row));
                        Ok(())
                    }
                    None => Err(key_fault(&file.written, &header[places[i]], batch.row(row))),
                })
            });
            read.collect::<Result<Vec<()>, LoadError>>()?;
        }
        self.end_file(&header, &places, file)?;
        batches.finish(progress)
    }

    /// The places of the key columns in a header.
    fn places(&self, header: &[String], file: &InputFile) -> Result<Vec<usize>, LoadError> {
        let fault = |(rule, remedy): (String, String)| {
            LoadError::Header(Fault::new(Place::row(&*file.written, 1), rule, remedy))
        };
        self.linkage.keys.values().map(|key| find_column(header, &key.aliases).map_err(fault)).collect()
    }

    /// Raises the faults of the keys of the file that ends here.
    fn end_file(&mut self, header: &[String], places: &[usize], file: &InputFile) -> Result<(), LoadError> {
        let columns = self.normalisers.iter_mut().zip(places);
        let faults: Vec<Fault> =
            columns.flat_map(|(normaliser, &place)| normaliser.end_file(&file.written, &header[place])).collect();
        if faults.is_empty() { Ok(()) } else { Err(LoadError::Values(faults)) }
    }
}

/// Adds the key of a field; an empty field, or one whose fault is raised at the end of the file, as an empty key.
fn push(keys: &mut Keys, normaliser: &mut Normaliser, field: &[u8], row: u64) {
    keys.push(normaliser.key(field, row).unwrap_or_default());
}
