//! The targets file: what it can say, and all its faults at once, each with its place.

use super::{Place, stderr, stdout};

#[test]
fn all_faults_are_shown_together_with_their_places() {
    let place = Place::new(
        r#"[targets]
name = "faults"

[[against]]
name = "lung"
data = "lung.csv"

[[table]]
name = "T"
source = "a source"
file = "rows.csv"
time_unit = "fortnights"
against = "lungs"

[[table.number]]
row = "a"
measure = "hr"
value = 0.59

[[table.number]]
row = "b"
measure = "odds"
value = "1.2"
lower = "1,1"
upper = "1.3"
wrong = 1
"#,
    );
    place.write("rows.csv", "row_id,measure,value,lower,upper,colour\nc,hr,0.80,0.70,,red\n,rate,two,,,\n");
    let run = place.run(&[]);
    assert_eq!(run.status.code(), Some(10));
    let said = stderr(&run);
    let expected = [
        "targets.toml, line 4, column 1: [[against]] needs `formula`; such as \"Surv(time, status == 2) ~ age + sex\"",
        "targets.toml, line 12, column 13: `time_unit` cannot be \"fortnights\"; choose \"days\", \"weeks\", \"months\" or \"years\"",
        "targets.toml, line 13, column 11: there is no [[against]] named `lungs`; did you mean `lung`?",
        "targets.toml, line 18, column 9: `value` is a number, expected a text in quotes; write numbers as printed, in quotes: their decimals are their tolerance",
        "targets.toml, line 22, column 11: `odds` is no measure",
        "targets.toml, line 24, column 9: `1,1` is no number; where the print has decimal commas, say decimal = \",\" of the table",
        "unknown key `wrong` in [[table.number]]",
        "rows.csv, header, column colour: unknown column",
        "rows.csv, row 1, column lower: one limit without the other; give both limits, or none",
        "rows.csv, row 2, column row: a row without a name",
        "rows.csv, row 2, column value: `two` is no number",
    ];
    for line in expected {
        assert!(said.contains(line), "missing: {line}\n{said}");
    }
}

/// A name that says nothing is none.
#[test]
fn an_empty_name_is_refused_with_its_place() {
    let text = "[targets]\nname = \"\"\n\n[[table]]\nname = \" \"\nsource = \"S\"\n\n[[table.number]]\nrow = \"a\"\nmeasure = \"hr\"\nvalue = \"1.2\"\n";
    let run = Place::new(text).run(&[]);
    assert_eq!(run.status.code(), Some(10));
    let said = stderr(&run);
    for line in [
        "line 2, column 8: `name` is empty; a short name: it is the name of the test suite for CI",
        "line 5, column 8: `name` is empty; a short name, such as \"T2\"",
    ] {
        assert!(said.contains(line), "missing: {line}\n{said}");
    }
}

/// A consistent and an inconsistent row, made by hand: HR 2 with z = 1.96 and se 0.2 on the log scale.
const SMALL: &str = r#"[targets]
name = "small"
title = "A small table"

[[table]]
name = "T"
source = "by hand"

[[table.number]]
row = "right"
group = "a"
measure = "hr"
value = "2.00"
lower = "1.35"
upper = "2.96"

[[table.number]]
row = "wrong"
group = "b"
measure = "hr"
value = "2.00"
lower = "1.35"
upper = "2.69"
"#;

#[test]
fn results_come_as_text_markdown_junit_and_json() {
    let place = Place::new(SMALL);
    let run = place.run(&["--source-only", "--junit", "junit.xml", "--markdown", "summary.md", "--json", "v.json"]);
    assert_eq!(run.status.code(), Some(15));
    insta::assert_snapshot!(stdout(&run), @r#"
    A small table

    T
    consistent           right: hr of a: printed 2.00 (1.35 to 2.96)
    source inconsistent  wrong: hr of b: printed 2.00 (1.35 to 2.69); 2.00 is not the geometric middle of 1.35 and 2.69, which is 1.91; an upper limit of 2.96 or a lower one of 1.49 would fit

    2 numbers: 1 consistent, 1 source inconsistent; 1 not as expected
    "#);
    let read = |name: &str| std::fs::read_to_string(place.0.path().join(name)).expect("a file");
    insta::assert_snapshot!(read("junit.xml"), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="small" tests="2" failures="1" errors="0">
        <testsuite name="T" tests="2" disabled="0" errors="0" failures="1">
            <testcase name="right: hr of a" classname="T">
                <system-out>printed 2.00 (1.35 to 2.96)</system-out>
            </testcase>
            <testcase name="wrong: hr of b" classname="T">
                <failure message="printed 2.00 (1.35 to 2.69); 2.00 is not the geometric middle of 1.35 and 2.69, which is 1.91; an upper limit of 2.96 or a lower one of 1.49 would fit" type="source inconsistent"/>
                <system-out>printed 2.00 (1.35 to 2.69); 2.00 is not the geometric middle of 1.35 and 2.69, which is 1.91; an upper limit of 2.96 or a lower one of 1.49 would fit</system-out>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
    insta::assert_snapshot!(read("summary.md"), @r#"
    # A small table

    **2 numbers: 1 consistent, 1 source inconsistent; 1 not as expected**

    ## Not as expected

    | verdict | number | printed | run | remarks |
    |---|---|---|---|---|
    | source inconsistent | wrong: hr of b | 2.00 (1.35 to 2.69) |  | 2.00 is not the geometric middle of 1.35 and 2.69, which is 1.91; an upper limit of 2.96 or a lower one of 1.49 would fit |

    ## Every number

    | verdict | number | printed | run | remarks |
    |---|---|---|---|---|
    | consistent | right: hr of a | 2.00 (1.35 to 2.96) |  |  |
    | source inconsistent | wrong: hr of b | 2.00 (1.35 to 2.69) |  | 2.00 is not the geometric middle of 1.35 and 2.69, which is 1.91; an upper limit of 2.96 or a lower one of 1.49 would fit |
    "#);
    let json: serde_json::Value = serde_json::from_str(&read("v.json")).expect("JSON");
    let kinds: Vec<_> = json["verdicts"].as_array().expect("verdicts").iter().map(|v| v["kind"].clone()).collect();
    assert_eq!(kinds, ["reproduced", "source_inconsistent"]);
}

#[test]
fn limits_of_another_kind_must_be_declared() {
    // Plain limits: 2.00 ± 0.66 are no geometric interval.
    let plain = SMALL.replace("upper = \"2.69\"", "upper = \"2.65\"");
    assert_eq!(Place::new(&plain).run(&["--source-only"]).status.code(), Some(15));
    let declared = plain.replace("source = \"by hand\"", "source = \"by hand\"\ninterval = { hr = \"other\" }");
    assert_eq!(Place::new(&declared).run(&["--source-only"]).status.code(), Some(0));
}

/// Rates with exact Poisson limits (5 events in 100 years: 50, 16.2 to 116.7 per 1000), with and without their events.
#[test]
fn exact_limits_of_rates_are_no_fault() {
    let table = |events: &str, upper: &str| {
        format!(
            "[targets]\nname = \"rates\"\n[[table]]\nname = \"T\"\nsource = \"by hand\"\n[[table.number]]\nrow = \"r\"\n\
             measure = \"rate\"\nvalue = \"50.0\"\nlower = \"16.2\"\nupper = \"{upper}\"\n{events}\n"
        )
    };
    for events in ["", "events = 5\nperson_years = 100"] {
        let run = Place::new(&table(events, "116.7")).run(&["--source-only"]);
        assert_eq!(run.status.code(), Some(0), "{}", stdout(&run));
        let run = Place::new(&table(events, "126.7")).run(&["--source-only"]);
        assert_eq!(run.status.code(), Some(15), "{}", stdout(&run));
    }
}

#[test]
fn impossible_numbers_are_called_so() {
    let table = "[targets]\nname = \"i\"\n[[table]]\nname = \"T\"\nsource = \"by hand\"\n\
        [[table.number]]\nrow = \"limits\"\nmeasure = \"hr\"\nvalue = \"1.2\"\nlower = \"1.4\"\nupper = \"1.1\"\n\
        [[table.number]]\nrow = \"reference\"\nmeasure = \"hr\"\nvalue = \"1.2\"\nreference = true\n\
        [[table.number]]\nrow = \"persons\"\nmeasure = \"hr\"\nvalue = \"1.2\"\nevents = 20\nn = 19\n\
        [[table.test]]\nrow = \"test\"\nchisq = \"8.0\"\ndf = 3\np = \"0.01\"\n";
    let out = stdout(&Place::new(table).run(&["--source-only"]));
    for said in [
        "limits: hr of all: printed 1.2 (1.4 to 1.1); the lower limit 1.4 lies above the upper limit 1.1",
        "a reference of 1.2, which is 1 by definition",
        "20 first events among 19 persons cannot be",
        "chi-squared 8.0 on 3 df has P = 0.0460, printed 0.01",
    ] {
        assert!(out.contains(said), "missing: {said}\n{out}");
    }
}

/// A spreadsheet takes zeros off: 0.80 (0.75 to 0.85) becomes 0.8. `printed_decimals` says what stood there, and the rounding
/// that is allowed for follows it.
#[test]
fn zeros_that_a_spreadsheet_took_off_are_put_back() {
    let place =
        Place::new("[targets]\nname = \"z\"\n[[table]]\nname = \"T\"\nsource = \"by hand\"\nfile = \"rows.csv\"\n");
    let rows =
        |decimals: &str| format!("row,measure,value,lower,upper,printed_decimals\na,hr,0.8,0.73,0.91,{decimals}\n");
    // The geometric middle is 0.815: within the rounding of 0.8, not of 0.80.
    place.write("rows.csv", &rows(""));
    assert_eq!(place.run(&["--source-only"]).status.code(), Some(0));
    place.write("rows.csv", &rows("2"));
    let run = place.run(&["--source-only"]);
    assert_eq!(run.status.code(), Some(15));
    assert!(stdout(&run).contains("printed 0.80 (0.73 to 0.91)"), "{}", stdout(&run));
    place.write("rows.csv", &rows("0"));
    let run = place.run(&["--source-only"]);
    assert_eq!(run.status.code(), Some(10));
    assert!(
        stderr(&run)
            .contains("rows.csv, row 1, column printed_decimals: printed_decimals is 0, but the value has 1 decimals")
    );
}

/// A table typed off the page: thousands apart, limits beside their value, words for the reference.
#[test]
fn a_table_is_typed_as_it_is_printed() {
    let place = Place::new(
        "[targets]\nname = \"typed\"\n[[against]]\nname = \"v\"\ndata = \"veteran.csv\"\n\
         formula = \"Surv(time, status) ~ celltype + karno\"\nreference = { celltype = \"large\" }\ntime_unit = \"days\"\n\
         [[table]]\nname = \"T\"\nsource = \"R 4.2.2, survival 3.5-3\"\nagainst = \"v\"\nvariable = \"celltype\"\n\
         time_unit = \"days\"\nfile = \"rows.csv\"\n",
    )
    .with_data("veteran.csv");
    let point = "Row,group,Measure,Value,events,person_years,n\n\
        large,large,hr,1 (ref.),26,\"4,485\",27\nadeno,adeno,hr,2·30 (1·29–4·08),26,\"1,731\",27\n\
        squamous,squamous,hr,\"0.72 (95% CI 0.42, 1.24)\",31,\"7 007\",35\nP,adeno,p,P < 0.01,,,\n";
    place.write("rows.csv", point);
    let run = place.run(&["--strict"]);
    assert!(stdout(&run).ends_with("13 numbers: 13 reproduced\n"), "{}{}", stdout(&run), stderr(&run));
    // The same, as a spreadsheet in Oslo saves it.
    let comma = point.replace("\"0.72 (95% CI 0.42, 1.24)\"", "0.72 (0.42–1.24)").replace(',', ";").replace('.', ",");
    place.write("rows.csv", &comma.replace("4;485", "4.485").replace("1;731", "1.731").replace("ref,", "ref."));
    let run = place.run(&[]);
    assert_eq!(run.status.code(), Some(10));
    assert!(stderr(&run).contains("rows.csv, header: one column, whose name holds `;`; say delimiter = \";\""));
    let text = std::fs::read_to_string(place.0.path().join("targets.toml")).expect("the targets file");
    place.write("targets.toml", &text.replace("file =", "delimiter = \";\"\ndecimal = \",\"\nfile ="));
    let run = place.run(&["--strict"]);
    assert!(stdout(&run).ends_with("13 numbers: 13 reproduced\n"), "{}{}", stdout(&run), stderr(&run));
}

/// A name used twice is shown where it is used again, in the file of rows too; a number without quotes is one fault.
#[test]
fn a_second_name_and_a_bare_number_are_shown_at_their_place() {
    let head = "[targets]\nname = \"n\"\n[[table]]\nname = \"T\"\nsource = \"s\"\nfile = \"rows.csv\"\n";
    let rows = "[[table.number]]\nrow = \"a\"\nmeasure = \"hr\"\nvalue = 0.59\n[[table.number]]\nrow = \"c\"\nmeasure = \"hr\"\n\
        value = \"1.2\"\nsame_as = \"c\"\n[[table.total]]\nrow = \"c\"\nmeasure = \"n\"\nequals = \"3\"\n";
    let place = Place::new(&format!("{head}{rows}"));
    place.write("rows.csv", "row,measure,value\na,hr,1.2\nb,hr,1.3\nb,hr,1.4\n");
    let said = stderr(&place.run(&["--source-only"]));
    for expected in [
        "targets.toml, line 8, column 7: another row is named `a`; give every row, total and test of the file a name of its own",
        "targets.toml, line 10, column 9: `value` is a number, expected a text in quotes",
        "row `c`: there is no other row `c` for same_as",
        "targets.toml, line 17, column 7: another row is named `c`",
        "rows.csv, row 3, column row: another row is named `b`",
    ] {
        assert!(said.contains(expected), "missing: {expected}\n{said}");
    }
    assert!(!said.contains("a row without a number"), "{said}");
    place.write("rows.csv", "");
    assert!(
        stderr(&place.run(&["--source-only"]))
            .contains("rows.csv, header: no column has a name; begin the file with a line")
    );
}

#[test]
fn a_file_of_which_nothing_can_be_checked_fails_and_says_why() {
    let table = "[targets]\nname = \"n\"\n[[table]]\nname = \"T\"\nsource = \"s\"\n[[table.number]]\nrow = \"a\"\nmeasure = \"hr\"\nvalue = \"1.2\"\n";
    let run = Place::new(table).run(&["--source-only"]);
    assert_eq!(run.status.code(), Some(15));
    let expected = "1 number: 1 not covered; there was nothing to hold any of them against, so nothing is shown\n";
    assert!(stdout(&run).ends_with(expected), "{}", stdout(&run));
}
