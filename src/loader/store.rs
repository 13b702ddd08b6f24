//! Person-time kept for the next run, in a folder of the user's choice.
//!
//! A build is known by a key: the SHA-256 of every file it was made from, of the part of the study file that the loader
//! reads, and of the program's version. A run with the same key takes the stored build; any other stores its own, and the
//! folder keeps those stored last (`kept_builds`). What models, tables and disclosure control ask for is not in the key. Whoever reuses a build says
//! so ([`Build`]). A build lies in a folder of its own, for the user alone, written under another name and renamed when it
//! is complete.

use super::covariate_table::CovariateSource;
use super::error::{Fault, LoadError, Place};
use super::format::decode::unreadable;
use super::kept_builds::{PARTIAL, REST, TABLE, keep_last};
use super::person_time::write_parquet;
use super::{
    AttritionStep, Check, CodeUse, ExitCount, Input, KeyCleanUp, LinkReport, Loaded, Note, Progress, RowsByMonth,
};
use crate::private::{create_private, hash_file, hex, make_private};
use crate::study::{Study, loader_part};
use crate::table::{Codes, Column, ColumnData, Factor, MISSING_WHOLE, Table};
use polars::prelude::{DataFrame, ParquetReader, SerReader};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Where person-time came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Build {
    /// Made from the extracts.
    #[default]
    New,
    /// Made from the extracts and stored.
    Stored {
        /// In this folder.
        place: PathBuf,
        /// Older builds that gave way to it, beyond those that are kept.
        removed: usize,
    },
    /// Taken from a folder: neither the extracts nor the loader part of the study file changed.
    Reused {
        /// This folder.
        place: PathBuf,
        /// Older builds beside it that went, beyond those that are kept.
        removed: usize,
    },
}

/// Changes whenever what is stored changes its meaning.
const FORMAT: &str = "cohort-build/3";

/// Everything of a build but the values of its table.
#[derive(Serialize, Deserialize)]
struct Rest {
    format: String,
    table_sha256: String,
    columns: Vec<StoredColumn>,
    attrition: Vec<AttritionStep>,
    exits: Vec<ExitCount>,
    events_outside: Vec<Check>,
    links: Vec<LinkReport>,
    clean_up: Vec<KeyCleanUp>,
    codes: Vec<CodeUse>,
    rows_by_month: Vec<RowsByMonth>,
    inputs: Vec<Input>,
    notes: Vec<Note>,
    covariates: Vec<CovariateSource>,
}

#[derive(Serialize, Deserialize)]
struct StoredColumn {
    name: String,
    label: String,
    kind: Kind,
}

#[derive(Serialize, Deserialize)]
enum Kind {
    Factor { levels: Vec<String>, labels: Vec<String>, declared: bool },
    Number,
    Whole,
    Day,
    Logical,
}

/// The place of one build.
pub(crate) struct Store {
    folder: PathBuf,
    /// Builds that the folder keeps.
    keep: usize,
    place: PathBuf,
}

impl Store {
    /// The place of the study's build below `folder`, which is made. Reads every file to know it. Errors: `File`, `Write`.
    pub(crate) fn open(folder: &Path, study: &Study, progress: &mut dyn Progress) -> Result<Store, LoadError> {
        create_private(folder).map_err(|e| cannot_write(folder, &e))?;
        let key = key(study, progress)?;
        Ok(Store { place: folder.join(&key[..32]), keep: study.keep_builds, folder: folder.to_owned() })
    }

    /// The stored build; `None` where there is none, or one that is not as it was written. It stays, and of the others those
    /// stored last, as many as are kept.
    pub(crate) fn find(&self) -> Option<Loaded> {
        let rest: Rest = serde_json::from_slice(&fs::read(self.place.join(REST)).ok()?).ok()?;
        let path = self.place.join(TABLE);
        if rest.format != FORMAT || hash_file(&path, &mut |_| {}).ok()?.1 != rest.table_sha256 {
            return None;
        }
        let frame = ParquetReader::new(File::open(&path).ok()?).finish().ok()?;
        let columns: Option<Vec<Column>> = rest.columns.into_iter().map(|c| column(c, &frame)).collect();
        Some(Loaded {
            table: Table::new(columns?),
            covariates: rest.covariates,
            attrition: rest.attrition,
            exits: rest.exits,
            events_outside: rest.events_outside,
            links: rest.links,
            clean_up: rest.clean_up,
            codes: rest.codes,
            rows_by_month: rest.rows_by_month,
            inputs: rest.inputs,
            notes: rest.notes,
            build: Build::Reused {
                place: self.place.clone(),
                removed: keep_last(&self.folder, &self.place, self.keep),
            },
        })
    }

    /// Stores a build, lets the oldest go beyond those that are kept, and says so in it. Errors: `Write`.
    pub(crate) fn put(&self, loaded: &mut Loaded) -> Result<(), LoadError> {
        let fault = |e: io::Error| cannot_write(&self.folder, &e);
        let mut builder = tempfile::Builder::new();
        builder.prefix(PARTIAL);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let partial = builder.tempdir_in(&self.folder).map_err(fault)?;
        let table = partial.path().join(TABLE);
        write_parquet(&loaded.table, &table)?;
        let Loaded {
            table: values,
            covariates,
            attrition,
            exits,
            events_outside,
            links,
            clean_up,
            codes,
            rows_by_month,
            inputs,
            notes,
            build: _,
        } = &*loaded;
        let rest = Rest {
            format: FORMAT.to_owned(),
            table_sha256: hash_file(&table, &mut |_| {}).map_err(fault)?.1,
            columns: values.columns().iter().map(stored).collect(),
            attrition: attrition.clone(),
            exits: exits.clone(),
            events_outside: events_outside.clone(),
            links: links.clone(),
            clean_up: clean_up.clone(),
            codes: codes.clone(),
            rows_by_month: rows_by_month.clone(),
            inputs: inputs.clone(),
            notes: notes.clone(),
            covariates: covariates.clone(),
        };
        let text = serde_json::to_vec(&rest).expect("plain data become JSON");
        fs::write(partial.path().join(REST), text).map_err(fault)?;
        for name in [TABLE, REST] {
            make_private(&partial.path().join(name)).map_err(fault)?;
        }
        // A build that is broken, or that another run has stored meanwhile, gives way.
        let _ = fs::remove_dir_all(&self.place);
        fs::rename(partial.path(), &self.place).map_err(fault)?;
        let _ = partial.keep();
        let removed = keep_last(&self.folder, &self.place, self.keep);
        loaded.build = Build::Stored { place: self.place.clone(), removed };
        Ok(())
    }
}

/// What a build depends on, as one hash.
fn key(study: &Study, progress: &mut dyn Progress) -> Result<String, LoadError> {
    let mut hasher = Sha256::new();
    let mut part = |text: &str| {
        // The length first, so that no two lists of texts run together into one.
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part(FORMAT);
    part(env!("CARGO_PKG_VERSION"));
    part(&loader_part(&study.text));
    part(&format!("{:?}", study.codelists));
    let linkage = study.linkage.iter().flat_map(|linkage| linkage.files.iter().flat_map(|f| &f.files));
    let linkage = linkage.map(|file| ("linkage", file));
    let extracts = study.extracts.values().flat_map(|e| e.files.iter().map(|file| (e.name.as_str(), file)));
    for (extract, file) in linkage.chain(extracts) {
        let size = fs::metadata(&file.path).ok().map(|m| m.len());
        let mut done = 0;
        let hash = hash_file(&file.path, &mut |n| {
            done += n as u64;
            progress.step(&format!("{}, unchanged?", file.written), done, size);
        });
        part(extract);
        part(&file.written);
        part(&hash.map_err(|e| unreadable(&file.written, &e))?.1);
    }
    Ok(hex(&hasher.finalize()))
}

fn stored(column: &Column) -> StoredColumn {
    let kind = match &column.data {
        ColumnData::Factor(f) => {
            Kind::Factor { levels: f.levels.clone(), labels: f.labels.clone(), declared: f.declared }
        }
        ColumnData::Number(_) => Kind::Number,
        ColumnData::Whole(_) => Kind::Whole,
        ColumnData::Day(_) => Kind::Day,
        ColumnData::Logical(_) => Kind::Logical,
    };
    StoredColumn { name: column.name.clone(), label: column.label.clone(), kind }
}

/// A column as it was; `None` when the file does not hold it.
fn column(stored: StoredColumn, frame: &DataFrame) -> Option<Column> {
    let series = frame.column(&stored.name).ok()?.as_materialized_series().clone();
    let whole = || -> Option<Vec<i32>> {
        let values = series.to_physical_repr().into_owned();
        Some(values.i32().ok()?.iter().map(|x| x.unwrap_or(MISSING_WHOLE)).collect())
    };
    let data = match stored.kind {
        Kind::Number => ColumnData::Number(series.f64().ok()?.iter().map(|x| x.unwrap_or(f64::NAN)).collect()),
        Kind::Whole => ColumnData::Whole(whole()?),
        Kind::Day => ColumnData::Day(whole()?),
        Kind::Logical => ColumnData::Logical(series.bool().ok()?.iter().collect()),
        Kind::Factor { levels, labels, declared } => {
            let texts = series.str().ok()?;
            let level = |text: &str| levels.iter().position(|l| l == text).map(|i| i as u32);
            let codes: Option<Vec<Option<u32>>> =
                texts.iter().map(|text| text.map_or(Some(None), |text| level(text).map(Some))).collect();
            ColumnData::Factor(Factor { codes: Codes::pack(codes?, levels.len()), levels, labels, declared })
        }
    };
    Some(Column { name: stored.name, label: stored.label, data })
}

fn cannot_write(path: &Path, error: &io::Error) -> LoadError {
    let place = Place::file(path.display().to_string());
    let rule = format!("the build cannot be stored there ({})", error.kind());
    LoadError::Write(Fault::new(place, rule, "name another --cache folder, or check the space that is left"))
}
