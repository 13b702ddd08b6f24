//! `cohort reproduce`: targets files and their faults, printed tables by themselves, verdicts against runs.

mod published;
mod runs;
mod simulated;
mod targets_file;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program on a targets file of the repository, or any other arguments.
fn reproduce(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cohort"))
        .arg("reproduce")
        .args(args)
        .current_dir(folder)
        .output()
        .expect("cohort starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with a targets file, and data sets of the reference data by name.
struct Place(TempDir);

impl Place {
    fn new(targets: &str) -> Place {
        let place = Place(tempfile::tempdir().expect("a temporary folder"));
        place.write("targets.toml", targets);
        place
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).expect("a file is written");
    }

    fn with_data(self, name: &str) -> Place {
        let from = root().join("data-fixtures/reference/data").join(name);
        fs::copy(&from, self.0.path().join(name)).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
        self
    }

    fn run(&self, more: &[&str]) -> Output {
        reproduce(self.0.path(), &[&["targets.toml"], more].concat())
    }
}
