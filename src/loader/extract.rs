//! Reads an extract once, in batches: convert, link, filter, keep what somebody asked for.
//!
//! Every later stage says beforehand which rows and columns it needs (a [`Request`]). A batch is converted
//! column by column in parallel, its keys become person numbers, and each request keeps its rows; the batch is
//! then forgotten. So memory follows what is kept, not what was delivered, and a file is read once however many
//! rules look at it. Cheap tests (person, date, code) come before SQL, which sees only the rows they leave.

use super::births::{BeforeBirth, Birth};
use super::broken::join_years;
use super::collector::{Batch, Collector};
use super::condition::{self, Compiled};
use super::error::{Fault, LoadError, Place};
use super::format::FileRead;
use super::format::delimited::{OddLines, find_column};
use super::format::file::{DataBatch, DataBatches, DataFile};
use super::key_reader::{KeyReader, KeysRead, LinkReport};
use super::key_tally::KeyCleanUp;
use super::link::{Linker, NO_KEY};
use super::quality;
use super::request::{ColumnKey, Request};
use super::row_places::RowPlaces;
use super::rows::Rows;
use super::rows_in_time::{RowsByMonth, RowsInTime};
use super::schema::Converter;
use super::values::{Dictionary, Values};
use super::{CodeUse, Input, Note, Progress, codes, demand};
use crate::stored::{StoredColumn, Wanted};
use crate::study::{ColumnSource, ColumnSpec, Extract, InputFile, RowsPerPerson, Study, fit};
use rayon::prelude::*;
use std::sync::Arc;

/// What one extract gave.
pub(crate) struct Extracted {
    /// Rows of every request, in the order of the requests.
    pub(crate) rows: Vec<Rows>,
    pub(crate) link: LinkReport,
    /// What the declared clean-up did to its keys; `None` where the declaration changes none.
    pub(crate) clean_up: Option<KeyCleanUp>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) notes: Vec<Note>,
    /// Persons with rows that contradict each other, who leave the study; sorted.
    pub(crate) contradicting: Vec<u32>,
    /// Duplicates and contradictions that the study does not allow.
    pub(crate) errors: Vec<LoadError>,
    /// Persons by the population's own keys, where there is no linkage file and this is the population.
    pub(crate) linker: Option<Linker>,
    /// How often codes occur, by column.
    pub(crate) codes: Vec<CodeUse>,
    /// Rows by month; `None` where no rule looks at a date of the extract.
    pub(crate) time: Option<RowsByMonth>,
}

/// Whose rows are kept.
pub(crate) enum Persons<'a> {
    /// Everybody, numbered by the keys of this extract: the population of a study without linkage file.
    Collect,
    /// Everybody who links.
    All(&'a Linker),
    /// Those marked.
    Marked(&'a Linker, &'a [bool]),
    /// Nobody: only the faults of cells and keys are of interest.
    Nobody,
}

/// Reads all files of `extract` and keeps what `requests` ask for.
pub(crate) fn read_extract(
    study: &Study,
    extract: &Extract,
    requests: &[Request],
    (persons, births): (&Persons, &[Birth]),
    progress: &mut dyn Progress,
) -> Result<Extracted, LoadError> {
    let mut reading = Reading::new(study, extract, requests, (persons, births))?;
    let inputs = reading.files(progress)?;
    reading.finish(inputs)
}

/// Reads all files of `extract` for the faults of their cells and keys alone. Errors: those faults.
pub(crate) fn faults_of_extract(
    study: &Study,
    extract: &Extract,
    requests: &[Request],
    progress: &mut dyn Progress,
) -> Result<(), LoadError> {
    Reading::new(study, extract, requests, (&Persons::Nobody, &[]))?.files(progress).map(drop)
}

/// The state of reading one extract.
struct Reading<'a> {
    extract: &'a Extract,
    persons: &'a Persons<'a>,
    keys: KeyReader<'a>,
    specs: Vec<(&'a ColumnSpec, Option<i32>)>,
    converters: Vec<Converter>,
    collectors: Vec<Collector<'a>>,
    condition: Option<Compiled>,
    /// Rows that the extract's own condition leaves out.
    left_out: u64,
    /// Of them, rows for which it is unknown.
    unknown: u64,
    /// Rows read so far.
    n_rows: u64,
    /// Where they stand.
    row_places: RowPlaces,
    /// What somebody should know about the files.
    remarks: Vec<Note>,
    /// Person, hash of all columns that are read and number of every row that was kept; of all rows where duplicates are an
    /// error or collapsed.
    fingerprints: Vec<quality::Fingerprint>,
    /// Whether duplicates are looked for among all rows, not only among those that somebody keeps.
    compare_all: bool,
    /// Which system the codes of a row are of.
    systems: codes::Systems,
    /// How often each code occurs, where a code list looks at it.
    occurrences: codes::Occurrences<'a>,
    /// Rows and rows without a key by day.
    time: Option<RowsInTime>,
    /// Rows dated before the birth of their person.
    before_birth: BeforeBirth<'a>,
}

impl<'a> Reading<'a> {
    fn new(
        study: &'a Study,
        extract: &'a Extract,
        requests: &[Request],
        (persons, births): (&'a Persons<'a>, &'a [Birth]),
    ) -> Result<Reading<'a>, LoadError> {
        let one = matches!(extract.rows, RowsPerPerson::One { .. });
        let linker = match persons {
            Persons::Collect | Persons::Nobody => None,
            Persons::All(linker) | Persons::Marked(linker, _) => Some(*linker),
        };
        let place = format!("extract.{}.where", extract.name);
        let condition = extract.condition.as_ref().map(|sql| condition::compile(&sql.text, &place)).transpose()?;

        let mut requests = requests.to_vec();
        if one {
            // Rows of one person are compared in every declared column.
            let columns = declared(extract).map(|(spec, year)| ColumnKey { name: spec.name.clone(), year }).collect();
            requests.push(Request { columns, filter: None });
        }
        let needed = demand::columns_of(extract, &requests);
        let specs: Vec<_> = declared(extract).filter(|(spec, _)| needed.contains(&*spec.name)).collect();
        let decimal = extract.format.decimal();
        let converters: Vec<_> = specs.iter().map(|(spec, year)| Converter::new(spec, *year, decimal)).collect();
        let collectors = requests
            .iter()
            .map(|request| Collector::new(study, extract, request, &specs))
            .collect::<Result<Vec<_>, _>>()?;
        let systems = codes::Systems::new(&specs);
        let occurrences = codes::Occurrences::new(study, extract, &specs, &systems);
        let time = RowsInTime::new(extract, &requests, &specs);
        let before_birth = BeforeBirth::new(births, &specs);
        Ok(Reading {
            extract,
            persons,
            keys: KeyReader::new(&extract.name, &extract.key, linker, extract.min_matched),
            specs,
            converters,
            collectors,
            condition,
            left_out: 0,
            unknown: 0,
            n_rows: 0,
            row_places: RowPlaces::default(),
            remarks: Vec::new(),
            fingerprints: Vec::new(),
            compare_all: demand::compares_rows(extract),
            systems,
            occurrences,
            time,
            before_birth,
        })
    }

    /// The place of a column in a header, by its names.
    fn find(&self, header: &[String], names: &[String], file: &InputFile) -> Result<usize, LoadError> {
        find_column(header, names)
            .map_err(|(rule, remedy)| LoadError::Header(Fault::new(Place::row(&*file.written, 1), rule, remedy)))
    }

    /// The places of the key and of every needed column.
    fn places(&self, header: &[String], file: &InputFile) -> Result<Vec<usize>, LoadError> {
        let mut places = vec![self.find(header, &self.extract.key.aliases, file)?];
        for (spec, year) in &self.specs {
            let names = match (&spec.source, year) {
                (ColumnSource::One(names), _) => names.clone(),
                (ColumnSource::Yearly { patterns, .. }, year) => {
                    ColumnSource::names_in(patterns, year.expect("a yearly column has its year"))
                }
            };
            places.push(self.find(header, &names, file)?);
        }
        Ok(places)
    }

    /// Reads the files. Errors: the faults of the cells of all of them, and what keeps some from being read.
    fn files(&mut self, progress: &mut dyn Progress) -> Result<Vec<Input>, LoadError> {
        let extract = self.extract;
        let input = |file| Input { extract: extract.name.clone(), file };
        LoadError::all_of(extract.files.iter().map(|file| self.file(file, progress).map(input)))
    }

    fn file(&mut self, file: &InputFile, progress: &mut dyn Progress) -> Result<FileRead, LoadError> {
        let data = DataFile::open(file, &self.extract.format)?;
        let header = data.header().to_vec();
        let places = self.places(&header, file)?;
        self.begin_file(data.columns()?.as_deref(), &header, &places, file)?;
        self.remarks.extend(data.remarks().iter().map(|remark| Note::plain(&file.written, remark)));
        let keep = std::iter::once(false).chain(self.specs.iter().map(|(spec, _)| spec.keep_user_missing));
        let wanted: Vec<Wanted> =
            places.iter().zip(keep).map(|(&column, keep_user_missing)| Wanted { column, keep_user_missing }).collect();
        let mut batches = data.into_batches(&wanted);
        let read = self.batches(&mut batches, file, &header[places[0]], progress);
        // Faults of cells are told also where the file could not be read to its end.
        let faults = self.end_file(&header, &places, file);
        match read {
            Err(error) => Err(error.after(faults)),
            Ok(()) if !faults.is_empty() => Err(LoadError::Values(faults)),
            Ok(()) => batches.finish(),
        }
    }

    /// Reads the rows of a file, whose key has the name `key` there.
    fn batches(
        &mut self,
        batches: &mut DataBatches,
        file: &InputFile,
        key: &str,
        progress: &mut dyn Progress,
    ) -> Result<(), LoadError> {
        let mut odd_lines = OddLines::default();
        while let Some(batch) = batches.next_batch(progress)? {
            odd_lines.add(batch.odd_lines());
            let (persons, values) = self.convert(&batch);
            self.systems.check(&values, &self.converters, batch.n_rows(), |row| batch.row(row));
            let persons = persons.map_err(|row| LoadError::Values(vec![key_fault(&file.written, key, row)]))?;
            let rows = (0..batch.n_rows()).map(|row| batch.row(row));
            self.row_places.add(&file.written, self.n_rows, rows);
            self.keep(persons, values, file)?;
        }
        self.remarks.extend(odd_lines.notes(&file.written));
        Ok(())
    }

    /// Tells key and columns what the file says of them. Errors: stored types that contradict the declared ones.
    fn begin_file(
        &mut self,
        columns: Option<&[StoredColumn]>,
        header: &[String],
        places: &[usize],
        file: &InputFile,
    ) -> Result<(), LoadError> {
        let Some(columns) = columns else { return Ok(()) };
        let place = |at: usize| Place::file(&*file.written).in_column(&*header[at]);
        let key = &columns[places[0]];
        let unfit = fit::key(&key.holds).err();
        let mut faults: Vec<Fault> = unfit
            .map(|unfit| {
                Fault::new(
                    place(places[0]),
                    format!("the key has the type {}: {}", key.holds, unfit.rule),
                    unfit.remedy,
                )
            })
            .into_iter()
            .collect();
        for (converter, &at) in self.converters.iter_mut().zip(&places[1..]) {
            faults.extend(converter.begin_file(Some(&columns[at]), &place(at)));
        }
        if faults.is_empty() { Ok(()) } else { Err(LoadError::Values(faults)) }
    }

    /// Persons, or the row of a key that is none, and typed values of a batch.
    fn convert(&mut self, batch: &DataBatch) -> (Result<Vec<u32>, u64>, Vec<Values>) {
        let Reading { keys, converters, .. } = self;
        rayon::join(
            || keys.persons(batch),
            || converters.par_iter_mut().enumerate().map(|(i, c)| c.convert_batch(batch, i + 1)).collect(),
        )
    }

    /// Lets every request keep its rows of a batch.
    fn keep(&mut self, persons: Vec<u32>, values: Vec<Values>, file: &InputFile) -> Result<(), LoadError> {
        if matches!(self.persons, Persons::Nobody) {
            return Ok(());
        }
        let first = self.n_rows;
        self.n_rows += persons.len() as u64;
        if self.n_rows > u64::from(u32::MAX) {
            let fault = Fault::new(
                Place::file(&*file.written),
                "the extract has more than 4,294,967,295 rows up to here",
                "declare its files as two extracts",
            );
            return Err(LoadError::File(fault));
        }
        if let Some(time) = &mut self.time {
            time.add(&values, &persons);
        }
        let mut rows: Vec<u32> = (0..persons.len() as u32).filter(|&r| persons[r as usize] < NO_KEY).collect();
        if let Persons::Marked(_, marked) = self.persons {
            rows.retain(|&r| marked[persons[r as usize] as usize]);
        }
        let batch = Batch {
            persons: &persons,
            values: &values,
            converters: &self.converters,
            systems: &self.systems,
            first: first as u32,
        };
        if let Some(condition) = &self.condition {
            let before = rows.len();
            let unknown;
            (rows, unknown) = batch.condition(condition, rows)?;
            self.left_out += (before - rows.len()) as u64;
            self.unknown += unknown;
        }
        self.before_birth.add(&values, &persons, &rows);
        self.occurrences.add(&values, &persons, &rows);
        let mut kept = vec![false; persons.len()];
        for collector in &mut self.collectors {
            collector.keep(&batch, &rows, &mut kept)?;
        }
        if !self.compare_all {
            rows.retain(|&row| kept[row as usize]);
        }
        batch.fingerprint(&rows, &mut self.fingerprints);
        Ok(())
    }

    /// The faults of the cells and keys of the file that ends here.
    fn end_file(&mut self, header: &[String], places: &[usize], file: &InputFile) -> Vec<Fault> {
        let mut faults = self.keys.end_file(&file.written, &header[places[0]]);
        let columns = self.converters.iter_mut().zip(&places[1..]);
        let mut columns: Vec<_> = columns.map(|(c, &place)| c.end_file(&file.written, &header[place])).collect();
        // The columns of a yearly family stand one after the other.
        for family in self.specs.chunk_by(|a, b| a.0.name == b.0.name) {
            let of_family = columns.drain(..family.len()).flatten();
            faults.extend(join_years(of_family.collect()));
        }
        faults.extend(self.systems.end_file(&file.written, header, &places[1..]));
        faults
    }

    fn finish(self, inputs: Vec<Input>) -> Result<Extracted, LoadError> {
        let Reading {
            extract,
            keys,
            specs,
            converters,
            collectors,
            left_out,
            unknown,
            fingerprints,
            condition,
            systems,
            occurrences,
            time,
            before_birth,
            remarks,
            row_places,
            ..
        } = self;
        let collects = matches!(self.persons, Persons::Collect);
        let KeysRead { report: link, clean_up, collected } = keys.finish()?;
        let mut notes = remarks;
        notes.extend(remarks_on_files(extract, &inputs));
        if condition.is_some() {
            let message = "rows of linked persons that the extract's condition leaves out";
            notes.push(Note::new(&extract.name, message, left_out, "rows"));
            if unknown > 0 {
                let message = "of them, rows for which it is unknown (a missing value)";
                notes.push(Note::new(&extract.name, message, unknown, "rows"));
            }
        }
        for (converter, (spec, _)) in converters.iter().zip(&specs) {
            quality::column_notes(extract, spec, converter, &mut notes);
        }
        notes.extend(systems.notes(extract, &specs));
        notes.extend(before_birth.notes(extract, &specs));
        let codes = occurrences.finish(extract, &converters);
        let dictionaries: Vec<Arc<Dictionary>> = converters.into_iter().map(|c| Arc::new(c.dictionary)).collect();
        let mut rows: Vec<Rows> = collectors.into_iter().map(|c| c.finish(&dictionaries)).collect();

        let mut fingerprints = fingerprints;
        let linker = collects.then(|| {
            let (linker, persons) = Linker::from_population(collected, &extract.name);
            let renumber = |p: &mut u32| *p = persons[*p as usize];
            rows.iter_mut().for_each(|r| r.persons.iter_mut().for_each(renumber));
            fingerprints.iter_mut().for_each(|f| renumber(&mut f.person));
            linker
        });
        let full = matches!(extract.rows, RowsPerPerson::One { .. }).then(|| rows.pop().expect("asked for above"));
        let resolved = quality::resolve_duplicates(extract, fingerprints, full.as_ref(), &specs, &row_places);
        rows.iter_mut().for_each(|r| r.drop_ordinals(&resolved.dropped));
        notes.extend(resolved.notes);
        let (contradicting, errors) = (resolved.contradicting, resolved.errors);
        let time = time.map(|time| time.finish(extract));
        Ok(Extracted { rows, link, clean_up, inputs, notes, contradicting, errors, linker, codes, time })
    }
}

/// Files of an extract that are the same file under two names, and an extract without rows.
fn remarks_on_files(extract: &Extract, inputs: &[Input]) -> Vec<Note> {
    let files = || inputs.iter().map(|input| &input.file);
    if files().all(|file| file.rows == 0) {
        let message = "has no rows: whatever rules ask of it finds nothing";
        return vec![Note::plain(&extract.name, message)];
    }
    let mut notes = Vec::new();
    for (number, file) in files().enumerate().filter(|(_, file)| file.rows > 0) {
        if let Some(same) = files().take(number).find(|before| before.sha256 == file.sha256) {
            let message = format!("rows in a file with the same bytes as {}, counted once more", same.path);
            notes.push(Note::new(&file.path, &message, file.rows, "rows"));
        }
    }
    notes
}

/// A key that is stored as a number and is no whole number that a double holds exactly.
pub(crate) fn key_fault(file: &str, column: &str, row: u64) -> Fault {
    let place = Place::row(file, row).in_column(column);
    let rule = "the key is stored as a number and is not whole, or has more digits than a number holds";
    Fault::new(place, rule, "have it delivered as text")
}

/// The bytes of a file, to show how far reading is.
pub(crate) fn size(path: &std::path::Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|m| m.len())
}

/// The declared columns of an extract, yearly families year by year.
fn declared(extract: &Extract) -> impl Iterator<Item = (&ColumnSpec, Option<i32>)> {
    extract.columns.values().flat_map(|spec| {
        let years: Vec<Option<i32>> = match spec.source {
            ColumnSource::One(_) => vec![None],
            ColumnSource::Yearly { first, last, .. } => (first..=last).map(Some).collect(),
        };
        years.into_iter().map(move |year| (spec, year))
    })
}
