//! The rows of one person in an extract: which there are and what is fixed of them.

use super::calendar::{Calendar, begins, until};
use super::clocks::{Clock, clock};
use super::columns::{Draw, Value};
use super::course::Course;
use super::draft::Draft;
use super::plan::{Demand, ExtractPlan, Purpose, Shape};
use super::readers::{needs_value, readers, runs};
use crate::day::Day;
use crate::simulate::random::{Draws, Source};
use crate::study::{
    ColumnRef, Condition, Covariate, FollowUpEvent, IndexSource, LookbackStart, Offset, Pick, Source as From, StepKind,
    Study,
};

/// Makes the rows of one extract.
pub(super) struct Rows<'s> {
    pub(super) study: &'s Study,
    pub(super) calendar: &'s Calendar,
    pub(super) plan: &'s ExtractPlan<'s>,
    /// Place of the extract in the study; it parts the random streams.
    number: u64,
    source: &'s Source,
    /// By slot, what counts from a date.
    pub(super) clocks: Vec<Option<Clock>>,
}

/// Days between two measurements, unless a look-back needs them closer.
const BETWEEN: i32 = 200;

impl<'s> Rows<'s> {
    pub(super) fn new(
        study: &'s Study,
        calendar: &'s Calendar,
        plan: &'s ExtractPlan<'s>,
        number: usize,
        source: &'s Source,
    ) -> Rows<'s> {
        let of = |slot: &super::columns::Slot| {
            let column = ColumnRef { extract: plan.extract.name.clone(), column: slot.spec.name.clone() };
            matches!(slot.draw, Draw::Date).then(|| clock(study, calendar, &column)).filter(|c| c.counted)
        };
        let clocks = plan.slots.iter().map(of).collect();
        Rows { study, calendar, plan, number: number as u64, source, clocks }
    }

    /// The rows of person number `person`, who stands at `place` of the chunk.
    pub(super) fn drafts(&self, person: u64, place: u32, course: &Course) -> Vec<Draft> {
        let stream = |row: u64| self.source.stream(person << 20 | (self.number + 1) << 12 | row.min(4095));
        let mut draws = stream(0);
        let mut maker = Maker { rows: self, course, place, drafts: Vec::new(), stream: &stream };
        match self.plan.shape {
            Shape::Population => {}
            Shape::OneEach => maker.one_each(&mut draws),
            Shape::Spells { from, to } => maker.spells(from, to, &mut draws),
            Shape::Changes { since } => maker.changes(since, &mut draws),
            Shape::Yearly { year } => maker.yearly(year, &mut draws),
            Shape::Events { date } => maker.events(date, &mut draws),
            Shape::Plain => maker.add(vec![], None),
        }
        let mut drafts = maker.drafts;
        self.keep_days_apart(&mut drafts);
        drafts
    }

    /// First and last day on which the person can have rows.
    pub(super) fn present(&self, course: &Course) -> (i32, i32) {
        let coverage = &self.plan.extract.coverage;
        let born = course.birth.unwrap_or(i32::MIN).max(self.calendar.index.0 - 25 * 365);
        let first = begins(coverage).unwrap_or(i32::MIN).max(born);
        let last = course.leaves(self.study).min(self.calendar.ends);
        (first, until(coverage).map_or(last, |until| last.min(until)))
    }

    /// The days for which covariates need values: of the person's own follow-up; of all where a missing value stops the study,
    /// because another row may turn out to be the index event, or where persons are compared on each other's days.
    pub(super) fn needed_days(&self, course: &Course, strict: bool) -> (i32, i32) {
        if strict || self.study.cohort.matching.is_some() {
            return (self.calendar.index.0, self.calendar.ends);
        }
        (course.index, course.horizon)
    }

    /// Index events fall on even days, and all that ends follow-up on odd ones: whichever row turns out to be the index event,
    /// nothing ends on that day.
    fn on_its_days(&self, day: i32, is_index: bool) -> i32 {
        let of_index = match &self.study.cohort.index.source {
            IndexSource::Event { rows, .. } => rows.extract == self.plan.extract.name,
            IndexSource::Date(_) => false,
        };
        let of_event = match &self.study.follow_up.event {
            FollowUpEvent::Rows { rows, .. } => rows.extract == self.plan.extract.name,
            FollowUpEvent::Date { .. } => false,
        };
        if is_index || (of_index && !of_event) { day & !1 } else { day | 1 }
    }

    /// Of rows that must not share a day, the first one stays.
    fn keep_days_apart(&self, drafts: &mut Vec<Draft>) {
        let date = match self.plan.shape {
            Shape::Changes { since } => since,
            Shape::Events { date } if self.plan.one_a_day => date,
            _ => return,
        };
        let mut seen: Vec<i32> = Vec::new();
        drafts.retain(|draft| match draft.fixed(date) {
            Some(Value::Day(day)) => {
                let day = self.plan.slots[date].as_read(*day);
                let new = !seen.contains(&day);
                seen.push(day);
                new
            }
            _ => true,
        });
    }
}

/// The rows of one person on their way.
pub(super) struct Maker<'m, 's> {
    pub(super) rows: &'m Rows<'s>,
    pub(super) course: &'m Course,
    place: u32,
    drafts: Vec<Draft>,
    stream: &'m dyn Fn(u64) -> Draws,
}

impl Maker<'_, '_> {
    pub(super) fn add(&mut self, fixed: Vec<(usize, Value)>, must: Option<usize>) {
        let draft = Draft::new(self.place, (self.stream)(self.drafts.len() as u64 + 1));
        let draft = fixed.into_iter().fold(draft, |draft, (at, value)| draft.with(at, value));
        self.drafts.push(must.into_iter().fold(draft, Draft::meeting));
    }

    pub(super) fn study(&self) -> &Study {
        self.rows.study
    }

    pub(super) fn demands(&self) -> &[Demand<'_>] {
        &self.rows.plan.demands
    }

    // ------------------------------------------------------------ one row a person

    /// One row: of everybody, unless dates that rules look for are all there is to tell.
    fn one_each(&mut self, draws: &mut Draws) {
        let plan = self.rows.plan;
        let (mut fixed, mut must) = (Vec::new(), None);
        for (demand, wanted) in plan.demands.iter().enumerate() {
            if fixed.iter().any(|(at, _): &(usize, Value)| *at == wanted.date) {
                continue;
            }
            if let Some(day) = self.days_of(demand, draws).first() {
                fixed.push((wanted.date, Value::Day(*day)));
                must = must.or(Some(demand));
            }
        }
        for (at, clock) in self.rows.clocks.iter().enumerate() {
            if let Some(clock) = clock.as_ref().filter(|_| !fixed.iter().any(|(f, _)| *f == at)) {
                fixed.push((at, Value::Day(self.course.index - clock.days(draws))));
            }
        }
        let only_dates = plan.demands.iter().all(|d| !fixed.iter().any(|(at, _)| *at == d.date));
        let read = |slot: &super::columns::Slot| !readers(self.study(), &plan.extract.name, &slot.spec.name).is_empty();
        if !plan.demands.is_empty() && only_dates && !plan.slots.iter().any(read) {
            return; // Nothing happened to the person that this extract tells.
        }
        self.yearly_columns(&mut fixed, draws);
        let strict = plan.slots.iter().any(|s| {
            readers(self.study(), &plan.extract.name, &s.spec.name).iter().any(|c| needs_value(self.study(), c))
        });
        if strict || !fixed.is_empty() || draws.below(100) < 97 {
            self.add(fixed, must);
        }
    }

    /// Columns of a yearly family: a value that seldom changes.
    fn yearly_columns(&self, fixed: &mut Vec<(usize, Value)>, draws: &mut Draws) {
        let slots = &self.rows.plan.slots;
        let mut last: Option<(&str, Value)> = None;
        for (at, slot) in slots.iter().enumerate().filter(|(_, slot)| slot.year.is_some()) {
            let same = last.clone().filter(|(name, _)| *name == slot.spec.name && draws.below(10) > 0);
            let mut value = same.map_or_else(|| Slotted(slot).some(draws), |(_, value)| value);
            last = Some((&slot.spec.name, value.clone()));
            if draws.below(1000) < slot.missing {
                value = Value::Missing;
            }
            fixed.push((at, value));
        }
    }

    // ------------------------------------------------------------ changes of a status

    fn changes(&mut self, since: usize, draws: &mut Draws) {
        let course = self.course;
        let strict = self.covariates().iter().any(|c| needs_value(self.study(), c));
        let (first, last) = self.rows.needed_days(course, strict);
        let look_back = self.look_back_of_status();
        if !strict && draws.below(100) < 4 {
            return;
        }
        let begin = match (look_back, course.birth) {
            (Some(days), _) => first - draws.between(1, (days / 2).max(1)),
            (None, Some(birth)) if birth < first - 400 => draws.between(birth, first - 40),
            _ => first - draws.between(40, 3000),
        };
        let mut day = begin;
        let end = last.min(course.leaves(self.study()));
        let step = look_back.map_or(2500, |days| (days / 2).max(1));
        while day <= end {
            self.add(vec![(since, Value::Day(day))], None);
            day += if look_back.is_some() { step } else { draws.between(35, step) };
            if self.drafts.len() > 200 {
                break;
            }
        }
    }

    /// The shortest look-back of covariates of the status, in days.
    fn look_back_of_status(&self) -> Option<i32> {
        let look_back = |c: &&Covariate| match &c.source {
            From::Status { look_back, .. } => look_back.map(days),
            _ => None,
        };
        self.covariates().iter().filter_map(look_back).min()
    }

    /// The covariates that read a value of this extract.
    fn covariates(&self) -> Vec<&Covariate> {
        let plan = self.rows.plan;
        plan.slots.iter().flat_map(|s| readers(self.rows.study, &plan.extract.name, &s.spec.name)).collect()
    }

    // ------------------------------------------------------------ a row a year

    fn yearly(&mut self, year: usize, draws: &mut Draws) {
        let strict = self.covariates().iter().any(|c| needs_value(self.study(), c));
        let (first, last) = self.rows.needed_days(self.course, strict);
        let back = |c: &&Covariate| match &c.source {
            From::Yearly { at, look_back, .. } => Some(at.offset - look_back),
            _ => None,
        };
        let covariates = self.covariates();
        let lag = covariates.iter().map(|c| c.timing.lag() / 365 + 1).max().unwrap_or(1);
        let first = Day(first).year() + covariates.iter().filter_map(back).min().unwrap_or(-1) - lag;
        for value in first..=Day(last).year() {
            if strict || draws.below(100) < 92 {
                self.add(vec![(year, Value::Whole(value))], None);
            }
        }
    }

    // ------------------------------------------------------------ dated rows

    fn events(&mut self, date: usize, draws: &mut Draws) {
        for demand in 0..self.demands().len() {
            let at = self.demands()[demand].date;
            for day in self.days_of(demand, draws) {
                self.add(vec![(at, Value::Day(day))], Some(demand));
            }
        }
        for (at, clock) in self.rows.clocks.clone().into_iter().enumerate() {
            if let Some(clock) = clock.filter(|clock| clock.always || draws.below(100) < 80) {
                self.add(vec![(at, Value::Day(self.course.index - clock.days(draws)))], None);
            }
        }
        if self.rows.plan.has_others || self.demands().is_empty() {
            let (first, last) = self.rows.present(self.course);
            for _ in 0..draws.below(3) {
                if first < last {
                    let day = draws.between(first.max(self.course.index - 1500), last);
                    self.add(vec![(date, Value::Day(self.rows.on_its_days(day, false)))], None);
                }
            }
        }
    }

    /// The days on which a person has rows of a demand.
    pub(super) fn days_of(&self, demand: usize, draws: &mut Draws) -> Vec<i32> {
        let wanted = &self.demands()[demand];
        let mut days: Vec<i32> = Vec::new();
        for purpose in &wanted.purposes {
            days.extend(match purpose {
                Purpose::Index => self.index_days(draws),
                Purpose::Event => self.event_days(draws),
                Purpose::Exit(exit) => self.course.exits[*exit].into_iter().collect(),
                Purpose::Step(step) => self.step_days(*step, draws),
                Purpose::Covariate(covariate) => self.covariate_days(covariate, draws),
            });
        }
        let (first, last) = self.rows.present(self.course);
        let slot = &self.rows.plan.slots[wanted.date];
        let is_index = wanted.purposes.iter().any(|p| matches!(p, Purpose::Index));
        let days = days.into_iter().map(|day| self.rows.on_its_days(day, is_index));
        days.filter(|day| (first..=last).contains(day)).map(|day| slot.within_limits(day)).collect()
    }

    /// The index event, others after it, and now and then one in the wash-out.
    fn index_days(&self, draws: &mut Draws) -> Vec<i32> {
        let Course { index, enters, .. } = *self.course;
        let rules = &self.study().cohort.index;
        let pick = match rules.source {
            IndexSource::Event { pick, .. } => pick,
            IndexSource::Date(_) => Pick::First,
        };
        if !enters {
            return Vec::new();
        }
        let mut days = vec![index];
        match pick {
            Pick::Nth(n) => days.extend((1..n as i32).map(|i| index - self.rows.calendar.apart * i)),
            Pick::First if draws.below(10) < 4 => days.push(index + draws.between(10, 400)),
            Pick::Last if draws.below(10) < 4 => days.push(index - draws.between(10, 400)),
            Pick::First | Pick::Last => {}
        }
        if let Some(length) = rules.washout.and_then(crate::study::Washout::length)
            && draws.below(100) < 4
        {
            days.push(draws.between(Offset { amount: -length.amount, ..length }.from(Day(index)).0, index - 1));
        }
        days
    }

    fn event_days(&self, draws: &mut Draws) -> Vec<i32> {
        let Some(first) = self.course.event else { return Vec::new() };
        let mut days = vec![first];
        if draws.below(10) < 3 {
            days.push(first + draws.between(1, 200));
        }
        days
    }

    /// As many rows as a step asks for; of 100 persons 7 have not.
    fn step_days(&self, step: usize, draws: &mut Draws) -> Vec<i32> {
        let step = &self.study().cohort.steps[step];
        let Condition::Events { within, count, .. } = &step.condition else { return Vec::new() };
        let stays = draws.below(100) < 93;
        let holds = stays == (step.kind == StepKind::Include);
        let n = match (holds, count.at_most) {
            (true, Some(most)) => count.at_least + draws.below((most - count.at_least + 1).min(3)),
            (true, None) => count.at_least + draws.below(2),
            (false, _) if count.at_least > 0 => count.at_least - 1,
            (false, most) => most.unwrap_or(0) + 1,
        };
        let (first, last) = within.around(Day(self.course.index));
        (0..n).map(|_| draws.between(first.0, last.0)).collect()
    }

    /// Rows that a covariate counts or takes its value from.
    fn covariate_days(&self, covariate: &Covariate, draws: &mut Draws) -> Vec<i32> {
        let strict = matches!(covariate.source, From::Latest { .. }) && needs_value(self.study(), covariate);
        let (first, last) = self.rows.needed_days(self.course, strict);
        let wide = strict || runs(covariate) || self.study().cohort.matching.is_some();
        let last = if wide { last } else { first };
        match &covariate.source {
            From::Latest { look_back, .. } => {
                if !needs_value(self.study(), covariate) && draws.below(100) < 8 {
                    return Vec::new();
                }
                let step = look_back.map_or(BETWEEN, |l| (days(l) / 2).clamp(1, BETWEEN));
                let begin = first - covariate.timing.lag() - draws.between(1, step);
                (0..).map(|i| begin + i * step).take_while(|day| *day <= last).take(400).collect()
            }
            From::Events { within, .. } => {
                let start = match within.start {
                    LookbackStart::Before(offset) => offset.from(Day(first)).0,
                    LookbackStart::Ever => first - 1000,
                    LookbackStart::AfterIndex => first + 1,
                };
                let begin = start - covariate.timing.lag();
                let end = within.end.from(Day(last)).0.max(begin + 1);
                let rate = f64::from(end - begin) / f64::from((first - start).clamp(90, 730));
                let n = (rate * draws.exponential() + draws.unit()).floor().min(40.0) as u32;
                (0..n).map(|_| draws.between(begin, end)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// A value that is not missing.
struct Slotted<'a, 's>(&'a super::columns::Slot<'s>);

impl Slotted<'_, '_> {
    fn some(&self, draws: &mut Draws) -> Value {
        super::columns::Slot { missing: 0, ..self.0.clone() }.value(None, draws)
    }
}

/// About how many days a span has; at least one.
fn days(offset: Offset) -> i32 {
    (offset.from(Day(20_000)).0 - 20_000).abs().max(1)
}
