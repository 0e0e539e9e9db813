//! Figures for people and for programs.

use std::io::{self, Write as _};

use super::Args;
use super::run::{AGENT, EAGER, EAGER_AGENT, Figures};

const KIB: f64 = 1024.0;
const MIB: f64 = 1024.0 * KIB;

pub(crate) fn write(args: &Args, figures: &[Figures]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if args.json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(figures)?)?);
    }
    writeln!(
        out,
        "| subject | JVMs | resident MiB | own MiB | KiB per JVM | CPU µs per second | µs per JVM and second | µs per JVM and look |"
    )?;
    writeln!(out, "|---|---:|---:|---:|---:|---:|---:|---:|")?;
    let of = |subject: &str, jvms| figures.iter().find(|it| it.subject == subject && it.jvms == jvms);
    for it in figures {
        // What the agent costs with nothing to watch is no cost of a JVM.
        let none = of(it.subject, 0).filter(|_| it.jvms > 0);
        let (jvms, resident, own) = (float(it.jvms)?, float(it.resident)?, float(it.anonymous)?);
        let memory = none.map(|none| anyhow::Ok((own - float(none.anonymous)?) / KIB / jvms)).transpose()?;
        let per_second = none.map(|none| (it.cpu - none.cpu) / jvms);
        let usual = of(AGENT, it.jvms).filter(|_| it.subject == EAGER_AGENT && it.jvms > 0);
        let more_looks = jvms * f64::from(EAGER - 1) * 1000.0 / f64::from(args.poll);
        let per_look = usual.map(|usual| (it.cpu - usual.cpu) / more_looks);
        let shown = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.1}"));
        writeln!(
            out,
            "| {} | {} | {:.1} | {:.1} | {} | {:.0} | {} | {} |",
            it.subject,
            it.jvms,
            resident / MIB,
            own / MIB,
            shown(memory),
            it.cpu,
            shown(per_second),
            shown(per_look)
        )?;
    }
    Ok(())
}

fn float<N>(value: N) -> anyhow::Result<f64>
where
    u64: TryFrom<N>,
    <u64 as TryFrom<N>>::Error: std::error::Error + Send + Sync + 'static,
{
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let value = u64::try_from(value)? as f64;
    Ok(value)
}
