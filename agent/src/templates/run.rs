//! Reading the input, then printing what was found.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use edgewatch_processors::log_templates::miner::Limits;

use super::cli::TemplatesArguments;
use super::found::Found;
use super::progress::Progress;
use super::{csv, lines, summary};

/// Prints the templates of a file, or of what comes on standard input.
///
/// # Errors
///
/// When the input cannot be read, or the output not be written.
pub fn run(arguments: &TemplatesArguments) -> anyhow::Result<()> {
    let name = arguments.path.display();
    let limits = Limits::of_templates(arguments.max_templates.get());
    let found = if arguments.path == Path::new("-") {
        find(&mut io::stdin().lock(), None, limits).context("cannot read standard input")?
    } else {
        let file = File::open(&arguments.path).with_context(|| format!("cannot open {name}"))?;
        let total = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
        find(&mut BufReader::with_capacity(256 * 1024, file), total, limits)
            .with_context(|| format!("cannot read {name}"))?
    };
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
        let read = lines::next(input, &mut line)?;
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
