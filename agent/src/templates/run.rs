//! Reading the input, then printing what was found.

use std::io::{self, BufRead, BufWriter, Write};

use anyhow::Context;
use edgewatch_processors::log_templates::miner::Limits;

use super::cli::TemplatesArguments;
use super::found::Found;
use super::{csv, summary};
use crate::text_file::{Progress, Source, lines};

/// Prints the templates of a file, or of what comes on standard input.
///
/// # Errors
///
/// When the input cannot be read, or the output not be written.
pub fn run(arguments: &TemplatesArguments) -> anyhow::Result<()> {
    let limits = Limits::of_templates(arguments.max_templates.get());
    let mut source = Source::open(&arguments.path)?;
    let total = source.total();
    let found = find(&mut source, total, limits).with_context(|| format!("cannot read {}", source.name()))?;
    match print(&found, arguments.summary, &mut BufWriter::with_capacity(64 * 1024, io::stdout().lock())) {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error).context("cannot print"),
        Ok(()) | Err(_) => {}
    }
    if found.forgotten() > 0 {
        let _ = writeln!(
            io::stderr(),
            "edgewatch: {} templates were forgotten on the way; --max-templates keeps more",
            found.forgotten()
        );
    }
    Ok(())
}

pub(super) fn find(input: &mut impl BufRead, total: Option<u64>, limits: Limits) -> io::Result<Found> {
    let mut found = Found::new(limits);
    let mut progress = Progress::new(total);
    let (mut line, mut bytes) = (Vec::new(), 0);
    loop {
        let read = lines::next(input, &mut line, lines::MAX_LINE)?;
        if read == 0 {
            break;
        }
        bytes += read;
        found.add(&line);
        progress.at(found.count(), bytes);
    }
    found.end();
    progress.end();
    Ok(found)
}

pub(super) fn print(found: &Found, summary: bool, out: &mut impl Write) -> io::Result<()> {
    if summary {
        out.write_all(summary::render(found).as_bytes())?;
        out.flush()
    } else {
        csv::print(found, out)
    }
}
