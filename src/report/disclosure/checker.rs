//! What the output checker reads beside the exported files: what each file holds, the rules, what was hidden and why, what is
//! left to look at. It should be read in a few minutes: one line a file, hidden cells of a table together.

use super::cells::{self, Spot};
use super::checker_rules::{LEFT, rules};
use super::system::Why;
use super::{Hidden, Profile};
use crate::report::Report;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};

/// A file of `export/` and what it holds.
pub type File = (String, String);

/// The text of `checker.md`. `exported` is what the files are made of.
pub fn checker(profile: &Profile, exported: &Report, hidden: &[Hidden], files: &[File]) -> String {
    let left = left(exported);
    let mut out = String::from("# For the output checker\n\n");
    in_short(&mut out, profile, hidden, &left);
    of_files(&mut out, hidden, files, &left);
    list(&mut out, "Rules", &rules(profile));
    out.push_str("## Hidden, and why\n\n");
    of_hidden(&mut out, hidden, files);
    list(&mut out, "Please look: the program does not judge this", &LEFT.map(String::from));
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    out.push_str(&format!("## {title}\n\n"));
    lines.iter().for_each(|line| out.push_str(&format!("- {line}\n")));
    out.push('\n');
}

/// The counts of a data table that are shown.
#[derive(Debug, Default)]
struct Left {
    keys: BTreeSet<String>,
    /// The least above zero.
    least: Option<u64>,
}

/// Shown counts by data table, as its file is called.
fn left(exported: &Report) -> IndexMap<String, Left> {
    let mut found: IndexMap<String, Left> = IndexMap::new();
    cells::visit(&mut exported.clone(), &mut |place| {
        let Some(n) = *place.count else { return };
        let of_file = found.entry(place.spot.file).or_default();
        of_file.keys.insert(place.key);
        if n > 0 {
            of_file.least = Some(of_file.least.map_or(n, |least| least.min(n)));
        }
    });
    found
}

fn in_short(out: &mut String, profile: &Profile, hidden: &[Hidden], left: &IndexMap<String, Left>) {
    out.push_str("This file stays inside: which cells are hidden helps to work them out.\n\n");
    let n = left.values().flat_map(|l| &l.keys).collect::<BTreeSet<_>>().len();
    let least = left.iter().filter_map(|(file, l)| Some((l.least?, file))).min();
    let least = least.map_or(String::new(), |(n, file)| format!(", the least above zero {n} (`{file}`)"));
    let sum = |of: fn(&Hidden) -> usize| hidden.iter().map(of).sum::<usize>();
    let (primary, secondary, estimates) = (sum(|h| h.primary), sum(|h| h.secondary), sum(|h| h.estimates));
    out.push_str(&format!(
        "**In short.** Profile `{}`. Shown: {n} counts of persons, events, rows{least}. Hidden: {primary} small counts, {secondary} \
         that would give them back, {estimates} estimates made of hidden counts. ",
        profile.name
    ));
    let open: Vec<&str> = hidden.iter().filter(|h| h.unprotected > 0).map(|h| h.table.as_str()).collect();
    out.push_str(&match open.len() {
        _ if !profile.changes_anything() => "The study file asks for no disclosure control.\n\n".to_owned(),
        0 if profile.threshold <= 1 => "No count is small under this profile.\n\n".to_owned(),
        0 if !profile.secondary => "Small counts may follow from sums and differences: the study asks for no more.\n\n".to_owned(),
        0 => "No small count can be worked out from the files together.\n\n".to_owned(),
        n => {
            let names: Vec<String> = open.iter().map(|name| format!("`{}`", text(name))).collect();
            format!(
                "**{n} small counts may be worked out from others, since nothing more could be hidden; look at each before \
                 anything leaves:** {}.\n\n",
                names.join(", ")
            )
        }
    });
}

/// One line for each document and data table, one for all figures.
fn of_files(out: &mut String, hidden: &[Hidden], files: &[File], left: &IndexMap<String, Left>) {
    out.push_str(
        "## Files in export/\n\nAll are made of `results.json`: a document has the numbers of the tables, a figure those of its \
         table. To read one is to read all; `report.html` or `report.txt` is the easiest.\n\n\
         | file | holds | counts | least | hidden |\n|---|---|--:|--:|--:|\n",
    );
    let mut cells_hidden: BTreeMap<&str, usize> = BTreeMap::new();
    for (spot, _) in hidden.iter().flat_map(|h| &h.cells) {
        *cells_hidden.entry(&spot.file).or_default() += 1;
    }
    let is_figure = |file: &&File| file.0.starts_with("figures/");
    for (name, holds) in files.iter().filter(|f| !is_figure(f)) {
        let id = name.strip_prefix("tables/").and_then(|n| n.strip_suffix(".csv")).unwrap_or("");
        let of = left.get(id);
        let n = of.map_or(String::new(), |l| l.keys.len().to_string());
        let least = of.and_then(|l| l.least).map_or(String::new(), |n| n.to_string());
        let hidden = cells_hidden.get(id).map_or(String::new(), |n| n.to_string());
        out.push_str(&format!("| `{name}` | {} | {n} | {least} | {hidden} |\n", text(holds)));
    }
    let mut figures: IndexMap<&str, ()> = IndexMap::new();
    for (name, _) in files.iter().filter(is_figure) {
        figures.insert(name.split_once('.').map_or(name.as_str(), |(stem, _)| stem).trim_start_matches("figures/"), ());
    }
    if !figures.is_empty() {
        let n = files.iter().filter(is_figure).count();
        let names: Vec<&str> = figures.keys().copied().collect();
        out.push_str(&format!("| `figures/`, {n} files | {} | | | |\n", names.join(", ")));
    }
    out.push_str(
        "\nNothing else is in `export/`. Person-time, residuals, predictions of records, whole curves and the exact report are \
         in `internal/` only.\n\n",
    );
}

fn text(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn of_hidden(out: &mut String, hidden: &[Hidden], files: &[File]) {
    let shown: Vec<&Hidden> = hidden.iter().filter(|h| h.primary + h.secondary + h.estimates > 0).collect();
    if shown.is_empty() {
        out.push_str("Nothing.\n\n");
        return;
    }
    out.push_str(
        "*Small*: the count itself. *Protecting*: it would give a small one back, or what follows from shown ones would be small \
         (persons without an event, those between two times, those that a model leaves out). A count that stands in several \
         tables is listed once and hidden in all.\n\n",
    );
    out.push_str("| where | small | protecting | estimates |\n|---|--:|--:|--:|\n");
    for h in &shown {
        out.push_str(&format!("| {} | {} | {} | {} |\n", text(&h.table), h.primary, h.secondary, h.estimates));
    }
    out.push('\n');
    for of_table in shown.iter().filter(|h| !h.cells.is_empty()) {
        cells_of_table(out, of_table, files);
    }
}

/// The hidden cells of a table without their values, those of one column and one reason on a line.
fn cells_of_table(out: &mut String, hidden: &Hidden, files: &[File]) {
    let of_cell = |spot: &Spot| format!("tables/{}.csv", spot.file);
    let named: BTreeSet<String> = hidden.cells.iter().map(|(spot, _)| of_cell(spot)).collect();
    let named = named.into_iter().filter(|name| files.iter().any(|(file, _)| file == name));
    let named: Vec<String> = named.map(|name| format!(" `{name}`")).collect();
    out.push_str(&format!("**{}**{}\n\n", text(&hidden.table), named.join(",")));
    // Columns of one row that are hidden for one reason belong together: persons, records.
    let mut lines: IndexMap<(bool, String), Vec<String>> = IndexMap::new();
    for same in hidden.cells.chunk_by(|(a, x), (b, y)| a.row == b.row && x == y) {
        let columns: Vec<String> = same.iter().map(|(spot, _)| text(&spot.column)).collect();
        lines.entry((same[0].1 == Why::Small, columns.join(", "))).or_default().push(text(&same[0].0.row));
    }
    lines.sort_by(|(small, _), _, (other, _), _| other.cmp(small));
    for ((small, columns), rows) in lines {
        let why = if small { "small" } else { "protecting" };
        let of = if columns.is_empty() { String::new() } else { format!(", {columns}") };
        out.push_str(&format!("- {why}{of}: {}\n", rows.join("; ")));
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_rules_files_and_what_is_left() {
        let profile = Profile::named("dk-dst").unwrap();
        let hidden = [
            Hidden { table: "levels of sex".into(), primary: 1, secondary: 1, ..Hidden::default() },
            Hidden { table: "total|persons".into(), unprotected: 1, ..Hidden::default() },
        ];
        let files = [("results.json".to_owned(), "everything".to_owned())];
        let text = checker(&profile, &Report::default(), &hidden, &files);
        assert!(text.contains("from 1 to 4 are hidden and shown as `.`"));
        assert!(text.contains("| levels of sex | 1 | 1 | 0 |") && text.contains("| `results.json` | everything |"));
        assert!(text.contains("look at each before anything leaves:** `total\\|persons`.\n"));
        assert!(checker(&Profile::none(), &Report::default(), &[], &[]).contains("No number was hidden or rounded"));
    }
}
