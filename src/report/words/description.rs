//! Descriptions of records: groups, survival, rates, tests.

use super::words;

words! {
    section_groups { "Survival and rates of groups", "Overlevelse og rater i grupper" }
    beyond_last_record {
        "after the last record of the group: the last value is carried on",
        "etter gruppens siste observasjon: den siste verdien er videreført"
    }
    few_at_risk {
        "fewer than 10 were at risk at some event within this time, so the interval is too narrow: choose a time by which more are left, or begin where more are at risk",
        "færre enn 10 var under risiko ved en hendelse i denne tiden, så intervallet er for smalt: velg en tid da flere er igjen, eller begynn der flere er under risiko"
    }
    records_and_events { "Records and events", "Observasjoner og hendelser" }
    curves_kaplan_meier { "Kaplan-Meier curves", "Kaplan-Meier-kurver" }
    curves_nelson_aalen {
        "curves exp(−H) of the Nelson-Aalen cumulative hazard",
        "kurver exp(−H) av Nelson-Aalens kumulative hasard"
    }
    curves_fleming_harrington {
        "curves exp(−H) of the Fleming-Harrington cumulative hazard",
        "kurver exp(−H) av Fleming-Harringtons kumulative hasard"
    }
    robust_errors { ", robust standard errors", ", robuste standardfeil" }
    clustered_errors { ", robust standard errors over clusters", ", robuste standardfeil over klynger" }
    curves_remark(curves, scale, errors) {
        "From {curves}; limits on the {scale} scale{errors}.",
        "Fra {curves}; grenser på {scale}-skala{errors}."
    }
    weighted_remark(weights) {
        "Curves are weighted by {weights}; records, persons and rates are not.",
        "Kurvene er vektet med {weights}; observasjoner, personer og rater er ikke det."
    }
    left_out_remark(records, why) {
        "{records} left out because a value is missing ({why}).",
        "{records} utelatt fordi en verdi mangler ({why})."
    }
    percent_by(percent) { "{percent} % by", "{percent} % innen" }
    mean_time_to(horizon) { "Mean time to {horizon}", "Gjennomsnittlig tid til {horizon}" }
    events_so_far { "Events so far", "Hendelser hittil" }
    competing_incidence { "Cumulative incidence of competing events", "Kumulativ insidens av konkurrerende hendelser" }
    rate_per(per) { "Rate per {per}", "Rate per {per}" }
    rate_ratio { "Rate ratio", "Rateratio" }
    standardised_rate_per(per) { "Standardised rate per {per}", "Standardisert rate per {per}" }
    standardised_ratio { "Ratio of standardised rates", "Forhold mellom standardiserte rater" }
    expected { "Expected", "Forventet" }
    observed_over_expected { "Observed/expected", "Observert/forventet" }
    rates { "Rates", "Rater" }
    exact_limits {
        "Limits of rates and of rate ratios are exact (Poisson, binomial).",
        "Grensene for rater og rateratioer er eksakte (Poisson, binomisk)."
    }
    standardised_over(standard) {
        "Standardised over {standard}; limits after Fay and Feuer.",
        "Standardisert over {standard}; grenser etter Fay og Feuer."
    }
    expected_at(file) {
        "Expected at the reference rates of {file}; limits are exact.",
        "Forventet ved referanseratene i {file}; grensene er eksakte."
    }
    empty_strata(n) {
        "{n} strata of the standard have no person-time in the group",
        "{n} strata i standarden har ingen persontid i gruppen"
    }
    tests_of_equality { "Tests of equality", "Tester av likhet" }
    stratified_by { "Stratified by", "Stratifisert etter" }
    groups { "Groups", "Grupper" }
    p_adjusted_by(method) { "P, adjusted ({method})", "P, justert ({method})" }
    pairs_of_groups(test) { "Pairs of groups, {test} test", "Par av grupper, {test}-test" }
    survival_curves { "Survival curves", "Overlevelseskurver" }
}
