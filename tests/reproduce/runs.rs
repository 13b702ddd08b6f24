//! Verdicts against runs: data files, studies, results files; what is said where a number differs.
//!
//! Printed numbers of the veteran data are those of R 4.2.2, survival 3.5-3, rounded by R:
//! `coxph(Surv(time, status) ~ celltype + karno, ties = …)`, with `relevel()`, with `floor(time / 30.4375)`.

use super::{Place, stderr, stdout};

/// A targets file on the veteran data with these rows.
fn veteran(keys: &str, rows: &str) -> Place {
    let head = "[targets]\nname = \"veteran\"\n\n[[against]]\nname = \"veteran\"\ndata = \"veteran.csv\"\n\
        formula = \"Surv(time, status) ~ celltype + karno\"\ntime_unit = \"days\"\n";
    let table = "\n[[table]]\nname = \"lung cancer\"\nsource = \"R\"\nagainst = \"veteran\"\nvariable = \"celltype\"\n";
    Place::new(&format!("{head}{keys}{table}{rows}")).with_data("veteran.csv")
}

/// A printed hazard ratio.
fn row(name: &str, [value, lower, upper]: [&str; 3], more: &str) -> String {
    format!(
        "\n[[table.number]]\nrow = \"{name}\"\ngroup = \"{name}\"\nmeasure = \"hr\"\nvalue = \"{value}\"\n\
         lower = \"{lower}\"\nupper = \"{upper}\"\n{more}\n"
    )
}

/// The line of a row.
fn line(out: &str, row: &str) -> String {
    let is = |line: &&str| line.contains(&format!("  {row}: "));
    out.lines().find(is).unwrap_or_else(|| panic!("no line on {row}\n{out}")).to_owned()
}

#[test]
fn a_number_that_rounds_to_the_print_is_reproduced() {
    let rows = row("large", ["0.435", "0.245", "0.773"], "") + &row("smallcell", ["0.642", "0.389", "1.060"], "");
    let run = veteran("", &rows).run(&[]);
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    assert!(stdout(&run).ends_with("\n2 numbers: 2 reproduced\n"), "{}", stdout(&run));
}

#[test]
fn a_number_made_with_breslow_ties_differs_under_efron_and_the_hint_says_so() {
    let rows = row("large", ["0.438", "0.246", "0.778"], "");
    let run = veteran("", &rows).run(&[]);
    assert_eq!(run.status.code(), Some(15));
    let said = line(&stdout(&run), "large");
    assert!(said.starts_with("differs") && said.contains("; value 0.43514 for 0.438 (-0.65 %)"), "{said}");
    assert!(said.ends_with("it is reproduced with Breslow ties"), "{said}");
    let run = veteran("ties = \"breslow\"\n", &rows).run(&[]);
    assert_eq!(run.status.code(), Some(0), "{}", stdout(&run));
}

#[test]
fn a_number_made_with_another_reference_level_differs_and_the_hint_names_it() {
    let rows = row("smallcell", ["1.477", "0.885", "2.462"], "");
    let said = line(&stdout(&veteran("", &rows).run(&[])), "smallcell");
    assert!(said.starts_with("differs") && said.ends_with("with `large` as the reference level"), "{said}");
    // Where the target names its reference level, the run need not have the same.
    let stated = row("smallcell", ["1.477", "0.885", "2.462"], "versus = \"large\"");
    assert_eq!(veteran("", &stated).run(&[]).status.code(), Some(0));
    // The reference level of the run against another one.
    let inverse = row("adeno", ["2.298", "1.293", "4.084"], "versus = \"large\"");
    assert_eq!(veteran("", &inverse).run(&[]).status.code(), Some(0));
}

#[test]
fn a_number_made_with_months_instead_of_days_differs_and_the_hint_says_so() {
    let rows = row("smallcell", ["1.519", "0.914", "2.523"], "versus = \"large\"");
    let said = line(&stdout(&veteran("", &rows).run(&[])), "smallcell");
    assert!(said.starts_with("differs"), "{said}");
    assert!(said.contains("it is reproduced with times in whole months, rounded up"), "{said}");
}

#[test]
fn limits_of_another_level_or_scale_are_recognised() {
    // z = 1.64485 instead of 1.95996: exp(ln 0.43514 ± 1.64485 × 0.29342).
    let rows = row("large", ["0.435", "0.269", "0.705"], "");
    let said = line(&stdout(&veteran("", &rows).run(&[])), "large");
    assert!(said.ends_with("it is reproduced with 90 % limits"), "{said}");
}

/// R: `coxph(Surv(start, stop, event) ~ rx + size + number, bladder2, cluster = id)`, model-based limits in place of robust ones.
#[test]
fn limits_of_another_variance_are_recognised() {
    let targets = "[targets]\nname = \"bladder\"\n[[against]]\nname = \"bladder\"\ndata = \"bladder2.csv\"\n\
        formula = \"Surv(start, stop, event) ~ rx + size + number\"\ncluster = \"id\"\n\
        [[table]]\nname = \"T\"\nsource = \"R\"\nagainst = \"bladder\"\n[[table.number]]\nrow = \"robust\"\nvariable = \"rx\"\n\
        measure = \"hr\"\nvalue = \"0.628\"\nlower = \"0.373\"\nupper = \"1.057\"\n[[table.number]]\nrow = \"plain\"\n\
        variable = \"number\"\nmeasure = \"hr\"\nvalue = \"1.191\"\nlower = \"1.086\"\nupper = \"1.306\"\n";
    let run = Place::new(targets).with_data("bladder2.csv").run(&[]);
    assert_eq!(run.status.code(), Some(15));
    assert!(line(&stdout(&run), "robust").starts_with("reproduced"), "{}", stdout(&run));
    let said = line(&stdout(&run), "plain");
    assert!(said.contains("it is reproduced with the model-based variance instead of the robust one"), "{said}");
}

#[test]
fn a_tolerance_is_used_only_where_it_is_stated() {
    let rows = row("large", ["0.438", "0.246", "0.778"], "");
    let run = veteran("", &format!("close = 0.02\n{rows}")).run(&[]);
    assert_eq!(run.status.code(), Some(0));
    assert!(line(&stdout(&run), "large").starts_with("close"), "{}", stdout(&run));
}

#[test]
fn what_the_run_does_not_have_is_not_covered_and_the_reason_is_given() {
    let rows = row("large", ["0.435", "0.245", "0.773"], "")
        + &row("mixed", ["0.435", "0.245", "0.773"], "")
        + &row("poisson", ["1.10", "1.00", "1.21"], "").replace("\"hr\"", "\"irr\"");
    let run = veteran("", &rows).run(&[]);
    assert_eq!(run.status.code(), Some(0));
    let said = line(&stdout(&run), "mixed");
    assert!(said.starts_with("not covered") && said.contains("it has adeno, large, smallcell, squamous"), "{said}");
    assert!(line(&stdout(&run), "poisson").contains("has no level `poisson` among the counts"));
    assert_eq!(veteran("", &rows).run(&["--strict"]).status.code(), Some(15));
}

/// Rates of the diet data as Stata's `strate` prints them (per 1000, logarithmic limits), by years in a unit of the file.
#[test]
fn rates_and_counts_are_held_against_a_data_file() {
    let targets = |value: [&str; 3], unit: &str| {
        format!(
            "[targets]\nname = \"diet\"\n[[against]]\nname = \"diet\"\ndata = \"diet.csv\"\n\
             formula = \"Surv(y, chd) ~ hienergy\"\ntime_unit = \"{unit}\"\n\
             [[table]]\nname = \"rates\"\nsource = \"Stata manual\"\nagainst = \"diet\"\nvariable = \"hienergy\"\n\
             interval = {{ rate = \"log\" }}\n[[table.number]]\nrow = \"low\"\nlevel = \"0\"\nmeasure = \"rate\"\n\
             value = \"{}\"\nlower = \"{}\"\nupper = \"{}\"\nevents = 28\nperson_years = \"2059.4\"\n",
            value[0], value[1], value[2]
        )
    };
    let run = Place::new(&targets(["13.5960", "9.3875", "19.6912"], "years")).with_data("diet.csv").run(&[]);
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    assert!(stdout(&run).ends_with("3 numbers: 3 reproduced\n"), "{}", stdout(&run));
    // The same print, were the file's times days.
    let run = Place::new(&targets(["13.5960", "9.3875", "19.6912"], "days")).with_data("diet.csv").run(&[]);
    assert_eq!(run.status.code(), Some(15));
    assert!(line(&stdout(&run), "low").ends_with("it is reproduced per 1000 person-days"), "{}", stdout(&run));
}

#[test]
fn an_earlier_results_file_serves_as_a_run() {
    let rows = row("large", ["0.435", "0.245", "0.773"], "") + &row("smallcell", ["1.477", "0.885", "2.462"], "");
    let place = veteran("", &rows);
    let fit = std::process::Command::new(env!("CARGO_BIN_EXE_cohort"))
        .args(["fit", "veteran.csv", "--formula", "Surv(time, status) ~ celltype + karno"])
        .args(["--json", "results.json", "--format", "none", "--quiet"])
        .current_dir(place.0.path())
        .output()
        .expect("cohort starts");
    assert!(fit.status.success(), "{}", stderr(&fit));
    let text = std::fs::read_to_string(place.0.path().join("targets.toml")).expect("the targets file");
    let (head, tail) = text.split_once("data = ").expect("the data file");
    let tail = tail.split_once("\n\n").expect("the table").1;
    place.write("targets.toml", &format!("{head}results = \"results.json\"\n\n{tail}"));
    let run = place.run(&[]);
    assert_eq!(run.status.code(), Some(15), "{}{}", stdout(&run), stderr(&run));
    assert!(line(&stdout(&run), "large").starts_with("reproduced"));
    assert!(line(&stdout(&run), "smallcell").ends_with("with `large` as the reference level"), "{}", stdout(&run));
}

/// A number of a table that contradicts itself is not called different: the print is at fault.
#[test]
fn an_inconsistent_print_is_said_before_any_difference() {
    let rows = row("large", ["0.435", "0.245", "0.973"], "");
    let run = veteran("", &rows).run(&[]);
    assert_eq!(run.status.code(), Some(15));
    let said = line(&stdout(&run), "large");
    assert!(said.starts_with("source inconsistent") && said.contains("run 0.435 (0.245 to 0.773)"), "{said}");
}

#[test]
fn directions_are_targets_where_a_publication_gives_no_number() {
    let row = |name: &str, direction: &str| {
        format!("\n[[table.number]]\nrow = \"{name}\"\nlevel = \"{name}\"\ndirection = \"{direction}\"\n")
    };
    let rows = row("large", "below") + &row("squamous", "above") + &row("smallcell", "none");
    let run = veteran("", &rows).run(&[]);
    assert_eq!(run.status.code(), Some(15));
    let out = stdout(&run);
    assert!(line(&out, "large").starts_with("reproduced"), "{out}");
    assert!(line(&out, "squamous").starts_with("differs") && out.contains("does not lie above 1"), "{out}");
    assert!(line(&out, "smallcell").starts_with("reproduced"), "{out}");
}

/// What was stored is reproduced by the same run, and no longer when something changes.
#[test]
fn a_run_can_be_stored_as_targets_for_later() {
    let place = veteran("", &row("large", ["0.435", "0.245", "0.773"], ""));
    let stored = place.run(&["--update", "stored.toml", "--quiet"]);
    assert_eq!(stored.status.code(), Some(0), "{}", stderr(&stored));
    let again = super::reproduce(place.0.path(), &["stored.toml", "--strict"]);
    assert_eq!(again.status.code(), Some(0), "{}{}", stdout(&again), stderr(&again));
    // Four coefficients, two numbers of the size of the model; persons, events and person-years of four cell types.
    assert!(stdout(&again).ends_with("\n18 numbers: 18 reproduced\n"), "{}", stdout(&again));
    let text = std::fs::read_to_string(place.0.path().join("stored.toml")).expect("the stored targets");
    place.write(
        "stored.toml",
        &text.replace("name = \"veteran\"\ndata", "name = \"veteran\"\nties = \"breslow\"\ndata"),
    );
    let again = super::reproduce(place.0.path(), &["stored.toml"]);
    assert_eq!(again.status.code(), Some(15));
    assert_eq!(stdout(&again).matches("it is reproduced with Efron ties").count(), 4, "{}", stdout(&again));
}

#[test]
fn a_folder_holds_verdicts_results_and_the_times_of_every_step() {
    let place = veteran("", &row("large", ["0.435", "0.245", "0.773"], ""));
    let run = place.run(&["--out", "checked", "--format", "none", "--quiet"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let read = |name: &str| std::fs::read_to_string(place.0.path().join("checked").join(name)).expect("a file");
    let manifest: serde_json::Value = serde_json::from_str(&read("manifest.json")).expect("JSON");
    for step in ["load", "design", "fit", "report", "reproduce", "total"] {
        let seconds = &manifest["timings"][format!("{step}_seconds")];
        assert!(seconds.as_f64().is_some_and(|s| s >= 0.0), "{step}: {seconds}");
    }
    assert!(manifest["timings"]["peak_memory_bytes"].as_u64().is_some_and(|bytes| bytes > 1_000_000));
    for name in ["internal/verdicts.txt", "internal/verdicts.md", "internal/junit.xml", "internal/results-1.json"] {
        assert!(!read(name).is_empty());
    }
}

/// The numbers that books and papers print for the public data sets, each with the verdict that the file expects.
#[test]
fn printed_numbers_of_public_data_sets_have_the_verdicts_expected() {
    let run = super::reproduce(super::root(), &["data-fixtures/reference/targets.toml", "--strict"]);
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    let summary = stdout(&run).lines().last().expect("a summary").to_owned();
    assert_eq!(summary, "248 numbers: 242 reproduced, 6 differs; 6 as the targets file expects");
    let hint = line(&stdout(&run), "6-MP hr of Breslow under Efron");
    assert!(hint.contains("it is reproduced with Breslow ties"), "{hint}");
}

/// One interval in twenty excludes 1 by chance where there is no difference: with twenty such statements in a table, limits at
/// level 1 − 0.05/20 decide. By hand: ln 0.43514 = −0.8321, se 0.2934; z = 1.96 excludes 0, z = 3.02 does not.
#[test]
fn many_statements_of_no_difference_are_judged_together() {
    let row = |name: &str, level: &str| {
        format!("\n[[table.number]]\nrow = \"{name}\"\nlevel = \"{level}\"\ndirection = \"none\"\n")
    };
    let alone = veteran("", &row("large", "large")).run(&[]);
    assert_eq!(alone.status.code(), Some(15));
    assert!(line(&stdout(&alone), "large").ends_with("its interval excludes 1"), "{}", stdout(&alone));
    let others: String = (1..20).map(|i| row(&format!("other {i}"), "smallcell")).collect();
    let together = veteran("", &(row("large", "large") + &others)).run(&[]);
    assert_eq!(together.status.code(), Some(0), "{}", stdout(&together));
    let said = line(&stdout(&together), "large");
    assert!(
        said.starts_with("close") && said.contains("with 20 such statements taken together (99.75 % Wald limits"),
        "{said}"
    );
}

#[test]
fn a_fault_of_a_formula_names_the_run() {
    let place = veteran("", &row("large", ["0.435", "0.245", "0.773"], ""));
    let text = std::fs::read_to_string(place.0.path().join("targets.toml")).expect("the targets file");
    place.write("targets.toml", &text.replace("~ celltype", "~ celltpe"));
    let run = place.run(&[]);
    assert_eq!(run.status.code(), Some(10));
    assert!(
        stderr(&run).contains("formula of veteran") && stderr(&run).contains("is `celltype` meant?"),
        "{}",
        stderr(&run)
    );
}

/// R: `relevel()` with `ties = "breslow"`, and `summary(fit, conf.int = 0.9)`: two things at once, where no single one does.
#[test]
fn two_changes_at_a_time_are_tried_where_no_single_one_helps() {
    let rows = row("smallcell", ["1.473", "0.883", "2.456"], "") + &row("large", ["0.438", "0.270", "0.710"], "");
    let out = stdout(&veteran("", &rows).run(&[]));
    let said = line(&out, "smallcell");
    assert!(said.ends_with("it is reproduced with Breslow ties and with `large` as the reference level"), "{said}");
    assert!(line(&out, "large").ends_with("it is reproduced with Breslow ties and with 90 % limits"), "{out}");
    let neither = stdout(&veteran("", &row("large", ["0.800", "0.700", "0.914"], "")).run(&[]));
    assert!(line(&neither, "large").ends_with("; nothing that was tried reproduces it"), "{neither}");
}

/// R: `coxph(Surv(time, status) ~ celltype * factor(trt) + karno, veteran)` with both factors releveled; 18 adenocarcinomas had
/// the test treatment, and 17 of them died.
#[test]
fn a_hazard_ratio_within_a_modifier_may_have_any_reference_level() {
    let within = |name: &str, [group, stratum]: [&str; 2], value: &str, more: &str| {
        format!(
            "[[table.number]]\nrow = \"{name}\"\ngroup = \"{group}\"\nstratum = \"{stratum}\"\nmeasure = \"hr\"\n\
             value = \"{value}\"\n{more}"
        )
    };
    let rows = within("stated", ["adeno", "2"], "1.692 (0.785 to 3.647)", "versus = \"large\"\nn = 18\nevents = 17\n")
        + &within("not stated", ["adeno", "2"], "1.692 (0.785 to 3.647)", "")
        + &within("with Breslow", ["smallcell", "1"], "1.466 (0.750 to 2.863)", "");
    let place = veteran("", &format!("modifier = \"trt\"\n{rows}"));
    let text = std::fs::read_to_string(place.0.path().join("targets.toml")).expect("the targets file");
    let text = text.replace("~ celltype + karno\"", "~ celltype * trt + karno\"\nlevels = { trt = [\"1\", \"2\"] }");
    place.write("targets.toml", &text);
    let out = stdout(&place.run(&[]));
    let said = line(&out, "stated");
    assert!(said.starts_with("reproduced"), "{said}");
    assert!(said.ends_with("fitted again with `large` as the reference level"), "{said}");
    assert!(line(&out, "not stated").ends_with("it is reproduced with `large` as the reference level"), "{out}");
    let said = line(&out, "with Breslow");
    assert!(said.ends_with("with Breslow ties and with `large` as the reference level"), "{said}");
    assert!(out.contains("reproduced           stated: events of 2, adeno: printed 17; run 17"), "{out}");
    assert!(
        out.contains("not covered          stated: n of 2, adeno: printed 18; the run does not give persons"),
        "{out}"
    );
    // A results file cannot be fitted again, and says so.
    let fit = std::process::Command::new(env!("CARGO_BIN_EXE_cohort"))
        .args(["fit", "veteran.csv", "--formula", "Surv(time, status) ~ celltype * trt + karno", "--levels", "trt=1,2"])
        .args(["--interaction", "celltype:trt", "--json", "results.json", "--format", "none", "--quiet"])
        .current_dir(place.0.path())
        .output()
        .expect("cohort starts");
    assert!(fit.status.success(), "{}", stderr(&fit));
    let (head, tail) = text.split_once("data = ").expect("the data file");
    let tail = tail.split_once("\n\n").expect("the table").1;
    place.write("targets.toml", &format!("{head}results = \"results.json\"\n\n{tail}"));
    let said = line(&stdout(&place.run(&[])), "stated");
    assert!(
        said.starts_with("not covered") && said.contains("with another it would have to be fitted again"),
        "{said}"
    );
}

/// R's `glm(chd ~ hienergy + offset(log(y)), poisson, diet)` has the rate ratio 0.5204 (0.2878 to 0.9407), of which
/// `describe::rate_ratio` is the closed form; exact limits as `poisson.test`.
#[test]
fn a_rate_ratio_without_covariates_is_held_against_the_rates_of_the_run() {
    let targets = |keys: &str, value: &str| {
        format!(
            "[targets]\nname = \"diet\"\n[[against]]\nname = \"diet\"\ndata = \"diet.csv\"\n\
             formula = \"Surv(y, chd) ~ hienergy\"\ntime_unit = \"years\"\n\
             [[table]]\nname = \"ratios\"\nsource = \"R\"\nagainst = \"diet\"\nvariable = \"hienergy\"\nversus = \"0\"\n{keys}\
             [[table.number]]\nrow = \"high\"\nlevel = \"1\"\nmodel = \"Poisson\"\nmeasure = \"irr\"\nvalue = \"{value}\"\n"
        )
    };
    let run = |keys, value| {
        let run = Place::new(&targets(keys, value)).with_data("diet.csv").run(&[]);
        line(&stdout(&run), "high")
    };
    let said = run("crude_ratios = [\"Poisson\"]\n", "0.5204 (0.2878 to 0.9407)");
    assert!(said.starts_with("reproduced"), "{said}");
    // One with covariates is not fitted, and nothing says that this one has none.
    let said = run("", "0.5204 (0.2878 to 0.9407)");
    assert!(said.starts_with("not covered") && said.contains("name its model in crude_ratios"), "{said}");
    let said = run("crude_ratios = [\"Poisson\"]\n", "1.92 (1.06 to 3.47)");
    assert!(said.ends_with("it is reproduced as its inverse: group and reference exchanged"), "{said}");
}

/// Limits of the profile likelihood are never Wald's in disguise: another level and another reference are fitted again. The
/// expected limits are those of `cohort fit --ci profile`.
#[test]
fn profile_limits_are_fitted_again_where_another_level_is_printed() {
    let fit = std::process::Command::new(env!("CARGO_BIN_EXE_cohort"))
        .args(["fit", "veteran.csv", "--formula", "Surv(time, status) ~ celltype + karno", "--ci", "profile"])
        .args(["--level", "0.9", "--ref", "celltype=large", "--format", "json", "--quiet"])
        .current_dir(super::root().join("data-fixtures/reference/data"))
        .output()
        .expect("cohort starts");
    let results: serde_json::Value = serde_json::from_slice(&fit.stdout).expect("results");
    let coefficient = &results["models"][0]["coefficients"][0];
    let number = |key: &str| coefficient[key].as_f64().expect("a number");
    let value = format!("{:.4} ({:.4} to {:.4})", number("hr"), number("hr_lower"), number("hr_upper"));
    let printed = format!(
        "interval = {{ hr = \"other\" }}\n[[table.number]]\nrow = \"adeno\"\ngroup = \"adeno\"\nversus = \"large\"\n\
         measure = \"hr\"\nvalue = \"{value}\"\n"
    );
    let other = "[[table]]\nname = \"95\"\nsource = \"R\"\nagainst = \"veteran\"\nvariable = \"celltype\"\n\
        [[table.number]]\nrow = \"Wald\"\ngroup = \"large\"\nmeasure = \"hr\"\nvalue = \"0.435 (0.245 to 0.773)\"\n";
    let out = stdout(&veteran("ci = \"profile\"\n", &format!("level = 0.9\n{printed}{other}")).run(&[]));
    let said = line(&out, "adeno");
    assert!(said.starts_with("reproduced"), "{said}");
    assert!(
        said.ends_with("fitted again with `large` as the reference level; fitted again with 90 % limits"),
        "{said}"
    );
    let said = line(&out, "Wald");
    assert!(said.ends_with("with Wald's limits and P value instead of those of the profile likelihood"), "{said}");
}

#[test]
fn a_reference_row_must_be_the_reference_of_the_run() {
    let reference = |level: &str| {
        format!("\n[[table.number]]\nrow = \"{level}\"\ngroup = \"{level}\"\nmeasure = \"hr\"\nvalue = \"ref\"\n")
    };
    let out = stdout(&veteran("", &(reference("adeno") + &reference("smallcell"))).run(&[]));
    assert!(line(&out, "adeno").starts_with("reproduced"), "{out}");
    assert!(line(&out, "smallcell").starts_with("differs"), "{out}");
}

/// 1,731 days of follow-up are 4.74 years.
#[test]
fn person_time_in_another_unit_is_recognised() {
    let rows = "\n[[table.number]]\nrow = \"adeno\"\ngroup = \"adeno\"\nperson_years = \"1,731\"\n";
    let said = line(&stdout(&veteran("", rows).run(&[])), "adeno");
    assert!(said.ends_with("it is reproduced in days"), "{said}");
}

/// Verdicts hold counts that no disclosure control has seen: they say so, and only the user may read the files. Those against an
/// exported results file need not.
#[test]
#[cfg(unix)]
fn verdicts_on_a_run_are_internal_and_those_on_an_export_are_not() {
    use std::os::unix::fs::PermissionsExt;
    let place = veteran("", "\n[[table.number]]\nrow = \"adeno\"\ngroup = \"adeno\"\nevents = 26\n");
    let files = ["--junit", "j.xml", "--markdown", "m.md", "--json", "v.json", "--out", "checked"];
    let run = place.run(&files);
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    let said = "INTERNAL: numbers of the runs stand here as they are, before disclosure control";
    assert!(stdout(&run).contains(said), "{}", stdout(&run));
    for name in ["j.xml", "m.md", "checked/internal/verdicts.txt", "checked/internal/junit.xml"] {
        let path = place.0.path().join(name);
        assert!(std::fs::read_to_string(&path).expect("a file").contains(said), "{name}");
        assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o077, 0, "{name}");
    }
    let json = std::fs::read_to_string(place.0.path().join("v.json")).expect("a file");
    assert!(json.contains("\"internal\": true"), "{json}");
    let study = super::root().join("examples/diabetes-register/study.toml");
    let fit = std::process::Command::new(env!("CARGO_BIN_EXE_cohort"))
        .args(["fit", &study.display().to_string(), "--out", "results", "--format", "none", "--quiet"])
        .current_dir(place.0.path())
        .output()
        .expect("cohort starts");
    assert!(fit.status.success(), "{}", stderr(&fit));
    place.write(
        "targets.toml",
        "[targets]\nname = \"e\"\n[[against]]\nname = \"e\"\nresults = \"results/export/results.json\"\n\
         [[table]]\nname = \"T\"\nsource = \"s\"\nagainst = \"e\"\n[[table.number]]\nrow = \"all\"\nn = \"1,499\"\n",
    );
    let run = place.run(&[]);
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    assert!(!stdout(&run).contains("INTERNAL"), "{}", stdout(&run));
}

/// What `--update` stores holds every number again, interaction analyses and limits of another level included.
#[test]
fn stored_targets_hold_interactions_and_the_level_of_the_run() {
    let rows = "level = 0.9\nmodifier = \"trt\"\n[[table.number]]\nrow = \"a\"\ngroup = \"large\"\nstratum = \"2\"\nmeasure = \"hr\"\n\
        value = \"1.0\"\n";
    let place = veteran("levels = { trt = [\"1\", \"2\"] }\n", rows);
    let text = std::fs::read_to_string(place.0.path().join("targets.toml")).expect("the targets file");
    place.write("targets.toml", &text.replace("~ celltype +", "~ celltype * trt +"));
    let stored = place.run(&["--update", "stored.toml", "--quiet"]);
    assert_eq!(stored.status.code(), Some(0), "{}", stderr(&stored));
    let text = std::fs::read_to_string(place.0.path().join("stored.toml")).expect("the stored targets");
    assert!(text.contains("# INTERNAL:") && text.contains("level = 0.9"), "{text}");
    let again = super::reproduce(place.0.path(), &["stored.toml", "--strict"]);
    assert_eq!(again.status.code(), Some(0), "{}{}", stdout(&again), stderr(&again));
    assert!(stdout(&again).contains("celltype within trt: large within 2: hr of"), "{}", stdout(&again));
}

/// A row that nothing can be held against does not stop the others, and a slip of a name is said.
#[test]
fn a_wrong_name_concerns_its_row_only() {
    let rows = row("large", ["0.435", "0.245", "0.773"], "")
        + "\n[[table.number]]\nrow = \"slip\"\nvariable = \"celltpe\"\nlevel = \"large\"\nmeasure = \"hr\"\nvalue = \"1.0\"\n\
           [[table.number]]\nrow = \"within\"\nlevel = \"large\"\nmodifier = \"trt\"\nmodifier_level = \"1\"\nmeasure = \"hr\"\n\
           value = \"1.0\"\n[[table.number]]\nrow = \"name\"\ncoefficient = \"celltypeLarge\"\nmeasure = \"coef\"\nvalue = \"1.0\"\n";
    let run = veteran("", &rows).run(&[]);
    let out = stdout(&run);
    assert_eq!(run.status.code(), Some(0), "{out}{}", stderr(&run));
    assert!(line(&out, "large").starts_with("reproduced"), "{out}");
    assert!(line(&out, "slip").ends_with("has no variable `celltpe`; did you mean `celltype`?"), "{out}");
    assert!(line(&out, "name").ends_with("has no coefficient `celltypeLarge`; did you mean `celltypelarge`?"), "{out}");
    assert!(out.contains("; no celltype within trt: interaction: `trt` is not in the model"), "{out}");
    assert!(line(&out, "within").contains("has no interaction analysis of `celltype` within `trt`"), "{out}");
    // Nor does one that is no results file go without its name.
    let text = std::fs::read_to_string(veteran("", "").0.path().join("targets.toml")).expect("the targets file");
    let place = Place::new(
        &text
            .replace("data = \"veteran.csv\"", "results = \"targets.toml\"")
            .replace("formula = \"Surv(time, status) ~ celltype + karno\"\n", ""),
    );
    place.write(
        "targets.toml",
        &(std::fs::read_to_string(place.0.path().join("targets.toml")).expect("text")
            + &row("a", ["1.0", "0.5", "2.0"], "")),
    );
    let said = stderr(&place.run(&[]));
    assert!(said.contains("targets.toml: expected ident at line 1") && said.contains("give a results.json"), "{said}");
}

/// A number has no levels: a level that a row gives is a slip, and units are part of a verdict's name.
#[test]
fn a_level_of_a_number_is_refused_and_units_are_named() {
    let number = |name: &str, more: &str| {
        format!(
            "\n[[table.number]]\nrow = \"{name}\"\nvariable = \"karno\"\nmeasure = \"hr\"\nvalue = \"0.73\"\n{more}\n"
        )
    };
    let rows = number("slip", "level = \"70\"")
        + &number("side", "versus = \"70\"")
        + &number("units", "per = 10")
        + &number("words", "per = 10\ngroup = \"Karnofsky\"");
    let out = stdout(&veteran("", &rows).run(&[]));
    let slip = line(&out, "slip");
    assert!(slip.starts_with("not covered"), "{out}");
    assert!(
        slip.contains("`karno` is a number in model") && slip.contains("leave level out, and say per = \"10\""),
        "{slip}"
    );
    let side = line(&out, "side");
    assert!(side.starts_with("not covered") && side.contains("no level `70`; leave versus out"), "{side}");
    // exp(10 × -0.0310) = 0.733.
    assert!(line(&out, "units").starts_with("reproduced"), "{out}");
    assert!(line(&out, "units").contains("hr of karno, per 10"), "{out}");
    assert!(line(&out, "words").contains("hr of Karnofsky, per 10"), "{out}");
}

/// Verdicts hold numbers before disclosure control; a results folder's `export/` is what may leave.
#[test]
fn verdicts_are_not_written_into_export() {
    let place = veteran("", &row("large", ["0.435", "0.245", "0.773"], ""));
    std::fs::create_dir_all(place.0.path().join("results/export")).expect("a folder");
    place.write("results/manifest.json", "{}");
    for flag in ["--json", "--markdown", "--junit"] {
        let run = place.run(&[flag, "results/export/verdicts"]);
        assert_eq!(run.status.code(), Some(2), "{}", stderr(&run));
        assert!(stderr(&run).contains("before disclosure control and do not belong in export/"), "{}", stderr(&run));
        assert!(!place.0.path().join("results/export/verdicts").exists());
    }
    let elsewhere = place.run(&["--json", "results/verdicts"]);
    assert_eq!(elsewhere.status.code(), Some(0), "{}", stderr(&elsewhere));
}
