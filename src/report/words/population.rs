//! Flow of persons, ends of follow-up, files, linkage, what rules did.

use super::words;

words! {
    known_from_abstract { "Known from the abstract: ", "Kjent fra sammendraget: " }
    chosen_by_user { "Chosen by the user: ", "Valgt av brukeren: " }
    study_population { "Study population", "Studiepopulasjon" }
    flow_of_persons { "Flow of persons", "Personflyt" }
    table_one_title { "Characteristics of the persons at entry", "Kjennetegn ved personene ved inngang" }
    table_one_title_by(by) {
        "Characteristics of the persons at entry by {by}",
        "Kjennetegn ved personene ved inngang etter {by}"
    }
    mean_sd(what) { "{what}, mean (SD)", "{what}, gjennomsnitt (SD)" }
    median_quartiles(what) { "{what}, median (quartiles)", "{what}, median (kvartiler)" }
    missing_of(what) { "{what}, missing", "{what}, mangler" }
    follow_up { "Follow-up", "Oppfølging" }
    follow_up_days { "Follow-up, days", "Oppfølging, dager" }
    number_of_persons { "Persons, n", "Personer, n" }
    number_of_events { "Events, n", "Hendelser, n" }
    standardised_difference { "Standardised difference", "Standardisert differanse" }
    standardised_against(level) { "Standardised difference against {level}", "Standardisert differanse mot {level}" }
    table_one_shares {
        "Numbers are n (%) unless the row says otherwise; percentages are of all persons of the column, those without a value included. A person is described as at their first record.",
        "Tallene er n (%) der raden ikke sier noe annet; prosentene er av alle personer i kolonnen, også de uten verdi. En person er beskrevet som ved sin første observasjon."
    }
    table_one_pairs {
        "The standardised difference is the largest of all pairs of groups (numbers: difference of means over the root of the mean variance; levels: Yang and Dalton 2012; missing values left out).",
        "Den standardiserte differansen er den største av alle par av grupper (tall: differansen mellom gjennomsnittene over roten av gjennomsnittlig varians; nivåer: Yang og Dalton 2012; manglende verdier utelatt)."
    }
    table_one_reference {
        "Standardised differences (numbers: difference of means over the root of the mean variance; levels: Yang and Dalton 2012; missing values left out).",
        "Standardiserte differanser (tall: differansen mellom gjennomsnittene over roten av gjennomsnittlig varians; nivåer: Yang og Dalton 2012; manglende verdier utelatt)."
    }
    no_common_values {
        "the groups have no value in common, or no spread: no standardised difference",
        "gruppene har ingen verdi felles, eller ingen spredning: ingen standardisert differanse"
    }
    step { "Step", "Trinn" }
    persons_excluded { "Persons excluded", "Personer utelatt" }
    rows_nobody_has(extract, year) {
        "rows of {extract} without a person key, {year}",
        "rader i {extract} uten personnøkkel, {year}"
    }
    persons_left { "Persons left", "Personer igjen" }
    events_of_the_flow(event) {
        "With event: those with {event} during the follow-up that their dates give, whatever later steps say of them. For whom no follow-up can be, such as after an event on the day of entry, none is counted.",
        "Med hendelse: de med {event} i den oppfølgingen datoene deres gir, uansett hva senere trinn sier om dem. For dem som ikke kan følges opp, som etter en hendelse på inngangsdagen, telles ingen."
    }
    with_event { "with event", "med hendelse" }
    added { "Added", "Lagt til" }
    end_of_follow_up { "End of follow-up", "Slutt på oppfølging" }
    reason { "Reason", "Årsak" }
    files_read { "Files read", "Leste filer" }
    file { "File", "Fil" }
    used_as { "Used as", "Brukt som" }
    rows { "Rows", "Rader" }
    bytes { "Bytes", "Byte" }
    covariates { "Covariates", "Kovariater" }
    covariate { "Covariate", "Kovariat" }
    values_from { "Values from", "Verdier fra" }
    as_of { "As of", "Per" }
    every_day { "every day", "hver dag" }
    index { "index", "indeks" }
    entry_day { "entry", "inngang" }
    levels { "Levels", "Nivåer" }
    without_value { "Without a value", "Uten verdi" }
    then { "Then", "Da" }
    left_out { "Left out", "Utelatt" }
    unlisted { "Covered by no rule", "Ikke dekket av noen regel" }
    by_override { "By override", "Ved overstyring" }
    checks_of_records { "Checks of the records", "Kontroll av observasjonene" }
    looked_for { "Looked for", "Lett etter" }
    records_or_events { "Records or events", "Observasjoner eller hendelser" }
    linkage { "Linkage", "Kobling" }
    extract { "Extract", "Uttrekk" }
    key_spelling { "Key spelling", "Nøkkelform" }
    rows_linked { "Rows linked", "Koblede rader" }
    keys { "Keys", "Nøkler" }
    keys_linked { "Keys linked", "Koblede nøkler" }
    rows_without_key { "Rows without key", "Rader uten nøkkel" }
    keys_not_linked { "Keys not linked", "Ikke koblede nøkler" }
    keys_repeated { "Linked keys in several rows", "Koblede nøkler i flere rader" }
    clean_up_of_keys { "Clean-up of keys", "Opprydding i nøkler" }
    distinct_keys { "Distinct keys", "Ulike nøkler" }
    keys_delivered { "as the files have them", "slik filene har dem" }
    keys_changed_by(step) { "changed by {step}", "endret av {step}" }
    keys_emptied { "nothing left: without key", "ingenting igjen: uten nøkkel" }
    keys_compared { "as they are compared", "slik de sammenlignes" }
    keys_merged { "of these, of several keys of the files", "av disse, fra flere nøkler i filene" }
    keys_merged_from { "those several keys of the files", "disse flere nøklene i filene" }
    rows_over_time { "Rows over calendar time", "Rader over kalendertid" }
    period { "Period", "Periode" }
    without_key { "Without key", "Uten nøkkel" }
    codes_and_lists { "Codes and code lists", "Koder og kodelister" }
    codes { "Codes", "Koder" }
    code { "Code", "Kode" }
    code_column { "Column", "Kolonne" }
    codelist { "Code list", "Kodeliste" }
    code_system { "Code system", "Kodeverk" }
    item { "Item", "Element" }
    items { "Items", "Elementer" }
    codes_found { "Codes found", "Funne koder" }
    never_found { "Never found, or most frequent without a list", "Aldri funnet, eller vanligst uten liste" }
    no_list { "(no list)", "(ingen liste)" }
    and_more(n) { "and {n} more", "og {n} til" }
    what_rules_did { "What the rules did", "Hva reglene gjorde" }
    place { "Where", "Hvor" }
    found_or_done { "What was found or done", "Hva som ble funnet eller gjort" }
    count { "Count", "Antall" }
    of_what { "Of", "Av" }
    data { "Data", "Data" }
    disclosure_of_nothing(profile) {
        "Disclosure control: profile {profile}, nothing hidden or rounded.",
        "Avsløringskontroll: profil {profile}, ingenting skjult eller avrundet."
    }
    disclosure_of(profile, hidden, rounded) {
        "Disclosure control: profile {profile}{hidden}{rounded}.",
        "Avsløringskontroll: profil {profile}{hidden}{rounded}."
    }
    counts_hidden(threshold, marker) {
        ", counts under {threshold}, and what would give them back, shown as \"{marker}\"",
        ", antall under {threshold}, og det som ville gitt dem tilbake, vist som «{marker}»"
    }
    counts_shown_as_zero(threshold) {
        ", counts under {threshold} shown as 0",
        ", antall under {threshold} vist som 0"
    }
    totals_from_cells(variable) {
        "All: the sum of the rounded numbers of {variable} that are shown (disclosure control); rows of other variables may add up to another number.",
        "Alle: summen av de avrundede tallene for {variable} som er vist (avsløringskontroll); rader for andre variabler kan ha en annen sum."
    }
    counts_rounded(base) { ", counts rounded to the nearest {base}", ", antall avrundet til nærmeste {base}" }
    errors_of_fewest_events {
        "; standard errors and intervals are those of the fewest events that rounded counts stand for",
        "; standardfeil og intervaller er de som hører til det laveste antallet hendelser som avrundede tall kan stå for"
    }
    counts_rounded_by_size { ", counts rounded by their size", ", antall avrundet etter størrelse" }
    counts_rounded_to_midpoints(width) {
        ", counts rounded to the middle of classes of {width}",
        ", antall avrundet til midten av klasser på {width}"
    }
    counts_rounded_to_base(base) {
        ", counts under {base} rounded to 0 or {base}",
        ", antall under {base} avrundet til 0 eller {base}"
    }
    total_line(persons, events, years) {
        "{persons} persons, {events} events, {years} person-years of follow-up.",
        "{persons} personer, {events} hendelser, {years} personår med oppfølging."
    }
    size_line(records, events) { "{records} records, {events} events", "{records} observasjoner, {events} hendelser" }
    one_record_left_out {
        "1 record left out because a value is missing",
        "1 observasjon utelatt fordi en verdi mangler"
    }
    records_left_out(n) {
        "{n} records left out because a value is missing",
        "{n} observasjoner utelatt fordi en verdi mangler"
    }
}
