//! How many builds a folder keeps: those stored last, and no more than the user wants.
//!
//! A build holds data of persons, so old ones must not pile up. Only what is certainly a build of this program is ever
//! removed: a folder whose name is a key, with a `build.json` that says so and a table, both plain files; anything else in
//! the folder stays, and so does a build with another file in it. Runs that stopped half-way leave a folder `partial-…`
//! behind; one that is a day older than the build just stored belongs to no run any more and goes too.

use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The table of a build.
pub(super) const TABLE: &str = "person_time.parquet";
/// Everything else of it.
pub(super) const REST: &str = "build.json";
/// How the names of folders begin in which a build is being written.
pub(super) const PARTIAL: &str = "partial-";
/// How the `format` of every version begins.
pub(super) const FORMATS: &str = "cohort-build/";

/// Longest that somebody can still be writing a build.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes builds of `folder` beyond the `keep` that were stored last, and what stopped runs left; `newest`, which was
/// stored or reused just now, always stays. Gives how many builds were removed. What cannot be removed stays, for the next run to try.
pub(super) fn keep_last(folder: &Path, newest: &Path, keep: usize) -> usize {
    let Some(now) = stored_at(newest) else { return 0 };
    let entries: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    let mut builds: Vec<(SystemTime, &PathBuf)> =
        entries.iter().filter(|p| *p != newest && is_build(p)).filter_map(|p| Some((stored_at(p)?, p))).collect();
    // The latest first; of one moment by name, so that every run makes the same choice.
    builds.sort_by(|a, b| b.cmp(a));
    let old = builds.iter().skip(keep.saturating_sub(1));
    let removed = old.filter(|(_, build)| remove(build)).count();
    let stopped = |p: &&PathBuf| {
        is_partial(p) && age(p).is_some_and(|at| now.duration_since(at).is_ok_and(|passed| passed > A_DAY))
    };
    for leftover in entries.iter().filter(stopped) {
        remove(leftover);
    }
    removed
}

/// When a build was stored.
fn stored_at(build: &Path) -> Option<SystemTime> {
    age(&build.join(REST))
}

fn age(path: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(path).ok()?.modified().ok()
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|n| n.to_str()).unwrap_or_default()
}

fn is_partial(path: &Path) -> bool {
    name(path).starts_with(PARTIAL) && is_folder(path)
}

/// Whether it is a folder itself, not a link to one.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| m.is_dir())
}

/// Whether a path is a build of this program, of whatever version.
fn is_build(path: &Path) -> bool {
    #[derive(Deserialize)]
    struct Head {
        format: String,
    }
    let is_key = |name: &str| name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit());
    let head = || serde_json::from_slice::<Head>(&fs::read(path.join(REST)).ok()?).ok();
    is_key(name(path)) && is_folder(path) && head().is_some_and(|h| h.format.starts_with(FORMATS))
}

/// Removes the two files of a build and then its folder, which fails when something else lies in it.
fn remove(build: &Path) -> bool {
    let has_more = |mut entries: fs::ReadDir| {
        entries.any(|e| e.map_or(true, |e| !e.file_name().to_str().is_some_and(|n| n == TABLE || n == REST)))
    };
    if fs::read_dir(build).map_or(true, has_more) {
        return false;
    }
    for file in [REST, TABLE] {
        let _ = fs::remove_file(build.join(file));
    }
    fs::remove_dir(build).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A build stored so many days after 1970.
    fn build(folder: &Path, name: &str, days: u64) -> PathBuf {
        let place = folder.join(name);
        fs::create_dir(&place).unwrap();
        fs::write(place.join(TABLE), "table").unwrap();
        fs::write(place.join(REST), "{\"format\":\"cohort-build/1\",\"more\":[1]}").unwrap();
        date(&place.join(REST), days);
        place
    }

    fn date(path: &Path, days: u64) {
        let at = SystemTime::UNIX_EPOCH + A_DAY * days as u32;
        fs::File::open(path).unwrap().set_modified(at).unwrap();
    }

    fn key(c: char) -> String {
        c.to_string().repeat(32)
    }

    #[test]
    fn the_builds_stored_last_stay() {
        let folder = tempfile::tempdir().unwrap();
        let places: Vec<PathBuf> =
            "abcd".chars().zip([40, 10, 30, 20]).map(|(c, d)| build(folder.path(), &key(c), d)).collect();
        assert_eq!(keep_last(folder.path(), &places[0], 4), 0);
        assert_eq!(keep_last(folder.path(), &places[0], 3), 1);
        assert!(!places[1].exists() && places[3].exists());
        // The one just stored stays whatever is wanted.
        assert_eq!(keep_last(folder.path(), &places[0], 0), 2);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_but_builds_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let newest = build(folder.path(), &key('a'), 9);
        let with_notes = build(folder.path(), &key('b'), 1);
        fs::write(with_notes.join("notes.txt"), "mine").unwrap();
        build(folder.path(), "results", 1);
        let other = build(folder.path(), &key('c'), 1);
        fs::write(other.join(REST), "{\"format\":\"another program\"}").unwrap();
        date(&other.join(REST), 1);
        fs::write(folder.path().join(key('d')), "a file").unwrap();
        for (name, days) in [("partial-now", 9), ("partial-old", 1)] {
            let place = build(folder.path(), name, days);
            date(&place, days);
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(&other, folder.path().join(key('e'))).unwrap();
        assert_eq!(keep_last(folder.path(), &newest, 1), 0);
        let left: Vec<String> =
            fs::read_dir(folder.path()).unwrap().map(|e| name(&e.unwrap().path()).to_owned()).collect();
        assert_eq!(left.len(), if cfg!(unix) { 7 } else { 6 }, "{left:?}");
        assert!(with_notes.join(TABLE).exists() && !left.contains(&"partial-old".to_owned()));
    }
}
