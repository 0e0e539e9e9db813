//! Figures for people and for programs.

use std::io::{self, Write as _};

use super::Args;
use super::run::Figures;

pub(crate) fn write(args: &Args, figures: &[Figures]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if args.json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(figures)?)?);
    }
    writeln!(
        out,
        "| subject | JVMs | resident MiB | CPU µs per second | µs per JVM and second | µs per JVM and poll |"
    )?;
    writeln!(out, "|---|---:|---:|---:|---:|---:|")?;
    // What the agent costs with nothing to watch is no cost of a JVM.
    let none = figures.iter().find(|it| it.subject == "edgewatch" && it.jvms == 0).map(|it| it.cpu);
    for it in figures {
        let own = it.subject == "edgewatch" && it.jvms > 0;
        let per_jvm = none.filter(|_| own).map(|none| (it.cpu - none) / to_float(it.jvms));
        let per_poll = per_jvm.map(|cost| cost * f64::from(args.poll) / 1000.0);
        let shown = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.1}"));
        let resident = to_float(usize::try_from(it.resident)?) / f64::from(1 << 20);
        writeln!(
            out,
            "| {} | {} | {resident:.1} | {:.0} | {} | {} |",
            it.subject,
            it.jvms,
            it.cpu,
            shown(per_jvm),
            shown(per_poll)
        )?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn to_float(value: usize) -> f64 {
    value as f64
}
