//! The page of the model study in a real browser: what it shows is what `results.json` holds. Runs where a Chromium is
//! found (on the path, or named by `COHORT_BROWSER`), and says so where none is.

use crate::support::page;
use cohort::report::render::json;
use cohort::report::{ModelResult, Report};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A browser that can be run without a screen.
fn browser() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("COHORT_BROWSER") {
        return Some(PathBuf::from(named));
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file()))
}

/// The page as the browser has it after loading, and what it says on standard error.
fn load(browser: &Path, page: &Path, profile: &Path) -> Output {
    let mut child = Command::new(browser)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::from(std::fs::File::create(profile.join("dom")).expect("a file")))
        .stderr(Stdio::from(std::fs::File::create(profile.join("log")).expect("a file")))
        .spawn()
        .expect("the browser starts");
    let started = Instant::now();
    while child.try_wait().expect("the browser can be asked").is_none() {
        if started.elapsed() > Duration::from_secs(120) {
            child.kill().expect("the browser ends");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let read = |name: &str| std::fs::read(profile.join(name)).expect("what the browser wrote");
    Output { status: child.wait().expect("the browser ended"), stdout: read("dom"), stderr: read("log") }
}

/// Runs the model study and returns its internal folder.
fn model_study(folder: &Path) -> PathBuf {
    let out = folder.join("results");
    let run = Command::new(env!("CARGO_BIN_EXE_cohort"))
        .args(["fit", "examples/phc-opmh/study.toml", "--quiet", "--format", "none", "--out"])
        .arg(&out)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cohort starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    out.join("internal")
}

/// The hazard ratio of every main effect of a model by the label of its level, as the page writes it.
fn expected(report: &Report, model: &ModelResult) -> Vec<(String, String)> {
    let style = report.number_style();
    let labels: BTreeMap<(&str, &str), &str> =
        report.levels.iter().map(|l| ((l.variable.as_str(), l.level.as_str()), l.level_label.as_str())).collect();
    let main_effects = model.coefficients.iter().filter(|c| c.parts.len() == 1 && !c.infinite && !c.aliased);
    let one = |c: &cohort::report::Coefficient| {
        let level = c.parts[0].level.as_deref()?;
        let label = labels.get(&(c.parts[0].variable.as_str(), level))?;
        Some(((*label).to_owned(), style.ratio_with_interval(c.hr?, c.hr_lower, c.hr_upper)))
    };
    main_effects.filter_map(one).collect()
}

#[test]
fn the_browser_shows_the_numbers_of_the_results_file() {
    let Some(browser) = browser() else {
        // Not through print, which a test that passes swallows.
        let line = "\nSKIPPED browser: no Chromium on the path; name one by COHORT_BROWSER to run this test\n";
        std::io::stderr().write_all(line.as_bytes()).expect("standard error");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let internal = model_study(folder.path());
    let seen = load(&browser, &internal.join("report.html"), folder.path());
    assert!(seen.status.success(), "{}", String::from_utf8_lossy(&seen.stderr));
    let log = String::from_utf8_lossy(&seen.stderr).into_owned();
    assert!(!log.contains("CONSOLE"), "{log}");
    let tables = page::tables(&String::from_utf8(seen.stdout).expect("the page is UTF-8"));
    let report =
        json::read(&std::fs::read_to_string(internal.join("results.json")).expect("results")).expect("results");
    let levels = tables.iter().find(|t| t.name == "levels").expect("the table of levels");
    let n_models = report.models.len();
    let mut compared = 0;
    for (k, model) in report.models.iter().enumerate() {
        for (label, ratio) in expected(&report, model) {
            let rows = levels.rows.iter().filter(|row| row[0] == label && row.len() > n_models);
            let shown: Vec<&String> = rows.map(|row| &row[row.len() - n_models + k]).collect();
            assert!(shown.contains(&&ratio), "{}, {label}: {ratio} is not among {shown:?}", model.name);
            compared += 1;
        }
    }
    assert!(compared > 60, "{compared} hazard ratios were compared");
    let style = report.number_style();
    let total = report.total.as_ref().expect("a total");
    let counts = [total.persons, total.events].map(|n| style.count(n.expect("a count")));
    assert_eq!(levels.rows[0][1..3], counts);
}
