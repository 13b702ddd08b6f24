//! Table 1: its counts among those of the run, and what leaves of means, quartiles, shares and differences.
//!
//! Cells, group sizes and the column of all persons are counts like others. Shares and standardised differences are made
//! again of what is shown, so that they say nothing more. Means go with small groups; where one group's alone is hidden, that
//! of all persons goes too, since it would give the one back. Quartiles are values of persons, for which a profile has a rule.

use super::cells::{Place, See, Spot, TOTAL, level_key, pair_key, spot};
use super::derived::significant;
use super::relations::within_group;
use super::system::{CellId, Price, System};
use super::{Hidden, Profile, cells, derived};
use crate::describe::{difference_of_means, difference_of_shares};
use crate::report::label_or;
use crate::report::{Counts, NumberSummary, Report, TableOne, TableOneCell, TableOneGroup, TableOneVariable};

/// What the checker calls it.
const TABLE: &str = "table one";

const SIZE: Price = Price(12.0);
const MARGIN: Price = Price(4.0);
const CELL: Price = Price(1.0);

/// Significant digits of means, standard deviations and quartiles.
const DIGITS: u32 = 4;

/// The name of a group; that of all persons has the counts of the study where they are the same.
fn group_key(group: &TableOneGroup, total: Option<&Counts>) -> String {
    let same = |t: &Counts| (t.persons, t.events) == (group.counts.persons, group.counts.events);
    match group {
        TableOneGroup { all: true, .. } if total.is_some_and(same) => "total".to_owned(),
        TableOneGroup { all: true, .. } => "table one|all".to_owned(),
        TableOneGroup { level, .. } => format!("table one|group {level}"),
    }
}

fn cell_key(variable: &str, level: &str, group: usize) -> String {
    format!("table one|{variable}={level}|{group}")
}

fn number_key(variable: &str, group: usize, what: &str) -> String {
    format!("table one|{variable}|{group}|{what}")
}

/// Shows every count of Table 1 to `see`; `total` is that of the study.
pub(super) fn visit(one: &mut TableOne, total: Option<&Counts>, see: See<'_>) {
    for group in &mut one.groups {
        let key = group_key(group, total);
        let of_group = table_spot("groups", group_title(group), "");
        cells::counts(&of_group, key.clone(), if group.all { TOTAL } else { SIZE }, &mut group.counts, see);
        if let Some(NumberSummary { n, hidden, .. }) = &mut group.follow_up {
            let (key, bundle) = (format!("{key}|persons"), format!("{key}|persons"));
            let spot = Spot { column: "persons followed".to_owned(), ..of_group };
            see(Place { spot, key, bundle, price: SIZE, count: n, hidden });
        }
    }
    let groups: Vec<(String, bool)> = one.groups.iter().map(|g| (group_title(g).to_owned(), g.all)).collect();
    for variable in &mut one.variables {
        self::variable(variable, &groups, see);
    }
    let (spot, key) = (table_spot("left out", "", "persons"), "table one|left out".to_owned());
    let (bundle, mut hidden) = (key.clone(), false);
    see(Place { spot, key, bundle, price: MARGIN, count: &mut one.n_left_out, hidden: &mut hidden });
}

fn group_title(group: &TableOneGroup) -> &str {
    if group.all { "all" } else { label_or(&group.label, &group.level) }
}

fn table_spot(row: &str, group: &str, what: &str) -> Spot {
    let column = if group.is_empty() { what.to_owned() } else { group.to_owned() };
    spot("table_one", TABLE, row, &column)
}

fn variable(of: &mut TableOneVariable, groups: &[(String, bool)], see: See<'_>) {
    let price = |g: usize| if groups.get(g).is_some_and(|g| g.1) { MARGIN } else { CELL };
    let group = |g: usize| groups.get(g).map_or("", |g| g.0.as_str());
    let title = label_or(&of.label, &of.variable).to_owned();
    for level in &mut of.levels {
        for (g, TableOneCell { persons, hidden, .. }) in level.cells.iter_mut().enumerate() {
            let key = cell_key(&of.variable, &level.level, g);
            let row = format!("{title}: {}", label_or(&level.label, &level.level));
            let (spot, bundle) = (table_spot(&row, group(g), "persons"), key.clone());
            see(Place { spot, key, bundle, price: price(g), count: persons, hidden });
        }
    }
    let numbers = of.numbers.iter_mut().enumerate().filter_map(|(g, s)| s.as_mut().map(|s| (g, s)));
    let with = numbers.map(|(g, NumberSummary { n, hidden, .. })| (g, "with a number", n, hidden));
    let without = of.missing.iter_mut().enumerate();
    let without = without.map(|(g, TableOneCell { persons, hidden, .. })| (g, "without a number", persons, hidden));
    for (g, what, count, hidden) in with.chain(without) {
        let spot = table_spot(&format!("{title}, {what}"), group(g), "persons");
        let key = number_key(&of.variable, g, what);
        let bundle = number_key(&of.variable, g, "numbers");
        see(Place { spot, key, bundle, price: price(g), count, hidden });
    }
}

/// States what adds up to what in Table 1, and with the levels and cells of other tables.
pub(super) fn state(report: &Report, profile: &Profile, system: &mut System) {
    let Some(one) = &report.table_one else { return };
    let keys: Vec<String> = one.groups.iter().map(|g| group_key(g, report.total.as_ref())).collect();
    for what in ["persons", "records", "events"] {
        let sizes: Vec<Option<CellId>> = keys.iter().map(|key| system.find(&format!("{key}|{what}"))).collect();
        over_groups(one, &sizes, system);
        for (group, own) in one.groups.iter().zip(&sizes).filter(|(g, _)| !g.all) {
            let row = one.by.as_ref().and_then(|by| system.find(&level_key(by, &group.level, what)));
            same(*own, row, system);
        }
    }
    for (group, key) in one.groups.iter().zip(&keys) {
        if !group.all {
            within_group(key, system);
        }
    }
    let sizes: Vec<Option<CellId>> = keys.iter().map(|key| system.find(&format!("{key}|persons"))).collect();
    for variable in &one.variables {
        state_variable(report, one, variable, &sizes, profile, system);
    }
    // Everybody has a group.
    system.find("table one|left out").into_iter().for_each(|id| system.zero_says_nothing(id));
}

fn state_variable(
    report: &Report,
    one: &TableOne,
    variable: &TableOneVariable,
    sizes: &[Option<CellId>],
    profile: &Profile,
    system: &mut System,
) {
    let name = variable.variable.as_str();
    let mut lines: Vec<Vec<CellId>> = vec![Vec::new(); one.groups.len()];
    for level in &variable.levels {
        let row: Vec<Option<CellId>> =
            (0..one.groups.len()).map(|g| system.find(&cell_key(name, &level.level, g))).collect();
        over_groups(one, &row, system);
        for (g, own) in row.iter().enumerate() {
            let Some(own) = *own else { continue };
            lines[g].push(own);
            let group = &one.groups[g];
            let elsewhere = match &one.by {
                _ if group.all => level_key(name, &level.level, "persons"),
                Some(by) => pair_key((by, &group.level), (name, &level.level), "persons"),
                None => continue,
            };
            same(Some(own), system.find(&elsewhere), system);
            let prefixes = report.models.iter().filter(|m| !m.levels.is_empty()).map(cells::own);
            let of_models: Vec<CellId> = prefixes.filter_map(|p| system.find(&(p + &elsewhere))).collect();
            of_models.into_iter().for_each(|some| system.within(some, own));
            if level.missing && !profile.hide_missing {
                system.harmless(own);
            }
        }
    }
    for what in ["with a number", "without a number"] {
        let row: Vec<Option<CellId>> = (0..one.groups.len()).map(|g| system.find(&number_key(name, g, what))).collect();
        over_groups(one, &row, system);
        row.iter().enumerate().for_each(|(g, cell)| lines[g].extend(cell));
    }
    for (line, size) in lines.iter().zip(sizes) {
        if let Some(size) = size.filter(|_| !line.is_empty()) {
            system.sum(size, line);
        }
    }
}

/// The groups make up the column of all persons.
fn over_groups(one: &TableOne, row: &[Option<CellId>], system: &mut System) {
    let of = |all: bool| one.groups.iter().zip(row).filter(move |(g, _)| g.all == all).filter_map(|(_, cell)| *cell);
    let parts: Vec<CellId> = of(false).collect();
    if let Some(all) = of(true).next().filter(|_| !parts.is_empty()) {
        system.sum(all, &parts);
    }
}

/// A number of persons as they enter against that of persons with any time there: the same, or some of them.
fn same(own: Option<CellId>, other: Option<CellId>, system: &mut System) {
    if let Some((own, other)) = own.zip(other).filter(|(a, b)| a != b) {
        system.within(own, other);
    }
}

/// Takes away means and quartiles of hidden and of small groups; `original` has all counts. To be called once person-time of
/// levels is hidden.
pub(super) fn hide(report: &mut Report, original: &Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    let levels = std::mem::take(&mut report.levels);
    let (Some(one), Some(whole)) = (&mut report.table_one, &original.table_one) else {
        report.levels = levels;
        return;
    };
    for group in one.groups.iter_mut().filter(|g| !g.all) {
        // Person-time of a group that is hidden in the main table would come back.
        let row = levels.iter().find(|l| Some(&l.variable) == one.by.as_ref() && l.level == group.level);
        group.counts.events_hidden |= row.is_some_and(|r| r.counts.events_hidden);
        group.counts.persons_hidden |= row.is_some_and(|r| r.counts.persons_hidden);
    }
    derived::protect_person_time(one.groups.iter_mut().filter(|g| !g.all).map(|g| &mut g.counts).collect(), profile);
    one.groups.iter_mut().for_each(|g| derived::clear(&mut g.counts));
    let gone: Vec<bool> = one.groups.iter().map(|g| g.counts.persons_hidden || g.counts.events_hidden).collect();
    let all: Vec<bool> = one.groups.iter().map(|g| g.all).collect();
    let mut follow_up: Vec<&mut Option<NumberSummary>> = one.groups.iter_mut().map(|g| &mut g.follow_up).collect();
    let whole_follow_up: Vec<Option<NumberSummary>> = whole.groups.iter().map(|g| g.follow_up).collect();
    let mut estimates = hide_summaries(&mut follow_up, &whole_follow_up, &all, &gone, profile);
    for (variable, whole) in one.variables.iter_mut().zip(&whole.variables) {
        let mut numbers: Vec<&mut Option<NumberSummary>> = variable.numbers.iter_mut().collect();
        estimates += hide_summaries(&mut numbers, &whole.numbers, &all, &[], profile);
    }
    report.levels = levels;
    hidden.push(Hidden { table: TABLE.into(), estimates, ..Hidden::default() });
}

/// Hides the summaries of small groups and of those that are `gone`, and that of all persons where only one other is hidden.
fn hide_summaries(
    of: &mut [&mut Option<NumberSummary>],
    whole: &[Option<NumberSummary>],
    all: &[bool],
    gone: &[bool],
    profile: &Profile,
) -> usize {
    let small = |g: usize| whole[g].and_then(|s| s.n).is_some_and(|n| profile.is_small(n));
    for (g, summary) in of.iter_mut().enumerate() {
        if let Some(summary) = summary.as_mut() {
            summary.hidden |= small(g) || gone.get(g) == Some(&true);
        }
    }
    let is_hidden = |summary: &Option<NumberSummary>| summary.is_some_and(|s| s.hidden);
    let one_alone = of.iter().zip(all).filter(|(s, all)| !**all && is_hidden(s)).count() == 1;
    let mut n = 0;
    for (summary, all) in of.iter_mut().zip(all) {
        let Some(summary) = summary.as_mut() else { continue };
        if summary.hidden || (one_alone && *all) {
            *summary = NumberSummary { n: summary.n, hidden: true, ..NumberSummary::default() };
            n += 1;
        } else {
            shorten(summary, profile);
        }
    }
    n
}

/// Few digits, and quartiles as the profile says; the numbers of persons at a quartile go.
fn shorten(summary: &mut NumberSummary, profile: &Profile) {
    let sharing = std::mem::take(&mut summary.sharing);
    for (quartile, sharing) in [&mut summary.q1, &mut summary.median, &mut summary.q3].into_iter().zip(sharing) {
        // Nobody shares one between the values of two persons, which is made of theirs.
        let shown = profile.shows_percentile(sharing.unwrap_or(0));
        summary.quartiles_hidden |= quartile.is_some() && !shown;
        *quartile = quartile.filter(|_| shown).map(|x| significant(x, DIGITS));
    }
    let places = summary.n.filter(|_| profile.rounds()).map(|n| places_of_means(n, profile));
    for number in [&mut summary.mean, &mut summary.sd] {
        *number = number.map(|x| rounded(significant(x, DIGITS), places));
    }
}

/// Decimal places of a mean of so many persons where their number is rounded: whole values (years of age, days) add up to a
/// whole number, so that a mean with more places tells the persons. One unit of the last place is at least 1/n for the
/// fewest persons that are shown as they are; then some whole sum fits whatever their number is.
fn places_of_means(n: u64, profile: &Profile) -> usize {
    profile.range(n).0.max(1).ilog10() as usize
}

fn rounded(x: f64, places: Option<usize>) -> f64 {
    places.map_or(x, |places| format!("{x:.places$}").parse().unwrap_or(x))
}

/// Rates, shares and differences of the counts that are shown; to be called once they are rounded.
pub(super) fn derive(report: &mut Report, profile: &Profile) {
    let (per, total) = (report.settings.rate_per, report.total.clone());
    let Some(one) = &mut report.table_one else { return };
    for group in &mut one.groups {
        match &total {
            // The total may be a sum of rounded cells.
            Some(total) if group.all => {
                let summary = group.follow_up.as_mut();
                summary.into_iter().for_each(|s| s.n = s.n.and(total.persons));
                group.counts = total.clone();
            }
            _ => derived::make_rate(&mut group.counts, per, profile),
        }
    }
    let sizes: Vec<Option<u64>> = one.groups.iter().map(|g| g.counts.persons).collect();
    let compared: Vec<usize> = (0..sizes.len()).filter(|g| !one.groups[*g].all && !one.groups[*g].missing).collect();
    for variable in &mut one.variables {
        let cells = variable.levels.iter_mut().map(|l| &mut l.cells).chain([&mut variable.missing]);
        for (cell, size) in cells.flat_map(|cells| cells.iter_mut().zip(&sizes)) {
            let share = cell.persons.zip(*size).filter(|(_, size)| *size > 0);
            cell.share = share.map(|(n, size)| (n as f64 / size as f64).min(1.0));
        }
        differences(variable, &one.differences, &sizes, &compared);
    }
}

/// Standardised differences of what is shown: hidden levels count as one, hidden groups are left out.
fn differences(variable: &mut TableOneVariable, kind: &str, sizes: &[Option<u64>], compared: &[usize]) {
    let of = |a: usize, b: usize| match variable.levels.is_empty() {
        true => Some(difference_of_numbers(variable, a, b)),
        false => shown_shares(variable, sizes, a, b).map(|(a, b)| difference_of_shares(&a, &b)),
    };
    let known = |a: usize| match variable.levels.is_empty() {
        true => variable.numbers.get(a).is_some_and(|s| s.is_none_or(|s| !s.hidden)),
        false => sizes[a].is_some(),
    };
    let n = variable.differences.len();
    let found: Vec<Option<f64>> = match kind {
        "reference" => {
            let against = |k: usize| of(compared[0], compared[k]).flatten().filter(|_| k > 0 && known(compared[0]));
            (0..n.min(compared.len())).map(|k| against(k).filter(|_| known(compared[k]))).collect()
        }
        _ if n == 0 => Vec::new(),
        _ => {
            let shown: Vec<usize> = compared.iter().copied().filter(|g| known(*g)).collect();
            let pairs = shown.iter().enumerate().flat_map(|(k, a)| shown[k + 1..].iter().map(move |b| (*a, *b)));
            let all: Vec<Option<f64>> = pairs.filter_map(|(a, b)| of(a, b)).collect();
            let largest = all.iter().flatten().copied().max_by(f64::total_cmp);
            vec![largest.filter(|_| all.iter().all(Option::is_some))]
        }
    };
    let few = compared.iter().filter(|g| known(**g)).count() < 2;
    variable.differences_hidden = n > 0 && few && compared.len() > 1;
    variable.differences = found;
}

fn difference_of_numbers(variable: &TableOneVariable, a: usize, b: usize) -> Option<f64> {
    let of = |g: usize| variable.numbers.get(g).copied().flatten().and_then(|s| s.mean.zip(s.sd));
    difference_of_means(of(a)?, of(b)?)
}

/// Persons of two groups by level, with the levels that are hidden in either taken together.
fn shown_shares(
    variable: &TableOneVariable,
    sizes: &[Option<u64>],
    a: usize,
    b: usize,
) -> Option<(Vec<u64>, Vec<u64>)> {
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    let (mut rest_a, mut rest_b) = (sizes[a]?, sizes[b]?);
    let mut any_hidden = false;
    for level in &variable.levels {
        let Some((n_a, n_b)) = level.cells[a].persons.zip(level.cells[b].persons) else {
            any_hidden = true;
            continue;
        };
        (rest_a, rest_b) = (rest_a.saturating_sub(n_a), rest_b.saturating_sub(n_b));
        // Those without a value do not take part.
        if !level.missing {
            of_a.push(n_a);
            of_b.push(n_b);
        }
    }
    if any_hidden {
        of_a.push(rest_a);
        of_b.push(rest_b);
    }
    Some((of_a, of_b))
}
