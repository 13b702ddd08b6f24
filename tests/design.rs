//! Designs: rows in use, coding, names and makeup of columns, against R's names in the reference cases.

use cohort::design::{self, Built, DesignError, DesignOptions, Missing, MissingReason};
use cohort::engine::data::{Design, NumberPart, Variable};
use cohort::formula::Formula;
use cohort::table::{Codes, Column, ColumnData, Factor, Table};
use serde_json::Value;
use std::path::{Path, PathBuf};

pub fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data-fixtures/reference")
}

/// A CSV file as a table: numbers where every cell is one, else text.
pub fn read_csv(path: &Path) -> Table {
    let mut reader = csv::Reader::from_path(path).expect("a data set");
    let names: Vec<String> = reader.headers().expect("a header").iter().map(String::from).collect();
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("records");
    let columns = names.into_iter().enumerate().map(|(j, name)| {
        let cells: Vec<&str> = rows.iter().map(|r| &r[j]).collect();
        Column { label: name.clone(), data: parse_column(&cells), name }
    });
    Table::new(columns.collect())
}

fn parse_column(cells: &[&str]) -> ColumnData {
    let filled = || cells.iter().filter(|c| !c.is_empty());
    if filled().all(|c| c.parse::<i32>().is_ok()) {
        return ColumnData::Whole(cells.iter().map(|c| c.parse().unwrap_or(i32::MIN)).collect());
    }
    let number = |c: &str| match c {
        "Inf" => Some(f64::INFINITY),
        _ => c.parse::<f64>().ok(),
    };
    if filled().all(|c| number(c).is_some()) {
        return ColumnData::Number(cells.iter().map(|c| number(c).unwrap_or(f64::NAN)).collect());
    }
    text(cells)
}

fn text(cells: &[&str]) -> ColumnData {
    let mut levels: Vec<String> = cells.iter().filter(|c| !c.is_empty()).map(|c| c.to_string()).collect();
    levels.sort();
    levels.dedup();
    let codes =
        Codes::pack(cells.iter().map(|c| levels.binary_search(&c.to_string()).ok().map(|i| i as u32)), levels.len());
    ColumnData::Factor(Factor { codes, labels: levels.clone(), levels, declared: false })
}

pub fn table(columns: &[(&str, &[&str])]) -> Table {
    let column = |(name, cells): &(&str, &[&str])| Column {
        name: name.to_string(),
        label: name.to_string(),
        data: parse_column(cells),
    };
    Table::new(columns.iter().map(column).collect())
}

fn build(table: &Table, formula: &str, options: &DesignOptions) -> Result<Built, DesignError> {
    design::build(table, &Formula::parse(formula).expect("a formula"), options)
}

/// The dense rows of a design, for comparison by eye and by number.
fn dense(design: &Design, n: usize) -> Vec<Vec<f64>> {
    (0..n).map(|row| dense_row(design, row)).collect()
}

pub fn dense_row(design: &Design, row: usize) -> Vec<f64> {
    let mut out = vec![0.0; design.n_columns];
    for block in &design.blocks {
        let (mut cell, mut stride) = (0, 1);
        for f in &block.factors {
            let Variable::Coded { codes, n_levels } = &design.variables[*f] else { panic!("factors are coded") };
            cell += stride * codes.get(row).expect("no missing code") as usize;
            stride *= *n_levels as usize;
        }
        assert_eq!(block.first_column.len(), stride);
        let Some(first) = block.first_column[cell] else { continue };
        if block.numbers.is_empty() {
            out[first as usize] = 1.0;
        }
        for (k, parts) in block.numbers.iter().enumerate() {
            let value = |p: &NumberPart| match (&design.variables[p.variable], &p.value_of_code) {
                (Variable::Coded { codes, .. }, Some(values)) => {
                    values[codes.get(row).expect("no missing code") as usize]
                }
                (Variable::Continuous(values), None) => values[row],
                _ => panic!("a coded variable has values by code"),
            };
            out[first as usize + k] = parts.iter().map(value).product();
        }
    }
    out
}

/// The formula and options of a reference case.
pub fn of_case(case: &Value) -> (String, DesignOptions) {
    let spec = &case["spec"];
    let response = &spec["response"];
    let time =
        |v: &Value| v.as_str().map(String::from).unwrap_or_else(|| v["r_expression"].as_str().unwrap_or("?").into());
    let values: Vec<String> =
        response["event_values"].as_array().into_iter().flatten().map(|v| v.to_string()).collect();
    let event = format!("{} %in% c({})", response["event"].as_str().unwrap_or("?"), values.join(", "));
    let event = match response["event"].as_str() {
        Some(name @ ("ev12" | "ev5")) => name.to_string(),
        _ => event,
    };
    let left = match response["kind"].as_str() {
        Some("counting") => format!("Surv({}, {}, {event})", time(&response["start"]), time(&response["stop"])),
        _ => format!("Surv({}, {event})", time(&response["time"])),
    };
    let mut options = DesignOptions::default();
    for part in spec["terms"].as_array().into_iter().flatten().flat_map(|t| t["parts"].as_array().into_iter().flatten())
    {
        if part["kind"] == "factor" {
            let levels = part["levels"].as_array().into_iter().flatten().filter_map(|l| l.as_str().map(String::from));
            options.levels.insert(part["column"].as_str().unwrap_or("?").into(), levels.collect());
        }
    }
    let column = |key: &str| spec[key].as_str().map(String::from);
    (options.weights, options.cluster, options.id) = (column("weights"), column("cluster"), column("id"));
    (format!("{left} ~ {}", spec["formula"].as_str().unwrap_or("?")), options)
}

pub fn select(table: &Table, spec: &Value) -> Table {
    let Some(filters) = spec["rows"].as_array() else { return table.clone() };
    let keep = |row: usize| {
        filters.iter().all(|f| {
            let data = &table.column(f["column"].as_str().unwrap_or("?")).expect("a column").data;
            let wanted = f["value"].as_f64();
            match (data.number(row), wanted) {
                (Some(x), Some(v)) => match f["op"].as_str() {
                    Some("==") => x == v,
                    Some("!=") => x != v,
                    Some("<=") => x <= v,
                    Some(">=") => x >= v,
                    Some("<") => x < v,
                    Some(">") => x > v,
                    _ => panic!("an operator"),
                },
                _ => {
                    let ColumnData::Factor(factor) = data else { panic!("a filter compares numbers or texts") };
                    let level = factor.codes.get(row).map(|c| factor.levels[c as usize].as_str());
                    level.is_some() && (level == f["value"].as_str()) == (f["op"] == "==")
                }
            }
        })
    };
    let rows: Vec<u32> = (0..table.n_rows() as u32).filter(|r| keep(*r as usize)).collect();
    table.take(&rows)
}

/// Names, parts, terms, rows and events of every reference case whose terms this version knows.
#[test]
fn columns_are_those_of_r() {
    let index: Value =
        serde_json::from_str(&std::fs::read_to_string(reference().join("index.json")).expect("index")).expect("json");
    let (mut agree, mut failures) = (0, Vec::new());
    for entry in index["cases"].as_array().expect("cases") {
        if !matches!(entry["kind"].as_str(), Some("coxph" | "coxph_interaction" | "edge")) {
            continue;
        }
        let id = entry["id"].as_str().expect("id");
        let text = std::fs::read_to_string(reference().join(entry["file"].as_str().expect("file"))).expect("a case");
        let case: Value = serde_json::from_str(&text).expect("json");
        // Event codes 0 and 5 are an error here, missing values in R.
        if id == "edge-event-05" || case["expected"]["r_error"].is_string() || !case["data"].is_string() {
            continue;
        }
        match compare(&case) {
            Ok(()) => agree += 1,
            Err(what) => failures.push(format!("{id}: {what}")),
        }
    }
    assert!(failures.is_empty(), "{agree} agree\n{}", failures.join("\n"));
    assert!(agree > 150, "{agree}");
}

fn compare(case: &Value) -> Result<(), String> {
    let table = select(&read_csv(&reference().join(case["data"].as_str().expect("data"))), &case["spec"]);
    let (source, options) = of_case(case);
    let formula = Formula::parse(&source).map_err(|e| e.to_string())?;
    let built = design::build(&table, &formula, &options).map_err(|e| e.to_string())?;
    let expected = &case["expected"];
    let coefficients = expected["coefficients"].as_array().cloned().unwrap_or_default();
    let same = |what: &str, ours: Value, theirs: Value| {
        if ours == theirs { Ok(()) } else { Err(format!("{what}: {ours} instead of {theirs}")) }
    };
    let names = |key: &str| Value::from(coefficients.iter().map(|c| c[key].clone()).collect::<Vec<_>>());
    same("names", Value::from(built.columns.names.clone()), names("name"))?;
    let terms = built.columns.term_of_column.iter().map(|t| built.columns.terms[*t].label.clone()).collect::<Vec<_>>();
    same("terms", Value::from(terms), names("term"))?;
    for (ours, theirs) in built.columns.parts.iter().zip(&coefficients) {
        let ours = serde_json::to_value(ours).map_err(|e| e.to_string())?;
        let mut theirs = theirs["parts"].clone();
        for part in theirs.as_array_mut().into_iter().flatten() {
            part.as_object_mut().map(|p| p.remove("coding"));
        }
        same("parts", ours, theirs)?;
    }
    same("rows", built.rows.len().into(), expected["n"].clone())?;
    same("left out", built.n_missing_dropped.into(), expected["n_missing_dropped"].clone())?;
    same("events", built.n_events.into(), expected["nevent"].clone())?;
    if case["spec"]["id"].is_null() && !built.robust {
        same("robust", built.robust.into(), case["spec"]["robust"].clone()).or_else(|e| {
            // A case may ask for a robust variance without clusters, which is an option and no rule.
            if case["id"].as_str().is_some_and(|id| id.contains("robust")) { Ok(()) } else { Err(e) }
        })?;
    }
    Ok(())
}

#[test]
fn numbers_with_few_values_are_codes_and_powers_share_them() {
    let t = table(&[("t", &["1", "2", "3", "4"]), ("e", &["1", "0", "1", "1"]), ("x", &["5", "7", "5", "9"])]);
    let built = build(&t, "Surv(t, e) ~ x + I(x^2) + log(x) + factor(x)", &DesignOptions::default()).expect("a design");
    assert_eq!(built.design.variables.len(), 1);
    assert_eq!(built.columns.names, ["x", "I(x^2)", "log(x)", "factor(x)7", "factor(x)9"]);
    let rows = dense(&built.design, 4);
    assert_eq!(rows[1], [7.0, 49.0, 7f64.ln(), 1.0, 0.0]);
    assert_eq!(rows[3], [9.0, 81.0, 9f64.ln(), 0.0, 1.0]);
}

#[test]
fn three_way_interactions_multiply() {
    let t = table(&[
        ("t", &["1", "2", "3", "4", "5", "6"]),
        ("e", &["1"; 6]),
        ("s", &["m", "f", "m", "f", "m", "f"]),
        ("g", &["a", "b", "c", "a", "b", "c"]),
        ("x", &["1.5", "2.5", "3.5", "4.5", "5.5", "6.5"]),
    ]);
    let built = build(&t, "Surv(t, e) ~ x * s * g", &DesignOptions::default()).expect("a design");
    // Expected names: colnames(model.matrix(~ x * s * g)) in R 4.2.
    let expected = ["x", "sm", "gb", "gc", "x:sm", "x:gb", "x:gc", "sm:gb", "sm:gc", "x:sm:gb", "x:sm:gc"];
    assert_eq!(built.columns.names, expected);
    for row in dense(&built.design, 6) {
        let (x, sm, gb, gc) = (row[0], row[1], row[2], row[3]);
        assert_eq!(row[4..], [x * sm, x * gb, x * gc, sm * gb, sm * gc, x * sm * gb, x * sm * gc]);
    }
}

#[test]
fn a_row_of_a_setting_equals_the_row_of_such_a_person() {
    let t = table(&[
        ("t", &["1", "2", "3", "4"]),
        ("e", &["1"; 4]),
        ("s", &["m", "f", "m", "f"]),
        ("x", &["1.5", "2.5", "3.5", "4.5"]),
    ]);
    let built = build(&t, "Surv(t, e) ~ s * log(x) + I(x > 3)", &DesignOptions::default()).expect("a design");
    let setting = design::Setting::default()
        .with("s", design::SettingValue::Level("m".into()))
        .with("x", design::SettingValue::Number(3.5));
    assert_eq!(built.columns.row(&setting), dense(&built.design, 4)[2]);
}

#[test]
fn reference_and_levels_may_be_declared() {
    let t = table(&[
        ("t", &["1", "2", "3", "4"]),
        ("e", &["1"; 4]),
        ("g", &["a", "b", "c", "b"]),
        ("k", &["3", "1", "2", "2"]),
    ]);
    let names = |formula: &str, options: &DesignOptions| build(&t, formula, options).expect("a design").columns.names;
    let mut options = DesignOptions::default();
    options.references.insert("g".into(), "b".into());
    assert_eq!(names("Surv(t, e) ~ g", &options), ["ga", "gc"]);
    options.levels.insert("k".into(), vec!["2".into(), "3".into()]);
    let built = build(&t, "Surv(t, e) ~ k", &options).expect("a design");
    assert_eq!(built.columns.names, ["k3"]);
    assert_eq!((built.rows.as_slice(), built.missing[0].reason), (&[0, 2, 3][..], MissingReason::OutsideLevels));
    let plain = DesignOptions::default();
    assert_eq!(
        names("Surv(t, e) ~ factor(g, ref = \"c\")", &plain),
        ["factor(g, ref = \"c\")a", "factor(g, ref = \"c\")b"]
    );
    assert_eq!(names("Surv(t, e) ~ factor(k, levels = c(3, 2, 1))", &plain).len(), 2);
}

/// A declared level without records keeps its column, which no record is in (R: a coefficient that is NA).
#[test]
fn declared_levels_without_records_keep_their_column() {
    let t = table(&[
        ("t", &["1", "2", "3", "4"]),
        ("e", &["1"; 4]),
        ("g", &["a", "b", "c", "b"]),
        ("k", &["1", "2", "1", "2"]),
    ]);
    let mut options = DesignOptions::default();
    options.levels.insert("g".into(), ["zz", "a", "b", "yy", "c"].map(String::from).to_vec());
    let built = build(&t, "Surv(t, e) ~ g * factor(k)", &options).expect("a design");
    let cells: Vec<u32> = built.design.blocks.iter().flat_map(|b| b.first_column.iter().flatten().copied()).collect();
    assert!((0..built.design.n_columns as u32).all(|j| cells.contains(&j)), "every column has a cell");
    assert_eq!(built.columns.names[..4], ["ga", "gb", "gyy", "gc"]);
    assert_eq!(dense(&built.design, 4)[1], [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn rows_with_missing_values_are_left_out_and_counted() {
    let t = table(&[
        ("t", &["1", "2", "3", "", "5"]),
        ("e", &["1"; 5]),
        ("g", &["a", "", "b", "b", "a"]),
        ("x", &["1", "2", "", "4", "6"]),
    ]);
    let built = build(&t, "Surv(t, e) ~ x", &DesignOptions::default()).expect("a design");
    assert_eq!((built.rows.as_slice(), built.n_missing_dropped), (&[0, 1, 4][..], 2));
    let counts: Vec<(&str, usize)> = built.missing.iter().map(|c| (c.variable.as_str(), c.rows)).collect();
    assert_eq!(counts, [("t", 1), ("x", 1)]);
    // Without these rows `g` has one level: text of which nothing else is left is a fault, as in R.
    let error = build(&t, "Surv(t, e) ~ g + x", &DesignOptions::default()).expect_err("one level");
    assert!(error.to_string().contains("`g` has one level"), "{error}");
}

#[test]
fn missing_values_may_be_a_level() {
    let t = table(&[
        ("t", &["1", "2", "3", "", "5"]),
        ("e", &["1"; 5]),
        ("g", &["a", "", "b", "b", "a"]),
        ("x", &["1", "2", "", "4", "6"]),
    ]);
    let options = DesignOptions { missing: Missing::Indicator, ..DesignOptions::default() };
    let built = build(&t, "Surv(t, e) ~ g", &options).expect("a design");
    assert_eq!(built.columns.names, ["gb", "gmissing"]);
    assert_eq!(dense(&built.design, 4), [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]);
    let error = build(&t, "Surv(t, e) ~ x", &options).expect_err("a number with missing values");
    assert!(error.to_string().contains("`x` is a number with missing values"), "{error}");
    let options = DesignOptions { missing: Missing::Error, ..DesignOptions::default() };
    let error = build(&t, "Surv(t, e) ~ g + x", &options).expect_err("missing values");
    assert_eq!(
        error.to_string(),
        "missing values: `t` 1 row, `g` 1 row, `x` 1 row; leave such rows out (--missing drop) or mend the data"
    );
}

#[test]
fn messages_say_what_to_do() {
    let t = table(&[
        ("time", &["1", "2", "3"]),
        ("status", &["alive", "dead", "dead"]),
        ("code", &["0", "5", "0"]),
        ("sex", &["m", "m", "m"]),
        ("age", &["1", "2", "0"]),
        ("w", &["1", "0", "2"]),
    ]);
    let message = |formula: &str| build(&t, formula, &DesignOptions::default()).expect_err("a fault").to_string();
    assert_eq!(
        message("Surv(time, code == 5) ~ agee"),
        "formula, character 25: there is no column `agee` (is `age` meant?)"
    );
    assert_eq!(
        message("Surv(time, status) ~ age"),
        "formula, character 12: `status` is text; which level is the event is not said (compare it: status == \"a level\")"
    );
    assert_eq!(
        message("Surv(time, code) ~ age"),
        "formula, character 12: `code` has other values than 0 and 1 (or 1 and 2) (say which value is the event, such as code == 2)"
    );
    assert_eq!(
        message("Surv(time, status == 'daed') ~ age"),
        "formula, character 22: `status` has no such level (is \"dead\" meant?)"
    );
    assert_eq!(
        message("Surv(time, code == 5) ~ sex"),
        "formula, character 25: `sex` has one level only among the records that can be used (leave the term out)"
    );
    assert_eq!(
        message("Surv(time, code == 5) ~ log(age)"),
        "formula, character 25: `log(age)` is infinite in some records (make these values missing, or use another transformation)"
    );
    assert_eq!(
        message("Surv(time, code == 5) ~ I(sex + 1)"),
        "formula, character 27: `sex` is text, not a number (compare it, such as sex == \"a level\", or take it as a term of its own)"
    );
    assert_eq!(
        message("age"),
        "the formula has no left side and the data have no column `exit`: write Surv(time, event) ~ …"
    );
    let weighted = DesignOptions { weights: Some("w".into()), ..DesignOptions::default() };
    let error = build(&t, "Surv(time, code == 5) ~ age", &weighted).expect_err("a weight of 0");
    assert_eq!(
        error.to_string(),
        "weights `w`: 1 rows have a weight that is not above 0 and finite; leave these rows out with --where"
    );
}

#[test]
fn strata_are_combinations_in_the_order_of_r() {
    let t = table(&[
        ("t", &["1", "2", "3", "4", "5"]),
        ("e", &["1"; 5]),
        ("s", &["2", "1", "2", "1", ""]),
        ("g", &["b", "a", "a", "a", "b"]),
        ("x", &["1", "2", "3", "4", "5"]),
    ]);
    let built = build(&t, "Surv(t, e) ~ x + strata(s, g)", &DesignOptions::default()).expect("a design");
    assert_eq!(built.strata, ["s=1, g=a", "s=2, g=a", "s=2, g=b"]);
    assert_eq!(built.data.stratum, Some(Codes::U8(vec![2, 0, 1, 0])));
    // Names: names(coef(coxph(Surv(t, e) ~ x * strata(s)))) in R, survival 3.5.
    let built = build(&t, "Surv(t, e) ~ x * strata(s)", &DesignOptions::default()).expect("a design");
    assert_eq!(built.columns.names, ["x", "x:strata(s)s=2"]);
}

/// Whatever is written as a formula ends in a design or in a message: 20,000 random strings of formula pieces.
#[test]
fn no_formula_causes_a_panic() {
    const PIECES: [&str; 44] = [
        "x",
        "g",
        "s",
        "t",
        "e",
        "k",
        "nosuch",
        "1",
        "0",
        "2",
        "-1",
        "0.5",
        "1e308",
        "'a'",
        "\"m\"",
        "TRUE",
        "+",
        "-",
        "*",
        ":",
        "/",
        "^",
        "%in%",
        "~",
        "(",
        ")",
        ",",
        "==",
        "!=",
        "<",
        ">",
        "&",
        "|",
        "!",
        "I(",
        "log(",
        "factor(",
        "strata(",
        "cluster(",
        "offset(",
        "c(",
        "ref =",
        "Surv(t, e) ~ ",
        "`å b`",
    ];
    const OPERANDS: [&str; 16] = [
        "x",
        "g",
        "s",
        "k",
        "log(k)",
        "I(x^2)",
        "factor(k)",
        "strata(s)",
        "strata(k, s)",
        "offset(k)",
        "cluster(k)",
        "x > 1",
        "(k + s)",
        "(k + s)^2",
        "I(g == 'a')",
        "factor(g, ref = 'b')",
    ];
    let t = table(&[
        ("t", &["1", "2", "3", "4", "5", "6"]),
        ("e", &["1", "0", "1", "1", "0", "1"]),
        ("x", &["0", "-2", "3.5", "", "1", "7"]),
        ("g", &["a", "b", "c", "a", "", "b"]),
        ("s", &["m", "f", "m", "f", "m", "f"]),
        ("k", &["1", "1", "2", "2", "3", "3"]),
    ]);
    let mut state = 7u64;
    let mut random = |n: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % n
    };
    let (mut designs, mut messages) = (0, 0);
    for round in 0..20_000 {
        let length = 1 + random(9);
        let mut source: String = if round % 2 == 0 { "Surv(t, e) ~ ".into() } else { String::new() };
        for at in 0..length {
            let piece = match (round % 4, at % 2) {
                (0 | 1, _) => PIECES[random(PIECES.len())],
                (_, 0) => OPERANDS[random(OPERANDS.len())],
                _ => ["+", "*", ":", "-", "/", "%in%"][random(6)],
            };
            source.push_str(piece);
            source.push(' ');
        }
        let missing = [Missing::Drop, Missing::Indicator, Missing::Error][random(3)];
        let outcome = Formula::parse(&source).map_err(|e| e.render("--formula")).and_then(|formula| {
            let options = DesignOptions { missing, ..DesignOptions::default() };
            design::build(&t, &formula, &options).map_err(|e| e.render("--formula"))
        });
        match outcome {
            Ok(built) => {
                designs += 1;
                dense(&built.design, built.rows.len());
                built.columns.row(&design::Setting::default().with("x", design::SettingValue::Number(1.0)));
            }
            Err(message) => {
                messages += 1;
                assert!(!message.is_empty());
            }
        }
    }
    assert!(designs > 500 && messages > 500, "{designs} designs, {messages} messages");
}
