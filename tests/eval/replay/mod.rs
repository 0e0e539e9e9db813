//! Days of host metrics, replayed at speed, with faults: what is found, how soon, how often, and what is told in vain.
//!
//! Hosts are made up (see [`host`]): every one has processors, memory, disks, services, habits and a clockwork of jobs of its own, and does
//! in a minute what `host_metrics` would tell of it. See README.md for what is counted and how.

mod cpu;
mod day;
mod disk;
mod faults;
mod host;
mod memory;
mod network;
mod noise;
mod sheet;
mod watch;
mod work;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::ensure;
use edgewatch_processors::anomaly::detector::Settings;

use self::day::{Outcome, Told, WATCHED, replay};
use self::faults::FAULTS;
use self::watch::Direct;
use super::{Options, say};

/// Hosts in an optimised build; in others, which are slow, a few show that it runs.
const HOSTS: u64 = if cfg!(debug_assertions) { 2 } else { 40 };
/// Steps within which a fault that has become visible must be found.
const SOON: u32 = 2;
/// Most events without a fault, per thousand series and day.
const MOST_FALSE: f64 = 2.0;

/// Replays all hosts.
pub(super) fn run(_: &Options) -> anyhow::Result<()> {
    let start = Instant::now();
    let outcomes = all();
    calibration(&outcomes);
    let false_rate = quiet(&outcomes);
    let short = faults(&outcomes);
    say(&format!("{:.1} s", start.elapsed().as_secs_f64()));
    if cfg!(debug_assertions) {
        return Ok(());
    }
    ensure!(false_rate <= MOST_FALSE, "{false_rate:.1} false events per 1,000 series and day");
    ensure!(short.is_empty(), "found too seldom: {short:?}");
    Ok(())
}

/// All hosts, on two threads.
fn all() -> Vec<Outcome> {
    let counted = day::time(day::LEARNED * work::DAY);
    let host = move |seed| replay(seed, Direct::new(Settings::default(), counted));
    std::thread::scope(|scope| {
        let half = scope.spawn(move || (0..HOSTS).filter(|seed| seed % 2 == 1).map(host).collect::<Vec<_>>());
        let mut outcomes: Vec<_> = (0..HOSTS).filter(|seed| seed % 2 == 0).map(host).collect();
        outcomes.extend(half.join().into_iter().flatten());
        outcomes
    })
}

/// How often scores that have a probability are reached without a fault.
fn calibration(outcomes: &[Outcome]) {
    let steps: u64 = outcomes.iter().map(Outcome::steps).sum();
    let of = |bin: usize| outcomes.iter().filter_map(|outcome| outcome.scores.get(bin)).sum::<u64>();
    let list: Vec<String> = (4..=15)
        .map(|bin| {
            let count: u64 = (bin..watch::BINS).map(of).sum();
            let (nominal, actual) = ((-(bin as f64)).exp(), count as f64 / steps as f64);
            format!("{nominal:.0e}: {:.2}", actual / nominal)
        })
        .collect();
    say(&format!("actual over nominal probability in {steps} steps: {}", list.join(", ")));
}

/// Events without a fault, per thousand series and day.
fn quiet(outcomes: &[Outcome]) -> f64 {
    let series: usize = outcomes.iter().map(|outcome| outcome.series).sum();
    let days = series * WATCHED as usize;
    let events: usize = outcomes.iter().flat_map(|outcome| outcome.quiet).sum();
    let mut by_host: Vec<usize> = outcomes.iter().map(|outcome| outcome.quiet.iter().sum()).collect();
    by_host.sort_unstable();
    let rate = 1000.0 * events as f64 / days as f64;
    say(&format!(
        "{} hosts with {} series on average, {days} series-days without a fault: {events} false events, {rate:.2} per 1,000 series and day; by host {by_host:?}",
        outcomes.len(),
        series / outcomes.len().max(1),
    ));
    let mut by_metric: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, count) in outcomes.iter().flat_map(|outcome| &outcome.by_metric) {
        *by_metric.entry(name).or_default() += count;
    }
    let mut most: Vec<_> = by_metric.into_iter().collect();
    most.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let list: Vec<String> = most.iter().take(12).map(|(name, count)| format!("{name} {count}")).collect();
    say(&format!("  most of them: {}", list.join(", ")));
    rate
}

/// What became of faults; gives those that were found too seldom.
fn faults(outcomes: &[Outcome]) -> Vec<&'static str> {
    say(&format!(
        "{:<30} {:>5} {:>14} {:>20} {:>9} {:>9} {:>22} {:>9} {:>7}",
        "fault",
        "times",
        "visible after",
        "found in 2 of that",
        "in an h",
        "ever",
        "found after 50, 90 %",
        "series",
        "again+later"
    ));
    let mut short = Vec::new();
    for (index, fault) in FAULTS.iter().enumerate() {
        let told: Vec<&Told> =
            outcomes.iter().flat_map(|outcome| &outcome.told).filter(|told| told.fault == index).collect();
        let visible: Vec<&Told> = told.iter().filter(|told| told.visible.is_some()).copied().collect();
        let soon = visible
            .iter()
            .filter(|told| told.found.zip(told.visible).is_some_and(|(found, seen)| found <= seen + SOON))
            .count();
        let share = soon as f64 / visible.len().max(1) as f64;
        let ever = told.iter().filter(|told| told.found.is_some()).count();
        let hour = told.iter().filter(|told| told.found.is_some_and(|found| found < 60)).count();
        let after = |which: fn(&Told) -> Option<u32>, part: f64| {
            let mut steps: Vec<u32> = told.iter().map(|told| which(told).unwrap_or(u32::MAX)).collect();
            steps.sort_unstable();
            let at = steps.get((part * steps.len() as f64) as usize).copied().unwrap_or(u32::MAX);
            if at == u32::MAX { "-".to_owned() } else { at.to_string() }
        };
        let again: usize = told.iter().map(|told| told.again).sum();
        let series: usize = told.iter().map(|told| told.series).sum();
        let later: usize = told.iter().map(|told| told.later).sum();
        say(&format!(
            "{:<30} {:>5} {:>6} {:>7} {:>13} {:>5.1}% {:>9} {:>9} {:>14} {:>7} {:>9.1} {:>4} {:>4}",
            fault.name,
            told.len(),
            visible.len(),
            after(|told| told.visible, 0.5),
            soon,
            100.0 * share,
            hour,
            ever,
            after(|told| told.found, 0.5),
            after(|told| told.found, 0.9),
            series as f64 / ever.max(1) as f64,
            again,
            later,
        ));
        if share < fault.minimum {
            short.push(fault.name);
        }
    }
    short
}
