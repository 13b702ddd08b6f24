//! What STROBE and RECORD ask for, shortly, and what a run can answer.

use super::words;

words! {
    checklist_title { "Reporting checklist: STROBE for cohort studies, with RECORD", "Sjekkliste for rapportering: STROBE for kohortstudier, med RECORD" }
    checklist_intro {
        "Items in short words; the wording that counts is that of von Elm et al. 2007 (STROBE, doi 10.1371/journal.pmed.0040296) and Benchimol et al. 2015 (RECORD, doi 10.1371/journal.pmed.1001885). What the run knows is filled in; the rest is for the authors.",
        "Punktene er gjengitt kort; ordlyden som gjelder, er den i von Elm mfl. 2007 (STROBE, doi 10.1371/journal.pmed.0040296) og Benchimol mfl. 2015 (RECORD, doi 10.1371/journal.pmed.1001885). Det kjøringen vet, er fylt inn; resten er for forfatterne."
    }
    checklist_counts(filled, all) { "{filled} of {all} items filled from the run.", "{filled} av {all} punkter fylt ut fra kjøringen." }
    checklist_item { "Item", "Punkt" }
    asked { "What is asked", "Hva det spørres om" }
    answers_of_the_run { "From this run", "Fra denne kjøringen" }
    for_the_authors { "for the authors", "for forfatterne" }
    ask_1a { "Design in title or abstract", "Design i tittel eller sammendrag" }
    ask_1b { "Abstract of what was done and found", "Sammendrag av hva som ble gjort og funnet" }
    ask_2 { "Background and rationale", "Bakgrunn og begrunnelse" }
    ask_3 { "Objectives and hypotheses", "Mål og hypoteser" }
    ask_4 { "Design, early in the paper", "Design, tidlig i artikkelen" }
    ask_5 { "Setting, places and dates", "Ramme, steder og datoer" }
    ask_6a { "Eligibility, sources, selection and follow-up", "Inklusjonskriterier, kilder, utvalg og oppfølging" }
    ask_6b { "Matching, if any", "Matching, om noen" }
    ask_7 { "Outcomes, exposures, confounders, effect modifiers", "Utfall, eksponeringer, konfundere, effektmodifikatorer" }
    ask_8 { "Sources of data and measurement for each variable", "Datakilder og måling for hver variabel" }
    ask_9 { "Efforts against bias", "Tiltak mot skjevhet" }
    ask_10 { "How the study size came about", "Hvordan studiens størrelse ble til" }
    ask_11 { "How quantitative variables were handled", "Hvordan kvantitative variabler ble håndtert" }
    ask_12a { "All statistical methods", "Alle statistiske metoder" }
    ask_12b { "Subgroups and interactions", "Undergrupper og interaksjoner" }
    ask_12c { "Missing data", "Manglende data" }
    ask_12d { "Loss to follow-up", "Frafall i oppfølgingen" }
    ask_12e { "Sensitivity analyses", "Sensitivitetsanalyser" }
    ask_13a { "Numbers at each stage", "Antall på hvert trinn" }
    ask_13b { "Reasons for non-participation", "Årsaker til ikke å delta" }
    ask_13c { "Flow diagram", "Flytdiagram" }
    ask_14a { "Characteristics of participants", "Kjennetegn ved deltakerne" }
    ask_14b { "Numbers with missing data for each variable", "Antall med manglende data for hver variabel" }
    ask_14c { "Follow-up time", "Oppfølgingstid" }
    ask_15 { "Numbers of outcome events over time", "Antall utfallshendelser over tid" }
    ask_16a { "Unadjusted and adjusted estimates with precision; what was adjusted for", "Ujusterte og justerte estimater med presisjon; hva det ble justert for" }
    ask_16b { "Category boundaries", "Kategorigrenser" }
    ask_16c { "Relative into absolute risk", "Fra relativ til absolutt risiko" }
    ask_17 { "Other analyses", "Andre analyser" }
    ask_18 { "Key results", "Hovedresultater" }
    ask_19 { "Limitations", "Begrensninger" }
    ask_20 { "Interpretation", "Tolkning" }
    ask_21 { "Generalisability", "Generaliserbarhet" }
    ask_22 { "Funding", "Finansiering" }
    ask_r1 { "Data types, region, time and linkage in title or abstract", "Datatyper, region, tid og kobling i tittel eller sammendrag" }
    ask_r6_1 { "How the population was selected, codes included", "Hvordan populasjonen ble valgt, med koder" }
    ask_r6_2 { "Validation of codes and algorithms", "Validering av koder og algoritmer" }
    ask_r6_3 { "Linkage, with numbers at each stage", "Kobling, med antall på hvert trinn" }
    ask_r7_1 { "Complete list of codes", "Fullstendig kodeliste" }
    ask_r12_1 { "Access to the source population", "Tilgang til kildepopulasjonen" }
    ask_r12_2 { "Data cleaning", "Datarensing" }
    ask_r12_3 { "Level, methods and quality of linkage", "Nivå, metoder og kvalitet for koblingen" }
    ask_r13_1 { "Selection of persons by data quality, availability and linkage", "Utvalg av personer etter datakvalitet, tilgjengelighet og kobling" }
    ask_r19_1 { "Consequences of data not collected for the question", "Følger av data som ikke er samlet for spørsmålet" }
    ask_r22_1 { "Access to protocol, raw data and code", "Tilgang til protokoll, rådata og kode" }
    answer_design(extracts) { "Cohort study of {extracts}.", "Kohortstudie av {extracts}." }
    answer_linked(extracts) { "cohort study of linked registers ({extracts})", "kohortstudie av koblede registre ({extracts})" }
    answer_steps(steps) { "Steps: {steps}.", "Trinn: {steps}." }
    answer_variables(event, others) { "Event: {event}. Variables: {others}.", "Hendelse: {event}. Variabler: {others}." }
    answer_exposure(exposure) { " Exposure: {exposure}.", " Eksponering: {exposure}." }
    answer_index_between(from, to) { "Index dates from {from} to {to}.", "Indeksdatoer fra {from} til {to}." }
    answer_index_from(from) { "Index dates from {from} on.", "Indeksdatoer fra og med {from}." }
    answer_index_to(to) { "Index dates to {to}.", "Indeksdatoer til og med {to}." }
    answer_longest(maximum) { "Longest follow-up: {maximum}.", "Lengste oppfølging: {maximum}." }
    answer_place { "The place is for the authors.", "Stedet er for forfatterne." }
    answer_files(files) { "Files read, each with its SHA-256: {files}.", "Leste filer, hver med sin SHA-256: {files}." }
    answer_size(text) { "All who met the criteria: {text}", "Alle som oppfylte kriteriene: {text}" }
    answer_quantitative(levels, numbers) { "By levels: {levels}. As numbers: {numbers}.", "Etter nivåer: {levels}. Som tall: {numbers}." }
    answer_none { "none", "ingen" }
    answer_see_methods { "See the methods text of the report.", "Se metodeteksten i rapporten." }
    answer_pairs(pairs) { "One at a time: {pairs}.", "Én om gangen: {pairs}." }
    answer_missing_levels(names) { "A level of their own for missing values: {names}.", "Eget nivå for manglende verdier: {names}." }
    answer_missing_treated(names) { "Persons without a value, and what was made of it: {names}.", "Personer uten verdi, og hva det ble til: {names}." }
    answer_no_matching { "Nobody was matched.", "Ingen ble matchet." }
    answer_no_missing { "No variable of the tables has missing values in the cohort.", "Ingen variabel i tabellene har manglende verdier i kohorten." }
    answer_exits(exits) { "Follow-up ended with: {exits}.", "Oppfølgingen sluttet med: {exits}." }
    answer_flow(steps) { "Persons left: {steps}.", "Personer igjen: {steps}." }
    answer_excluded(steps) { "Excluded: {steps}.", "Utelatt: {steps}." }
    answer_table(title) { "Table \"{title}\".", "Tabell «{title}»." }
    answer_follow_up(median, years) { "Median (quartiles) {median} days; {years} person-years in all.", "Median (kvartiler) {median} dager; {years} personår i alt." }
    answer_models(models) { "Models side by side in the table: {models}.", "Modeller side om side i tabellen: {models}." }
    answer_standardised(exposures) { "Standardised risks and differences by {exposures}.", "Standardiserte risikoer og differanser etter {exposures}." }
    answer_links(links) { "Keys found: {links}.", "Funne nøkler: {links}." }
    answer_notes(n) { "Table \"What the rules did\", {n} entries.", "Tabell «Hva reglene gjorde», {n} linjer." }
    answer_code(software, version) { "Software {software} {version}; study file and inputs with their hashes in manifest.json.", "Programvare {software} {version}; studiefil og inndata med hasher i manifest.json." }
    answer_ph { "Tests of proportional hazards.", "Tester av proporsjonale hasarder." }
}
