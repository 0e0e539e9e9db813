//! From the parser's positions, counted in characters, to places in the text.

use saphyr_parser::Marker;

use crate::config::source::{SourceId, Span};

/// A text of which every so manieth character is known by its byte, so that long lines cost no more than short ones.
struct Characters<'a> {
    text: &'a str,
    /// First byte of every [`STRIDE`]th character.
    marks: Vec<usize>,
}

/// Characters between two marks.
const STRIDE: usize = 64;

impl<'a> Characters<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, marks: text.char_indices().step_by(STRIDE).map(|(byte, _)| byte).collect() }
    }

    /// Number of characters before `byte`.
    fn before(&self, byte: usize) -> usize {
        let mark = self.marks.partition_point(|mark| *mark <= byte).saturating_sub(1);
        let from = self.marks.get(mark).copied().unwrap_or(0);
        mark * STRIDE + self.text.get(from..byte).map_or(0, |between| between.chars().count())
    }

    /// First byte of a character, or the end of the text.
    fn byte(&self, character: usize) -> usize {
        let Some(from) = self.marks.get(character / STRIDE).copied() else { return self.text.len() };
        let rest = self.text.get(from..).unwrap_or_default();
        rest.char_indices().nth(character % STRIDE).map_or(self.text.len(), |(at, _)| from + at)
    }
}

/// A text with the start of each of its lines.
pub(super) struct Places<'a> {
    text: &'a str,
    characters: Characters<'a>,
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
        Self { text, characters: Characters::new(text), source, offset, lines }
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
        let column = self.characters.before(start) - self.characters.before(line_start);
        Span {
            source: self.source,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
            start,
            end: start,
        }
    }

    fn byte(&self, marker: &Marker) -> usize {
        let Some(line) = self.lines.get(marker.line().saturating_sub(1)) else { return self.text.len() };
        self.characters.byte(self.characters.before(*line) + marker.col())
    }
}
