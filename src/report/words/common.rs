//! Words that many tables and every renderer use.

use super::words;

words! {
    table { "Table", "Tabell" }
    continued { "(continued)", "(forts.)" }
    warning(text) { "Warning: {text}", "Advarsel: {text}" }
    ci { "CI", "KI" }
    reference { "reference", "referanse" }
    reference_row { "1 (reference)", "1 (referanse)" }
    not_estimable { "not estimable", "kan ikke beregnes" }
    not_reached { "not reached", "ikke nådd" }
    not_available { "not available", "ikke tilgjengelig" }
    hidden { "hidden", "skjult" }
    to_infinity(lower) { "→ ∞ ({lower} to none)", "→ ∞ ({lower} til ingen)" }
    to_zero(upper) { "→ 0 (none to {upper})", "→ 0 (ingen til {upper})" }
    on_df(df) { "on {df} df", "med {df} frihetsgrader" }
    on_one_df { "on 1 df", "med 1 frihetsgrad" }
    on_two_df(df1, df2) { "on {df1} and {df2} df", "med {df1} og {df2} frihetsgrader" }
    chi_squared { "Chi-squared", "Kjikvadrat" }
    df { "df", "df" }
    se { "SE", "SE" }
    all { "All", "Alle" }
    missing { "Missing", "Mangler" }
    records { "Records", "Observasjoner" }
    persons { "Persons", "Personer" }
    events { "Events", "Hendelser" }
    person_years { "Person-years", "Personår" }
    person_time { "Person-time", "Persontid" }
    rate_per_person_years(per) { "Rate per {per} person-years", "Rate per {per} personår" }
    hr { "HR", "HR" }
    subdistribution_hr { "Subdistribution HR", "Subdistribusjons-HR" }
    coefficient { "Coefficient", "Koeffisient" }
    model { "Model", "Modell" }
    time { "Time", "Tid" }
    time_in_days { "Time, days", "Tid, dager" }
    at_risk { "At risk", "Under risiko" }
    test { "Test", "Test" }
    ratio { "Ratio", "Ratio" }
    difference { "Difference", "Differanse" }
    median { "Median", "Median" }
    by_two(a, b) { "{a} by {b}", "{a} etter {b}" }
    one_record { "1 record", "1 observasjon" }
    n_records(n) { "{n} records", "{n} observasjoner" }
    one_event { "1 event", "1 hendelse" }
    n_events(n) { "{n} events", "{n} hendelser" }
    warning_cell(what, events, records) { "({what}: {events} among {records})", "({what}: {events} blant {records})" }
    test_line(name, chisq, df, p) { "{name}: chi-squared {chisq}{df}{p}.", "{name}: kjikvadrat {chisq}{df}{p}." }
    pooled_line(name, f, df, p) { "{name}: F {f}{df}{p}.", "{name}: F {f}{df}{p}." }
}
