//! A reader of the HTML page: its tables as rows of texts, without footnote letters.

/// A table of the page.
#[derive(Debug, Default)]
pub struct PageTable {
    /// Its name in data files.
    pub name: String,
    /// Its caption, number included.
    pub caption: String,
    /// The lines of its head.
    pub head: Vec<Vec<String>>,
    /// Its rows; a group head is a row of one cell.
    pub rows: Vec<Vec<String>>,
}

/// The tables of a page in order. Every tag of the page is seen, so that one left open is found.
pub fn tables(page: &str) -> Vec<PageTable> {
    let mut tables: Vec<PageTable> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = page;
    let mut is_head = false;
    while let Some(start) = rest.find('<') {
        let text = unescape(&rest[..start]);
        add_text(&mut tables, &open, is_head, &text);
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with('!') {
            continue;
        }
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().expect("a name").to_owned();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_ref(), Some(&name), "</{name}> closes another tag");
            is_head &= name != "thead";
            continue;
        }
        match name.as_str() {
            "meta" | "link" | "br" | "wbr" => continue,
            "style" => rest = &rest[rest.find("</style>").expect("the style ends")..],
            "svg" => rest = &rest[rest.find("</svg>").expect("the drawing ends")..],
            "table" => tables.push(PageTable { name: attribute(tag, "data-table"), ..PageTable::default() }),
            "thead" => is_head = true,
            "tr" => rows(&mut tables, is_head).push(Vec::new()),
            "td" | "th" => rows(&mut tables, is_head).last_mut().expect("a row").push(String::new()),
            _ => {}
        }
        open.push(name);
    }
    assert!(open.is_empty(), "left open: {open:?}");
    tables
}

fn rows(tables: &mut [PageTable], is_head: bool) -> &mut Vec<Vec<String>> {
    let table = tables.last_mut().expect("a row stands in a table");
    if is_head { &mut table.head } else { &mut table.rows }
}

fn add_text(tables: &mut [PageTable], open: &[String], is_head: bool, text: &str) {
    let within = |name: &str| open.iter().any(|tag| tag == name);
    if within("sup") || !within("table") {
        return;
    }
    if within("caption") {
        tables.last_mut().expect("a table").caption += text;
    } else if within("td") || within("th") {
        *rows(tables, is_head).last_mut().expect("a row").last_mut().expect("a cell") += text;
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let (_, after) = tag.split_once(&format!("{name}=\"")).unwrap_or_else(|| panic!("{tag} has no {name}"));
    unescape(after.split('"').next().expect("a value"))
}

fn unescape(text: &str) -> String {
    let named = [
        ("&nbsp;", "\u{a0}"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&amp;", "&"),
    ];
    named.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
