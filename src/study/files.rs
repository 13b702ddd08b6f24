//! From the paths of a study file to the files there are.

use super::extract::InputFile;
use std::fs;
use std::path::{Path, PathBuf};

/// The files that a path of the study stands for, sorted by name. `*` and `?` match within one file or folder name.
/// The error says what was not found.
pub fn resolve(folder: &Path, written: &str) -> Result<Vec<InputFile>, String> {
    let as_written = Path::new(written);
    if !written.contains(['*', '?']) {
        let path = folder.join(as_written);
        if path.is_file() {
            return Ok(vec![InputFile { written: written.to_owned(), path }]);
        }
        return Err(not_found(folder, &path, written));
    }
    let mut found = vec![(String::new(), start(folder, written))];
    let parts: Vec<&str> = written.split('/').filter(|p| !p.is_empty()).collect();
    for part in parts {
        found = found.into_iter().flat_map(|(name, path)| step(&name, &path, part)).collect();
    }
    let slash = if written.starts_with('/') { "/" } else { "" };
    let file = |(name, path): (String, PathBuf)| InputFile { written: format!("{slash}{name}"), path };
    let mut files: Vec<InputFile> = found.into_iter().filter(|(_, path)| path.is_file()).map(file).collect();
    files.sort();
    if files.is_empty() {
        let marks = if written.contains(['[', '{']) { " (of patterns only `*` and `?` are known)" } else { "" };
        return Err(format!("no file matches `{written}` in {}{marks}", shown(folder)));
    }
    Ok(files)
}

/// The file or pattern that a path of the study will stand for, whether it is there or not.
pub fn planned(folder: &Path, written: &str) -> InputFile {
    InputFile { written: written.to_owned(), path: folder.join(written) }
}

/// Where a pattern begins. The folder of a study file that is named without one is empty, and an empty path cannot be
/// listed.
fn start(folder: &Path, written: &str) -> PathBuf {
    match folder {
        _ if written.starts_with('/') => PathBuf::from("/"),
        here if here.as_os_str().is_empty() => PathBuf::from("."),
        folder => folder.to_owned(),
    }
}

/// The entries of `path` that one part of a pattern matches.
fn step(name: &str, path: &Path, part: &str) -> Vec<(String, PathBuf)> {
    let joined = |entry: &str| if name.is_empty() { entry.to_owned() } else { format!("{name}/{entry}") };
    if !part.contains(['*', '?']) {
        return vec![(joined(part), path.join(part))];
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let names = entries.filter_map(|e| e.file_name().into_string().ok());
    let matching = names.filter(|n| matches(part.as_bytes(), n.as_bytes()) && !n.starts_with('.'));
    matching.map(|n| (joined(&n), path.join(&n))).collect()
}

/// Whether a name fits a pattern with `*` (any text) and `?` (one byte).
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|skip| matches(rest, &name[skip..])),
        Some((b'?', rest)) => !name.is_empty() && matches(rest, &name[1..]),
        Some((c, rest)) => name.first() == Some(c) && matches(rest, &name[1..]),
    }
}

/// A folder as messages show it.
fn shown(folder: &Path) -> String {
    let text = folder.display().to_string();
    if text.is_empty() || text == "." { "this folder".into() } else { text }
}

/// What is missing: the folder, or the file, with a file of nearly that name if there is one.
fn not_found(folder: &Path, path: &Path, written: &str) -> String {
    let parent = path.parent().unwrap_or(folder);
    if !parent.as_os_str().is_empty() && !parent.is_dir() {
        return format!("there is no folder {}", shown(parent));
    }
    let wanted = path.file_name().map_or(String::new(), |n| n.to_string_lossy().to_lowercase());
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let same = entries.filter_map(|e| e.file_name().into_string().ok()).find(|n| n.to_lowercase() == wanted);
    match same {
        Some(name) => format!("there is no file `{written}` in {}, but there is `{name}`", shown(folder)),
        None => format!("there is no file `{written}` in {}", shown(folder)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_within_a_name() {
        assert!(matches(b"KUHR_*.dsv", b"KUHR_2010_1.dsv"));
        assert!(!matches(b"KUHR_*.dsv", b"KUHR_2010_1.csv"));
        assert!(matches(b"m?.csv", b"m2.csv") && !matches(b"m?.csv", b"m10.csv"));
    }

    /// A study file in the folder where one stands: tests stand in that of the crate.
    #[test]
    fn a_glob_beside_a_study_file_named_without_a_folder_is_found() {
        let written = |pattern: &str| -> Vec<String> {
            resolve(Path::new(""), pattern).unwrap().into_iter().map(|f| f.written).collect()
        };
        assert_eq!(written("Cargo.to?l"), ["Cargo.toml"]);
        assert_eq!(written("benches/handwritten_*.py"), ["benches/handwritten_polars.py"]);
        let fault = resolve(Path::new(""), "nothing.csv").unwrap_err();
        assert_eq!(fault, "there is no file `nothing.csv` in this folder");
    }

    #[test]
    fn a_glob_gives_its_files_in_order() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("kuhr")).unwrap();
        for name in ["b.csv", "a.csv", "a.txt", ".c.csv"] {
            fs::write(folder.path().join("kuhr").join(name), "").unwrap();
        }
        let written: Vec<String> =
            resolve(folder.path(), "kuhr/*.csv").unwrap().into_iter().map(|f| f.written).collect();
        assert_eq!(written, ["kuhr/a.csv", "kuhr/b.csv"]);
        assert!(resolve(folder.path(), "kuhr/*.dsv").is_err());
        assert!(resolve(folder.path(), "kuhr/A.csv").unwrap_err().ends_with("but there is `a.csv`"));
    }
}
