//! Keys of several deliverers, and what happens when they do not fit (trap-02, trap-09).

use crate::loader::{Delivery, noted, records};
use cohort::loader::RowsAndKeys;

/// The small delivery with a linkage file: visits spell the key `v_000001` for `a1`.
fn linked() -> Delivery {
    let mut delivery = Delivery::default();
    delivery.write("link.csv", "ssb;npr\na1;v_000001\na2;v_000002\na3;\n");
    delivery.write("visits.csv", "id;date;ward\nv_000001;20100601;x\nv_000009;20100601;x\n;20100601;x\n");
    let linkage = "[linkage]\nfile = \"link.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\n\
                   keys = { ssb = \"ssb\", npr = \"npr\" }\nmin_matched = 0.5\n\n[extract.persons]";
    delivery.replace("[extract.persons]", linkage);
    delivery.replace("key = \"id\"", "key = { column = \"id\", spelling = \"ssb\" }");
    let visits = "file = \"visits.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkey = { column = \"id\", spelling = ";
    delivery.replace(&format!("{visits}\"ssb\" }}"), &format!("{visits}\"npr\" }}"));
    delivery
}

#[test]
fn a_linkage_file_brings_spellings_together_and_every_row_is_counted() {
    let loaded = linked().load().unwrap();
    assert_eq!(records(&loaded.table), Delivery::default().records());
    let link = loaded.links.iter().find(|l| l.extract == "visits").unwrap();
    assert_eq!((link.rows, link.rows_matched, link.rows_without_key), (3, 1, 1));
    assert_eq!((link.keys, link.keys_matched, link.keys_repeated), (2, 1, 0));
    let contacts = loaded.links.iter().find(|l| l.extract == "contacts").unwrap();
    assert_eq!((contacts.keys, contacts.keys_matched, contacts.keys_repeated), (3, 3, 2));
    let order: Vec<&str> = loaded.inputs.iter().map(|i| i.extract.as_str()).collect();
    assert_eq!(order, ["linkage", "persons", "contacts", "visits", "residence"]);
    assert_eq!(loaded.inputs[0].file.sha256.len(), 64);
    // a3 has no key there, and so no visit can be theirs.
    assert_eq!(noted(&loaded, "link.csv", "rows without a key of spelling npr"), Some(1));
    assert_eq!(noted(&loaded, "linkage", "persons of the population without a key of spelling npr"), Some(1));
}

#[test]
fn keys_of_another_shape_are_an_error_with_both_shapes() {
    let delivery = linked();
    delivery.write("visits.csv", "id;date;ward\n12;20100601;x\n7;20100601;x\n");
    assert_eq!(
        delivery.error(),
        "link: 0 of 2 distinct keys of extract visits are in link.csv; shapes differ (1 to 2 digits; prefix and 6 digits); \
         set key.strip_prefix and key.width in [extract.visits], or another key.spelling"
    );
}

#[test]
fn too_few_matches_are_an_error() {
    let mut delivery = linked();
    delivery.replace("min_matched = 0.5", "min_matched = 0.9");
    let error = delivery.error();
    assert!(
        error.starts_with("link: 1 of 2 distinct keys of extract visits are in link.csv; at least 0.9 must be"),
        "{error}"
    );
}

#[test]
fn a_key_in_two_rows_of_the_linkage_file_is_an_error() {
    let delivery = linked();
    delivery.add("link.csv", "b1;v_000001\n");
    let error = delivery.error();
    assert!(
        error.starts_with("link.csv, row 5: 1 key of spelling npr stands in more than one row, here again;"),
        "{error}"
    );
}

/// trap-02: the key changes its name from file to file; exactly one name must be there.
#[test]
fn a_key_may_have_several_names_but_one_must_be_there() {
    let mut delivery = Delivery::default();
    let visits = "file = \"visits.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkey = ";
    delivery.replace(&format!("{visits}\"id\""), &format!("{visits}[\"lopenr\", \"w24_lopenr\"]"));
    delivery.write("visits.csv", "W24_LOPENR;date;ward\na1;20100601;x\n");
    assert_eq!(delivery.records(), Delivery::default().records());
    delivery.write("visits.csv", "lopenr;w24_lopenr;date;ward\na1;a1;20100601;x\n");
    assert!(delivery.error().starts_with("visits.csv, row 1: 2 columns are called lopenr or w24_lopenr"));
    delivery.write("visits.csv", "lnr;date;ward\na1;20100601;x\n");
    let wanted = "visits.csv, row 1: there is no column lopenr or w24_lopenr; the header has lnr, date, ward; \
                  name the column as it stands there";
    assert_eq!(delivery.error(), wanted);
}

/// Without a linkage file a declared prefix and width make keys alike; nothing is guessed.
#[test]
fn prefix_and_width_are_declared() {
    let mut delivery = Delivery::default();
    delivery.write("visits.csv", "id;date;ward\nk_a1;20100601;x\n");
    assert!(delivery.error().starts_with("link: 0 of 1 distinct key of extract visits are in extract persons"));
    let visits = "file = \"visits.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkey = ";
    let declared = "{ column = \"id\", strip_prefix = \"k_\" }";
    delivery.replace(&format!("{visits}\"id\""), &format!("{visits}{declared}"));
    assert_eq!(delivery.records(), Delivery::default().records());
    delivery.add("visits.csv", "a2;20100601;x\n");
    let error = delivery.error();
    assert!(error.starts_with("visits.csv, row 3, column id: 1 key without the prefix that key.strip_prefix declares"));
}

/// Keys are reached through another key: the population's to the project's, the project's to that of the hospitals, in
/// whatever order the study names the files. A person may have several keys there.
#[test]
fn a_chain_of_linkage_files_reaches_the_persons() {
    let mut delivery = linked();
    delivery.write("link.csv", "ssb;project\na1;P0001\na2;P0002\na3;P0003\n");
    delivery.write("npr.csv", "project;npr\n1;v_000001\n1;v_000007\n2;v_000002\n9;v_000009\n");
    delivery.write("visits.csv", "id;date;ward\nv_000007;20100601;x\nv_000002;20090601;x\n;20100601;x\n");
    let one = "[linkage]\nfile = \"link.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\n\
               keys = { ssb = \"ssb\", npr = \"npr\" }\nmin_matched = 0.5\n";
    let chain = "[[linkage]]\nfile = \"npr.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nseveral_rows = true\nmin_matched = 0.6\n\
                 keys = { project = { column = [\"project\", \"prosjekt\"], width = 4 }, npr = \"npr\" }\n\n\
                 [[linkage]]\nfile = \"link.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nmin_matched = 0.9\n\
                 keys = { ssb = \"ssb\", project = { column = \"project\", strip_prefix = \"P\" } }\n";
    delivery.replace(one, chain);
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table), Delivery::default().records());
    let link = |name: &str| loaded.links.iter().find(|l| l.extract == name).unwrap();
    let npr = link("npr.csv");
    assert_eq!((npr.rows, npr.rows_matched, npr.keys, npr.keys_matched, npr.keys_repeated), (4, 3, 3, 2, 1));
    assert_eq!((link("visits").keys, link("visits").keys_matched, link("visits").rows_without_key), (2, 2, 1));
    let files: Vec<&str> = loaded.inputs.iter().map(|i| i.file.path.as_str()).collect();
    assert_eq!(files[..3], ["link.csv", "npr.csv", "persons.csv"]);

    // Too few keys of the second file are in the first.
    delivery.replace("min_matched = 0.6", "min_matched = 0.7");
    assert!(
        delivery.error().starts_with("link: 2 of 3 distinct keys of npr.csv are in link.csv; at least 0.7 must be")
    );
    delivery.replace("min_matched = 0.7", "min_matched = 0.6").replace("several_rows = true\n", "");
    let error = delivery.error();
    assert!(
        error.starts_with(
            "npr.csv, row 3: 1 key of spelling project stands in more than one row, here again; a linkage file"
        ),
        "{error}"
    );
    delivery.replace("strip_prefix = \"P\"", "strip_prefix = \"Q\"");
    assert!(delivery.error().starts_with("link.csv, row 2, column project: 3 keys without the prefix"));
}

/// Repeated keys of every linkage file are told at once, each with the row where the first of them stands again; what a
/// file that cannot be read to its end holds before that is told too.
#[test]
fn faults_of_several_linkage_files_are_told_together() {
    let mut delivery = linked();
    delivery.write("link.csv", "ssb;project\na1;P1\na2;P2\na3;P3\na3;P4\n\na1;P5\na1;P6\n");
    delivery.write("npr.csv", "project;npr\nP1;\"v_\n1\"\nP2;v_000002\nP3;v_000002\n");
    delivery.write("visits.csv", "id;date;ward\nv_000002;20090601;x\n");
    let one = "[linkage]\nfile = \"link.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\n\
               keys = { ssb = \"ssb\", npr = \"npr\" }\nmin_matched = 0.5\n";
    let head = |file: &str| {
        format!("[[linkage]]\nfile = \"{file}\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nmin_matched = 0.5\n")
    };
    let keys = "keys = { ssb = \"ssb\", project = { column = \"project\", strip_prefix = \"P\" } }\n";
    let further = "keys = { project = { column = \"project\", strip_prefix = \"P\" }, npr = \"npr\" }\n";
    delivery.replace(one, &format!("{}{keys}{}{further}", head("link.csv"), head("npr.csv")));
    let error = delivery.error();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(lines[0].starts_with("link.csv, row 5: 2 keys of spelling ssb stand in more than one row, here again;"));
    assert!(lines[1].starts_with("npr.csv, row 5: 1 key of spelling npr stands in more than one row"), "{error}");

    // Mended, the odd lines of linkage files are counted as those of extracts are.
    delivery.write("link.csv", "ssb;project\na1;P1\n\n\na2;P2\na3;P3\n");
    delivery.write("npr.csv", "project;npr\nP1;\"v_\n1\"\nP2;v_000002\nP3;\n");
    let loaded = delivery.load().unwrap();
    assert_eq!(noted(&loaded, "link.csv", "empty lines between the rows of the file"), Some(2));
    assert_eq!(noted(&loaded, "npr.csv", "rows that go over several lines"), Some(1));

    delivery.write("link.csv", "ssb;project\na1;1\na2;P2\na3;P3;x\n");
    delivery.write("npr.csv", "project;npr\nP1;v_000001\nP2\n");
    let error = delivery.error();
    let lines: Vec<&str> = error.lines().collect();
    let wanted = [
        "link.csv, row 2, column project: 1 key without the prefix",
        "link.csv, row 4: 3 fields where the header has 2;",
        "npr.csv, row 3: 1 field",
    ];
    for wanted in wanted {
        assert!(lines.iter().any(|line| line.starts_with(wanted)), "{wanted}\n{error}");
    }
}

/// Faults in the keys of linkage files are told with those of the extracts.
#[test]
fn faults_of_linkage_files_are_told_with_all_others() {
    let mut delivery = linked();
    delivery.replace("keys = { ssb = \"ssb\"", "keys = { ssb = { column = \"ssb\", width = 1 }");
    delivery.add("visits.csv", "v_000001;20109901;x\n");
    let error = delivery.error();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(lines[0].starts_with("link.csv, row 2, column ssb: 3 keys longer than key.width = 1; "), "{error}");
    assert!(lines[1].starts_with("visits.csv, row 5, column date: 1 value of the right form is no day"), "{error}");
}

#[test]
fn linkage_files_that_do_not_meet_are_a_fault() {
    let mut delivery = linked();
    delivery.replace(
        "[linkage]\n",
        "[[linkage]]\nfile = \"link.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\n\
        keys = { x = \"ssb\", y = \"npr\" }\nmin_matched = 1\n\n[[linkage]]\n",
    );
    let message = delivery.check().unwrap_err();
    assert!(message.contains(
        "link.csv shares no spelling with the other linkage files; name its spellings as the other files do"
    ));
}

/// What the declared clean-up does to keys is counted by hand here: 7 rows with a key, of 6 distinct keys.
#[test]
fn what_clean_up_does_to_keys_is_counted() {
    let mut delivery = Delivery::default();
    let visits = "file = \"visits.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkey = ";
    let declared = "{ column = \"id\", clean = [\"trim\", \"lower\"], strip_prefix = \"k_\" }";
    delivery.replace(&format!("{visits}\"id\""), &format!("{visits}{declared}\nmin_matched = 0.5"));
    let keys = ["k_a1", "k_a1", "K_a1", " k_a2", "k_a2", "k_zz", "", " "];
    let rows: String = keys.iter().map(|key| format!("{key};20100601;x\n")).collect();
    delivery.write("visits.csv", format!("id;date;ward\n{rows}"));
    let loaded = delivery.load().unwrap();
    let [visits] = loaded.clean_up.as_slice() else { panic!("{:#?}", loaded.clean_up) };
    let both = |rows, keys| RowsAndKeys { rows, keys };
    assert_eq!((visits.extract.as_str(), visits.delivered), ("visits", both(7, 6)));
    let steps: Vec<(&str, RowsAndKeys)> = visits.steps.iter().map(|(step, n)| (step.as_str(), *n)).collect();
    assert_eq!(steps, [("trim", both(2, 2)), ("lower", both(1, 1)), ("strip_prefix", both(6, 5))]);
    assert_eq!((visits.emptied, visits.compared), (both(1, 1), both(6, 3)));
    // k_a1 and K_a1; k_a2 with and without its blank.
    assert_eq!((visits.merged, visits.merged_from), (2, 4));
    let link = loaded.links.iter().find(|l| l.extract == "visits").unwrap();
    assert_eq!((link.rows, link.rows_without_key, link.keys), (8, 2, 3));

    // A key that is nothing but its prefix is none: padded with zeros it would be one key of many persons.
    delivery.replace("strip_prefix = \"k_\"", "strip_prefix = \"k_\", width = 2");
    delivery.add("visits.csv", "k_;20100601;x\nk_;20100602;x\n");
    let loaded = delivery.load().unwrap();
    assert_eq!(loaded.clean_up[0].emptied, both(3, 2));
    assert_eq!(loaded.clean_up[0].steps[3], ("width 2".to_owned(), both(0, 0)));
}

/// The same of the population's own keys, and of every spelling of a linkage file.
#[test]
fn clean_up_of_the_population_and_of_linkage_files_is_counted() {
    let mut delivery = linked();
    delivery.write("link.csv", "ssb;npr\na1;v_000001\na2 ;v_000002\nA3;\n");
    delivery.replace("npr = \"npr\" }", "npr = { column = \"npr\", strip_prefix = \"v_\", width = 7 } }");
    delivery.replace("{ ssb = \"ssb\"", "{ ssb = { column = \"ssb\", clean = [\"drop_blank\", \"lower\"] }");
    delivery.write("visits.csv", "id;date;ward\n0000001;20100601;x\n");
    let loaded = delivery.load().unwrap();
    assert_eq!(records(&loaded.table), Delivery::default().records());
    let found: Vec<(&str, &str, u64, Vec<u64>)> = loaded
        .clean_up
        .iter()
        .map(|c| (&*c.extract, &*c.spelling, c.delivered.keys, c.steps.iter().map(|(_, n)| n.keys).collect()))
        .collect();
    assert_eq!(found, [("link.csv", "ssb", 3, vec![1, 1]), ("link.csv", "npr", 2, vec![2, 2])]);

    let mut delivery = Delivery::default();
    let persons = "file = \"persons.csv\"\ndelimiter = \";\"\nencoding = \"utf-8\"\nkey = ";
    delivery.replace(&format!("{persons}\"id\""), &format!("{persons}{{ column = \"id\", clean = [\"drop_dot\"] }}"));
    let loaded = delivery.load().unwrap();
    assert_eq!(loaded.clean_up[0].extract, "persons");
    assert_eq!(loaded.clean_up[0].delivered, loaded.clean_up[0].compared);
    assert_eq!((loaded.clean_up[0].steps[0].1.rows, loaded.clean_up[0].merged), (0, 0));
}
