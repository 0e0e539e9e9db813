//! From the parser's positions, counted in characters, to places in the text.

use saphyr_parser::Marker;

use crate::config::source::{SourceId, Span};

/// A text with the start of each of its lines.
pub(super) struct Places<'a> {
    text: &'a str,
    source: SourceId,
    /// Where the YAML begins, behind a byte order mark or the key of a `--set`.
    offset: usize,
    /// First byte of each line of the YAML.
    lines: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(super) fn new(text: &'a str, source: SourceId, offset: usize) -> Self {
        let bom = if offset == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let offset = offset + bom;
        let yaml = text.get(offset..).unwrap_or_default();
        let mut lines = vec![offset];
        let mut bytes = yaml.bytes().enumerate().peekable();
        while let Some((at, byte)) = bytes.next() {
            // A carriage return alone ends a line too.
            let ends =
                byte == b'\n' || (byte == b'\r' && bytes.peek().is_none_or(|(_, next)| *next != b'\n'));
            if ends {
                lines.push(offset + at + 1);
            }
        }
        Self { text, source, offset, lines }
    }

    pub(super) fn yaml(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    /// The place between two positions, without the blanks and line ends behind it.
    pub(super) fn span(&self, span: &saphyr_parser::Span) -> Span {
        let start = self.byte(&span.start);
        let end = self.byte(&span.end).max(start);
        let written = self.text.get(start..end).unwrap_or_default().trim_end();
        Span { end: start + written.len(), ..self.at(start) }
    }

    /// Where the YAML begins.
    pub(super) fn start(&self) -> Span {
        self.at(self.offset)
    }

    /// One position, with the character there.
    pub(super) fn point(&self, marker: &Marker) -> Span {
        let start = self.byte(marker);
        let next = self.text.get(start..).and_then(|rest| rest.chars().next());
        let length = next.filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8);
        Span { end: start + length, ..self.at(start) }
    }

    /// The line on which `span` starts.
    pub(super) fn line(&self, span: &Span) -> &'a str {
        let line = (span.line as usize).saturating_sub(1);
        let start = self.lines.get(line).copied().unwrap_or(self.offset);
        self.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
    }

    fn at(&self, start: usize) -> Span {
        // Whatever precedes the YAML on its first line counts as columns.
        let line = self.lines.partition_point(|line| *line <= start).max(1);
        let line_start = self.lines.get(line - 1).copied().filter(|_| line > 1).unwrap_or(0);
        let column = self.text.get(line_start..start).map_or(0, |before| before.chars().count());
        Span {
            source: self.source,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
            start,
            end: start,
        }
    }

    fn byte(&self, marker: &Marker) -> usize {
        let line = self.lines.get(marker.line().saturating_sub(1)).copied().unwrap_or(self.text.len());
        let rest = self.text.get(line..).unwrap_or_default();
        line + rest.char_indices().nth(marker.col()).map_or(rest.len(), |(at, _)| at)
    }
}
