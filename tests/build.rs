//! `cohort build` and the builds it keeps: what is written, when a build is reused, and that nobody is left in doubt.

use crate::loader::Delivery;
use cohort::loader::{Build, Loaded, Quiet, load};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn cohort(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cohort")).args(arguments).current_dir(folder).output().expect("cohort starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A delivery with a covariate that changes, and a folder for builds beside it.
struct Kept {
    delivery: Delivery,
    folder: tempfile::TempDir,
}

fn kept() -> Kept {
    let mut delivery = Delivery::default();
    let visited = "[covariate.visits_before]\nlabel = \"Visits before\"\ncount = \"visits\"\ndate = \"date\"\n\
                   within = [\"-24 months\", \"-1 day\"]\nat = \"index\"\n\n\
                   [covariate.year]\nlabel = \"Year\"\nyear_of = \"current\"\ncut = [2009, 2011, 2014]\n\
                   labels = [\"to 2010\", \"from 2011\"]\nif_missing = \"error\"\n\n[[model]]";
    delivery.replace("[[model]]", visited);
    Kept { delivery, folder: tempfile::tempdir().unwrap() }
}

impl Kept {
    fn cache(&self) -> PathBuf {
        self.folder.path().join("builds")
    }

    fn load(&self) -> Loaded {
        let mut study = self.delivery.check().unwrap_or_else(|faults| panic!("{faults}"));
        study.cache = Some(self.cache());
        load(&study, &mut Quiet).unwrap_or_else(|error| panic!("{error}"))
    }
}

fn is_reused(loaded: &Loaded) -> bool {
    matches!(loaded.build, Build::Reused { .. })
}

#[test]
fn a_build_is_reused_while_nothing_that_it_depends_on_changes() {
    let mut kept = kept();
    let first = kept.load();
    assert!(matches!(first.build, Build::Stored { .. }));
    let again = kept.load();
    assert!(is_reused(&again));
    assert_eq!((&first.table, &first.notes, &first.inputs), (&again.table, &again.notes, &again.inputs));
    assert_eq!((&first.attrition, &first.exits), (&again.attrition, &again.exits));
    assert_eq!((&first.links, &first.covariates), (&again.links, &again.covariates));

    // A model, a title or a comment is none of the loader's business.
    kept.delivery.replace("formula = \"sex\"", "formula = \"sex + year\" # more");
    kept.delivery.replace("title = \"A small study\"", "title = \"Another title\"");
    assert!(is_reused(&kept.load()));

    // A key that the loader reads, and a row more.
    kept.delivery.replace("maximum = \"365 days\"", "maximum = \"100 days\"");
    let shorter = kept.load();
    assert!(!is_reused(&shorter) && shorter.table != first.table);
    assert!(is_reused(&kept.load()));
    kept.delivery.add("visits.csv", "a3;20120701;x\n");
    let more = kept.load();
    assert!(!is_reused(&more) && more.table != shorter.table);
    // Back to what it was: the first build is still there.
    kept.delivery.replace("maximum = \"100 days\"", "maximum = \"365 days\"");
    kept.delivery.write("visits.csv", "id;date;ward\na1;20090101;x\na1;20100601;x\na1;20100701;y\n");
    assert!(is_reused(&kept.load()));
}

#[test]
fn a_build_that_is_not_as_it_was_written_is_made_again() {
    let kept = kept();
    let Build::Stored { place, .. } = kept.load().build else { panic!("it was stored") };
    let table = place.join("person_time.parquet");
    let mut bytes = fs::read(&table).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&table, bytes).unwrap();
    assert!(matches!(kept.load().build, Build::Stored { .. }));
    assert!(is_reused(&kept.load()));
    let names: Vec<_> = fs::read_dir(kept.cache()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 1, "nothing half-written stays: {names:?}");
}

/// Builds that are out of date go when there are more than the study keeps, and the run says how many.
#[test]
fn a_folder_keeps_the_builds_made_last() {
    let mut kept = kept();
    let folder = kept.delivery.folder().to_owned();
    let cache = kept.cache().display().to_string();
    let mut build = |maximum: u32, keep: &str| {
        let line = kept.delivery.study.lines().find(|l| l.starts_with("maximum")).unwrap().to_owned();
        kept.delivery.replace(&line, &format!("maximum = \"{maximum} days\""));
        fs::write(folder.join("study.toml"), &kept.delivery.study).unwrap();
        let run = cohort(
            &folder,
            &["build", "study.toml", "--out", "p.csv", "--overwrite", "--cache", &cache, "--keep-builds", keep],
        );
        assert!(run.status.success(), "{}", stderr(&run));
        stderr(&run)
    };
    for maximum in [100, 200, 300] {
        assert!(!build(maximum, "3").contains("removed"));
    }
    assert!(build(400, "3").contains("; the oldest build of that folder was removed"));
    assert!(build(500, "2").contains("; the 2 oldest builds of that folder were removed"));
    assert!(build(400, "2").contains("reused"), "the last but one is there");
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 2);
    let reused = build(400, "1");
    assert!(reused.contains("reused") && reused.contains("; the oldest build of that folder was removed"), "{reused}");
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 1);
    kept.delivery.replace("name = \"small\"", "name = \"small\"\nkeep_builds = 0");
    assert!(
        kept.delivery
            .check()
            .unwrap_err()
            .contains("`keep_builds` is out of range; write a whole number from 1 to 1000")
    );
}

#[cfg(unix)]
#[test]
fn builds_are_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let kept = kept();
    let Build::Stored { place, .. } = kept.load().build else { panic!("it was stored") };
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(&kept.cache()), mode(&place)], [0o700; 2]);
    assert_eq!([mode(&place.join("build.json")), mode(&place.join("person_time.parquet"))], [0o600; 2]);
}

#[test]
fn the_command_writes_person_time_and_how_it_came_about() {
    let kept = kept();
    let folder = kept.delivery.folder();
    fs::write(folder.join("study.toml"), &kept.delivery.study).unwrap();
    let cache = kept.cache().display().to_string();
    let first = cohort(folder, &["build", "study.toml", "--out", "pt.csv", "--cache", &cache]);
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(stderr(&first).contains("person-time made from the extracts and kept in"), "{}", stderr(&first));
    // a1: 120 days from 2010-02-01, a visit in the 24 months before. a2: 2010-10-10 to 2011-01-31, cut at 1 January. a3: 2012-06-01 to 2012-12-31.
    let wanted = "person,entry,exit,event,exit_reason,sex,visits_before,year\n\
                  0,0,120,1,visit,1,1,to 2010\n\
                  1,0,83,0,follow-up continues,2,0,to 2010\n\
                  1,83,113,0,death,2,0,from 2011\n\
                  2,0,213,0,emigration,2,0,from 2011\n";
    assert_eq!(fs::read_to_string(folder.join("pt.csv")).unwrap(), wanted);
    let text = fs::read_to_string(folder.join("pt.build.txt")).unwrap();
    for part in ["Flow of persons", "Checks of the records", "overlap with the record before", "Covariates"] {
        assert!(text.contains(part), "{part} is in\n{text}");
    }
    let json: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("pt.build.json")).unwrap()).unwrap();
    let (records, events): (Vec<&serde_json::Value>, Vec<_>) =
        json["checks"].as_array().unwrap().iter().partition(|c| c["of"] == "records");
    assert!(records.len() == 7 && records.iter().all(|c| c["found"] == 0), "{records:?}");
    let found: Vec<u64> = events.iter().map(|c| c["found"].as_u64().unwrap()).collect();
    // Before the index date, after another end, and the second visit of a1.
    assert_eq!(found, [0, 0, 1]);
    assert_eq!(json["covariates"][2]["timing"], "current");
    assert_eq!(json["covariates"][1]["source"], "number of rows of visits by date, from -24 months to -1 day");

    // Stata holds the same; its own reader says so.
    let stata = cohort(folder, &["build", "study.toml", "--out", "st.dta", "--quiet"]);
    assert!(stata.status.success(), "{}", stderr(&stata));
    let fit = |data: &str| {
        let formula = "Surv(entry, exit, event) ~ year";
        let run = cohort(folder, &["describe", data, "--formula", formula, "--format", "json", "--quiet"]);
        assert!(run.status.success(), "{}", stderr(&run));
        serde_json::from_slice::<serde_json::Value>(&run.stdout).unwrap()["descriptions"][0]["n_records"].clone()
    };
    assert_eq!((fit("pt.csv"), fit("st.dta")), (4.into(), 4.into()));

    // Not again over the same file; and the fit takes the build, and says so even when it is quiet.
    let refused = cohort(folder, &["build", "study.toml", "--out", "pt.csv"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("exists already"), "{}", stderr(&refused));
    let fit = cohort(folder, &["fit", "study.toml", "--cache", &cache, "--quiet", "--format", "none"]);
    assert!(stderr(&fit).contains("person-time reused from"), "{}", stderr(&fit));
    let other = cohort(folder, &["build", "study.toml", "--out", "pt.xlsx"]);
    assert!(stderr(&other).contains("the name ends in"), "{}", stderr(&other));
}

#[test]
fn a_fit_on_a_reused_build_has_the_same_bytes() {
    let kept = kept();
    let folder = kept.delivery.folder();
    fs::write(folder.join("study.toml"), &kept.delivery.study).unwrap();
    let cache = kept.cache().display().to_string();
    for out in ["one", "two"] {
        let run = cohort(folder, &["describe", "study.toml", "--cache", &cache, "--out", out, "--format", "none"]);
        assert!(run.status.success(), "{}", stderr(&run));
    }
    for file in ["internal/results.json", "internal/person_time.parquet", "internal/report.txt"] {
        assert!(fs::read(folder.join("one").join(file)).unwrap() == fs::read(folder.join("two").join(file)).unwrap());
    }
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("two/manifest.json")).unwrap()).unwrap();
    assert!(manifest["options"]["person_time"].as_str().unwrap().starts_with("person-time reused from"));
}
