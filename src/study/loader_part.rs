//! The part of a study file that decides on person-time.

use super::spec::{self, Entry, Faults, Node, Value};

/// Sections that only models, tables and their export look at. A section that is not listed counts as the loader's.
const OTHERS: [&str; 9] =
    ["model", "interaction", "contrast", "curve", "standardised", "describe", "disclosure", "imputations", "report"];

/// Keys of `[study]` that person-time does not depend on.
const HEAD: [&str; 8] = ["name", "title", "note", "known", "chosen", "data_folder", "cache", "keep_builds"];

/// What the loader reads of a study file, in a form in which comments, blanks and ways of writing make no difference.
/// Two files with the same part make the same person-time of the same extracts.
pub fn loader_part(text: &str) -> String {
    let root = spec::parse(text, &Faults::default());
    let mut out = String::new();
    if let Value::Table(entries) = &root.value {
        for entry in entries.iter().filter(|e| !OTHERS.contains(&e.key.as_str())) {
            match &entry.node.value {
                Value::Table(head) if entry.key == "study" => {
                    head.iter().filter(|e| !HEAD.contains(&e.key.as_str())).for_each(|e| write_entry(e, &mut out));
                }
                _ => write_entry(entry, &mut out),
            }
        }
    }
    out
}

fn write_entry(entry: &Entry, out: &mut String) {
    out.push_str(&format!("{:?}=", entry.key));
    write(&entry.node, out);
    out.push(';');
}

fn write(node: &Node, out: &mut String) {
    match &node.value {
        Value::List(items) => {
            out.push('[');
            items.iter().for_each(|item| {
                write(item, out);
                out.push(',');
            });
            out.push(']');
        }
        Value::Table(entries) => {
            out.push('{');
            entries.iter().for_each(|entry| write_entry(entry, out));
            out.push('}');
        }
        plain => out.push_str(&format!("{plain:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_loader_reads_counts() {
        let study = "[study]\nname = \"a\"\n[cohort]\npopulation = \"p\"\n[[model]]\nformula = \"sex\"\n";
        let same = "[study]\nname = 'b' # renamed\n\n[cohort]\npopulation='p'\n[[model]]\nformula = \"age\"\n";
        assert_eq!(loader_part(study), loader_part(same));
        assert_ne!(loader_part(study), loader_part(&study.replace("\"p\"", "\"q\"")));
        assert_ne!(loader_part("a = [\"b\", \"c\"]"), loader_part("a = [\"b, c\"]"));
    }
}
