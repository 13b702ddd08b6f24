//! Formulas: terms and their order as R's `terms()` gives them, codings, and messages for what is wrong.

use cohort::formula::{Coding, Formula};

fn labels(source: &str) -> Vec<String> {
    Formula::parse(source).expect("a formula").terms.into_iter().map(|t| t.label).collect()
}

fn message(source: &str) -> String {
    Formula::parse(source).expect_err("a faulty formula").to_string()
}

/// Expected: `attr(terms(~ …), "term.labels")` in R 4.2, strata, offset and cluster left out.
#[test]
fn terms_come_in_the_order_of_r() {
    let cases: [(&str, &[&str]); 22] = [
        ("age + sex", &["age", "sex"]),
        ("~ age + sex", &["age", "sex"]),
        ("sex * age", &["sex", "age", "sex:age"]),
        ("sex:age + age", &["age", "sex:age"]),
        ("age + sex:age", &["age", "age:sex"]),
        ("a * b * c", &["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"]),
        ("(a + b + c)^2", &["a", "b", "c", "a:b", "a:c", "b:c"]),
        ("(a + b)^3", &["a", "b", "a:b"]),
        ("(a + b) * c", &["a", "b", "c", "a:c", "b:c"]),
        ("a * b - a", &["b", "a:b"]),
        ("a * b - a:b", &["a", "b"]),
        ("a / b", &["a", "a:b"]),
        ("a + b %in% a", &["a", "a:b"]),
        ("a + a + b", &["a", "b"]),
        ("a:b:a", &["a:b"]),
        ("1", &[]),
        ("0 + a", &["a"]),
        ("a - 1", &["a"]),
        ("age + I(age^2) + log(bili)", &["age", "I(age^2)", "log(bili)"]),
        ("a + strata(s) + offset(o) + cluster(p)", &["a"]),
        ("age > 65", &["age > 65"]),
        ("ph.ecog + `age at entry`", &["ph.ecog", "`age at entry`"]),
    ];
    for (source, expected) in cases {
        assert_eq!(labels(source), expected, "{source}");
    }
}

/// R's rule in `TermCode`: a factor has a column for every level where the rest of the term is not in the model.
#[test]
fn factors_are_coded_by_the_marginality_rule() {
    let codings = |source: &str| -> Vec<String> {
        let formula = Formula::parse(source).expect("a formula");
        let name = |c: Coding| if c == Coding::Contrasts { 'c' } else { 'i' };
        formula.terms.iter().map(|t| t.parts.iter().map(|p| name(p.coding)).collect()).collect()
    };
    assert_eq!(codings("a * b"), ["c", "c", "cc"]);
    assert_eq!(codings("a:b"), ["ii"]);
    assert_eq!(codings("a + a:b"), ["c", "ic"]);
    assert_eq!(codings("a + b + a:b:c"), ["c", "c", "iii"]);
    assert_eq!(codings("a:b + a:c"), ["ii", "ic"]);
}

#[test]
fn strata_that_stand_alone_are_no_terms() {
    let formula = Formula::parse("Surv(t, e) ~ x + strata(a, b) + strata(c)").expect("a formula");
    assert_eq!(formula.strata.len(), 2);
    let columns: Vec<&str> = formula.columns().into_iter().map(|(name, _)| name).collect();
    assert_eq!(columns, ["t", "e", "x", "a", "b", "c"]);
}

#[test]
fn every_left_side_of_r_is_read() {
    let shape = |source: &str| {
        let response = Formula::parse(source).expect("a formula").response.expect("a left side");
        let text = |e: &Option<cohort::formula::Expr>| e.as_ref().map(|e| e.text()).unwrap_or("-".into());
        format!("{} {} {}", text(&response.entry), response.exit.text(), text(&response.event))
    };
    assert_eq!(shape("Surv(time, status == 2) ~ 1"), "- time status == 2");
    assert_eq!(shape("Surv(start, stop, event) ~ 1"), "start stop event");
    assert_eq!(shape("Surv(dodm - dobth, dox - dobth, death) ~ 1"), "dodm - dobth dox - dobth death");
    assert_eq!(shape("Surv(time = a, time2 = b, event = c) ~ 1"), "a b c");
    assert_eq!(shape("Surv(t, event = status %in% c(1, 2)) ~ 1"), "- t status %in% c(1, 2)");
    assert_eq!(shape("Surv(t, status == \"dead\") ~ 1"), "- t status == \"dead\"");
}

#[test]
fn faults_name_place_rule_and_remedy() {
    let cases = [
        ("age + starta(sex)", "formula, character 7: `starta()` is not a function of formulas (is `strata()` meant?)"),
        (
            "surv(t, e) ~ x",
            "formula, character 1: the left side is `surv()`, not `Surv()` (write Surv(time, event) or Surv(entry, exit, event))",
        ),
        ("Surv(t) ~ x + ns(age, df = 0)", "formula, character 28: `df` of `ns()` is a whole number from 1 to 50"),
        (
            "age + offset(x):y",
            "formula, character 7: `offset()` cannot be part of an interaction (add it: … + offset(x))",
        ),
        (
            "a + \"b\"",
            "formula, character 5: a term is a column, not a constant (write 1 for a model without covariates; put an odd column name in back-ticks)",
        ),
        (
            "(a + b)^0.5",
            "formula, character 9: the power of a term is a whole number from 1 on (write I(x^2) for the square of a column)",
        ),
        ("log(a, b, c)", "formula, character 1: `log()` takes one value"),
        ("factor(x, ref = c(1, 2))", "formula, character 17: `ref` takes one level, such as ref = \"a\""),
        ("cluster(a) + cluster(b)", "formula, character 14: a model has one `cluster()`"),
        (
            "a ~ b ~ c",
            "formula, character 1: the left side is not a `Surv()` (write Surv(time, event) or Surv(entry, exit, event))",
        ),
        (
            "age +",
            "formula, character 5: something is missing after `+` (write what belongs there, or leave the sign out)",
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(message(source), expected, "{source}");
    }
}

#[test]
fn all_faults_are_reported_at_once_in_the_order_of_the_text() {
    let error = Formula::parse("Surf(t, e) ~ lgo(x) + bs(y, df = 1) + z").expect_err("three faults");
    assert_eq!(error.faults.len(), 3);
    assert!(error.faults.windows(2).all(|w| w[0].span.start < w[1].span.start));
}

#[test]
fn the_place_is_marked_under_the_text() {
    let error = Formula::parse("Surv(time, status == 2) ~ age + starta(sex)").expect_err("a fault");
    insta::assert_snapshot!(error.render("--formula"), @r"
    error: formula
     --> --formula:1:33
      |
    1 | Surv(time, status == 2) ~ age + starta(sex)
      |                                 ^^^^^^ `starta()` is not a function of formulas
      |
      = help: is `strata()` meant?
    ");
}

#[test]
fn a_formula_without_end_is_refused() {
    assert!(
        message(&format!("({})^20", (0..40).map(|i| format!("x{i}")).collect::<Vec<_>>().join(" + ")))
            .contains("more than")
    );
    assert!(message(&"x+".repeat(100_000)).contains("at most"));
}
