//! Reads the linkage files of a study, in order, into a [`Linker`].

use super::error::{Fault, LoadError, Place};
use super::extract::key_fault;
use super::format::FileRead;
use super::format::delimited::find_column;
use super::format::file::DataFile;
use super::key_reader::LinkReport;
use super::key_shape::{Normaliser, has_steps, step_names};
use super::key_tally::{Became, Firsts, KeyCleanUp, Raw, Tally};
use super::keys::{Keys, hash, pack};
use super::link::Linker;
use super::{Input, Progress};
use crate::stored::Wanted;
use crate::study::{InputFile, Key, LinkageFile, Study};
use rayon::prelude::*;

/// What the linkage files gave.
pub(crate) struct Linked {
    pub(crate) linker: Linker,
    pub(crate) inputs: Vec<Input>,
    /// How each file but the first found the persons.
    pub(crate) links: Vec<LinkReport>,
    /// What the declared clean-up did to the keys of each spelling that has one.
    pub(crate) clean_up: Vec<KeyCleanUp>,
}

/// Reads the linkage files; `None` for a study without.
pub(crate) fn read_linkage(study: &Study, progress: &mut dyn Progress) -> Result<Option<Linked>, LoadError> {
    let Some(linkage) = &study.linkage else { return Ok(None) };
    let population = study.population().key.spelling.clone().unwrap_or_default();
    let mut linked = Linked { linker: Linker::default(), inputs: Vec::new(), links: Vec::new(), clean_up: Vec::new() };
    for (number, (file, read)) in linkage.files.iter().zip(read_all(&linkage.files, progress)?).enumerate() {
        let FileKeys { keys, clean_up, read } = read;
        linked.clean_up.extend(clean_up);
        let input = |file| Input { extract: "linkage".to_string(), file };
        linked.inputs.extend(read.into_iter().map(input));
        match number {
            0 => linked.linker = Linker::from_linkage(file, &keys, &population)?,
            _ => linked.links.push(linked.linker.extend(file, &keys)?),
        }
    }
    Ok(Some(linked))
}

/// What a linkage file holds.
struct FileKeys {
    /// The keys of every row, one arena per spelling.
    keys: Vec<Keys>,
    clean_up: Vec<KeyCleanUp>,
    read: Vec<FileRead>,
}

/// Reads all linkage files.
fn read_all(files: &[LinkageFile], progress: &mut dyn Progress) -> Result<Vec<FileKeys>, LoadError> {
    let read = files.iter().map(|file| read_keys(file, progress));
    all_or_faults(read)
}

/// What was read of every file. Errors: the faults of the rows of all files, or what keeps one from being read.
fn all_or_faults<T>(read: impl Iterator<Item = Result<T, LoadError>>) -> Result<Vec<T>, LoadError> {
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for file in read {
        match file {
            Ok(file) => all.push(file),
            Err(error) if error.is_of_rows() => errors.push(error),
            Err(error) => {
                errors.push(error);
                break;
            }
        }
    }
    LoadError::raise(errors)?;
    Ok(all)
}

fn read_keys(linkage: &LinkageFile, progress: &mut dyn Progress) -> Result<FileKeys, LoadError> {
    let mut reading = Reading { linkage, columns: linkage.keys.values().map(Column::new).collect() };
    let read = all_or_faults(linkage.files.iter().map(|file| reading.file(file, progress)))?;
    let name = linkage.name();
    let mut found = FileKeys { keys: Vec::new(), clean_up: Vec::new(), read };
    for Column { keys, normaliser, tally } in reading.columns {
        found.clean_up.extend(tally.map(|tally| tally.finish(normaliser.declared(), &name)));
        found.keys.push(keys);
    }
    Ok(found)
}

struct Reading<'a> {
    linkage: &'a LinkageFile,
    columns: Vec<Column<'a>>,
}

/// The keys of one spelling.
struct Column<'a> {
    keys: Keys,
    normaliser: Normaliser<'a>,
    /// What the declared clean-up did; `None` where the declaration says none.
    tally: Option<Tally>,
}

impl<'a> Column<'a> {
    fn new(key: &'a Key) -> Column<'a> {
        let tally = has_steps(key).then(|| Tally::new(step_names(key).len()));
        Column { keys: Keys::default(), normaliser: Normaliser::new(key), tally }
    }

    /// Adds the key of a field; an empty field, or one whose fault is raised at the end of the file, as an empty key.
    fn push(&mut self, field: &[u8], row: u64) {
        let Some((key, changed)) = self.normaliser.key(field, row) else { return self.keys.push(&[]) };
        if let Some(tally) = self.tally.as_mut().filter(|_| !field.is_empty()) {
            // No key is known yet: the rows of the file number the persons.
            let became = if key.is_empty() { Became::Empty } else { Became::Stranger(hash(pack(key), key)) };
            tally.add(&Firsts::default(), Raw::new(field, changed), became);
        }
        self.keys.push(key);
    }
}

impl Reading<'_> {
    fn file(&mut self, file: &InputFile, progress: &mut dyn Progress) -> Result<FileRead, LoadError> {
        let data = DataFile::open(file, &self.linkage.format)?;
        let header = data.header().to_vec();
        let places = self.places(&header, file)?;
        let wanted: Vec<Wanted> = places.iter().map(|&column| Wanted { column, keep_user_missing: false }).collect();
        let mut batches = data.into_batches(&wanted);
        while let Some(batch) = batches.next_batch(progress)? {
            let read = self.columns.par_iter_mut().enumerate().map(|(i, column)| {
                let mut buffer = String::new();
                (0..batch.n_rows()).try_for_each(|row| match batch.key(row, i, &mut buffer) {
                    Some(field) => {
                        column.push(field, batch.row(row));
                        Ok(())
                    }
                    None => {
                        let fault = key_fault(&file.written, &header[places[i]], batch.row(row));
                        Err(LoadError::Values(vec![fault]))
                    }
                })
            });
            read.collect::<Result<Vec<()>, LoadError>>()?;
        }
        self.end_file(&header, &places, file)?;
        batches.finish()
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
        let columns = self.columns.iter_mut().zip(places);
        let faults: Vec<Fault> =
            columns.flat_map(|(column, &place)| column.normaliser.end_file(&file.written, &header[place])).collect();
        if faults.is_empty() { Ok(()) } else { Err(LoadError::Values(faults)) }
    }
}
