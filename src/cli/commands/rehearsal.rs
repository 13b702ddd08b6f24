//! `cohort simulate --study`

use super::Context;
use super::check::read_study;
use crate::cli::args::SimulateArgs;
use crate::cli::interrupt::Interrupt;
use crate::cli::progress::Progress;
use crate::error::{Error, Result};
use crate::loader::{self, Loaded};
use crate::simulate::{
    Completing, DIRT_KINDS, Done, Making, Planted, RehearsalOptions, SimulateError, Told, Watch, rehearse,
};
use crate::study;
use crate::table::ColumnData;
use std::path::Path;

/// Writes extracts for a study file, and tries whether the study makes person-time of them.
pub fn run(args: &SimulateArgs, path: &Path, context: &mut Context) -> Result<()> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
        remedy: "name a study file (TOML, UTF-8)",
        writing: false,
    })?;
    let planned = study::check_planned(&text, path, args.out.as_deref())?;
    let folder = planned.data_folder.clone();
    let options = RehearsalOptions {
        persons: u64::from(args.persons.unwrap_or_default()),
        seed: args.seed,
        folder: folder.clone(),
        dirt: args.dirt.level(),
        kinds: args.dirt_kinds.clone(),
    };
    let mut watched = Watched { interrupt: context.interrupt.clone(), progress: &mut context.progress };
    let written = rehearse(&planned, &options, &mut watched);
    context.progress.clear();
    let written = written.map_err(SimulateError::from)?;
    let rows: u64 = written.files.iter().map(|f| f.rows).sum();
    context.say(&format!(
        "{} persons, {rows} rows in {} files, seed {}",
        written.persons,
        written.files.len(),
        args.seed
    ));
    written.assumed.iter().for_each(|line| context.say(&format!("  assumed: {line}")));
    say_planted(&written.planted, context);
    try_out(path, args.out.as_deref(), context);
    let data = args.out.as_ref().map_or(String::new(), |out| format!(" --data {}", out.display()));
    context.say(&format!(
        "{}: extracts, simulated.json, simulated.md and planted.json written; fit them with: cohort fit {}{data} --out results",
        folder.display(),
        path.display()
    ));
    Ok(())
}

/// Shows how far the work is; a signal leaves nothing half-written.
struct Watched<'c> {
    interrupt: Interrupt,
    progress: &'c mut Progress,
}

impl loader::Progress for Watched<'_> {
    fn step(&mut self, label: &str, done: u64, total: Option<u64>) {
        self.progress.show(label, done, total);
    }
}

impl Watch for Watched<'_> {
    fn making(&mut self, make: Making) -> Done {
        self.interrupt.entrust(make)
    }

    fn completing(&mut self, complete: Completing) -> Done {
        self.interrupt.undisturbed(complete)
    }
}

/// Says how many faults of each kind were planted.
fn say_planted(planted: &[Planted], context: &mut Context) {
    for (kind, trap) in DIRT_KINDS {
        let of: Vec<&Planted> = planted.iter().filter(|p| p.kind == kind).collect();
        let n: u64 = of.iter().map(|p| p.count).sum();
        if let Some(first) = of.first() {
            let stops = of.iter().any(|p| matches!(p.told, Told::Stops { .. }));
            let stops = if stops { ", which stop the study" } else { "" };
            context.say(&format!("  planted: {n} {} of {kind} (trap {trap}){stops}", first.unit));
        }
    }
}

/// Says what the study makes of the extracts. They stand whatever comes of it: a fault here is one to see before the server.
fn try_out(path: &Path, data: Option<&Path>, context: &mut Context) {
    let tried = read_study(path, data).and_then(|mut study| {
        study.cache = None;
        let loaded = loader::load(&study, &mut context.progress);
        context.progress.clear();
        Ok(loaded?)
    });
    match tried {
        Ok(loaded) => context.say(&outcome(&loaded)),
        Err(error) => context.say(&format!("the study stops on these extracts: {error}")),
    }
}

fn outcome(loaded: &Loaded) -> String {
    let left = loaded.attrition.last().map_or(0, |step| step.persons);
    let events = match loaded.table.column("event").map(|c| &c.data) {
        Some(ColumnData::Logical(events)) => events.iter().filter(|e| **e == Some(true)).count(),
        _ => 0,
    };
    format!("{left} persons in the cohort, {events} events")
}
