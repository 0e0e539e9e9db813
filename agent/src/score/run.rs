//! Reading the input, then showing what was found.

use std::fs::{File, Metadata};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, bail};
use edgewatch_processors::anomaly::detector::Settings;

use super::cli::ScoreArguments;
use super::input;
use super::picture::{Look, Pictures, plot, svg};
use super::report::Report;
use super::summary::Summary;
use crate::text_file::{Progress, Source};

/// Characters across when standard output is no terminal.
const WIDTH: usize = 80;

/// Scores a file, or what comes on standard input.
///
/// # Errors
///
/// When the input cannot be read or nothing in it can be scored, or when the output cannot be written.
pub fn run(arguments: &ScoreArguments) -> anyhow::Result<()> {
    match score(arguments) {
        // A reader that has seen enough is no failure.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        done => done,
    }
}

fn score(arguments: &ScoreArguments) -> anyhow::Result<()> {
    let mut source = Source::open(&arguments.path)?;
    let svg_file = arguments.svg.as_deref().map(|path| create(path, &source)).transpose()?;
    let rows: Option<Box<dyn Write>> = match &arguments.output {
        Some(path) => Some(Box::new(create(path, &source)?)),
        None if arguments.plot => None,
        None => Some(Box::new(BufWriter::with_capacity(64 * 1024, io::stdout().lock()))),
    };
    let shown = rows.is_some() && arguments.output.is_none() && io::stdout().is_terminal();
    // A bar between rows on the same terminal would be in the way.
    let mut progress = if shown { Progress::silent() } else { Progress::new(source.total()) };
    let pictures = (arguments.plot || svg_file.is_some()).then(Pictures::default);
    let mut report = Report { rows, pictures, summary: Summary::default() };
    let settings = Settings {
        step: arguments.step,
        event_probability: arguments.event_probability,
        ..Settings::default()
    };
    let format = match arguments.format {
        Some(format) => format,
        None => input::format(&mut source).with_context(|| format!("cannot read {}", source.name()))?,
    };
    let scored = input::score(&mut source, format, &settings, &mut report, &mut progress);
    progress.end();
    scored?;
    draw(arguments, source.name(), &report, svg_file)?;
    tell(arguments.summary, &report.summary);
    Ok(())
}

fn draw(
    arguments: &ScoreArguments,
    title: &str,
    report: &Report,
    svg_file: Option<BufWriter<File>>,
) -> anyhow::Result<()> {
    let Some(pictures) = &report.pictures else { return Ok(()) };
    if let Some(mut file) = svg_file {
        svg(pictures, title, &report.summary.events, &mut file).context("cannot write the picture")?;
    }
    if arguments.plot {
        io::stdout().write_all(plot(pictures, title, look()).as_bytes()).context("cannot print")?;
    }
    Ok(())
}

/// What suits standard output.
fn look() -> Look {
    let terminal = io::stdout().is_terminal();
    let width = terminal_size::terminal_size().filter(|_| terminal).map(|(width, _)| usize::from(width.0));
    // As no-color.org has it: set, and not to nothing.
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Look { width: width.unwrap_or(WIDTH).clamp(40, 400), coloured: terminal && !unwanted }
}

/// What is said on standard error at the end. It is worth nothing when nobody is left to read it.
fn tell(in_full: bool, summary: &Summary) {
    if in_full {
        let _ = io::stderr().write_all(summary.render().as_bytes());
    } else if summary.refused > 0 {
        let _ = writeln!(
            io::stderr(),
            "edgewatch: {} of {} rows could not be scored; the column `reason` says why",
            summary.refused,
            summary.rows
        );
    }
}

/// Creates a file that is not the input.
fn create(path: &Path, source: &Source) -> anyhow::Result<BufWriter<File>> {
    let name = path.display();
    let id = |metadata: &Metadata| (metadata.dev(), metadata.ino());
    let there = path.metadata().ok();
    if there.is_some_and(|there| there.is_file() && source.metadata().map(id) == Some(id(&there))) {
        bail!("{name} is the input and would be lost; write to another file");
    }
    let file = File::create(path).with_context(|| format!("cannot write to {name}"))?;
    Ok(BufWriter::with_capacity(64 * 1024, file))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
