//! What the README shows is what the program prints: every `console` block is run and compared.

use std::path::Path;
use std::process::Command;

/// A command of the README and what stands under it.
struct Example {
    command: String,
    output: String,
}

fn examples() -> Vec<Example> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md");
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

#[test]
fn every_example_prints_what_the_readme_shows() {
    let examples = examples();
    assert!(!examples.is_empty(), "the README shows at least one result");
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
        assert_eq!(lines(&printed), lines(&example.output), "{}", example.command);
    }
}
