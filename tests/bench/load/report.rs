//! Medians over the rounds and their ratios to the first subject, for people and for machines.

use std::io::Write;

use serde::Serialize;

use super::run::Outcome;
use super::scenario::Scenario;

/// One column: its title, the figure, and its decimals.
type Column = (&'static str, fn(&Outcome) -> f64, usize);

const COLUMNS: &[Column] = &[
    ("CPU s/M", |outcome| outcome.cpu_per_million, 3),
    ("k items/s", |outcome| outcome.items_per_second / 1000.0, 1),
    ("cores", |outcome| outcome.cores, 3),
    ("p50 ms", |outcome| outcome.latency_p50, 2),
    ("p99 ms", |outcome| outcome.latency_p99, 2),
    ("max ms", |outcome| outcome.latency_max, 1),
    ("start ms", |outcome| outcome.start_ms, 1),
    ("idle MiB", |outcome| outcome.idle_mib, 1),
    ("peak MiB", |outcome| outcome.peak_mib, 1),
];

#[derive(Debug, Serialize)]
struct Summary<'a> {
    scenario: Scenario,
    subject: &'a str,
    medians: Vec<(&'static str, f64)>,
    /// CPU per item, divided by that of the first subject in the same scenario.
    cpu_ratio: f64,
}

fn summaries(outcomes: &[Outcome]) -> Vec<Summary<'_>> {
    let mut summaries: Vec<Summary<'_>> = Vec::new();
    for outcome in outcomes {
        let known = |summary: &&Summary<'_>| summary.scenario == outcome.scenario;
        if summaries.iter().filter(known).any(|summary| summary.subject == outcome.subject) {
            continue;
        }
        let same = |other: &&Outcome| other.scenario == outcome.scenario && other.subject == outcome.subject;
        let runs: Vec<&Outcome> = outcomes.iter().filter(same).collect();
        let medians: Vec<_> = COLUMNS
            .iter()
            .map(|(title, figure, _)| (*title, median(runs.iter().map(|run| figure(run)))))
            .collect();
        let cpu = |medians: &[(&str, f64)]| medians.first().map_or(f64::NAN, |(_, cpu)| *cpu);
        let reference = summaries.iter().find(known).map_or(cpu(&medians), |first| cpu(&first.medians));
        let cpu_ratio = cpu(&medians) / reference;
        summaries.push(Summary { scenario: outcome.scenario, subject: &outcome.subject, medians, cpu_ratio });
    }
    summaries
}

/// The middle one; of an even number the mean of the two in the middle.
fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    let upper = figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN);
    let lower = figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN);
    f64::midpoint(lower, upper)
}

/// Writes the medians as a table in Markdown.
pub(crate) fn table(outcomes: &[Outcome], out: &mut impl Write) -> anyhow::Result<()> {
    write!(out, "| {:<31} | {:<10} |", "scenario", "subject")?;
    for (title, _, _) in COLUMNS {
        write!(out, " {title:>9} |")?;
    }
    writeln!(out, " CPU ratio |")?;
    write!(out, "|---------------------------------|------------|")?;
    for _ in COLUMNS {
        write!(out, "----------:|")?;
    }
    writeln!(out, "----------:|")?;
    for summary in summaries(outcomes) {
        write!(out, "| {:<31} | {:<10} |", summary.scenario.title(), summary.subject)?;
        for ((_, figure), (_, _, decimals)) in summary.medians.iter().zip(COLUMNS) {
            write!(out, " {figure:>9.decimals$} |")?;
        }
        writeln!(out, " {:>9.2} |", summary.cpu_ratio)?;
    }
    Ok(())
}

/// Writes every run and the medians.
pub(crate) fn json(outcomes: &[Outcome], out: &mut impl Write) -> anyhow::Result<()> {
    let all = serde_json::json!({ "runs": outcomes, "medians": summaries(outcomes) });
    serde_json::to_writer_pretty(&mut *out, &all)?;
    Ok(writeln!(out)?)
}
