//! The sections of a study file that describe the extracts of a test delivery, which are alike: text files with `;`, in
//! UTF-8, with the key `id`.

/// A day as `2010-01-31`.
pub const DAY: &str = "type = \"date\", format = \"YYYY-MM-DD\"";

/// `[extract.NAME]` of the file `NAME.csv`, with these columns: name and declaration.
pub fn extract(name: &str, columns: &[(&str, &str)]) -> String {
    section(name, "", columns)
}

/// The same with one row per person.
pub fn one_per_person(name: &str, columns: &[(&str, &str)]) -> String {
    section(name, "one_per_person = true\n", columns)
}

fn section(name: &str, more: &str, columns: &[(&str, &str)]) -> String {
    let columns: String =
        columns.iter().map(|(column, declaration)| format!("{column} = {{ {declaration} }}\n")).collect();
    format!(
        "[extract.{name}]\nfile = \"{name}.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkey = \"id\"\n{more}\
         [extract.{name}.columns]\n{columns}\n"
    )
}
