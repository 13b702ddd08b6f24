//! Cutting and merging person-time against counting day by day, on generated records.

use super::support::Random;
use cohort::loader::merge::{Entry, Role, Rules, Timeline};
use cohort::loader::split::{Scale, Shift, split};

/// Every day of every record lies in exactly one piece, whose bands are those of the day on every scale.
#[test]
fn every_day_is_in_the_band_it_belongs_to() {
    let mut random = Random(7);
    for round in 0..40 {
        let n = 20;
        let entry: Vec<i32> = (0..n).map(|_| random.below(50) as i32).collect();
        let exit: Vec<i32> = entry.iter().map(|e| e + 1 + random.below(200) as i32).collect();
        let event: Vec<bool> = (0..n).map(|_| random.unit() < 0.5).collect();
        let age: Vec<i32> = (0..n).map(|_| random.below(100) as i32).collect();
        let exposed: Vec<Option<i32>> =
            (0..n).map(|_| (random.unit() < 0.5).then(|| -(random.below(150) as i32))).collect();
        let mut cuts: Vec<i32> = (0..random.below(6)).map(|_| random.below(250) as i32).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let scales = [
            Scale { shift: Shift::Common(0), cuts: &cuts },
            Scale { shift: Shift::PerRecord(&age), cuts: &[60, 120, 180] },
            Scale { shift: Shift::Where(&exposed), cuts: &[0, 30] },
        ];
        let pieces = split(&entry, &exit, &event, &scales);
        let mut next = 0;
        for i in 0..n {
            // Day d is the interval (d − 1, d]; its band is that of the moment after which it begins.
            for day in entry[i] + 1..=exit[i] {
                if pieces.exit[next] < day || pieces.record[next] as usize != i {
                    next += 1;
                }
                assert_eq!(pieces.record[next] as usize, i, "round {round}");
                assert!(pieces.entry[next] < day && day <= pieces.exit[next]);
                let band = |shift: i32, cuts: &[i32]| cuts.iter().filter(|c| **c - shift < day).count() as u32;
                assert_eq!(pieces.band[0][next], band(0, &cuts));
                assert_eq!(pieces.band[1][next], band(age[i], &[60, 120, 180]));
                assert_eq!(pieces.band[2][next], exposed[i].map_or(0, |shift| band(shift, &[0, 30])));
                assert_eq!(pieces.event[next], event[i] && pieces.exit[next] == exit[i]);
            }
        }
        assert_eq!(next + 1, pieces.len(), "no piece without a day");
    }
}

/// The value of every day is that of the last fact before it; the count is that of all facts before it; an event stands on
/// its own day.
#[test]
fn every_day_has_what_was_known_before_it() {
    let mut random = Random(11);
    let rules = Rules { delay: 0, drop_missing: true };
    for _ in 0..60 {
        let n = 8;
        let stop: Vec<i32> = (0..n).map(|_| 1 + random.below(60) as i32).collect();
        let facts = |random: &mut Random| -> Vec<Entry<i32>> {
            (0..random.below(30))
                .map(|_| Entry {
                    person: Some(random.below(n)),
                    time: Some(random.below(70) as i32 - 5),
                    value: f64::from(1 + random.below(9)),
                })
                .collect()
        };
        let (values, counts, events) = (facts(&mut random), facts(&mut random), facts(&mut random));
        let mut timeline = Timeline::new((0..n).collect(), vec![0; n as usize], stop.clone());
        timeline.merge("event", Role::Event, &events, &rules);
        timeline.merge("value", Role::Covariate { before: 0.0 }, &values, &rules);
        timeline.merge("count", Role::Cumulative { before: 0.0 }, &counts, &rules);
        let known = |list: &[Entry<i32>], person: u32, day: i32| -> Vec<f64> {
            let mut before: Vec<&Entry<i32>> =
                list.iter().filter(|e| e.person == Some(person) && e.time < Some(day)).collect();
            before.sort_by_key(|e| e.time);
            before.iter().map(|e| e.value).collect()
        };
        for i in 0..timeline.person.len() {
            let person = timeline.person[i];
            for day in timeline.start[i] + 1..=timeline.stop[i] {
                let value = known(&values, person, day).last().copied().unwrap_or(0.0);
                assert_eq!(timeline.columns[1].values[i], value);
                assert_eq!(timeline.columns[2].values[i], known(&counts, person, day).iter().sum::<f64>());
            }
            let on = |e: &&Entry<i32>| e.person == Some(person) && e.time == Some(timeline.stop[i]);
            let event = events.iter().rfind(on).map_or(0.0, |e| e.value);
            assert_eq!(timeline.columns[0].values[i], event);
        }
        let days: i32 = timeline.start.iter().zip(&timeline.stop).map(|(a, b)| b - a).sum();
        assert_eq!(days, stop.iter().sum::<i32>(), "person-time is neither lost nor doubled");
    }
}
