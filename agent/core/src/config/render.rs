//! Problems beside the lines that they concern.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, renderer::DecorStyle};

use super::problem::{Problem, Problems, Severity};
use super::source::{Sources, Span};

/// Widest source line that is shown whole; a base64 certificate shall not fill the terminal.
const MAX_LINE: usize = 400;

impl Problems {
    /// All problems as text for people, in the order of the configuration.
    #[must_use]
    pub fn render(&self, sources: &Sources, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut sorted = self.clone();
        sorted.sort();
        let mut text = String::new();
        for problem in sorted.iter() {
            text.push_str(&renderer.render(&[group(problem, sources)]));
            text.push_str("\n\n");
        }
        text.push_str(&sorted.summary());
        text
    }

    /// One line: how many of what.
    #[must_use]
    pub fn summary(&self) -> String {
        let errors = self.iter().filter(|problem| problem.severity == Severity::Error).count();
        let warnings = self.iter().filter(|problem| problem.severity == Severity::Warning).count();
        let mut parts = Vec::new();
        for (count, noun) in [(errors, "error"), (warnings, "warning")] {
            if count > 0 {
                parts.push(format!("{count} {noun}{}", if count == 1 { "" } else { "s" }));
            }
        }
        let omitted = match self.omitted() {
            0 => String::new(),
            omitted => format!(" (and {omitted} more, not shown)"),
        };
        if parts.is_empty() { "no problems".to_owned() } else { parts.join(", ") + &omitted }
    }
}

fn group<'a>(problem: &'a Problem, sources: &'a Sources) -> Group<'a> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = match problem.path.as_str() {
        "" => problem.message.clone(),
        path => format!("{path}: {}", problem.message),
    };
    let mut group = Group::with_title(level.primary_title(title));
    if let Some(span) = problem.span
        && let Some(source) = sources.get(span.source)
    {
        match line(&source.text, span) {
            Some((text, marked)) => {
                let annotation = AnnotationKind::Primary.span(marked);
                let snippet = Snippet::source(text)
                    .path(source.name.as_str())
                    .line_start(span.line as usize)
                    .annotation(annotation);
                group = group.element(snippet);
            }
            None => {
                let origin = Origin::path(source.name.as_str())
                    .line(span.line as usize)
                    .char_column(span.column as usize);
                group = group.element(origin);
            }
        }
    }
    match &problem.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

/// The line on which `span` starts, and the bytes of it that `span` covers: at least one.
fn line(text: &str, span: Span) -> Option<(&str, std::ops::Range<usize>)> {
    let before = text.get(..span.start)?;
    let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let line = text.get(start..)?.split(['\n', '\r']).next()?;
    if line.len() > MAX_LINE || line.trim().is_empty() {
        return None;
    }
    let from = (span.start - start).min(line.len());
    let to = span.end.saturating_sub(start).clamp(from, line.len());
    let marked = line.get(from..to)?;
    // A comment behind a block's first line is not what is wrong.
    let to = from + marked.split(" #").next().map_or(marked.len(), |part| part.trim_end().len());
    let next = line.get(from..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    Some((line, from..to.max(from + next)))
}
