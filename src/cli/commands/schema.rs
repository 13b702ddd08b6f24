//! `cohort schema`

use super::Context;
use super::output::write_results;
use crate::cli::args::SchemaArg;
use crate::error::Result;
use crate::report::schema;
use crate::{reproduce, study};

/// Prints a JSON Schema.
pub fn run(of: SchemaArg, context: &mut Context) -> Result<()> {
    let text = match of {
        SchemaArg::Results => schema::results(),
        SchemaArg::Study => study::SCHEMA.to_owned(),
        SchemaArg::Targets => reproduce::SCHEMA.to_owned(),
    };
    write_results(context, text.as_bytes())
}
