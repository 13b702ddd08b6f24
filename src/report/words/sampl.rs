//! What SAMPL asks for, shortly, and what a run can answer.

use super::words;

words! {
    sampl_title { "Statistical reporting: SAMPL", "Statistisk rapportering: SAMPL" }
    sampl_intro {
        "Items of the SAMPL guidelines (Lang and Altman 2013, Science Editors' Handbook; 2015, doi 10.1016/j.ijnurstu.2014.09.006) in short words, for cohort studies with survival analyses. The guidelines have no numbers: G general, D descriptive statistics, T tests, R regression, S survival.",
        "Punktene i SAMPL-retningslinjene (Lang og Altman 2013, Science Editors' Handbook; 2015, doi 10.1016/j.ijnurstu.2014.09.006), gjengitt kort, for kohortstudier med overlevelsesanalyser. Retningslinjene har ingen numre: G generelt, D beskrivende statistikk, T tester, R regresjon, S overlevelse."
    }
    sampl_g1 { "Changes of raw data before the analysis: classes, transformations", "Endringer av rådata før analysen: klasser, transformasjoner" }
    sampl_g2 { "Purpose of each analysis", "Formålet med hver analyse" }
    sampl_g3 { "Variables, each with descriptive statistics", "Variabler, hver med beskrivende statistikk" }
    sampl_g4 { "Smallest difference of importance", "Minste forskjell av betydning" }
    sampl_g5 { "Main methods, and which for which analysis", "Hovedmetoder, og hvilken til hvilken analyse" }
    sampl_g6 { "Assumptions and how they were checked", "Forutsetninger og hvordan de ble undersøkt" }
    sampl_g7 { "Adjustment for several tests", "Justering for flere tester" }
    sampl_g8 { "Outlying values", "Uteliggere" }
    sampl_g9 { "One- or two-sided tests; level of significance", "En- eller tosidige tester; signifikansnivå" }
    sampl_g10 { "Software", "Programvare" }
    sampl_g11 { "Additional and exploratory analyses, named as such", "Tilleggsanalyser og eksplorerende analyser, navngitt som det" }
    sampl_d1 { "Numbers with a fitting precision", "Tall med passende presisjon" }
    sampl_d2 { "Sample sizes, numerators and denominators of percentages", "Utvalgsstørrelser, tellere og nevnere for prosenter" }
    sampl_d3 { "Mean with SD or median with quartiles, not the standard error", "Gjennomsnitt med SD eller median med kvartiler, ikke standardfeilen" }
    sampl_d4 { "Rates: numerator, denominator, unit, interval", "Rater: teller, nevner, enhet, intervall" }
    sampl_t1 { "Hypotheses tested", "Hypoteser som ble testet" }
    sampl_t2 { "Tests named, estimates with intervals, P values as numbers", "Navngitte tester, estimater med intervaller, P-verdier som tall" }
    sampl_r1 { "Purpose of the regression", "Formålet med regresjonen" }
    sampl_r2 { "Missing data in the models", "Manglende data i modellene" }
    sampl_r3 { "How variables came into the models", "Hvordan variablene kom inn i modellene" }
    sampl_r4 { "Estimates of every variable with intervals, reference levels", "Estimater for hver variabel med intervaller, referansenivåer" }
    sampl_r5 { "Collinearity and interactions", "Kollinearitet og interaksjoner" }
    sampl_r6 { "Goodness of fit", "Modelltilpasning" }
    sampl_r7 { "Validation in other data", "Validering i andre data" }
    sampl_s1 { "Begin and end of the time analysed", "Start og slutt på tiden som analyseres" }
    sampl_s2 { "Circumstances of censoring", "Omstendigheter ved sensurering" }
    sampl_s3 { "Methods for survival and cumulative incidence, and for comparing groups", "Metoder for overlevelse og kumulativ insidens, og for sammenlikning av grupper" }
    sampl_s4 { "Survival of each group at chosen times, with interval and number at risk", "Overlevelse i hver gruppe ved valgte tider, med intervall og antall under risiko" }
    sampl_s5 { "Median survival with interval", "Median overlevelse med intervall" }
    sampl_s6 { "Comparison of groups, P values", "Sammenlikning av grupper, P-verdier" }
    sampl_s7 { "Regression model, hazard ratios with intervals", "Regresjonsmodell, hasardratioer med intervaller" }
    sampl_unchanged { "None by the program: numbers entered as they are.", "Ingen av programmet: tallene ble brukt som de er." }
    sampl_untested(models) { "Proportional hazards not tested: {models}.", "Proporsjonale hasarder ikke testet: {models}." }
    sampl_forms { "Functional form of numbers: table of cumulative martingale residuals.", "Funksjonell form for tall: tabell over kumulative martingalresidualer." }
    sampl_unadjusted { "P values are not adjusted for the number of tests.", "P-verdiene er ikke justert for antall tester." }
    sampl_outliers { "No observation was left out or changed for its influence; limits that the study sets to values stand among the rules.", "Ingen observasjon ble utelatt eller endret for sin innflytelse; grenser som studien setter for verdier, står blant reglene." }
    sampl_two_sided(percent) {
        "Two-sided; intervals of {percent}. No P value was held against a level of significance.",
        "Tosidige; intervaller på {percent}. Ingen P-verdi ble holdt mot et signifikansnivå."
    }
    sampl_precision {
        "Rounded for reading by the number style of the report; full precision in results.json and tables/.",
        "Avrundet for lesing etter rapportens tallstil; full presisjon i results.json og tables/."
    }
    sampl_spread { "Means with SD or medians with quartiles; no standard errors as description.", "Gjennomsnitt med SD eller medianer med kvartiler; ingen standardfeil som beskrivelse." }
    sampl_p_values {
        "Each table names its test; hazard ratios have intervals; P values are numbers, the smallest as \"less than\".",
        "Hver tabell navngir testen sin; hasardratioer har intervaller; P-verdier er tall, de minste som «mindre enn»."
    }
    sampl_selection { "As named by the authors, who say how they chose them; every one stayed in its model, whatever its P value.", "Som oppgitt av forfatterne, som sier hvordan de ble valgt; hver ble stående i modellen uansett P-verdi." }
    sampl_complete { "No record was left out of a model because a value was missing.", "Ingen observasjon ble utelatt fra en modell på grunn av manglende verdi." }
    sampl_no_alias { "No column was a combination of others.", "Ingen kolonne var en kombinasjon av andre." }
    sampl_alias(names) { "Combinations of other columns, without an estimate: {names}.", "Kombinasjoner av andre kolonner, uten estimat: {names}." }
    sampl_no_interactions { "No interaction analysis was asked for.", "Ingen interaksjonsanalyse ble bedt om." }
    sampl_goodness(list) { "Concordance: {list}; log likelihoods, AIC and BIC in the table of model fit.", "Konkordans: {list}; log-likelihooder, AIC og BIC i tabellen over modelltilpasning." }
    sampl_survival { "Table of survival at the chosen times, by group.", "Tabell over overlevelse ved de valgte tidene, etter gruppe." }
    sampl_curves { "Tables by group; survival at chosen times was not asked for.", "Tabeller etter gruppe; overlevelse ved valgte tider ble ikke bedt om." }
    sampl_medians { "In the table of groups; \"not reached\" where fewer than half had the event.", "I tabellen over grupper; «ikke nådd» der færre enn halvparten hadde hendelsen." }
}
