//! Reads the linkage files of a study, in order, into a [`Linker`].

use super::error::{Fault, LoadError, Place};
use super::extract::key_fault;
use super::format::FileRead;
use super::format::delimited::{OddLines, find_column};
use super::format::file::{DataBatches, DataFile};
use super::key_reader::LinkReport;
use super::key_shape::{Normaliser, has_steps, step_names};
use super::key_tally::{Became, Firsts, KeyCleanUp, Raw, Tally};
use super::keys::{Keys, hash, pack};
use super::link::{KeyRows, Linker};
use super::row_places::RowPlaces;
use super::{Input, Note, Progress};
use crate::stored::Wanted;
use crate::study::{InputFile, Key, LinkageFile, Study};
use rayon::prelude::*;

/// What the linkage files gave.
#[derive(Default)]
pub(crate) struct Linked {
    pub(crate) linker: Linker,
    pub(crate) inputs: Vec<Input>,
    /// How each file but the first found the persons.
    pub(crate) links: Vec<LinkReport>,
    /// What the declared clean-up did to the keys of each spelling that has one.
    pub(crate) clean_up: Vec<KeyCleanUp>,
    /// What somebody should know about the files.
    pub(crate) notes: Vec<Note>,
}

/// Reads the linkage files; `None` for a study without. Errors: what is wrong with all of them.
pub(crate) fn read_linkage(study: &Study, progress: &mut dyn Progress) -> Result<Option<Linked>, LoadError> {
    let Some(linkage) = &study.linkage else { return Ok(None) };
    let population = study.population().key.spelling.clone().unwrap_or_default();
    let read = LoadError::all_of(linkage.files.iter().map(|file| read_keys(file, progress)))?;
    let mut linked = Linked::default();
    let mut errors = Vec::new();
    for (number, (file, read)) in linkage.files.iter().zip(read).enumerate() {
        linked.clean_up.extend(read.clean_up);
        linked.notes.extend(read.notes);
        linked.inputs.extend(read.inputs.into_iter().map(|file| Input { extract: "linkage".to_string(), file }));
        if number == 0 {
            let (linker, faults) = Linker::from_linkage(file, &read.rows, &population);
            linked.linker = linker;
            errors.extend(faults);
            continue;
        }
        match linked.linker.extend(file, &read.rows, &mut errors) {
            Ok(report) => linked.links.push(report),
            Err(error) => {
                // Files that are reached through this one would tell of the same again.
                errors.push(error);
                break;
            }
        }
    }
    LoadError::raise(errors)?;
    Ok(Some(linked))
}

/// What a linkage file holds.
struct FileKeys {
    rows: KeyRows,
    clean_up: Vec<KeyCleanUp>,
    inputs: Vec<FileRead>,
    notes: Vec<Note>,
}

fn read_keys(linkage: &LinkageFile, progress: &mut dyn Progress) -> Result<FileKeys, LoadError> {
    let columns = linkage.keys.values().map(Column::new).collect();
    let mut reading = Reading { linkage, columns, n_rows: 0, places: RowPlaces::default(), notes: Vec::new() };
    let inputs = LoadError::all_of(linkage.files.iter().map(|file| reading.file(file, progress)))?;
    let Reading { columns, places, mut notes, .. } = reading;
    let (mut keys, mut clean_up) = (Vec::new(), Vec::new());
    for (spelling, Column { keys: of_column, normaliser, tally }) in linkage.keys.keys().zip(columns) {
        let empty = (0..of_column.len()).filter(|&row| of_column.with(row, <[u8]>::is_empty)).count() as u64;
        let message = format!("rows without a key of spelling {spelling}");
        notes.extend((empty > 0).then(|| Note::new(&linkage.name(), &message, empty, "rows")));
        clean_up.extend(tally.map(|tally| tally.finish(normaliser.declared(), &linkage.name())));
        keys.push(of_column);
    }
    Ok(FileKeys { rows: KeyRows { keys, places }, clean_up, inputs, notes })
}

struct Reading<'a> {
    linkage: &'a LinkageFile,
    columns: Vec<Column<'a>>,
    /// Rows read so far, and where they stand.
    n_rows: u64,
    places: RowPlaces,
    /// What somebody should know about the files.
    notes: Vec<Note>,
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
        let read = self.batches(&mut batches, file, &header, &places, progress);
        // Faults of keys are told also where the file could not be read to its end.
        let faults = self.end_file(&header, &places, file);
        match read {
            Err(error) => Err(error.after(faults)),
            Ok(()) if !faults.is_empty() => Err(LoadError::Values(faults)),
            Ok(()) => batches.finish(),
        }
    }

    /// Reads the rows of a file, whose key columns stand at these places.
    fn batches(
        &mut self,
        batches: &mut DataBatches,
        file: &InputFile,
        header: &[String],
        places: &[usize],
        progress: &mut dyn Progress,
    ) -> Result<(), LoadError> {
        let mut odd_lines = OddLines::default();
        while let Some(batch) = batches.next_batch(progress)? {
            odd_lines.add(batch.odd_lines());
            self.places.add(&file.written, self.n_rows, (0..batch.n_rows()).map(|row| batch.row(row)));
            self.n_rows += batch.n_rows() as u64;
            let read = self.columns.par_iter_mut().enumerate().map(|(i, column)| {
                let mut buffer = String::new();
                (0..batch.n_rows()).try_for_each(|row| {
                    let no_key = || vec![key_fault(&file.written, &header[places[i]], batch.row(row))];
                    let field = batch.key(row, i, &mut buffer).ok_or_else(no_key)?;
                    column.push(field, batch.row(row));
                    Ok(())
                })
            });
            read.collect::<Result<Vec<()>, Vec<Fault>>>().map_err(LoadError::Values)?;
        }
        self.notes.extend(odd_lines.notes(&file.written));
        Ok(())
    }

    /// The places of the key columns in a header.
    fn places(&self, header: &[String], file: &InputFile) -> Result<Vec<usize>, LoadError> {
        let fault = |(rule, remedy): (String, String)| {
            LoadError::Header(Fault::new(Place::row(&*file.written, 1), rule, remedy))
        };
        self.linkage.keys.values().map(|key| find_column(header, &key.aliases).map_err(fault)).collect()
    }

    /// The faults of the keys of the file that ends here.
    fn end_file(&mut self, header: &[String], places: &[usize], file: &InputFile) -> Vec<Fault> {
        let columns = self.columns.iter_mut().zip(places);
        columns.flat_map(|(column, &place)| column.normaliser.end_file(&file.written, &header[place])).collect()
    }
}
