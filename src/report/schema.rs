//! The JSON Schema of `results.json`, from the types that write it.
//!
//! A copy stands beside this file; a test holds the two together. Fields that a later version adds are no fault: programs
//! ignore names that they do not know. A field that changes its name or meaning changes [`SCHEMA`].

use super::render::json;
use super::{Report, SCHEMA};
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;

/// The schema of `results.json` (JSON Schema 2020-12), as the bytes of a file.
pub fn results() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(RecursiveTransform(tidy));
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    schema.insert("$id".to_owned(), SCHEMA.into());
    schema.insert("title".to_owned(), "Results of cohort".into());
    if let Some(version) = schema.pointer_mut("/properties/schema").and_then(|v| v.as_object_mut()) {
        version.insert("const".to_owned(), SCHEMA.into());
    }
    json::pretty(&schema)
}

/// Takes out what says something about Rust rather than about the file: defaults of absent fields, widths of numbers.
fn tidy(schema: &mut Schema) {
    schema.remove("default");
    schema.remove("format");
}
