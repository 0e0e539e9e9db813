//! The template miner on six sets of Loghub, 2,000 lines each with corrected templates.
//!
//! Definitions are those of Loghub-2.0's evaluator: truth and result are grouped by the text of their templates, and texts are compared
//! as they are, with one `<*>` for each variable; nothing is normalised. GA and PA count lines, FGA and FTA are F1 over templates. A
//! template counts for FTA when all lines that were given it have this very text as their truth.

mod csv;
mod jitter;
mod score;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use edgewatch_processors::log_templates::miner::{Event, Limits, Miner, TemplateId, Thresholds};

use super::{Options, say};
use score::{Scores, score};

/// The sets, and the least that each must reach: GA, FGA, PA, FTA.
const SETS: [(&str, [f64; 4]); 6] = [
    ("Apache", [0.99, 0.99, 0.99, 0.99]),
    ("HDFS", [0.99, 0.99, 0.99, 0.99]),
    ("Hadoop", [0.985, 0.98, 0.90, 0.87]),
    ("Mac", [0.86, 0.945, 0.715, 0.82]),
    ("OpenSSH", [0.99, 0.93, 0.98, 0.75]),
    ("Zookeeper", [0.985, 0.93, 0.985, 0.91]),
];

/// The least that the mean must reach.
const MEAN: [f64; 4] = [0.974, 0.968, 0.93, 0.89];

/// The least that the mean must reach when all thresholds are varied.
const JITTERED: [f64; 4] = [0.972, 0.967, 0.93, 0.89];

/// Least lines per second in an optimised build, on a machine that does other things as well.
const LINES_PER_SECOND: f64 = 1.0e6;

/// A set of logs with its truth.
struct Set {
    name: &'static str,
    least: [f64; 4],
    lines: Vec<String>,
    truth: Vec<String>,
}

/// Runs the released miner over all sets.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    score::check()?;
    let Some(data) = std::env::var_os("EDGEWATCH_EVAL_DATA").map(PathBuf::from) else {
        say("skipped: set EDGEWATCH_EVAL_DATA to the folder that holds loghub2k/");
        return Ok(());
    };
    let folder = data.join("loghub2k");
    if !folder.is_dir() {
        say(&format!("skipped: there is no {}", folder.display()));
        return Ok(());
    }
    let sets: Vec<Set> = SETS
        .into_iter()
        .map(|(name, least)| Set::read(&folder, name, least))
        .collect::<anyhow::Result<_>>()?;
    let mut missed = Vec::new();
    let mut all = Vec::new();
    say(&format!("{:<12}{}", "", Scores::HEAD));
    for set in &sets {
        let scores = set.scores(Thresholds::default());
        say(&format!("{:<12}{scores}", set.name));
        missed.extend(scores.missed(set.name, set.least));
        all.push(scores);
    }
    let mean = Scores::mean(&all);
    say(&format!("{:<12}{mean}", "mean"));
    missed.extend(mean.missed("mean", MEAN));
    if options.jitter > 0 {
        missed.extend(jitter::run(&sets, options.jitter, JITTERED));
    }
    let speed = speed(&sets);
    say(&format!("{:.2} million lines/s, all sets in turn, known after the first round", speed / 1e6));
    if !cfg!(debug_assertions) && speed < LINES_PER_SECOND {
        missed.push(format!("{speed:.0} lines/s are fewer than {LINES_PER_SECOND:.0}"));
    }
    ensure!(missed.is_empty(), "{}", missed.join("; "));
    Ok(())
}

impl Set {
    fn read(folder: &Path, name: &'static str, least: [f64; 4]) -> anyhow::Result<Self> {
        let path = folder.join(name).join(format!("{name}_2k.log_structured_corrected.csv"));
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut rows = csv::rows(&text).into_iter();
        let head = rows.next().unwrap_or_default();
        let column = |title: &str| {
            head.iter()
                .position(|column| column == title)
                .with_context(|| format!("{} has no column {title}", path.display()))
        };
        let (content, template) = (column("Content")?, column("EventTemplate")?);
        let (mut lines, mut truth) = (Vec::new(), Vec::new());
        for row in rows {
            lines.push(row.get(content).cloned().unwrap_or_default());
            truth.push(row.get(template).cloned().unwrap_or_default());
        }
        Ok(Self { name, least, lines, truth })
    }

    fn scores(&self, thresholds: Thresholds) -> Scores {
        score(&self.truth, &self.mined(thresholds))
    }

    /// The template of each line, as it stands at the end.
    fn mined(&self, thresholds: Thresholds) -> Vec<String> {
        let mut miner = Miner::with_thresholds(Limits::default(), thresholds);
        let mut merged: HashMap<TemplateId, TemplateId> = HashMap::new();
        let mut ids = Vec::new();
        let mut follow = |miner: &mut Miner| {
            for event in miner.take_events() {
                match event {
                    Event::New { id } => drop(merged.remove(&id)),
                    Event::Merged { from, into } => drop(merged.insert(from, into)),
                    Event::Forgotten { .. } => {}
                }
            }
        };
        for line in &self.lines {
            ids.push(miner.mine(line.as_bytes()));
            follow(&mut miner);
        }
        // As `edgewatch templates` does at the end of its input.
        miner.review();
        follow(&mut miner);
        let text = |mut id: TemplateId| {
            while let Some(into) = merged.get(&id) {
                id = *into;
            }
            miner.text(id).unwrap_or_default().to_owned()
        };
        ids.into_iter().map(text).collect()
    }
}

/// Lines per second of the best of several rounds over all sets.
fn speed(sets: &[Set]) -> f64 {
    let mut miner = Miner::default();
    let lines: Vec<&str> = (0..2000)
        .flat_map(|line| sets.iter().filter_map(move |set| set.lines.get(line)))
        .map(String::as_str)
        .collect();
    let round = |miner: &mut Miner| {
        let start = Instant::now();
        for line in &lines {
            std::hint::black_box(miner.mine(line.as_bytes()));
        }
        lines.len() as f64 / start.elapsed().as_secs_f64()
    };
    (0..9).map(|_| round(&mut miner)).fold(0.0, f64::max)
}
