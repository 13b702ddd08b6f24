//! What the README and the pages of `examples/` show is what the program prints: every `console` block is run and
//! compared. A line `…` there stands for any number of lines.

use std::path::Path;
use std::process::Command;

/// A command of the README and what stands under it.
struct Example {
    command: String,
    output: String,
}

fn examples(page: &str) -> Vec<Example> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).expect(page);
    let mut examples: Vec<Example> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, line) => match line.strip_prefix("$ ") {
                Some(command) => examples.push(Example { command: command.to_owned(), output: String::new() }),
                None => {
                    let example = examples.last_mut().expect("a console block begins with a command");
                    match example.command.strip_suffix('\\') {
                        Some(first) => example.command = format!("{first} {}", line.trim()),
                        None => example.output += &format!("{line}\n"),
                    }
                }
            },
            _ => {}
        }
    }
    examples
}

/// Words of a command line as a shell splits them, with single and double quotes.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in command.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, c) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (_, c) => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Whether lines are those of a pattern, in which `…` stands for any number of them.
fn matches(lines: &[String], pattern: &[String]) -> bool {
    match pattern.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == "…" => (0..=lines.len()).any(|n| matches(&lines[n..], rest)),
        Some((first, rest)) => lines.first() == Some(first) && matches(&lines[1..], rest),
    }
}

#[test]
fn every_example_prints_what_the_readme_shows() {
    check("README.md");
}

#[test]
fn every_example_prints_what_the_page_on_separation_shows() {
    check("examples/separation/README.md");
}

#[test]
fn every_example_prints_what_the_page_on_reproducing_shows() {
    check("examples/reproduce/README.md");
}

fn check(page: &str) {
    let examples = examples(page);
    assert!(!examples.is_empty(), "{page} shows at least one result");
    for example in examples {
        let words = words(&example.command);
        assert_eq!(words[0], "cohort", "{}", example.command);
        let run = Command::new(env!("CARGO_BIN_EXE_cohort"))
            .args(&words[1..])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cohort starts");
        let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        let printed = format!("{err}{out}");
        let lines = |text: &str| text.lines().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>();
        let (printed, shown) = (lines(&printed), lines(&example.output));
        assert!(matches(&printed, &shown), "{page}: {}\n{}", example.command, printed.join("\n"));
    }
}
