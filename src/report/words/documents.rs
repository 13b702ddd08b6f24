//! Words of pages, documents and workbooks beside those of their tables.

use super::words;

words! {
    table_number(n) { "Table {n}", "Tabell {n}" }
    figures { "Figures", "Figurer" }
    figure_number(n) { "Figure {n}", "Figur {n}" }
    contents { "Contents", "Innhold" }
    skip_to_results { "Skip to the results", "Gå til resultatene" }
    rest_in_report { "The other variables stand in the report.", "De andre variablene står i rapporten." }
    interactions_in_brief(exposure, model, list) {
        "Interaction of {exposure} on top of {model}, with: {list}.",
        "Interaksjon for {exposure} i tillegg til {model}, med: {list}."
    }
    proportionality_in_brief(list) {
        "Proportional hazards, all terms: {list}.",
        "Proporsjonale hasarder, alle ledd: {list}."
    }
    in_the_report(list) { "In the report: {list}.", "I rapporten: {list}." }
    one_model_left_out(name) { "model {name}", "modellen {name}" }
    models_left_out(names) { "models {names}", "modellene {names}" }
    one_variable_left_out { "1 other variable", "1 annen variabel" }
    variables_left_out(n) { "{n} other variables", "{n} andre variabler" }
    one_row_left_out { "1 more row", "1 rad til" }
    rows_left_out(n) { "{n} more rows", "{n} rader til" }
    tests_left_out { "tests", "tester" }
    one_note_left_out { "1 note on the data", "1 merknad til dataene" }
    notes_left_out(n) { "{n} notes on the data", "{n} merknader til dataene" }
    one_warning_left_out { "1 warning", "1 advarsel" }
    warnings_left_out(n) { "{n} warnings", "{n} advarsler" }
    footnote { "footnote", "fotnote" }
    no_disclosure_control {
        "Without disclosure control: full numbers, for work where the data are.",
        "Uten skjerming av små tall: fulle tall, til arbeid der dataene er."
    }
    written_by(name, version, schema) {
        "Written by {name} {version} from results of schema {schema}.",
        "Skrevet av {name} {version} fra resultater etter skjemaet {schema}."
    }
    file_read(path, rows, hash) {
        "{path}, {rows} rows, SHA-256 {hash}.",
        "{path}, {rows} rader, SHA-256 {hash}."
    }
    estimate { "estimate", "estimat" }
    lower { "lower", "nedre" }
    upper { "upper", "øvre" }
    standard_error { "standard error", "standardfeil" }
}
