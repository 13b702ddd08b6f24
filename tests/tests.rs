//! All behaviour tests, one binary. A new test goes into the module of its theme; one line each here.

mod attack; // what somebody can work out from the files of export/, with nothing of the program
mod bootstrap; // resampled fits, adjusted P values
mod browser; // the page in a real browser, where one is installed
mod build; // `cohort build`, and person-time that is kept for the next run
mod cli; // the real binary: streams, messages, exit codes
mod codelists; // code lists from files: those of the registers as they stand
mod cohort_rules; // who enters and when: windows of age and calendar, wash-out, residence, matched comparison persons
mod covariates; // as of the index date, from every kind of source, by hand
mod curves_of_groups; // Kaplan-Meier: robust variances against derivatives, any order of rows
mod derivatives; // score and information against finite differences
mod describe; // persons, events and person-time by level
mod describe_command; // `cohort describe`: R's numbers at the terminal, rates against files, what leaves
mod design; // rows in use, coding, names of columns as R spells them
mod diagnostics; // tests of proportional hazards, residuals, variance options
mod dirt; // faults planted in simulated extracts: each told with its count, and the fit as without
mod disclosure; // what a profile hides, and what an attacker can work out from the rest
mod documents; // HTML, docx, xlsx, LaTeX: read back, and compared with the tables and with results.json
mod entry_oracle; // who enters and why they leave, of generated persons, day by day
mod examples; // the studies in examples/, run as a user would
mod figures; // no label on another, marks where the numbers are, the same bytes, nothing hidden
mod follow_up; // index date to exit; person-time that cannot be; counting day by day
mod formats; // files of Stata, SPSS and SAS; one study from five forms of a delivery; `init --from`
mod formula; // terms as R orders them; messages for faulty formulas
mod hard_cases; // no events, infinite estimates, aliased columns, huge numbers
mod imputations; // completed data sets of a study, pooled, and held against its person-time
mod inference; // interaction analyses and tests per term, by the rules they follow
mod leaks; // no key and no cell in anything the program says or lets leave
mod likelihoods; // exact ties, Firth's correction, profile intervals, ridge terms, by the rules they follow
mod linkage; // keys of several deliverers; what happens when they do not fit
mod loader; // whole deliveries: the example studies, dirty files, messages
mod office; // what Word and Excel ask of a file: order of elements, parts, ids; the Open XML SDK where it is installed
mod oracle; // fast engine = slow textbook, on generated data
mod person_time_oracle; // every day of generated persons, counted one after the other
mod prediction; // curves and standardised risks: flags, tables, data files, disclosure
mod properties; // row order, splitting, scaling, weights, threads
mod readme; // what the README shows is what the program prints
mod reference; // every case in data-fixtures/reference against R survival
mod registered_counts; // every number of results.json has a treatment in disclosure control
mod rehearsal; // `cohort simulate --study`: extracts of any form on which the study runs
mod report; // every table in every format, as snapshots
mod reproduce; // printed numbers: tables by themselves, verdicts against runs, targets files
mod schemas; // JSON Schemas of study and targets files: the keys of the program, and the examples
mod simulate; // synthetic deliveries: the same bytes for a seed, their shapes, nothing left after a fault
mod snapshots; // every table of real runs in every format, one file a table; how to renew them stands there
mod splitting; // cutting and merging person-time = counting day by day
mod standardise; // standardised risks against one curve per record, differences and resampling
mod study; // a change to a good study file, and the message it makes
mod study_models; // models of a study: Firth, Fine and Gray, incidence from cause-specific models
mod support; // generated data, the slow textbook likelihood, tolerances
mod table_one; // Table 1 against R, languages, blocks of models, presentations of an interaction
mod terms; // splines and polynomials against R, hazard ratios along a curve, collapsed levels
mod time_varying; // coefficients that change with time, competing risks: fast engine = every row split
mod traps; // the eleven traps of real extracts: what is wanted, and what must never happen
mod worked_examples; // data small enough to solve by hand
