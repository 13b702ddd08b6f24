//! `[disclosure]`: a named profile, and what the study makes stricter.

use super::Context;
use crate::study::disclosure::{Extremes, PROFILES, Profile, Rates, Rounding, Small, Totals, WITHOUT_FIGURES};
use crate::study::output::Disclosure;
use crate::study::spec::{Section, list_of};
use crate::study::{Span, spec::Node};

/// The words for [`Totals`].
const TOTALS: [(&str, Totals); 2] = [("own", Totals::Own), ("from_cells", Totals::FromCells)];

/// The words for [`Rates`].
const RATES: [(&str, Rates); 2] = [("from_rounded", Rates::FromRounded), ("hide", Rates::Hide)];

/// The words for [`Extremes`].
const EXTREMES: [(&str, Extremes); 3] =
    [("show", Extremes::Show), ("threshold", Extremes::Threshold), ("hide", Extremes::Hide)];

/// The words for the way of rounding.
const METHODS: [(&str, Method); 3] =
    [("nearest", Rounding::Nearest), ("midpoint", Rounding::Midpoint), ("base", Rounding::Base)];

/// A way of rounding, once the number is known.
type Method = fn(u64) -> Rounding;

/// Keys beside `profile`.
const KEYS: [&str; 12] = [
    "threshold",
    "round_to",
    "method",
    "marker",
    "hide_zero",
    "hide_missing",
    "round_totals",
    "rates",
    "extremes",
    "secondary",
    "min_events_level",
    "min_events_model",
];

const LAXER: &str = "a study may be stricter than its site, not laxer; or choose \"custom\"";

impl Context<'_> {
    /// `[disclosure]`.
    pub fn read_disclosure(&self, root: &Section<'_>) -> Option<Disclosure> {
        let section = root.section("disclosure", "[disclosure]")?;
        section.know(&KEYS);
        let profile = self.read_profile(&section);
        let profile = profile.map(|site| Reading { context: self, section: &section, site }.whole());
        section.finish();
        Some(Disclosure { span: section.span.clone(), profile: profile? })
    }

    /// The profile that is named, with the site's own numbers.
    fn read_profile(&self, section: &Section<'_>) -> Option<Profile> {
        let names = || PROFILES.iter().copied().chain(WITHOUT_FIGURES.iter().map(|(site, _)| *site)).chain(["custom"]);
        let Some(node) = section.node("profile") else {
            section.missing("profile", &format!("choose {}; \"none\" must be typed", list_of(names())));
            return None;
        };
        let Some(name) = node.as_text() else {
            section.expected("profile", node, &list_of(names()));
            return None;
        };
        let profile = Profile::of_name(&name.text);
        if profile.is_none() {
            let rule = format!("there is no disclosure profile \"{}\"", name.text);
            // Sites are named with their country: `helsedata` is meant for `no-helsedata`.
            let meant = names().find(|known| known.split_once('-').is_some_and(|(_, site)| site == name.text));
            let remedy = meant
                .map_or_else(|| format!("choose {}", list_of(names())), |known| format!("did you mean \"{known}\"?"));
            self.faults.add(&name.span, rule, remedy);
        }
        profile
    }
}

/// One `[disclosure]` section against the profile that it names.
struct Reading<'a> {
    context: &'a Context<'a>,
    section: &'a Section<'a>,
    site: Profile,
}

impl Reading<'_> {
    /// The profile with what the study makes stricter.
    fn whole(&self) -> Profile {
        let mut profile = self.site.clone();
        if profile.name == "none" {
            self.refuse_all();
            return profile;
        }
        self.counts(&mut profile);
        self.rounding(&mut profile);
        self.switches(&mut profile);
        self.values(&mut profile);
        if let Some(marker) = self.section.text("marker") {
            if marker.text.trim().is_empty() || marker.text.trim().parse::<f64>().is_ok() {
                let rule = "`marker` is empty or reads as a number";
                self.context.faults.add(&marker.span, rule, "write a mark such as \".\" or \"<5\"");
            }
            profile.marker = marker.text;
        }
        profile
    }

    fn refuse_all(&self) {
        for key in KEYS.into_iter().filter(|key| self.section.has(key)) {
            let rule = format!("profile \"none\" hides and rounds nothing, so `{key}` has no place");
            self.context.faults.add(&self.span(key), rule, "choose \"custom\" or a site's profile");
        }
    }

    fn counts(&self, profile: &mut Profile) {
        let name = profile.name.as_str();
        match self.section.whole("threshold", 0, 1_000_000).map(|n| n as u64) {
            Some(n) if n < self.site.threshold => {
                let rule = format!("`threshold` is below the {} of profile \"{name}\"", self.site.threshold);
                self.context.faults.add(&self.span("threshold"), rule, LAXER);
            }
            Some(n) => profile.threshold = n,
            None if self.section.has("threshold") => {}
            None if name == "custom" => self.section.missing("threshold", "the smallest count that is shown"),
            None => {
                if let Some((_, why)) = WITHOUT_FIGURES.iter().find(|(site, _)| *site == name) {
                    let remedy = format!("{why}; ask the site and write the smallest count that may be shown");
                    self.section.missing("threshold", &remedy);
                }
            }
        }
        for (key, own) in
            [("min_events_level", &mut profile.min_events_level), ("min_events_model", &mut profile.min_events_model)]
        {
            let Some(n) = self.section.whole(key, 0, 1_000_000).map(|n| n as u64) else { continue };
            if n < *own {
                self.context.faults.add(&self.span(key), format!("`{key}` is below the {own} of the profile"), LAXER);
            }
            *own = n.max(*own);
        }
    }

    fn rounding(&self, profile: &mut Profile) {
        let method = self.section.choice("method", &METHODS);
        let step = self.section.whole("round_to", 1, 1_000_000).map(|n| n as u64);
        let site = self.site.rounding;
        if site == Rounding::BySize && (method.is_some() || step.is_some()) {
            let key = if method.is_some() { "method" } else { "round_to" };
            let rule = format!("profile \"{}\" rounds by the size of the number", profile.name);
            self.context.faults.add(&self.span(key), rule, "take the key out, or choose \"custom\"");
            return;
        }
        let word = self.section.node("method").and_then(Node::as_text).map(|t| t.text);
        if site != Rounding::None && word.as_ref().is_some_and(|w| w != site.method()) {
            let rule = format!("profile \"{}\" rounds by method \"{}\"", profile.name, site.method());
            self.context.faults.add(&self.span("method"), rule, LAXER);
            return;
        }
        if step.is_some_and(|n| n % site.step() != 0) {
            let rule = format!("`round_to` is no multiple of the {} of profile \"{}\"", site.step(), profile.name);
            self.context.faults.add(&self.span("round_to"), rule, LAXER);
            return;
        }
        let make = method.unwrap_or(match site {
            Rounding::Midpoint(_) => Rounding::Midpoint,
            Rounding::Base(_) => Rounding::Base,
            _ => Rounding::Nearest,
        });
        profile.rounding = match step.unwrap_or(site.step()) {
            1 if method.is_some() && word.as_deref() == Some("base") => Rounding::Base(profile.threshold.max(2)),
            1 => site,
            n => make(n),
        };
        self.small(profile, method.is_some() && step.unwrap_or(site.step()) == 1 && word.as_deref() != Some("base"));
    }

    /// Rounding to the base, and midpoints as wide as the threshold, hide small counts by themselves: all that are shown as
    /// the smallest ones are.
    fn small(&self, profile: &mut Profile, method_without_step: bool) {
        if method_without_step {
            self.section.missing("round_to", "the number that `method` rounds to");
        }
        match profile.rounding {
            Rounding::Base(n) if n >= profile.threshold => {
                (profile.small, profile.round_totals) = (Small::Rounded, Totals::FromCells);
                profile.threshold = n;
            }
            Rounding::Base(n) => {
                let rule =
                    format!("`round_to` {n} leaves counts under the threshold {} as they are", profile.threshold);
                self.context.faults.add(&self.span("round_to"), rule, "round to the threshold or more");
            }
            Rounding::Midpoint(n) if n + 1 >= profile.threshold => {
                (profile.small, profile.threshold) = (Small::Rounded, n + 1);
            }
            _ => {}
        }
    }

    fn switches(&self, profile: &mut Profile) {
        let switches = [
            ("hide_zero", &mut profile.hide_zero),
            ("hide_missing", &mut profile.hide_missing),
            ("secondary", &mut profile.secondary),
        ];
        for (key, own) in switches {
            if !self.section.has(key) {
                continue;
            }
            let written = self.section.flag(key);
            if *own && !written && self.site.name != "custom" {
                let rule = format!("`{key}` is true in profile \"{}\"", self.site.name);
                self.context.faults.add(&self.span(key), rule, LAXER);
            } else {
                *own = written;
            }
        }
    }

    fn values(&self, profile: &mut Profile) {
        let laxer = |key: &'static str, own: &str| {
            let rule = format!("`{key}` is \"{own}\" in profile \"{}\"", self.site.name);
            self.context.faults.add(&self.span(key), rule, LAXER);
        };
        let custom = self.site.name == "custom";
        match self.section.choice("round_totals", &TOTALS) {
            Some(Totals::Own) if profile.round_totals == Totals::FromCells => laxer("round_totals", "from_cells"),
            Some(totals) => profile.round_totals = totals,
            None => {}
        }
        match self.section.choice("rates", &RATES) {
            Some(rates) if rates < profile.rates => laxer("rates", "hide"),
            Some(rates) => profile.rates = rates,
            None => {}
        }
        match self.section.choice("extremes", &EXTREMES) {
            Some(extremes) if extremes < profile.extremes && !custom => {
                let own = EXTREMES.iter().find(|(_, e)| *e == profile.extremes).map_or("", |(word, _)| word);
                laxer("extremes", own);
            }
            Some(extremes) => profile.extremes = extremes,
            None => {}
        }
    }

    fn span(&self, key: &'static str) -> Span {
        self.section.node(key).map_or(self.section.span.clone(), |n| n.span.clone())
    }
}
