//! Code lists from files: those of `data-fixtures/codelists` as they stand, and what a file may hold.

use crate::loader::Delivery;
use cohort::study::CodeList;

/// The code list that a section declares.
fn list(delivery: &mut Delivery, section: &str) -> CodeList {
    let root = env!("CARGO_MANIFEST_DIR");
    let section = section.replace("FIXTURES", &format!("{root}/data-fixtures/codelists"));
    delivery.replace("[codelist.depression]", &format!("[codelist.read]\n{section}\n\n[codelist.depression]"));
    let study = delivery.check().unwrap_or_else(|faults| panic!("{faults}"));
    study.codelist("read").clone()
}

#[test]
fn the_lists_of_the_registers_are_used_as_they_stand() {
    let read = |section: &str| list(&mut Delivery::default(), section);
    let blocks = read(
        "file = \"FIXTURES/icd10_f_blocks.csv\"\ncode = \"block\"\nvalue = \"label\"\nmatch = \"prefix\"\nsystem = \"ICD-10\"",
    );
    assert_eq!(blocks.value_of("F003"), Some("organic mental disorders"));
    assert_eq!(
        (blocks.items.len(), blocks.value_of("F321"), blocks.value_of("G30")),
        (11, blocks.value_of("F33"), None)
    );

    let icpc = read("file = \"FIXTURES/icpc2_p.csv\"\nvalue = \"kind\"\nmatch = \"prefix\"\nsystem = \"ICPC-2\"");
    assert_eq!(
        (icpc.value_of("P01"), icpc.value_of("P760001"), icpc.value_of("A01")),
        (Some("symptom"), icpc.value_of("P76"), None)
    );

    let levels = read("file = \"FIXTURES/nus2000_levels.csv\"\ncode = \"level\"\nvalue = \"usual_group\"");
    assert_eq!(
        (levels.value_of("0"), levels.value_of("7"), levels.value_of("9")),
        (Some("low"), Some("higher"), Some("unknown"))
    );

    let countries = read("file = \"FIXTURES/country_groups_example.csv\"\nvalue = \"group\"");
    // Norway is 000, with its zeros, and no other code stands for it.
    assert_eq!(
        (countries.value_of("000"), countries.value_of("0"), countries.value_of("101")),
        (Some("majority"), None, Some("nordic"))
    );
    for (file, value) in [("ssb_countries", "name"), ("invkat", "label"), ("civil_status", "label")] {
        assert!(read(&format!("file = \"FIXTURES/{file}.csv\"\nvalue = \"{value}\"")).items.len() > 5, "{file}");
    }
}

#[test]
fn a_file_may_hold_ranges_stems_and_exceptions_in_another_form() {
    let mut delivery = Delivery::default();
    delivery.write(
        "koder.csv",
        "kode;gruppe\nF30-F39;aff\u{e6}r\nf41.*;angst\n!F32.9;\n".chars().map(|c| c as u8).collect::<Vec<u8>>(),
    );
    let section = "file = \"koder.csv\"\ncode = \"kode\"\nvalue = \"gruppe\"\ndelimiter = \";\"\nencoding = \"latin-1\"\n\
                   clean = [\"upper\", \"drop_dot\"]\nmatch = \"prefix\"\nexcept = [\"F34\"]";
    let list = list(&mut delivery, section);
    assert_eq!((list.value_of("F320"), list.value_of("F411")), (Some("aff\u{e6}r"), Some("angst")));
    assert_eq!((list.value_of("F329"), list.value_of("F341"), list.value_of("F40")), (None, None, None));
}
