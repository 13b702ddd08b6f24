//! `cohort simulate`

use super::reproduce::read_targets;
use super::{Context, rehearsal};
use crate::cli::args::SimulateArgs;
use crate::error::Result;
use crate::reproduce::cohort::{Wanted, plan};
use crate::simulate::{DEFAULT_TRUTH, SimulateError, SimulateOptions, Truth, simulate, simulate_printed};
use std::ops::ControlFlow;
use std::path::Path;

/// Writes synthetic extracts.
pub fn run(args: &SimulateArgs, context: &mut Context) -> Result<()> {
    let out = args.out.clone().unwrap_or_default();
    if let Some(study) = &args.study {
        return rehearsal::run(args, study, context);
    }
    if let Some(from) = &args.printed.from {
        return printed(args, from, &out, context);
    }
    let truth = match &args.truth {
        Some(path) => Truth::read(path)?,
        None => Truth::parse(DEFAULT_TRUTH)?,
    };
    let options = SimulateOptions {
        persons: u64::from(args.persons.unwrap_or_default()),
        seed: args.seed,
        truth,
        other_claims: args.other_claims,
        out: out.clone(),
    };
    context.interrupt.cooperate();
    let interrupt = context.interrupt.clone();
    let progress = &mut context.progress;
    let summary = simulate(&options, &mut |done| {
        progress.show("writing extracts, persons", done, Some(options.persons));
        if interrupt.raised() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    context.progress.clear();
    let summary = summary?;
    context.say(&format!("{} persons in the population register, seed {}", summary.persons, args.seed));
    for (role, persons) in &summary.persons_by_role {
        context.say(&format!("  {persons:>9}  {role}"));
    }
    context.say(&format!("{} first contacts within the follow-up of the model study", summary.events));
    context.say(&format!(
        "{}: extracts and truth.toml written; fit them with: cohort fit examples/phc-opmh/study.toml --data {}",
        out.display(),
        out.display()
    ));
    Ok(())
}

/// Writes cohorts with the numbers of a printed table.
fn printed(args: &SimulateArgs, from: &Path, out: &Path, context: &mut Context) -> Result<()> {
    let targets = read_targets(from)?;
    let asked = args.printed.clone();
    let wanted = Wanted { table: asked.table, outcome: asked.outcome, stratum: asked.stratum, model: asked.model };
    let plans = plan(&targets, &wanted).map_err(SimulateError::Printed)?;
    simulate_printed(&plans, args.seed, out)?;
    for (at, plan) in plans.cohorts.iter().enumerate() {
        context.say(&format!("cohort-{}: {}", at + 1, plan.title));
        plan.assumed.iter().for_each(|line| context.say(&format!("  assumed: {line}")));
    }
    plans.left_out.iter().for_each(|line| context.say(&format!("no cohort: {line}")));
    let out = out.display();
    context.say(&format!(
        "{out}: cohorts, studies and targets written; try them with: cohort reproduce {out}/targets.toml"
    ));
    Ok(())
}
