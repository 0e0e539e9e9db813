//! What users type after `edgewatch score`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use edgewatch_processors::anomaly::detector::Settings;

use crate::cli::duration;

/// What to score, and what to make of it.
#[derive(Args, Clone, Debug)]
pub struct ScoreArguments {
    /// CSV with columns `timestamp` and `value`, or OTLP JSON lines; `-` for what comes on standard input.
    #[arg(value_name = "FILE")]
    pub path: PathBuf,
    /// What the input is. Without it, the first character decides: OTLP starts with `{`.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Write the CSV to a file instead of standard output. What the file had is replaced.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Draw series, scores and events as text. Then the CSV is only written with --output.
    #[arg(long)]
    pub plot: bool,
    /// Draw them as a picture.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// List the events on standard error at the end.
    #[arg(long)]
    pub summary: bool,
    /// Points within this time are scored together, by their minimum, maximum and mean.
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = step)]
    pub step: Duration,
    /// An event starts at this probability, or less.
    #[arg(long, value_name = "P", default_value_t = Settings::default().event_probability, value_parser = probability)]
    pub event_probability: f64,
}

/// What the input may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// A header with `timestamp` and `value`, then a row for each point.
    Csv,
    /// An ExportMetricsServiceRequest per line, as the Collector's file exporter writes them.
    Otlp,
}

fn step(text: &str) -> Result<Duration, String> {
    match duration(text) {
        Ok(Duration::ZERO) => Err("a step takes time; write a duration above zero".to_owned()),
        Ok(step) => Ok(step),
        Err(error) => Err(error.to_string()),
    }
}

fn probability(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| *number > 0.0 && *number < 1.0);
    number.ok_or_else(|| "write a number between 0 and 1, such as 1e-4".to_owned())
}

/// What `edgewatch score --help` ends with.
pub(crate) const HELP: &str =
    "Every value is compared with what the series did before it, never with what comes after: scores are
those that an agent would have given at that moment. Nothing needs to be trained or configured.

  timestamp,value              timestamp,value,score,p,event,reason
  2026-03-01 11:55:00,20.3     2026-03-01 11:55:00,20.3,0,1,,
  2026-03-01 12:00:00,94.1  -> 2026-03-01 12:00:00,94.1,61.2,2.8e-8,start,\"4.6x the usual level ...\"

Columns of the CSV, one row for each row of the input, in its order:
  timestamp   as it was written
  value       as it was written
  score       how surprising it is: 0 for what is usual, for what was already reported and while
              the series is new. Empty when the row cannot be scored
  p           the probability of such a score, or more, where nothing is wrong; 1 with score 0
  event       `start` where the series becomes anomalous, `end` where it has been calm for a while
  reason      what is unusual, when p is at most 0.01; or why the row cannot be scored
  series      with OTLP: name, attributes and what of the point is scored

Timestamps: RFC 3339 (2026-03-01T12:00:00.5+01:00), `2026-03-01 12:00:00.5` (taken for UTC), or
the time since 1970 in 10 (seconds), 13 (ms), 16 (us) or 19 digits (ns), which nothing else has
between 2001 and 2286.

When points are closer than --step, those of a step are scored together: the row that completes
the step has its score, the others have score 0 and p 1.

Exit status: 0 when something could be scored, 1 when not, 2 for bad arguments.

Examples:
  edgewatch score cpu.csv > scored.csv
  edgewatch score cpu.csv --plot                         look at it
  edgewatch score cpu.csv --svg cpu.svg -o scored.csv --summary
  edgewatch score metrics.json --plot                    every series that the Collector has written
  sort -t, -k3,3gr scored.csv | head                     the most surprising values";
