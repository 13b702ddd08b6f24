//! Words of pages, documents and workbooks beside those of their tables.

use super::words;

words! {
    table_number(n) { "Table {n}", "Tabell {n}" }
    figures { "Figures", "Figurer" }
    figure_number(n) { "Figure {n}", "Figur {n}" }
    contents { "Contents", "Innhold" }
    skip_to_results { "Skip to the results", "Gå til resultatene" }
    rest_in_report { "The other variables stand in the report.", "De andre variablene står i rapporten." }
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
