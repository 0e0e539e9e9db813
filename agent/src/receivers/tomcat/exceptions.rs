//! Exceptions in the text of a record: which one, what it says, and its stack trace with everything that belongs to it.

/// An exception as it was printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Exception<'t> {
    /// Its class.
    pub(super) kind: &'t str,
    /// What it says; several lines perhaps.
    pub(super) message: Option<&'t str>,
    /// All of it: frames, what was suppressed, what caused it.
    pub(super) trace: &'t str,
    /// Where it begins in the text.
    pub(super) at: usize,
}

/// The exception in `text`. Its first line names a class, and frames follow, or it is indented, as Tomcat does it; the word
/// alone, in the middle of a message, is none.
pub(super) fn find(text: &str) -> Option<Exception<'_>> {
    let mut start = 0;
    // A trace needs frames somewhere: most records have none.
    let last_frame = last_frame(text);
    for line in text.split_inclusive('\n') {
        let after = start + line.len();
        if let Some((kind, message)) = headline(line) {
            let framed =
                text.get(after..).is_some_and(|rest| is_frame(rest.lines().next().unwrap_or_default()));
            let named = ["Exception", "Error", "Throwable"].iter().any(|word| simple(kind).contains(word));
            let indented = line.starts_with('\t') && start > 0;
            if framed || (named && (indented || (start > 0 && last_frame.is_some_and(|at| at >= after)))) {
                let at = start + line.len() - line.trim_start().len();
                let trace = text.get(at..)?.trim_end();
                return Some(Exception { kind, message: message_of(trace, kind, message), trace, at });
            }
        }
        start = after;
    }
    None
}

/// Where the last line begins that is a frame.
fn last_frame(text: &str) -> Option<usize> {
    let mut end = text.len();
    while let Some(at) = text.get(..end).and_then(|before| before.rfind("at ")) {
        let line = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        if is_frame(text.get(line..).and_then(|rest| rest.lines().next()).unwrap_or_default()) {
            return Some(line);
        }
        end = at;
    }
    None
}

/// `\tat org.apache.Foo.bar(Foo.java:12)`.
fn is_frame(line: &str) -> bool {
    let trimmed = line.trim_start();
    trimmed.len() < line.len() && trimmed.starts_with("at ") && trimmed.contains('(')
}

/// The class and the beginning of the message, if `line` may be the first one of a trace.
fn headline(line: &str) -> Option<(&str, Option<&str>)> {
    let line = line.trim();
    let end = line
        .find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '.' | '_' | '$')))
        .unwrap_or(line.len());
    let (kind, rest) = line.split_at(end);
    let well_formed = kind.starts_with(|first: char| first.is_alphabetic())
        && !kind.ends_with('.')
        && kind.len() <= 512
        && (kind.contains('.') || kind.ends_with("Exception") || kind.ends_with("Error"));
    if !well_formed {
        return None;
    }
    match rest {
        "" => Some((kind, None)),
        _ => rest.strip_prefix(':').map(|message| (kind, Some(message.trim_start()))),
    }
}

fn simple(kind: &str) -> &str {
    kind.rsplit(['.', '$']).next().unwrap_or(kind)
}

/// All lines of the message: up to the first frame, or to what else belongs to a trace.
fn message_of<'t>(trace: &'t str, kind: &str, first: Option<&'t str>) -> Option<&'t str> {
    let first = first?;
    let begin = trace.get(kind.len()..)?.strip_prefix(':')?.trim_start();
    let mut end = 0;
    for line in begin.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let over = is_frame(line)
            || trimmed.starts_with("Caused by: ")
            || trimmed.starts_with("Suppressed: ")
            || (trimmed.starts_with("... ") && trimmed.trim_end().ends_with(" more"));
        if over {
            let message = begin.get(..end)?.trim_end();
            return (!message.is_empty()).then_some(message);
        }
        end += line.len();
    }
    (!first.is_empty()).then_some(first)
}
