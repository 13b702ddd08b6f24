//! What other stages say in English, in other languages: notes, warnings, reasons.
//!
//! These texts reach a report as they were written, many with names and numbers inside, so they are found here by
//! their English pattern: `{}` stands for anything, and what stood there is put into the translation in the same
//! order. Of several patterns that fit, the one with most words of its own counts. A text without a translation stays as
//! it is; a test runs the model study and finds such texts.

mod flow;
mod sources;

use crate::house_style::Language;
use crate::report::Warning;

/// English pattern and Norwegian translation; as many `{}` in both.
type Phrase = (&'static str, &'static str);

/// Notes, warnings, reasons, units.
const SAID: &[Phrase] = &[
    // Units of notes.
    ("persons", "personer"),
    ("rows", "rader"),
    ("records", "observasjoner"),
    ("values", "verdier"),
    ("codes", "koder"),
    ("days", "dager"),
    ("events", "hendelser"),
    ("labels", "etiketter"),
    ("first record of each person", "første observasjon for hver person"),
    // Checks of records.
    ("end before start", "slutt før start"),
    ("no length", "uten lengde"),
    ("the same record twice", "samme observasjon to ganger"),
    ("overlap with the record before", "overlapper observasjonen før"),
    ("gap after the record before", "opphold etter observasjonen før"),
    ("person-time after an event", "persontid etter en hendelse"),
    ("event before the last record", "hendelse før siste observasjon"),
    (
        "another follow-up of the same person, in another matched set (no fault)",
        "en annen oppfølging av samme person, i et annet matchet sett (ingen feil)",
    ),
    ("has no rows: whatever rules ask of it finds nothing", "har ingen rader: det reglene spør om der, finnes ikke"),
    (
        "rows in a file with the same bytes as {}, counted once more",
        "rader i en fil med de samme bytes som {}, talt en gang til",
    ),
    ("rows without a key of spelling {}", "rader uten nøkkel av formen {}"),
    (
        "persons of the population without a key of spelling {}: they have no rows there",
        "personer i populasjonen uten nøkkel av formen {}: de har ingen rader der",
    ),
    // Events outside follow-up.
    ("event before the index date (history, no fault)", "hendelse før indeksdatoen (historikk, ingen feil)"),
    (
        "event before the index date, from {} on (history, no fault)",
        "hendelse før indeksdatoen, fra og med {} (historikk, ingen feil)",
    ),
    (
        "event between the index date and entry (does not count)",
        "hendelse mellom indeksdatoen og inngang (teller ikke)",
    ),
    (
        "event on the day of entry (does not count: a later one does)",
        "hendelse på inngangsdagen (teller ikke: en senere gjør det)",
    ),
    (
        "event after follow-up ended for another reason (does not count)",
        "hendelse etter at oppfølgingen endte av en annen årsak (teller ikke)",
    ),
    (
        "further event after the one that ended follow-up (no fault)",
        "ny hendelse etter den som endte oppfølgingen (ingen feil)",
    ),
    // Dates beside the one that ended follow-up.
    (
        "events on the day of an exit: the exit came first, the event does not count",
        "hendelser på dagen for et utfall: utfallet kom først, hendelsen teller ikke",
    ),
    (
        "rows equal to another in key and every column that is read, all kept (`duplicates`)",
        "rader lik en annen i nøkkel og hver kolonne som leses, alle beholdt (`duplicates`)",
    ),
    ("with days between spells", "med dager mellom perioder"),
    (
        "with up to {} days between spells, which do not part them",
        "med opptil {} dager mellom perioder, som ikke skiller dem",
    ),
    (
        "the window reaches past the index date: who enters depends on what comes after it",
        "vinduet går lenger enn til indeksdatoen: hvem som går inn, avhenger av det som kommer etter den",
    ),
    ("with more than {} days between spells", "med mer enn {} dager mellom perioder"),
    ("entered later than the index date", "gikk inn senere enn indeksdatoen"),
    ("between the index date and entry, not at risk", "mellom indeksdatoen og inngang, ikke under risiko"),
    ("without {}, whose entry it does not delay", "uten {}, som ikke utsetter inngangen"),
    ("still under observation at entry", "fortsatt under observasjon ved inngang"),
    ("{} not between index date and entry", "{} ikke mellom indeksdato og inngang"),
    ("events on the day of an exit: the event counts", "hendelser på dagen for et utfall: hendelsen teller"),
    (
        "exits for two reasons on one day: the first listed counts",
        "to årsaker til slutt på samme dag: den første i listen teller",
    ),
    // Lengths of follow-up.
    ("{} of follow-up", "{} oppfølging"),
    ("{} days", "{} dager"),
    ("{} months", "{} måneder"),
    ("{} years", "{} år"),
    // Iterations, cells without an estimate.
    ("converged", "konvergerte"),
    (
        "converged: the log partial likelihood no longer changes",
        "konvergerte: log partiell likelihood endrer seg ikke lenger",
    ),
    ("the iteration limit was reached", "grensen for antall iterasjoner ble nådd"),
    (
        "not estimable: no records, or a combination of other columns",
        "kan ikke beregnes: ingen observasjoner, eller en kombinasjon av andre kolonner",
    ),
    (
        "runs to infinity: all events or none in this cell",
        "går mot uendelig: alle hendelser eller ingen i denne cellen",
    ),
    (
        "RERI, AP and S are meant for a reference with the lowest hazard; here that of {} × {} is lower. Consider making these levels the references (Knol et al. 2011, doi 10.1007/s10654-011-9554-9); nothing was recoded.",
        "RERI, AP og S er ment for en referanse med lavest hasard; her er den for {} × {} lavere. Vurder å gjøre disse nivåene til referanser (Knol mfl. 2011, doi 10.1007/s10654-011-9554-9); ingenting ble omkodet.",
    ),
    ("the two models used different records", "de to modellene brukte ulike observasjoner"),
    (
        "a robust variance, a penalty or a fit without convergence has no likelihood-ratio test",
        "robust varians, straffeledd eller en tilpasning uten konvergens har ingen likelihood-ratio-test",
    ),
    // Functions of time.
    ("the Kaplan-Meier transform of time", "Kaplan-Meier-transformasjonen av tid"),
    ("the rank of time", "rangen av tid"),
    ("time", "tid"),
    ("the logarithm of time", "logaritmen av tid"),
    // Warnings of a fit.
    (
        "{} has no coefficient: its column is constant or a combination of earlier columns (a level without records, or a copy of another term)",
        "{} har ingen koeffisient: kolonnen er konstant eller en kombinasjon av tidligere kolonner (et nivå uten observasjoner, eller en kopi av et annet ledd)",
    ),
    (
        "{} runs to plus infinity: all events, or none, go with it; no interval and no Wald test is given; Firth's correction (--firth; in a study, firth = true of the model) gives a finite estimate, or join levels",
        "{} går mot pluss uendelig: alle hendelser, eller ingen, følger den; verken intervall eller Wald-test er gitt; Firths korreksjon (--firth; i en studie firth = true for modellen) gir et endelig estimat, eller slå sammen nivåer",
    ),
    (
        "{} runs to minus infinity: all events, or none, go with it; no interval and no Wald test is given; Firth's correction (--firth; in a study, firth = true of the model) gives a finite estimate, or join levels",
        "{} går mot minus uendelig: alle hendelser, eller ingen, følger den; verken intervall eller Wald-test er gitt; Firths korreksjon (--firth; i en studie firth = true for modellen) gir et endelig estimat, eller slå sammen nivåer",
    ),
    (
        "no convergence after {} iterations; no estimates are shown; raise the limit or simplify the model",
        "ingen konvergens etter {} iterasjoner; ingen estimater vises; hev grensen eller forenkle modellen",
    ),
    (
        "1 stratum has no event; the records there say nothing about the coefficients",
        "1 stratum har ingen hendelse; observasjonene der sier ingenting om koeffisientene",
    ),
    (
        "{} strata have no event; the records there say nothing about the coefficients",
        "{} strata har ingen hendelse; observasjonene der sier ingenting om koeffisientene",
    ),
    ("strata without events", "strata uten hendelser"),
    ("the lower of the two values of {}", "den laveste av de to verdiene av {}"),
    ("the higher of the two values of {}", "den høyeste av de to verdiene av {}"),
    ("level {} of {}, the reference", "nivå {} av {}, referansen"),
    ("level {} of {}", "nivå {} av {}"),
    // Notes of the pipeline.
    (
        "level {} has nobody in the cohort and is left out of tables and models",
        "nivå {} har ingen i kohorten og er utelatt fra tabeller og modeller",
    ),
    (
        "keys that several keys of the files became by the declared clean-up",
        "nøkler som flere nøkler i filene ble til ved den deklarerte oppryddingen",
    ),
    ("keys", "nøkler"),
    (
        "fields with a text that `missing` names, taken as missing",
        "felt med en tekst som `missing` nevner, tatt som manglende",
    ),
    (
        "codes of which clean-up left nothing, taken as missing",
        "koder som oppryddingen ikke lot noe være igjen av, tatt som manglende",
    ),
    (
        "dates known by month, on the day that place_in_month says",
        "datoer kjent på måned, satt til dagen som place_in_month sier",
    ),
    (
        "years of two digits, in the hundred years from years_from on",
        "årstall med to sifre, i de hundre årene fra years_from",
    ),
    ("dates with a time of day, which is dropped", "datoer med klokkeslett, som er utelatt"),
    ("values with blanks around them, which do not count", "verdier med blanke rundt seg, som ikke teller"),
    ("rows dated before {} of their person", "rader datert før {} for personen"),
    ("rows that go over several lines of the file, within quotes", "rader over flere linjer i filen, i anførselstegn"),
    ("an empty place among several codes, left out", "en tom plass mellom flere koder, utelatt"),
    (
        "declared, but no rule of the study reads it: nothing in its files was looked at",
        "deklarert, men ingen regel i studien leser det: ingenting i filene ble sett på",
    ),
    (
        "codes of several levels, of which the first in the order of the list counts",
        "koder fra flere nivåer, der den første i listens rekkefølge teller",
    ),
    ("a value of an earlier year counts, as look_back says", "en verdi fra et tidligere år teller, som look_back sier"),
    ("a value that is too old for look_back does not count", "en verdi som er for gammel for look_back, teller ikke"),
    (
        "of several spells of one day the one that began last counts",
        "av flere perioder på samme dag teller den som begynte sist",
    ),
    ("rows without a person key, left out", "rader uten personnøkkel, utelatt"),
    ("rows whose key is not linked, left out", "rader med nøkkel som ikke er koblet, utelatt"),
    (
        "nobody had the competing event \"{}\"; the model goes without it",
        "ingen hadde den konkurrerende hendelsen «{}»; modellen klarer seg uten den",
    ),
    (
        "nobody had the competing event \"{}\"; it has no cumulative incidence",
        "ingen hadde den konkurrerende hendelsen «{}»; den har ingen kumulativ insidens",
    ),
    (
        "nobody had the event \"{}\"; it has no cumulative incidence",
        "ingen hadde hendelsen «{}»; den har ingen kumulativ insidens",
    ),
    (
        "without a competing event the Fine-Gray model is a Cox model, and was fitted as one",
        "uten en konkurrerende hendelse er Fine-Gray-modellen en Cox-modell, og ble tilpasset som det",
    ),
    (
        "rows of imputation 0, the incomplete original, left out",
        "rader av imputering 0, den ufullstendige originalen, utelatt",
    ),
    ("missing values that the completed data sets give", "manglende verdier som de kompletterte datasettene gir"),
    (
        "fitted to the records without a missing value (complete cases)",
        "tilpasset observasjonene uten manglende verdi (komplette tilfeller)",
    ),
    (
        "fitted to completed data set {} only; its intervals leave out what imputation adds",
        "tilpasset kun komplettert datasett {}; intervallene mangler det som imputeringen legger til",
    ),
    // Remarks on descriptions.
    (
        "Survival and its log-rank test censor at {}; the probability of the event where they compete is its cumulative incidence.",
        "Overlevelsen og log-rank-testen sensurerer ved {}; sannsynligheten for hendelsen der de konkurrerer, er dens kumulative insidens.",
    ),
    ("No test of equality: all records are in one group.", "Ingen test av likhet: alle observasjoner er i én gruppe."),
    ("No Gray test of the cumulative incidences: {}.", "Ingen Gray-test av de kumulative insidensene: {}."),
    ("{}; standard: the person-time of all groups", "{}; standard: persontiden i alle grupper"),
    ("{}; standard: the person-time of {}", "{}; standard: persontiden i {}"),
    ("{}; standard: the weights of {}", "{}; standard: vektene i {}"),
    // Notes of the loader.
    (
        "no wash-out is declared: earlier events of the same kind do not matter",
        "ingen utvaskingsperiode er oppgitt: tidligere hendelser av samme slag har ingen betydning",
    ),
    ("codes without a system, taken as {}", "koder uten kodeverk, regnet som {}"),
    ("person-time without a value, left out", "persontid uten verdi, utelatt"),
    ("events in it", "hendelser i den"),
    ("look-back {}, because {} begins {}", "tilbakeblikk {}, fordi {} begynner {}"),
    ("look-back {}, because {} has complete keys from {}", "tilbakeblikk {}, fordi {} har fullstendige nøkler fra {}"),
    (
        "ever is since {}, because {} begins then: more is known of those who enter late",
        "noen gang er siden {}, fordi {} begynner da: mer er kjent om dem som går inn sent",
    ),
    (
        "ever is since {}, because {} has complete keys from then: more is known of those who enter late",
        "noen gang er siden {}, fordi {} har fullstendige nøkler fra da: mer er kjent om dem som går inn sent",
    ),
    ("left out: no analysis can use a {}", "utelatt: ingen analyse kan bruke en {}"),
    ("missing as {} in the file", "mangler som {} i filen"),
    (
        "known by month only: the first day stands for the month",
        "bare måneden er kjent: den første dagen står for måneden",
    ),
    (
        "persons of the population without a date of birth, who cannot enter",
        "personer i populasjonen uten fødselsdato, som ikke kan gå inn",
    ),
    (
        "persons who stand in the flow once more, as members of several sets",
        "personer som står i flyten én gang til, som medlemmer av flere sett",
    ),
    (
        "labels of values that differ between files; those of the first file stand",
        "verdietiketter som er ulike mellom filer; de i den første filen gjelder",
    ),
    ("missing values taken as level {}", "manglende verdier regnet som nivå {}"),
    ("missing values taken as {}", "manglende verdier regnet som {}"),
    ("unlisted values taken as level {}", "verdier utenfor listen regnet som nivå {}"),
    ("unlisted values taken as missing", "verdier utenfor listen regnet som manglende"),
    ("values given by override {}", "verdier gitt av overstyring {}"),
    (
        "events on or before the day of entry counted one day after it",
        "hendelser på eller før inngangsdagen regnet én dag etter den",
    ),
    ("times of day dropped, calendar days kept", "klokkeslett droppet, kalenderdager beholdt"),
    ("rows that the condition leaves out", "rader som betingelsen utelater"),
    (
        "of them, rows for which the condition is unknown (a missing value)",
        "av dem, rader der betingelsen er ukjent (en verdi mangler)",
    ),
    ("of them, rows for which it is unknown (a missing value)", "av dem, rader der den er ukjent (en verdi mangler)"),
    (
        "rows of linked persons that the extract's condition leaves out",
        "rader for koblede personer som uttrekkets betingelse utelater",
    ),
    ("read with delimiter {}, which cuts the header", "lest med skilletegn {}, som deler overskriften"),
    ("values taken as missing by their mark", "verdier regnet som manglende etter merket sitt"),
    ("every value is missing", "alle verdier mangler"),
    (
        "kept as text: values look like numbers but begin with 0 (first in row {})",
        "beholdt som tekst: verdiene likner tall, men begynner med 0 (først i rad {})",
    ),
    (
        "kept as text: not all values are numbers (first in row {}); if that one marks a missing value, say so",
        "beholdt som tekst: ikke alle verdier er tall (først i rad {}); hvis den betyr manglende verdi, si det",
    ),
    (
        "the condition is unknown (a missing value) and taken as not satisfied",
        "betingelsen er ukjent (en verdi mangler) og regnet som ikke oppfylt",
    ),
    ("look-back shortened: {} begins {}", "tilbakeblikket er forkortet: {} begynner {}"),
    ("identical rows collapsed", "like rader slått sammen"),
    (
        "persons with contradicting rows: the last by {} stands",
        "personer med motstridende rader: den siste etter {} gjelder",
    ),
    (
        "persons with contradicting rows: the first by {} stands",
        "personer med motstridende rader: den første etter {} gjelder",
    ),
    (
        "dates of another form than declared, taken as missing",
        "datoer av en annen form enn erklært, regnet som manglende",
    ),
    (
        "dates that are no day of the calendar, taken as missing",
        "datoer som ikke er noen dag i kalenderen, regnet som manglende",
    ),
    (
        "dates outside the declared earliest and latest, taken as missing",
        "datoer utenfor erklært tidligste og seneste, regnet som manglende",
    ),
    (
        "codes with fewer digits than declared, taken as missing",
        "koder med færre sifre enn erklært, regnet som manglende",
    ),
    (
        "codes of another width than declared, taken as missing",
        "koder av en annen bredde enn erklært, regnet som manglende",
    ),
    (
        "values not among the declared levels, taken as missing",
        "verdier som ikke er blant de erklærte nivåene, regnet som manglende",
    ),
    ("values that are no whole number, taken as missing", "verdier som ikke er hele tall, regnet som manglende"),
    ("values that are no number, taken as missing", "verdier som ikke er tall, regnet som manglende"),
    (
        "numbers with another decimal mark than declared, taken as missing",
        "tall med et annet desimaltegn enn erklært, regnet som manglende",
    ),
    (
        "numbers outside the declared limits, taken as missing",
        "tall utenfor de erklærte grensene, regnet som manglende",
    ),
    ("numbers that can be no code, taken as missing", "tall som ikke kan være koder, regnet som manglende"),
    ("codes over several lines, taken as missing", "koder over flere linjer, regnet som manglende"),
    ("codes changed by {}", "koder endret av {}"),
    ("codes padded with zeros to {} characters", "koder fylt ut med nuller til {} tegn"),
    (
        "rows of linked persons without a date in {}, not considered",
        "rader for koblede personer uten dato i {}, ikke tatt med",
    ),
    (
        "rows for which {} is unknown (a missing value), not considered",
        "rader der {} er ukjent (en manglende verdi), ikke tatt med",
    ),
    (
        "persons with an index event who are not in the population",
        "personer med indekshendelse som ikke er i populasjonen",
    ),
];

impl Language {
    /// What another stage said, in this language; as it was said where there is no translation.
    pub(crate) fn said(self, text: &str) -> String {
        self.or_as_said(text, |text| in_words(SAID, text))
    }

    /// The translation of a text into this language; the text where there is none.
    fn or_as_said(self, text: &str, bokmal: impl Fn(&str) -> Option<String>) -> String {
        let translated = match self {
            Language::English => None,
            Language::Bokmal => bokmal(text),
        };
        translated.unwrap_or_else(|| text.to_owned())
    }

    /// A warning with the counts of the records behind it, as [`Warning::text`] has it in English.
    pub(crate) fn warned(self, warning: &Warning) -> String {
        if self == Language::English {
            return warning.text();
        }
        let message = self.said(&warning.message);
        let Some(cell) = &warning.cell else { return message };
        let number = |n: u64, one: &str, many: String| if n == 1 { one.to_string() } else { many };
        let events = number(cell.events, self.one_event(), self.n_events(cell.events));
        let records = number(cell.records, self.one_record(), self.n_records(cell.records));
        let cell = self.warning_cell(self.said(&cell.what), events, records);
        match message.split_once(": ") {
            Some((what, why)) => format!("{what} {cell}: {why}"),
            None => format!("{message} {cell}"),
        }
    }
}

/// The translation of a text by the pattern that fits it best; what stands in its places is kept.
fn in_words(phrases: &[Phrase], text: &str) -> Option<String> {
    translated(phrases, &[], text)
}

/// The translation of a text by the pattern that fits it best; what stands in its places is translated by `parts`, as far
/// as it can be.
fn translated(phrases: &[Phrase], parts: &[Phrase], text: &str) -> Option<String> {
    let fitting = phrases.iter().filter_map(|(english, bokmal)| Some((*english, *bokmal, captured(english, text)?)));
    let own_words = |pattern: &str| pattern.replace("{}", "").len();
    let (_, bokmal, found) = fitting.max_by_key(|(english, ..)| own_words(english))?;
    let mut pieces = bokmal.split("{}");
    let mut out = pieces.next().unwrap_or_default().to_string();
    for (piece, value) in pieces.zip(found) {
        out.push_str(&translated(parts, parts, value).unwrap_or_else(|| value.to_owned()));
        out.push_str(piece);
    }
    Some(out)
}

/// What stands in the places of a pattern; `None` when the text does not fit it. Each place takes as little as it can.
fn captured<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let pieces: Vec<&str> = pattern.split("{}").collect();
    let mut rest = text.strip_prefix(pieces[0])?;
    let mut found = Vec::new();
    for (k, piece) in pieces.iter().enumerate().skip(1) {
        let at = if k + 1 == pieces.len() { rest.strip_suffix(piece)?.len() } else { rest.find(piece)? };
        found.push(&rest[..at]);
        rest = &rest[at + piece.len()..];
    }
    (!found.is_empty() || rest.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_translation_has_the_places_of_its_pattern() {
        for (english, norwegian) in SAID {
            assert_eq!(english.matches("{}").count(), norwegian.matches("{}").count(), "{english}");
        }
    }

    #[test]
    fn names_and_numbers_stay_where_they_were() {
        let said = |text| Language::Bokmal.said(text);
        assert_eq!(
            said("look-back shortened: npr begins 2008-01-01"),
            "tilbakeblikket er forkortet: npr begynner 2008-01-01"
        );
        assert_eq!(said("level a of b of c"), "nivå a av b of c");
        assert_eq!(
            said("level x has nobody in the cohort and is left out of tables and models"),
            "nivå x har ingen i kohorten og er utelatt fra tabeller og modeller"
        );
        assert_eq!(said("rows"), "rader");
        assert_eq!(said("rows of something new"), "rows of something new");
        assert_eq!(Language::English.said("rows"), "rows");
    }
}
