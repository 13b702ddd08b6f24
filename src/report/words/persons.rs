//! The sentences of the methods paragraph on who was studied, and how groups were described.

use super::words;
use crate::house_style::Language;

words! {
    index_first_row(extract, column) { "day of the first row of {extract} ({column})", "dagen for første rad i {extract} ({column})" }
    index_last_row(extract, column) { "day of the last row of {extract} ({column})", "dagen for siste rad i {extract} ({column})" }
    index_nth_row(extract, column, n) {
        "day of row number {n} of {extract} ({column})",
        "dagen for rad nummer {n} i {extract} ({column})"
    }
    index_column(extract, column) { "date {extract}.{column}", "datoen {extract}.{column}" }
    index_codes(list) { " with a code of the list {list}", " med en kode i listen {list}" }
    index_condition(sql) { " for which {sql}", " der {sql}" }
    index_between(from, to) { ", from {from} to {to}", ", fra {from} til {to}" }
    index_since(from) { ", from {from} on", ", fra og med {from}" }
    index_until(to) { ", up to {to}", ", til og med {to}" }
    index_ages(from, to) { ", at ages {from} to {to}", ", i alderen {from} til {to} år" }
    index_age_from(from) { ", at age {from} or more", ", i alderen {from} år eller eldre" }
    index_age_to(to) { ", at age {to} or less", ", i alderen {to} år eller yngre" }
    index_washout(length) { ", without such a row in the {length} before", ", uten en slik rad i de {length} før" }
    index_sentence(source, codes, condition, window, ages, washout) {
        "The index date was the {source}{codes}{condition}{window}{ages}{washout}.",
        "Indeksdatoen var {source}{codes}{condition}{window}{ages}{washout}."
    }
    eligibility_sentence(steps) { "Eligibility, in order: {steps}.", "Inklusjonskriterier, i rekkefølge: {steps}." }
    with_replacement { "with replacement", "med tilbakelegging" }
    without_replacement { "without replacement", "uten tilbakelegging" }
    until_exposed {
        "an index event of their own ended their follow-up as comparison persons",
        "en egen indekshendelse avsluttet oppfølgingen deres som sammenlikningspersoner"
    }
    also_when_exposed {
        "an index event of their own did not change their group",
        "en egen indekshendelse endret ikke gruppen deres"
    }
    matching_sentence(ratio, by, drawn, seed, least, later) {
        "For everybody with an index event up to {ratio} comparison persons, equal in {by}, were drawn {drawn} (seed {seed}) from those at risk on that day without an index event by then; sets with fewer than {least} were left out, and {later}.",
        "For alle med indekshendelse ble inntil {ratio} sammenlikningspersoner, like i {by}, trukket {drawn} (startverdi {seed}) blant dem under risiko den dagen uten indekshendelse til da; sett med færre enn {least} ble utelatt, og {later}."
    }
    censored_at_the_end(event) {
        "Without {event}, follow-up was censored at its end.",
        "Uten {event} ble oppfølgingen sensurert ved slutten."
    }
    classes_sentence(classes) { "Numbers were used in classes: {classes}.", "Tall ble brukt i klasser: {classes}." }
    changing_sentence(names) {
        "Person-time was cut where {names} changed; what is dated on a day counted from the day after.",
        "Persontiden ble delt der {names} endret seg; det som er datert en dag, gjaldt fra dagen etter."
    }
    missing_rules_sentence(rules) { "Missing values, by variable: {rules}.", "Manglende verdier, etter variabel: {rules}." }
    selection_sentence {
        "Every variable named for a model stayed in it, whatever its P value, and no observation was left out for its influence on the estimates.",
        "Hver variabel som er oppgitt for en modell, ble stående i den uansett P-verdi, og ingen observasjon ble utelatt for sin innflytelse på estimatene."
    }
    concordance_sentence {
        "How well a model orders the events is given by the concordance with its standard error.",
        "Hvor godt en modell ordner hendelsene, er gitt ved konkordansen med standardfeil."
    }
    estimator_kaplan_meier { "the Kaplan-Meier method", "Kaplan-Meier-metoden" }
    estimator_nelson_aalen { "the Nelson-Aalen estimate of the cumulative hazard", "Nelson-Aalen-estimatet av den kumulative hasarden" }
    estimator_fleming_harrington { "the Fleming-Harrington estimate", "Fleming-Harrington-estimatet" }
    survival_sentence(estimator, scale) {
        "Survival was estimated by {estimator}, with limits on the {scale} scale.",
        "Overlevelse ble estimert med {estimator}, med grenser på {scale}-skala."
    }
    aalen_johansen_sentence {
        "Cumulative incidences with competing events are Aalen-Johansen estimates.",
        "Kumulative insidenser med konkurrerende hendelser er Aalen-Johansen-estimater."
    }
    log_rank_test { "the log-rank test", "log-rank-testen" }
    test_named(name) { "the {name} test", "{name}-testen" }
    gray_test { "Gray's test", "Grays test" }
    curve_tests_sentence(tests) { "Groups were compared by {tests}.", "Grupper ble sammenliknet med {tests}." }
    standardised_rates_sentence(standard) {
        "Rates were standardised directly over {standard}; limits after Fay and Feuer (1997).",
        "Rater ble direkte standardisert over {standard}; grenser etter Fay og Feuer (1997)."
    }
    expected_sentence {
        "Observed events were divided by those expected at reference rates, with exact Poisson limits.",
        "Observerte hendelser ble delt på dem som var ventet etter referanserater, med eksakte Poisson-grenser."
    }
}

impl Language {
    /// A test of curves by its name in `results.json`, in a sentence.
    pub(crate) fn test_by_name(self, name: &str) -> String {
        match name {
            "log-rank" => self.log_rank_test().to_owned(),
            "Gray" => self.gray_test().to_owned(),
            other => self.test_named(other),
        }
    }
}
