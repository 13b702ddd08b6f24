//! The published schemas of study and targets files: every example fits, what is wrong does not, and they know the keys
//! that the program knows.

use crate::support::run::root;
use cohort::study::{self, StudyFaults};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// A TOML tree as JSON has it: dates are texts.
fn tree(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(n) => Value::from(*n),
        toml::Value::Float(x) => Value::from(*x),
        toml::Value::Boolean(b) => Value::from(*b),
        toml::Value::Datetime(day) => Value::from(day.to_string()),
        toml::Value::Array(items) => items.iter().map(tree).collect(),
        toml::Value::Table(table) => Value::Object(table.iter().map(|(k, v)| (k.clone(), tree(v))).collect()),
    }
}

fn read(text: &str) -> Value {
    tree(&toml::Value::Table(text.parse().expect("TOML")))
}

/// What a schema has against a file.
fn against(schema: &str, file: &Value) -> Vec<String> {
    let schema = jsonschema::validator_for(&json(schema)).expect("a schema");
    schema.iter_errors(file).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

/// All TOML files below a folder.
fn toml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            toml_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "toml") {
            found.push(path);
        }
    }
}

#[test]
fn every_example_fits_its_schema() {
    let mut files = Vec::new();
    toml_files(&root("examples"), &mut files);
    toml_files(&root("data-fixtures"), &mut files);
    let mut n = (0, 0);
    for path in files {
        let file = read(&fs::read_to_string(&path).expect("a file"));
        let schema = match (file.get("cohort"), file.get("targets")) {
            (Some(_), _) => {
                n.0 += 1;
                study::SCHEMA
            }
            (_, Some(_)) => {
                n.1 += 1;
                cohort::reproduce::SCHEMA
            }
            _ => continue,
        };
        assert_eq!(against(schema, &file), Vec::<String>::new(), "{}", path.display());
    }
    assert!(n.0 >= 3 && n.1 >= 2, "{n:?}");
    let template = read(study::TEMPLATE);
    assert_eq!(against(study::SCHEMA, &template), Vec::<String>::new());
}

#[test]
fn what_is_wrong_does_not_fit() {
    let text = fs::read_to_string(root("examples/phc-opmh/study.toml")).expect("the study");
    for (right, wrong) in [
        ("scale = \"since_index\"", "scale = \"since\""),
        ("one_per_person = true", "one_per_person = \"yes\""),
        ("min_matched = 0.95", "min_matched = 95"),
        ("maximum = \"730 days\"", "maximum = 730"),
        ("rate_per = 1000", "rate_pr = 1000"),
        ("profile = \"none\"", "profile = \"norway\""),
        ("from = 2010-01-01", "from = \"1 January 2010\""),
        ("[study]\nname = \"phc-opmh\"", "[study]"),
    ] {
        assert!(text.contains(right), "{right}");
        assert!(!against(study::SCHEMA, &read(&text.replacen(right, wrong, 1))).is_empty(), "{wrong}");
    }
}

/// The keys that the program knows of a section into which a key was put that nobody knows; `None` where it reads on
/// without a fault.
fn known_keys(faults: &StudyFaults) -> Option<BTreeSet<String>> {
    let fault = faults.faults.iter().find(|fault| fault.rule.starts_with("unknown key `zzzzzzzzzzzz`"))?;
    let keys = fault.remedy.strip_prefix("known keys: ").expect("a list of keys");
    Some(keys.split(", ").map(str::to_owned).collect())
}

/// The text with a key that nobody knows as the first of a section.
fn put_in(text: &str, section: &str) -> String {
    let at = text.find(&format!("\n{section}")).unwrap_or_else(|| panic!("{section}")) + 1;
    let end = at + text[at..].find('\n').unwrap_or(text.len() - at);
    format!("{}\nzzzzzzzzzzzz = 1{}", &text[..end], &text[end..])
}

/// The names of the properties at a place of a schema, its references followed.
fn properties(schema: &Value, place: &str) -> BTreeSet<String> {
    let properties = schema.pointer(place).and_then(Value::as_object).unwrap_or_else(|| panic!("{place}"));
    properties.keys().cloned().collect()
}

/// Sections that the example does not have.
const FURTHER: &str = "
[table_one]
by = \"sex\"

[imputations]
file = \"imputed.csv\"

[cohort.matching]
by = [\"sex\"]
ratio = 1
replacement = \"without\"
when_exposed = \"stay\"
seed = 1

[[contrast]]
compare = \"sex=1 vs sex=2\"
model = \"crude\"

[[curve]]
at = \"sex=1\"
model = \"crude\"
";

#[test]
fn the_schema_of_the_study_file_has_the_keys_of_the_program() {
    let schema = json(study::SCHEMA);
    let text = fs::read_to_string(root("examples/phc-opmh/study.toml")).expect("the study") + FURTHER;
    let below = |place: &str| format!("/properties/{place}/properties");
    let each = |place: &str| format!("/properties/{place}/items/properties");
    let named = |place: &str| format!("/properties/{place}/additionalProperties/properties");
    let places = [
        ("[study]", below("study")),
        ("[linkage]", "/$defs/linkage/properties".to_owned()),
        ("[extract.persons]", named("extract")),
        ("[codelist.index]", named("codelist")),
        ("[cohort]", below("cohort")),
        ("[cohort.index]", "/properties/cohort/properties/index/properties".to_owned()),
        ("[cohort.matching]", "/properties/cohort/properties/matching/properties".to_owned()),
        ("[follow_up]", below("follow_up")),
        ("[follow_up.event]", "/properties/follow_up/properties/event/properties".to_owned()),
        ("[[follow_up.exit]]", "/properties/follow_up/properties/exit/items/properties".to_owned()),
        ("[[model]]", each("model")),
        ("[[interaction]]", each("interaction")),
        ("[[contrast]]", each("contrast")),
        ("[[curve]]", each("curve")),
        ("[[standardised]]", each("standardised")),
        ("[describe]", below("describe")),
        ("[table_one]", below("table_one")),
        ("[imputations]", below("imputations")),
        ("[disclosure]", below("disclosure")),
        ("[report]", below("report")),
    ];
    let mut wrong = Vec::new();
    for (section, place) in places {
        let with_key = put_in(&text, section);
        assert_ne!(with_key, text, "{section}");
        let path = root("examples/phc-opmh/study.toml");
        let faults = study::check(&with_key, &path, None);
        let faults = faults.expect_err("an unknown key");
        let known = known_keys(&faults).unwrap_or_else(|| panic!("{section}: {:?}", faults.faults));
        let described = properties(&schema, &place);
        for key in known.difference(&described) {
            wrong.push(format!("{section}: the schema does not know `{key}`"));
        }
        // Keys that a section has only in other forms of it are not asked for here.
        let forms = [
            "[linkage]",
            "[extract.persons]",
            "[codelist.index]",
            "[cohort.index]",
            "[follow_up]",
            "[follow_up.event]",
            "[[follow_up.exit]]",
        ];
        for key in described.difference(&known).filter(|_| !forms.contains(&section)) {
            wrong.push(format!("{section}: the program does not know `{key}`"));
        }
    }
    assert!(wrong.is_empty(), "src/study/study.schema.json:\n{}", wrong.join("\n"));
}

#[test]
fn the_schema_has_every_key_of_every_kind_of_covariate_and_column() {
    let schema = json(study::SCHEMA);
    let text = fs::read_to_string(root("examples/current-status/study.toml")).expect("the study");
    let other = fs::read_to_string(root("examples/phc-opmh/study.toml")).expect("the study");
    let described = properties(&schema, "/properties/covariate/additionalProperties/properties");
    let mut n = 0;
    for (path, text) in [("examples/current-status/study.toml", text), ("examples/phc-opmh/study.toml", other)] {
        let sections: Vec<&str> = text.lines().filter(|line| line.starts_with("[covariate.")).collect();
        for section in sections {
            let with_key = text.replacen(&format!("\n{section}\n"), &format!("\n{section}\nzzzzzzzzzzzz = 1\n"), 1);
            let faults = study::check(&with_key, &root(path), None).expect_err("an unknown key");
            let known = known_keys(&faults).unwrap_or_else(|| panic!("{section}: {:?}", faults.faults));
            assert!(known.is_subset(&described), "{section}: {:?}", known.difference(&described));
            n += 1;
        }
    }
    assert!(n > 15, "{n}");
    let columns = properties(
        &schema,
        "/properties/extract/additionalProperties/properties/columns/additionalProperties/properties",
    );
    let text = fs::read_to_string(root("examples/phc-opmh/study.toml")).expect("the study");
    for column in ["birth = { ", "sex = { ", "diagnoses = { ", "year = { ", "income = { "] {
        let with_key = text.replacen(column, &format!("{column}zzzzzzzzzzzz = 1, "), 1);
        let faults = study::check(&with_key, &root("examples/phc-opmh/study.toml"), None).expect_err("an unknown key");
        let known = known_keys(&faults).unwrap_or_else(|| panic!("{column}: {:?}", faults.faults));
        assert!(known.is_subset(&columns), "{column}: {:?}", known.difference(&columns));
    }
}

#[test]
fn the_schema_of_the_targets_file_has_the_keys_of_the_program() {
    let schema = json(cohort::reproduce::SCHEMA);
    let table = "/properties/table/items/properties";
    let places = [
        ("[targets]", "/properties/targets/properties".to_owned()),
        ("[[against]]", "/properties/against/items/properties".to_owned()),
        ("[[table]]", table.to_owned()),
        ("[[table.number]]", format!("{table}/number/items/properties")),
        ("[[table.total]]", format!("{table}/total/items/properties")),
        ("[[table.comparison]]", format!("{table}/comparison/items/properties")),
        ("[[table.test]]", format!("{table}/test/items/properties")),
    ];
    let text = "[targets]\nname = \"t\"\n[[against]]\nname = \"a\"\ndata = \"a.csv\"\n[[table]]\nname = \"T\"\n\
                [[table.number]]\nrow = \"r\"\nmeasure = \"hr\"\nvalue = \"1.0\"\n[[table.total]]\nrow = \"s\"\n[[table.comparison]]\nrates = \"m\"\n\
                [[table.test]]\nrow = \"u\"\n";
    for (section, place) in places {
        let with_key = text.replacen(&format!("{section}\n"), &format!("{section}\nzzzzzzzzzzzz = 1\n"), 1);
        let faults = cohort::reproduce::read(&with_key, Path::new("targets.toml")).expect_err("an unknown key");
        let faults = faults.toml.expect("faults of the text");
        let known = known_keys(&faults).unwrap_or_else(|| panic!("{section}: {:?}", faults.faults));
        let described = properties(&schema, &place);
        // A run has the keys of its kind only: here those of a data file.
        let of_others = ["study", "data_folder", "results"].map(str::to_owned).into();
        let missing: Vec<_> = described
            .difference(&known)
            .filter(|key| section != "[[against]]" || !BTreeSet::contains(&of_others, *key))
            .collect();
        assert!(missing.is_empty(), "{section}: the program does not know {missing:?}");
        assert!(known.is_subset(&described), "{section}: {:?}", known.difference(&described));
    }
}

/// Every place of both schemas says what it is for.
#[test]
fn every_key_is_described() {
    fn walk(place: &str, schema: &Value, undescribed: &mut Vec<String>) {
        let Some(object) = schema.as_object() else { return };
        let none = Map::new();
        for (key, property) in object.get("properties").and_then(Value::as_object).unwrap_or(&none) {
            // The four words that say what a printed number is about need none.
            let plain = ["outcome", "stratum", "group", "model"].contains(&key.as_str());
            if property.get("description").is_none() && !plain {
                undescribed.push(format!("{place}/{key}"));
            }
        }
        for (key, child) in object {
            walk(&format!("{place}/{key}"), child, undescribed);
        }
    }
    for schema in [study::SCHEMA, cohort::reproduce::SCHEMA] {
        let mut undescribed = Vec::new();
        walk("", &json(schema), &mut undescribed);
        assert!(undescribed.is_empty(), "{undescribed:?}");
    }
}
