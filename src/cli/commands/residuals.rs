//! Residuals of a run as files of its results folder: one row per record, and one per event.

use crate::error::{Error, Result};
use crate::loader::{NumberColumn, NumberFile, NumberType};
use crate::pipeline::{ModelPredictions, ModelResiduals, Outputs};
use crate::report::folder::{Output, OutputFolder, file_name};
use std::ops::Range;

/// Writes to a results folder; without one, nowhere.
pub struct ResidualFiles<'a> {
    folder: Option<&'a OutputFolder>,
    /// Models whose residuals had no place.
    without_place: Vec<String>,
}

/// Numbers held at a time.
const NUMBERS_PER_PIECE: usize = 1 << 20;

impl<'a> ResidualFiles<'a> {
    /// Writes below `internal/` of the folder.
    pub fn new(folder: Option<&'a OutputFolder>) -> ResidualFiles<'a> {
        ResidualFiles { folder, without_place: Vec::new() }
    }

    /// What to tell the user who asked for residuals and named no folder.
    pub fn not_written(self) -> Vec<String> {
        let line = |model: &String| format!("warning: {model}: residuals are not written; name a folder with --out");
        self.without_place.iter().map(line).collect()
    }
}

impl Outputs for ResidualFiles<'_> {
    fn predictions(&mut self, model: &str, predictions: &ModelPredictions<'_>) -> Result<()> {
        let Some(folder) = self.folder else { return Ok(()) };
        let name = format!("internal/predictions_{}.parquet", file_name(model));
        let named = predictions.columns().into_iter().map(|name| (name, NumberType::Number));
        let columns: Vec<_> = std::iter::once(("row".to_owned(), NumberType::Whole)).chain(named).collect();
        write(folder, name, &columns, predictions.n_rows(), |rows| {
            let (row, numbers) = predictions.piece(rows);
            let numbers = numbers.into_iter().map(NumberColumn::Number);
            std::iter::once(NumberColumn::Whole(row)).chain(numbers).collect()
        })
    }

    fn residuals(&mut self, model: &str, residuals: &ModelResiduals<'_>) -> Result<()> {
        let Some(folder) = self.folder else {
            self.without_place.push(model.to_owned());
            return Ok(());
        };
        for (per_event, suffix) in [(false, ""), (true, "_events")] {
            if residuals.has(per_event) {
                let name = format!("internal/residuals_{}{suffix}.parquet", file_name(model));
                write_residuals(folder, name, residuals, per_event)?;
            }
        }
        Ok(())
    }
}

fn write_residuals(folder: &OutputFolder, name: String, residuals: &ModelResiduals<'_>, per_event: bool) -> Result<()> {
    let mut columns = vec![("row".to_owned(), NumberType::Whole)];
    if per_event {
        columns.extend(residuals.is_stratified().then(|| ("stratum".to_owned(), NumberType::Whole)));
        columns.push(("time".to_owned(), NumberType::Number));
    }
    columns.extend(residuals.columns(per_event).into_iter().map(|name| (name, NumberType::Number)));
    write(folder, name, &columns, residuals.n_rows(per_event), |rows| {
        let piece = residuals.piece(per_event, rows);
        let mut values = vec![NumberColumn::Whole(piece.row)];
        if per_event {
            values.extend(residuals.is_stratified().then_some(NumberColumn::Whole(piece.stratum)));
            values.push(NumberColumn::Number(piece.time));
        }
        values.extend(piece.columns.into_iter().map(NumberColumn::Number));
        values
    })
}

/// Writes a file of `n_rows` rows, of which `piece` gives some at a time, and keeps its checksum for the manifest.
fn write(
    folder: &OutputFolder,
    name: String,
    columns: &[(String, NumberType)],
    n_rows: usize,
    piece: impl Fn(Range<usize>) -> Vec<NumberColumn> + Sync,
) -> Result<()> {
    let mut file = NumberFile::create(&folder.path(&name), columns).map_err(Error::Load)?;
    let size = (NUMBERS_PER_PIECE / columns.len()).clamp(1024, 1 << 17);
    let pieces = (0..n_rows).step_by(size).map(|from| piece(from..(from + size).min(n_rows)));
    made_ahead(pieces, |values| file.write(values)).map_err(Error::Load)?;
    let (bytes, hash) = file.finish().map_err(Error::Load)?;
    folder.keep_checksum(Output { path: name, bytes, hash });
    Ok(())
}

/// Hands the pieces to `write` one after the other, and works out the next one while a piece is written.
fn made_ahead<T: Send, E>(
    mut pieces: impl Iterator<Item = T> + Send,
    mut write: impl FnMut(T) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    std::thread::scope(|scope| {
        let (to, from) = std::sync::mpsc::sync_channel(1);
        // The pieces end early when nobody takes them any more: writing has failed.
        scope.spawn(move || pieces.try_for_each(|piece| to.send(piece)));
        from.into_iter().try_for_each(&mut write)
    })
}
