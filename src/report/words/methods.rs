//! The sentences of the methods paragraph.

use super::words;

words! {
    and { "and", "og" }
    or { "or", "eller" }
    and_with { "and with", "og med" }
    cohort_sentence(persons, events, years) {
        "The cohort has {persons} persons with {events} events in {years} person-years.",
        "Kohorten har {persons} personer med {events} hendelser på {years} personår."
    }
    cohort_from_sentence(population, persons, events, years) {
        "Of {population} persons in the population, {persons} entered the cohort, with {events} events in {years} person-years.",
        "Av {population} personer i populasjonen gikk {persons} inn i kohorten, med {events} hendelser på {years} personår."
    }
    index_date { "the index date", "indeksdatoen" }
    maximum_follow_up(maximum) { "{maximum} of follow-up", "{maximum} oppfølging" }
    whichever_first { ", whichever came first", ", det som kom først" }
    followed(entry, ends, first) {
        "People were followed from {entry} to {ends}{first}.",
        "Personene ble fulgt fra {entry} til {ends}{first}."
    }
    scale_age {
        "The time scale was attained age in days, with entry into the risk set at the start of follow-up.",
        "Tidsskalaen var oppnådd alder i dager, med inngang i risikosettet ved oppfølgingens start."
    }
    scale_calendar { "The time scale was calendar time in days.", "Tidsskalaen var kalendertid i dager." }
    scale_since_index {
        "The time scale was days since the start of follow-up.",
        "Tidsskalaen var dager siden oppfølgingens start."
    }
    scale_since_index_late {
        "The time scale was days since the index date, with entry into the risk set at the start of follow-up.",
        "Tidsskalaen var dager siden indeksdatoen, med inngang i risikosettet ved oppfølgingens start."
    }
    after_index_date(length) { "{length} after the index date", "{length} etter indeksdatoen" }
    the_date_of_each(column) { "the person's {column}", "personens {column}" }
    latest_of(days) { "the latest of {days}", "det seneste av {days}" }
    gone_before_entry {
        "People who were no longer under observation at the start of follow-up never entered the risk set (left truncation).",
        "Personer som ikke lenger var under observasjon ved oppfølgingens start, gikk aldri inn i risikosettet (venstretrunkering)."
    }
    events_between_excluded {
        "People with the event between the index date and the start of follow-up were excluded.",
        "Personer med hendelsen mellom indeksdatoen og oppfølgingens start ble utelatt."
    }
    events_between_history {
        "An event between the index date and the start of follow-up did not count; a later one did.",
        "En hendelse mellom indeksdatoen og oppfølgingens start ble ikke regnet; en senere ble det."
    }
    exits_came_first(exits) {
        "An event on the day of {exits} did not count.",
        "En hendelse på dagen for {exits} ble ikke regnet."
    }
    events_came_first(exits) {
        "An event on the day of {exits} counted.",
        "En hendelse på dagen for {exits} ble regnet."
    }
    entry_events_excluded {
        "People with the event on the day of entry were excluded.",
        "Personer med hendelsen på inngangsdagen ble utelatt."
    }
    entry_events_next_day {
        "An event on the day of entry counted on the day after.",
        "En hendelse på inngangsdagen ble regnet på dagen etter."
    }
    entry_events_later {
        "An event on the day of entry did not count; follow-up went on to a later one.",
        "En hendelse på inngangsdagen ble ikke regnet; oppfølgingen fortsatte til en senere."
    }
    cox_model(formula) {
        "the Cox proportional-hazards model {formula}",
        "Cox-modellen med proporsjonale hasarder {formula}"
    }
    fine_gray_model(formula) { "the Fine-Gray model {formula}", "Fine og Grays modell {formula}" }
    cox_models(models) {
        "Cox proportional-hazards models: {models}",
        "Cox-modeller med proporsjonale hasarder: {models}"
    }
    quoted(title) { "\"{title}\"", "«{title}»" }
    model_with(title, terms) { "\"{title}\" ({terms})", "«{title}» ({terms})" }
    hazard_ratios_from(level, what) {
        "Hazard ratios with {level} confidence intervals came from {what}.",
        "Hasardratioer med {level} konfidensintervall kom fra {what}."
    }
    reference_levels(levels) { "Reference levels: {levels}.", "Referansenivåer: {levels}." }
    efron { "Efron's method", "Efrons metode" }
    breslow { "Breslow's method", "Breslows metode" }
    exact_ties { "the exact partial likelihood", "den eksakte partielle likelihooden" }
    ties_handled(how) { "Tied event times were handled by {how}.", "Sammenfallende hendelsestider ble håndtert med {how}." }
    ties_in(how, model) { "{how} in \"{model}\"", "{how} i «{model}»" }
    in_models(titles) { " in {titles}", " i {titles}" }
    clustered_by(column) { ", clustered by {column}", ", i klynger etter {column}" }
    cluster_factor(factor) {
        ", their squares multiplied by {factor} for the number of clusters",
        ", kvadratene multiplisert med {factor} for antall klynger"
    }
    robust_sentence(whose, how, factor) {
        "Standard errors{whose} are robust (sandwich, the infinitesimal jackknife){how}{factor}.",
        "Standardfeilene{whose} er robuste (sandwich, den infinitesimale jackknifen){how}{factor}."
    }
    stratified_sentence(strata, titles) {
        "The baseline hazard was stratified by {strata} in {titles}.",
        "Grunnhasarden var stratifisert etter {strata} i {titles}."
    }
    pooled_sentence(robust, n, column, whose, ratios) {
        "Estimates and their{robust} covariances from {n} completed data sets{column} were pooled by Rubin's rules{whose}, with t tests and intervals on Barnard and Rubin's degrees of freedom and pooled Wald tests (D1){ratios} of terms.",
        "Estimater og deres{robust} kovarianser fra {n} kompletterte datasett{column} ble slått sammen etter Rubins regler{whose}, med t-tester og intervaller på Barnard og Rubins frihetsgrader og sammenslåtte Wald-tester (D1){ratios} av ledd."
    }
    and_pooled_ratios {
        " and likelihood-ratio tests (D2 of Li et al., D3 of Meng and Rubin)",
        " og likelihood-ratio-tester (D2 etter Li mfl., D3 etter Meng og Rubin)"
    }
    robust_word { " robust", " robuste" }
    column_of(column) { " (column {column})", " (kolonne {column})" }
    complete_records {
        "Each model used the records without missing values in its variables.",
        "Hver modell brukte observasjonene uten manglende verdier i modellens variabler."
    }
    curves_sentence(curves) {
        "Numbers entered by splines or polynomials: {curves}.",
        "Tall inngikk med spliner eller polynomer: {curves}."
    }
    the_model { "the model", "modellen" }
    censored_sentence(events, models) {
        "Competing events ({events}) were censored in {models}, whose hazard ratios are those of the cause-specific hazard.",
        "Konkurrerende hendelser ({events}) ble sensurert i {models}, der hasardratioene gjelder den årsaksspesifikke hasarden."
    }
    within_censoring_groups(group) { " within the groups of {group}", " innen gruppene av {group}" }
    weights_estimated {
        "; the robust variance takes into account that the weights are estimated",
        "; den robuste variansen tar hensyn til at vektene er estimert"
    }
    fine_gray_sentence(models, events, groups, weights) {
        "In {models} people with a competing event ({events}) stay in the risk set, weighted by the probability of not being censored{groups} (Fine and Gray 1999, doi 10.1080/01621459.1999.10474144){weights}. Hazard ratios of the subdistribution hazard say which way a covariate moves the cumulative incidence, not how strongly it acts on those still at risk, and they mix its effects on the event and on the competing events; proportional subdistribution hazards and proportional cause-specific hazards do not as a rule hold together.",
        "I {models} blir personer med en konkurrerende hendelse ({events}) i risikosettet, vektet med sannsynligheten for ikke å være sensurert{groups} (Fine og Gray 1999, doi 10.1080/01621459.1999.10474144){weights}. Hasardratioer for subdistribusjonshasarden sier hvilken vei en kovariat flytter den kumulative insidensen, ikke hvor sterkt den virker på dem som fortsatt er under risiko, og de blander virkningene på hendelsen og på de konkurrerende hendelsene; proporsjonale subdistribusjonshasarder og proporsjonale årsaksspesifikke hasarder gjelder som regel ikke samtidig."
    }
    conventions_sentence(program) {
        "What the analysis did not state followed the conventions of {program}.",
        "Det analysen ikke oppga, fulgte konvensjonene i {program}."
    }
    firth_sentence(whose) {
        "Coefficients{whose} maximise Firth's penalised partial likelihood, which keeps them finite when a group has no event or only events; likelihood-ratio tests compare penalised likelihoods.",
        "Koeffisientene{whose} maksimerer Firths straffede partielle likelihood, som holder dem endelige når en gruppe har ingen eller bare hendelser; likelihood-ratio-tester sammenlikner straffede likelihooder."
    }
    ridge_sentence(whose) {
        "Ridge terms{whose} draw their coefficients towards zero; degrees of freedom are effective ones, intervals of penalised coefficients lie around shrunken values and need not cover at their level, and penalised terms are not tested.",
        "Ridge-ledd{whose} trekker koeffisientene sine mot null; frihetsgradene er effektive, intervallene for straffede koeffisienter ligger rundt krympede verdier og trenger ikke dekke på sitt nivå, og straffede ledd testes ikke."
    }
    profile_sentence(whose) {
        "Confidence intervals and P values of single coefficients{whose} come from the profile likelihood.",
        "Konfidensintervaller og P-verdier for enkeltkoeffisienter{whose} kommer fra profil-likelihooden."
    }
    wald_within {
        "Intervals within levels of a modifier are Wald intervals.",
        "Intervaller innen nivåer av en modifikator er Wald-intervaller."
    }
    time_varying_sentence(terms) {
        "Coefficients change with time as {terms} say; the hazard ratios along time combine them with the main effects.",
        "Koeffisienter endrer seg med tiden slik {terms} sier; hasardratioene langs tiden kombinerer dem med hovedeffektene."
    }
    pooled_wald_test { "a pooled Wald test", "en sammenslått Wald-test" }
    joint_tests { "a joint Wald test and a likelihood-ratio test", "en felles Wald-test og en likelihood-ratio-test" }
    pair_on_top(exposure, modifier, model) {
        "{exposure} by {modifier} on top of \"{model}\"",
        "{exposure} etter {modifier} i tillegg til «{model}»"
    }
    interactions_sentence(pairs, tests) {
        "Interactions ({pairs}) were analysed one at a time with product terms; hazard ratios are given within the levels of the modifier, and each interaction was tested by {tests}.",
        "Interaksjoner ({pairs}) ble analysert én om gangen med produktledd; hasardratioer er gitt innen modifikatorens nivåer, og hver interaksjon ble testet med {tests}."
    }
    additive_sentence {
        "Interaction on the additive scale is given as RERI, AP and S from hazard ratios with one joint reference, with intervals by the delta method (Knol and VanderWeele 2012, doi 10.1093/ije/dyr218).",
        "Interaksjon på additiv skala er gitt som RERI, AP og S fra hasardratioer med felles referanse, med intervaller etter deltametoden (Knol og VanderWeele 2012, doi 10.1093/ije/dyr218)."
    }
    contrasts_sentence {
        "Hazard ratios of chosen covariate patterns are linear combinations of the coefficients, with Wald tests and intervals.",
        "Hasardratioer for valgte kovariatmønstre er lineære kombinasjoner av koeffisientene, med Wald-tester og -intervaller."
    }
    limits_on(scales) { ", limits on the {scales} scale", ", grenser på {scales}-skala" }
    baseline_sentence(limits) {
        "The baseline hazard is that of the model's tie rule; predicted survival is exp(−cumulative hazard), with standard errors from the coefficients and the hazard increments{limits}.",
        "Grunnhasarden følger modellens regel for sammenfallende tider; predikert overlevelse er exp(−kumulativ hasard), med standardfeil fra koeffisientene og hasardtilvekstene{limits}."
    }
    incidence_sentence(limits) {
        "The predicted cumulative incidence is 1 − exp(−cumulative subdistribution hazard), with standard errors from the coefficients and the hazard increments, the censoring weights taken for known there{limits} of one minus it.",
        "Den predikerte kumulative insidensen er 1 − exp(−kumulativ subdistribusjonshasard), med standardfeil fra koeffisientene og hasardtilvekstene, der sensureringsvektene er tatt som kjente{limits} for én minus den."
    }
    incidence_by_causes_sentence(limits) {
        "The predicted cumulative incidence combines the hazards of the event and of the competing events together, each from a cause-specific model of the same formula, with delta-method standard errors{limits} of one minus it.",
        "Den predikerte kumulative insidensen kombinerer hasardene for hendelsen og for de konkurrerende hendelsene samlet, hver fra en årsaksspesifikk modell med samme formel, med standardfeil etter deltametoden{limits} for én minus den."
    }
    curve_patterns_sentence(patterns) { "Curves were predicted for: {patterns}.", "Kurver ble predikert for: {patterns}." }
    curve_patterns_at_sentence(patterns, times) {
        "Curves were predicted for: {patterns}; their tables show them at {times}.",
        "Kurver ble predikert for: {patterns}; tabellene viser dem ved {times}."
    }
    in_days(times) { "{times} days", "{times} dager" }
    pooled_predictions_sentence {
        "Over completed data sets curves and risks were pooled as logarithms of the cumulative hazard, ln(−ln(1 − risk)), ratios as logarithms, differences and mean times as they are.",
        "Over kompletterte datasett ble kurver og risikoer slått sammen som logaritmer av den kumulative hasarden, ln(−ln(1 − risiko)), forholdstall som logaritmer, differanser og gjennomsnittstider som de er."
    }
    fixed_covariates { "taking the covariates as fixed", "med kovariatene som faste" }
    sampled_covariates { "including the sampling of the covariates", "medregnet at kovariatene er et utvalg" }
    over_records { "all records", "alle observasjoner" }
    over_first_records { "the first record of each person", "den første observasjonen for hver person" }
    standardised_sentence(exposures, over, covariates, from, times) {
        "Risks were standardised directly by {exposures} (g-formula): predicted from time {from} up to {times} for everybody at each level and averaged over the observed covariates of {over}; intervals of risks, restricted mean times, differences and ratios are by the delta method from coefficients and baseline hazard, {covariates}.",
        "Risikoer ble direkte standardisert etter {exposures} (g-formelen): predikert fra tid {from} fram til {times} for alle på hvert nivå og midlet over de observerte kovariatene for {over}; intervaller for risikoer, begrensede gjennomsnittstider, differanser og forhold er etter deltametoden fra koeffisienter og grunnhasard, {covariates}."
    }
    units_of(column) { "units of {column}", "enheter av {column}" }
    records_word { "records", "observasjoner" }
    within_strata { " within strata", " innen strata" }
    bootstrap_sentence(replicates, unit, strata, seed) {
        "Bootstrap intervals (percentile, basic, normal) come from {replicates} resamples of {unit} drawn with replacement{strata} (seed {seed}).",
        "Bootstrap-intervaller (persentil, basis, normal) kommer fra {replicates} omtrekninger av {unit} trukket med tilbakelegging{strata} (startverdi {seed})."
    }
    holm { "Holm's method", "Holms metode" }
    bonferroni { "Bonferroni's method", "Bonferronis metode" }
    adjustment_sentence(method) {
        "P values were also adjusted by {method} within each family: the coefficients of a term, the comparisons of a model, and the hazard ratios of each interaction table.",
        "P-verdier ble også justert med {method} innen hver familie: koeffisientene i et ledd, sammenlikningene i en modell og hasardratioene i hver interaksjonstabell."
    }
    terms_tested {
        "Terms were tested by Wald and likelihood-ratio tests.",
        "Ledd ble testet med Wald- og likelihood-ratio-tester."
    }
    terms_tested_wald { "Terms were tested by Wald tests.", "Ledd ble testet med Wald-tester." }
    two_sided_unadjusted {
        "P values are two-sided and not adjusted for the number of tests.",
        "P-verdiene er tosidige og ikke justert for antall tester."
    }
    two_sided { "P values are two-sided.", "P-verdiene er tosidige." }
    nested_sentence {
        "Nested models of the same records were compared by likelihood-ratio tests.",
        "Nøstede modeller av de samme observasjonene ble sammenliknet med likelihood-ratio-tester."
    }
    rates_sentence(per) {
        "Rates are per {per} person-years (365.25 days each) with exact Poisson intervals.",
        "Rater er per {per} personår (à 365,25 dager) med eksakte Poisson-intervaller."
    }
    functional_form_sentence(names, paths, seed) {
        "The functional form of {names} was checked by cumulative martingale residuals (Lin, Wei and Ying 1993) against {paths} simulated paths (seed {seed}).",
        "Funksjonsformen til {names} ble kontrollert med kumulative martingal-residualer (Lin, Wei og Ying 1993) mot {paths} simulerte baner (startverdi {seed})."
    }
    proportionality_sentence(functions) {
        "Proportional hazards were tested by score tests of an interaction of each term with {functions} (Grambsch and Therneau 1994), with the model-based variance.",
        "Proporsjonale hasarder ble testet med skår-tester av en interaksjon mellom hvert ledd og {functions} (Grambsch og Therneau 1994), med modellbasert varians."
    }
    software_sentence(name, version) {
        "Analyses were done with {name} {version}.",
        "Analysene ble gjort med {name} {version}."
    }
}
