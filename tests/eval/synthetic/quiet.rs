//! Series without faults: how often is something reported all the same?

use std::time::Instant;

use anyhow::ensure;

use super::super::say;
use super::replay::Replay;
use super::shapes::{Series, Shape};

const DAYS: usize = 4;
const SERIES: u64 = 40;
const CADENCE: f64 = 60.0;
const STEPS_A_DAY: f64 = 1440.0;
/// The default threshold of events, and one for hosts with many series.
const NOMINAL: [f64; 2] = [1e-4, 1e-5];

/// False events per series and day stay below the nominal rate.
pub(super) fn run() -> anyhow::Result<()> {
    let start = Instant::now();
    for nominal in NOMINAL {
        let mut total = [0_usize; DAYS];
        for shape in Shape::ALL {
            let days = count(shape, nominal);
            total.iter_mut().zip(days).for_each(|(sum, day)| *sum += day);
            say(&format!("  p = {nominal:.0e}: {:<10} false events by day: {days:?}", format!("{shape:?}")));
        }
        let days = (SERIES as usize * Shape::ALL.len() * DAYS) as f64;
        let rate = total.iter().sum::<usize>() as f64 / days;
        say(&format!(
            "p = {nominal:.0e}: {total:?} in {} series; {rate:.4} a series and day, nominal {:.4}",
            SERIES as usize * Shape::ALL.len(),
            nominal * STEPS_A_DAY
        ));
        ensure!(rate <= nominal * STEPS_A_DAY, "too many false events at p = {nominal}");
    }
    say(&format!("{:.1} s", start.elapsed().as_secs_f64()));
    Ok(())
}

fn count(shape: Shape, nominal: f64) -> [usize; DAYS] {
    let mut days = [0; DAYS];
    for seed in 0..SERIES {
        let mut series = Series::new(shape, seed);
        let mut replay = Replay::new(nominal);
        for step in 0..(DAYS as f64 * STEPS_A_DAY) as usize {
            let second = step as f64 * CADENCE;
            replay.feed(second, series.value(second));
        }
        for (second, _) in replay.events {
            if let Some(day) = days.get_mut((second / 86_400.0) as usize) {
                *day += 1;
            }
        }
    }
    days
}
