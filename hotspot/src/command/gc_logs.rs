//! The logs of garbage collections that a command line asks for.

use super::Command;

/// A file that a JVM writes about its collections.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GcLog {
    /// Its path as it was written, relative to the working directory of the JVM, with `%p` for its number in its own namespace and
    /// `%t` for the time of its start.
    pub path: String,
    /// Whether its lines are those of `-Xlog` (JDK 9 and later), not of `-Xloggc`.
    pub unified: bool,
    /// What is logged, as it was written: `gc*`, `gc+heap=debug,safepoint`.
    pub what: String,
    /// What stands before each line, as it was written: `uptime,level,tags`; empty for the default.
    pub decorators: String,
}

impl Command {
    /// The logs of garbage collections that it asks for.
    #[must_use]
    pub fn gc_logs(&self) -> Vec<GcLog> {
        self.options().filter_map(|option| unified(option).or_else(|| old(option))).collect()
    }
}

/// `-Xlog:what:file=path:decorators:options`.
fn unified(option: &str) -> Option<GcLog> {
    let (what, rest) = option.strip_prefix("-Xlog:")?.split_once(':')?;
    let (output, rest) = match rest.strip_prefix("file=").unwrap_or(rest).strip_prefix('"') {
        Some(quoted) => {
            quoted.split_once('"').map(|(path, rest)| (path, rest.strip_prefix(':').unwrap_or(rest)))?
        }
        None => {
            let rest = rest.strip_prefix("file=").unwrap_or(rest);
            rest.split_once(':').unwrap_or((rest, ""))
        }
    };
    let is_gc = what.is_empty()
        || what.split(',').any(|selection| {
            let (tags, level) = selection.split_once('=').unwrap_or((selection, "info"));
            let has_gc = tags.split('+').any(|tag| matches!(tag.trim_end_matches('*'), "gc" | "all"));
            has_gc && !matches!(level, "off" | "warning" | "error")
        });
    if !is_gc || matches!(output, "" | "stdout" | "stderr") {
        return None;
    }
    Some(GcLog {
        path: output.to_owned(),
        unified: true,
        what: what.to_owned(),
        decorators: rest.split(':').next().unwrap_or_default().to_owned(),
    })
}

/// `-Xloggc:path`; since JDK 9 it means `-Xlog:gc:path`, and which it is depends on who reads it.
fn old(option: &str) -> Option<GcLog> {
    let path = option.strip_prefix("-Xloggc:").filter(|path| !path.is_empty())?;
    Some(GcLog { path: path.to_owned(), unified: false, what: "gc".to_owned(), decorators: String::new() })
}
