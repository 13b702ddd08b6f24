//! The spells of one person: residence, civil status and the like.

use super::columns::Value;
use super::readers::readers;
use super::rows::Maker;
use crate::day::Day;
use crate::simulate::random::Draws;
use crate::study::{Condition, ExitSource};

impl Maker<'_, '_> {
    /// Spells that follow each other without a gap, now and then with one long before the index date.
    pub(super) fn spells(&mut self, from: usize, to: usize, draws: &mut Draws) {
        let course = self.course;
        let plan = self.rows.plan;
        let (lowest, _) = self.rows.present(course);
        let start = self.start_of_spells(from, draws).max(lowest.min(course.index - 40));
        let end = self.end_of_spells(draws);
        let valued = plan.slots.iter().any(|s| !readers(self.study(), &plan.extract.name, &s.spec.name).is_empty());
        let last_day = end.unwrap_or(self.rows.calendar.ends);
        let mut starts: Vec<(i32, Option<usize>)> = vec![(start, None)];
        let more = if valued { draws.below(4) } else { u32::from(draws.below(10) == 0) };
        for _ in 0..more {
            starts.push((draws.between(start + 40, last_day - 40), None));
        }
        for demand in 0..self.demands().len() {
            if self.demands()[demand].date == from {
                starts.extend(self.days_of(demand, draws).into_iter().map(|day| (day, Some(demand))));
            }
        }
        let months = plan.slots[from].is_month() || plan.slots[to].is_month();
        if months {
            starts.iter_mut().for_each(|(day, _)| *day = first_of_month(*day));
        }
        starts.retain(|(day, _)| (start.min(course.index)..last_day).contains(day));
        starts.sort_by_key(|(day, must)| (*day, must.is_none()));
        starts.dedup_by_key(|(day, _)| *day);
        let gap = (!valued && starts.len() > 1 && starts[1].0 < course.index - 800 && starts[1].0 > start + 400)
            .then(|| draws.between(60, 300));
        for (i, (day, must)) in starts.iter().enumerate() {
            let next = starts.get(i + 1).map(|(next, _)| next - 1);
            let last = match (next, gap) {
                (Some(next), Some(gap)) if i == 0 => Some(next - gap),
                (Some(next), _) => Some(next),
                (None, _) => end,
            };
            let last = last.map_or(Value::Missing, Value::Day);
            self.add(vec![(from, Value::Day(*day)), (to, last)], *must);
        }
    }

    /// The first day: as covariates count from it and windows of steps need it, or anything.
    fn start_of_spells(&self, from: usize, draws: &mut Draws) -> i32 {
        let course = self.course;
        let plan = self.rows.plan;
        let needed = self.rows.needed_days(course, false).0;
        let windows = self.study().cohort.steps.iter().filter_map(|step| match &step.condition {
            Condition::Covered { spells, within, .. } if spells.extract == plan.extract.name => {
                Some(within.around(Day(needed)).0.0)
            }
            _ => None,
        });
        let window = windows.min().unwrap_or(needed).min(needed - 40);
        let drawn = match &self.rows.clocks[from] {
            Some(clock) => course.index - clock.days(draws),
            None => match course.birth {
                Some(birth) if draws.below(2) == 0 => birth,
                _ => draws.between(needed - 25 * 365, needed - 40),
            },
        };
        // Nearly everybody is there when steps ask for it.
        if draws.below(100) < 93 || self.study().cohort.matching.is_some() {
            drawn.min(window)
        } else {
            drawn.min(course.index - 40)
        }
    }

    /// The last day; `None` while the spell is open.
    fn end_of_spells(&self, draws: &mut Draws) -> Option<i32> {
        let plan = self.rows.plan;
        let course = self.course;
        let in_step =
            self.study().cohort.steps.iter().any(
                |step| matches!(&step.condition, Condition::InSpell(spells) if spells.extract == plan.extract.name),
            );
        if course.away && in_step {
            return Some(course.index - draws.between(20, 39));
        }
        let ends =
            self.study().follow_up.exits.iter().zip(&course.exits).filter_map(|(exit, day)| match &exit.source {
                ExitSource::SpellEnd(spells) if spells.extract == plan.extract.name => *day,
                _ => None,
            });
        ends.min()
    }
}

fn first_of_month(day: i32) -> i32 {
    let (year, month, _) = Day(day).ymd();
    Day::from_ymd(year, month, 1).map_or(day, |d| d.0)
}
