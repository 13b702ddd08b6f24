//! `cohort simulate`

use super::Context;
use crate::cli::args::SimulateArgs;
use crate::error::Result;
use crate::simulate::{DEFAULT_TRUTH, SimulateOptions, Truth, simulate};
use std::ops::ControlFlow;

/// Writes synthetic extracts.
pub fn run(args: &SimulateArgs, context: &mut Context) -> Result<()> {
    let truth = match &args.truth {
        Some(path) => Truth::read(path)?,
        None => Truth::parse(DEFAULT_TRUTH)?,
    };
    let options = SimulateOptions {
        persons: u64::from(args.persons),
        seed: args.seed,
        truth,
        other_claims: args.other_claims,
        out: args.out.clone(),
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
        args.out.display(),
        args.out.display()
    ));
    Ok(())
}
