//! What only the host can tell: whether there are files, whether they can be read, and whether positions can be kept.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use edgewatch_core::probe::{Fault, Probe, ProbeContext, Trouble, readable, writable_directory};

use super::config::Config;
use crate::tailing::{Finder, Found, Pattern, Tag, Warnings};

/// Files of one pattern that are looked at. Those of one directory have the same owner, as a rule.
const MOST: usize = 1000;

pub(super) fn probes(config: &Config, context: &ProbeContext) -> Vec<Probe> {
    let mut probes: Vec<Probe> =
        (0..config.include.len()).filter_map(|index| pattern(config, index, context)).collect();
    let state = context.state_directory.join("file_log");
    probes.push(Probe::blocking("storage", format!("the state directory {}", state.display()), move || {
        writable_directory(&state, true).map_err(|fault| fault.error_at("storage"))
    }));
    probes
}

fn pattern(config: &Config, index: usize, context: &ProbeContext) -> Option<Probe> {
    let text = config.include.get(index)?.clone();
    let key = format!("include.{index}");
    let (exclude, older, id) = (config.exclude.clone(), config.exclude_older_than.get(), context.id.clone());
    let now = context.now;
    Some(Probe::blocking(key.clone(), format!("the files {text}"), move || {
        look(&key, &text, &exclude, older, &id, now)
    }))
}

fn look(
    key: &str,
    text: &str,
    exclude: &[String],
    older: Duration,
    id: &str,
    now: SystemTime,
) -> Result<(), Trouble> {
    let finder = Finder::new(vec![Pattern::new(text, Tag::default())], exclude, older)?;
    let findings = finder.find(now, &mut Warnings::new(id));
    let files: Vec<PathBuf> = findings.files.iter().map(Found::path).collect();
    let faults: Vec<Fault> = files.iter().take(MOST).filter_map(|path| readable(path).err()).collect();
    let (broken, looked) = (faults.len(), files.len().min(MOST));
    match faults.into_iter().next() {
        Some(fault) if broken == looked => Err(fault.error_at(key)),
        Some(fault) => Err(fault.and(format!(" ({broken} of {looked} files cannot be read)")).error_at(key)),
        None if !findings.is_complete() => {
            let fact = format!("not every directory of {text} can be read");
            Err(Fault::new(fact, "give the agent's user the right to read them").error_at(key))
        }
        None if files.is_empty() => {
            let fact = format!("no file matches {text} now");
            Err(Fault::new(fact, "check the path, unless the files are still to come").warning_at(key))
        }
        None => Ok(()),
    }
}
