//! Coefficients, hazard ratios of levels, model fit, tests of terms, diagnostics, resampling, pooling.

use super::words;
use crate::house_style::Language;

words! {
    title_description { "Description of the records", "Beskrivelse av observasjonene" }
    title_cox { "Cox proportional-hazards model", "Cox-modell med proporsjonale hasarder" }
    title_fine_gray {
        "Fine-Gray model of the subdistribution hazard",
        "Fine og Grays modell for subdistribusjonshasarden"
    }
    section_hazard_ratios { "Events, rates and hazard ratios", "Hendelser, rater og hasardratioer" }
    section_interactions { "Interactions", "Interaksjoner" }
    section_predictions {
        "Predicted survival and standardised risks",
        "Predikert overlevelse og standardiserte risikoer"
    }
    section_several_tests { "Several tests, and resampling", "Flere tester, og resampling" }
    section_models { "Models", "Modeller" }
    section_diagnostics { "Diagnostics", "Modellkontroll" }
    section_methods { "Methods", "Metode" }
    coefficients { "Coefficients", "Koeffisienter" }
    coefficients_of(model) { "Coefficients of {model}", "Koeffisienter i {model}" }
    coef { "coef", "koef" }
    se_coef { "se(coef)", "se(koef)" }
    robust_se { "robust se", "robust se" }
    aliased {
        "no estimate: the column is a linear combination of earlier ones",
        "intet estimat: kolonnen er en lineær kombinasjon av tidligere kolonner"
    }
    infinite {
        "no finite estimate: the coefficient runs to infinity; Firth's correction, or merging small levels, gives one",
        "intet endelig estimat: koeffisienten går mot uendelig; Firths korreksjon, eller sammenslåing av små nivåer, gir et"
    }
    not_converged {
        "no estimate: the fit did not converge",
        "intet estimat: tilpasningen konvergerte ikke"
    }
    levels_title { "Persons, events, rates and hazard ratios", "Personer, hendelser, rater og hasardratioer" }
    per_unit_group { "Per unit", "Per enhet" }
    at_reference_of(others) {
        "at the reference of {others}, because the model holds their interaction",
        "ved referansen for {others}, fordi modellen inneholder interaksjonen"
    }
    one_coefficient_elsewhere(model) {
        "{model}: 1 coefficient not in this table; see the coefficients file.",
        "{model}: 1 koeffisient står ikke i denne tabellen; se koeffisientfilen."
    }
    coefficients_elsewhere(model, n) {
        "{model}: {n} coefficients not in this table; see the coefficients file.",
        "{model}: {n} koeffisienter står ikke i denne tabellen; se koeffisientfilen."
    }
    of_model(model, what) { "{model}: {what}", "{model}: {what}" }
    model_fit { "Model fit", "Modelltilpasning" }
    formula { "Formula", "Formel" }
    records_left_out_missing { "Records left out, missing value", "Utelatte observasjoner, manglende verdi" }
    conventions { "Conventions", "Konvensjoner" }
    ties { "Ties", "Sammenfallende tider" }
    variance_model { "model-based", "modellbasert" }
    variance_robust { "robust", "robust" }
    variance_clustered { "robust, clustered", "robust, klynger" }
    ties_exact { "exact", "eksakt" }
    penalty { "Penalty", "Straffeledd" }
    intervals { "Intervals", "Intervaller" }
    profile_likelihood { "profile likelihood", "profil-likelihood" }
    variance { "Variance", "Varians" }
    strata { "Strata", "Strata" }
    weights { "Weights", "Vekter" }
    log_likelihood_null { "Log partial likelihood, null", "Log partiell likelihood, null" }
    log_likelihood_fitted { "Log partial likelihood, fitted", "Log partiell likelihood, tilpasset" }
    penalised_null { "Penalised log-likelihood, null", "Straffet log-likelihood, null" }
    penalised_fitted { "Penalised log-likelihood, fitted", "Straffet log-likelihood, tilpasset" }
    aic { "AIC", "AIC" }
    bic { "BIC", "BIC" }
    lr_test { "Likelihood-ratio test", "Likelihood-ratio-test" }
    wald_test { "Wald test", "Wald-test" }
    score_test { "Score (log-rank) test", "Skår-test (log-rank)" }
    robust_score_test { "Robust score test", "Robust skår-test" }
    concordance_se { "Concordance (SE)", "Konkordans (SE)" }
    iterations { "Iterations", "Iterasjoner" }
    not_converged_why(n, why) { "{n}, not converged: {why}", "{n}, ikke konvergert: {why}" }
    not_converged_short(n) { "{n}, not converged", "{n}, ikke konvergert" }
    numbers_in_models { "Numbers in the models", "Tall i modellene" }
    terms_title { "Tests of terms", "Tester av ledd" }
    comparison_title { "Comparison of models", "Sammenlikning av modeller" }
    against_model { "Against", "Mot" }
    criteria_remark { "AIC and BIC compare models of the same records.", "AIC og BIC sammenlikner modeller av de samme observasjonene." }
    not_compared(models) {
        "Log likelihood, AIC and BIC say nothing between models that differ in kind, ties, strata or records: {models}.",
        "Log-likelihood, AIC og BIC sier ingenting mellom modeller som er ulike i type, like tider, strata eller observasjoner: {models}."
    }
    comparison_remark {
        "AIC and BIC compare models of the same records; the likelihood-ratio test is against the largest earlier model whose columns are all in the model.",
        "AIC og BIC sammenlikner modeller av de samme observasjonene; likelihood-ratio-testen er mot den største tidligere modellen der alle kolonner inngår i modellen."
    }
    in_several_levels(names) {
        "Persons are counted at every level that they had during follow-up: {names}.",
        "Personer er telt på hvert nivå de hadde i løpet av oppfølgingen: {names}."
    }
    p_of_variable_lr {
        "P in the row of a variable: likelihood-ratio test of its term.",
        "p i raden til en variabel: likelihood-ratio-test av leddet."
    }
    p_of_variable_wald {
        "P in the row of a variable: Wald test of its term.",
        "p i raden til en variabel: Wald-test av leddet."
    }
    p_of_variable_either {
        "P in the row of a variable: likelihood-ratio test of its term, Wald test where the variance is robust.",
        "p i raden til en variabel: likelihood-ratio-test av leddet, Wald-test der variansen er robust."
    }
    table_left_out(title, rows) {
        "{title}: {rows} rows, not shown here; --out DIR writes them to files, --format csv prints all tables.",
        "{title}: {rows} rader, ikke vist her; --out DIR skriver dem til filer, --format csv skriver ut alle tabeller."
    }
    contrasts_title { "Comparisons of covariate patterns", "Sammenlikninger av kovariatmønstre" }
    comparison { "Comparison", "Sammenlikning" }
    log_hr { "log HR", "log HR" }
    values_title { "Hazard ratios at values", "Hasardratioer ved verdier" }
    against(what, value, whose) { "{what}, against {value}{whose}", "{what}, mot {value}{whose}" }
    median_value(value) { "{value} (median)", "{value} (median)" }
    percentile_value(value, percent) { "{value} ({percent}th percentile)", "{value} ({percent}. persentil)" }
    no_curve_estimate {
        "no estimate: a coefficient of the curve has none",
        "intet estimat: en av kurvens koeffisienter mangler estimat"
    }
    held(what, names) {
        "{what}: with {names}, because the model holds their interaction.",
        "{what}: med {names}, fordi modellen inneholder interaksjonen."
    }
    held_at(variable, level) { "{variable} at {level}", "{variable} lik {level}" }
    held_at_median(column, median) { "{column} at its median{median}", "{column} lik medianen{median}" }
    knots(knots) { "knots {knots}", "knutepunkter {knots}" }
    powers_up_to(degree) { "powers up to {degree}", "potenser til og med {degree}" }
    orthogonal_polynomials(degree) {
        "orthogonal polynomials up to degree {degree}",
        "ortogonale polynomer til og med grad {degree}"
    }
    no_inner_knots { "no inner knots", "ingen indre knutepunkter" }
    inner_knots(knots) { "inner knots {knots}", "indre knutepunkter {knots}" }
    boundary_knots(knots) { "; boundary {knots}", "; ytterste {knots}" }
    made_of(variable, level, of) { "{variable}: {level} is made of {of}", "{variable}: {level} består av {of}" }
    proportional_hazards_title { "Tests of proportional hazards", "Tester av proporsjonale hasarder" }
    against_function(model, function) { "{model}, against {function}", "{model}, mot {function}" }
    all_terms { "All terms", "Alle ledd" }
    model_based_tests {
        "These tests use the model-based variance, as in R, also where standard errors are robust.",
        "Testene bruker modellbasert varians, som i R, også der standardfeilene er robuste."
    }
    over_time_title { "Hazard ratios over time", "Hasardratioer over tid" }
    hr_two_se { "HR (±2 SE)", "HR (±2 SE)" }
    by_share_of_events(share) { "by {share} of the events", "etter {share} av hendelsene" }
    smooth_remark {
        "Scaled Schoenfeld residuals smoothed by a natural spline with 4 df; a hazard ratio that is the same at all times is what the model assumes.",
        "Skalerte Schoenfeld-residualer glattet med en naturlig spline med 4 frihetsgrader; modellen forutsetter en hasardratio som er den samme til alle tider."
    }
    functional_form_title { "Functional form", "Funksjonsform" }
    largest_residual { "Largest cumulative residual", "Største kumulative residual" }
    at_value { "At", "Ved" }
    adjusted_title(method) {
        "P values adjusted within each family ({method})",
        "P-verdier justert innen hver familie ({method})"
    }
    adjusted_p { "Adjusted P", "Justert P" }
    family_coefficients(model, term) { "{model}: coefficients of {term}", "{model}: koeffisienter for {term}" }
    family_comparisons(model) { "{model}: comparisons", "{model}: sammenlikninger" }
    family_within(pair) { "{pair}: hazard ratios within levels", "{pair}: hasardratioer innen nivåer" }
    family_joint(pair) { "{pair}: hazard ratios with one reference", "{pair}: hasardratioer med felles referanse" }
    family_ratios(pair) { "{pair}: ratios of hazard ratios", "{pair}: forhold mellom hasardratioer" }
    family_additive(pair) { "{pair}: additive interaction", "{pair}: additiv interaksjon" }
    family_hazard_ratios(model) { "{model}: hazard ratios", "{model}: hasardratioer" }
    family_size(family, n) { "{family} ({n} tests)", "{family} ({n} tester)" }
    within(exposure, modifier) { "{exposure} within {modifier}", "{exposure} innen {modifier}" }
    bootstrap_title { "Bootstrap intervals", "Bootstrap-intervaller" }
    percentile_interval(level) { "Estimate, percentile {level}\u{a0}CI", "Estimat, persentil-{level}\u{a0}KI" }
    basic_interval(level) { "Basic {level}\u{a0}CI", "Basis-{level}\u{a0}KI" }
    normal_interval(level) { "Normal {level}\u{a0}CI", "Normal-{level}\u{a0}KI" }
    bias { "Bias", "Skjevhet" }
    replicates { "Replicates", "Replikater" }
    replicates_not_converged(n) {
        "; {n} did not converge and are in no interval",
        "; {n} konvergerte ikke og inngår ikke i noe intervall"
    }
    replicates_not_estimable(n) {
        "; {n} lack a coefficient (a level nobody, or nobody with an event, was drawn from) and are not in its interval",
        "; {n} mangler en koeffisient (ingen, eller ingen med hendelse, ble trukket fra et nivå) og inngår ikke i dens intervall"
    }
    replicates_remark(model, n, seed, left_out) {
        "{model}: {n} replicates from seed {seed}{left_out}.",
        "{model}: {n} replikater fra startverdi {seed}{left_out}."
    }
    pooling_title { "Pooling over imputations", "Sammenslåing over imputeringer" }
    df_of_t { "df of t", "df for t" }
    variance_increase { "Relative increase of variance", "Relativ økning i varians" }
    missing_information { "Fraction of missing information", "Andel manglende informasjon" }
    relative_efficiency { "Relative efficiency", "Relativ effisiens" }
    pooled_tests_title { "Pooled tests of terms", "Sammenslåtte tester av ledd" }
    pooled_test { "Test", "Test" }
    pooled_wald { "Wald (D1)", "Wald (D1)" }
    pooled_likelihood_ratio(name) { "likelihood ratio ({name})", "likelihood-ratio ({name})" }
    denominator_df { "Denominator df", "Nevnerens df" }
    all_coefficients { "All coefficients", "Alle koeffisienter" }
    imputations_title { "Completed data sets", "Kompletterte datasett" }
    imputation { "Imputation", "Imputering" }
    log_partial_likelihood { "Log partial likelihood", "Log partiell likelihood" }
    along_time { "Hazard ratios along time", "Hasardratioer langs tiden" }
    along_time_of(model) { "Hazard ratios along time, {model}", "Hasardratioer langs tiden, {model}" }
    events_reference { "Events, reference", "Hendelser, referanse" }
    at_the_reference(what, others) { "{what}: at the reference of {others}.", "{what}: ved referansen for {others}." }
    factor_beside_terms(what, terms) {
        "{what}: the model also has {terms}. These are not the hazard ratios of one unit more, but the factors by which time multiplies the hazard ratio that {terms} gives.",
        "{what}: modellen har også {terms}. Dette er ikke hasardratioene for én enhet mer, men faktorene som tiden multipliserer hasardratioen fra {terms} med."
    }
    per_unit(what) { "{what} (per unit)", "{what} (per enhet)" }
    when_at(time) { "at {time}", "ved {time}" }
    when_up_to(time) { "up to {time}", "til og med {time}" }
    when_over_up_to(after, until) { "over {after}, up to {until}", "over {after}, til og med {until}" }
    when_over(after) { "over {after}", "over {after}" }
    when_always { "all times", "alle tider" }
}

impl Language {
    /// How tied event times are handled, by its name in `results.json`; names of methods stay.
    pub(crate) fn ties_by_name(self, name: &str) -> String {
        match name {
            "efron" => "Efron",
            "breslow" => "Breslow",
            "exact" => self.ties_exact(),
            other => other,
        }
        .to_owned()
    }

    /// What is added to the likelihood, by its name in `results.json`.
    pub(crate) fn penalty_by_name(self, name: &str) -> String {
        if name == "firth" { "Firth" } else { name }.to_owned()
    }

    /// The kind of variance, by its name in `results.json`.
    pub(crate) fn variance_by_name(self, name: &str) -> String {
        match name {
            "model" => self.variance_model(),
            "robust" => self.variance_robust(),
            "clustered" => self.variance_clustered(),
            other => other,
        }
        .to_owned()
    }
}
