//! Cutting a line into words, separators and what is plainly a variable, in one pass over its bytes.

use super::class::{self, AT, DIGIT, DOT, END, SLASH, SPACE};
use super::code::{Code, Token};
use super::words;

/// What of a line is looked at; the rest counts as one variable.
const MAX_BYTES: usize = 8 * 1024;
/// Parts of a line that are told apart; the rest counts as one variable.
const MAX_TOKENS: usize = 1024;

/// This many variables in a row, with white space between them, are a list: its length differs from line to line, so all of it is one
/// variable.
const LIST: usize = 4;

/// Cuts lines, one after the other, without allocation once it has grown to the longest.
#[derive(Clone, Debug, Default)]
pub(super) struct Lexer {
    tokens: Vec<Token>,
    /// Variables at the end of `tokens` with nothing but white space between them.
    row: usize,
}

impl Lexer {
    /// The parts of `line`.
    #[inline]
    pub(super) fn lex(&mut self, line: &[u8]) -> &[Token] {
        self.tokens.clear();
        self.row = 0;
        let (line, cut) = match line.get(..MAX_BYTES) {
            Some(start) if line.len() > MAX_BYTES => (start, true),
            Some(_) | None => (line, false),
        };
        let mut at = 0;
        while let Some(&byte) = line.get(at) {
            if self.tokens.len() >= MAX_TOKENS {
                self.push(Code::VARIABLE, at, line.len());
                return &self.tokens;
            }
            let kind = class::of(byte);
            if kind & SPACE != 0 {
                at = self.space(line, at);
            } else if kind & END != 0 {
                self.separator(byte, line.get(at + 1), at);
                at += 1;
            } else {
                at = self.word(line, at);
            }
        }
        if cut {
            self.push(Code::VARIABLE, line.len(), line.len());
        }
        self.tokens.pop_if(|last| last.code == Code::SPACE);
        self.end_row(Code::VARIABLE);
        &self.tokens
    }

    /// Pushes what stands there, unless it continues a variable.
    #[inline]
    fn push(&mut self, code: Code, start: usize, end: usize) {
        if code.is_variable() {
            self.variable(start, end);
            return;
        }
        if code != Code::SPACE {
            self.end_row(code);
        }
        self.tokens.push(Token { code, start: place(start), end: place(end) });
    }

    fn variable(&mut self, mut start: usize, end: usize) {
        // The placeholder is written in angle brackets itself: those around a variable belong to it.
        while let Some(open) = self.tokens.pop_if(|last| last.code == Code::separator(b'<')) {
            start = open.start as usize;
        }
        match self.tokens.last_mut() {
            Some(last) if last.code.is_variable() => last.end = place(end),
            Some(_) | None => {
                self.row += 1;
                self.tokens.push(Token { code: Code::VARIABLE, start: place(start), end: place(end) });
            }
        }
    }

    /// Something other than white space and variables follows: a row of variables is a list, and one variable.
    #[inline]
    fn end_row(&mut self, next: Code) {
        let row = std::mem::take(&mut self.row);
        if row >= LIST {
            self.list(row, next);
        }
    }

    fn list(&mut self, row: usize, next: Code) {
        let spaced = self.tokens.last().is_some_and(|last| last.code == Code::SPACE);
        // `1 2 3 12:30`: the last belongs to what follows.
        let belongs = !spaced && !next.is_word() && next.is_one_of(b":=/-@");
        let others = if belongs { row.saturating_sub(2) } else { row - 1 };
        if others + 1 < LIST {
            return;
        }
        let kept = self.tokens.len() - usize::from(spaced) - if belongs { 2 } else { 0 };
        let first = kept.saturating_sub(2 * others);
        let end = kept.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |last| last.end);
        self.tokens.drain(first..kept);
        if let Some(list) = first.checked_sub(1).and_then(|list| self.tokens.get_mut(list)) {
            list.end = end;
        }
    }

    #[inline]
    fn separator(&mut self, byte: u8, next: Option<&u8>, at: usize) {
        let belongs = match byte {
            b'>' => true,
            // `1,234` and `1,2,3` without white space.
            b',' => next.is_some_and(u8::is_ascii_digit),
            _ => false,
        };
        let joined = belongs && self.tokens.last().is_some_and(|last| last.code.is_variable());
        let code = if joined { Code::VARIABLE } else { Code::separator(byte) };
        self.push(code, at, at + 1);
    }

    #[inline]
    fn space(&mut self, line: &[u8], start: usize) -> usize {
        let end = start + run(line, start, |kind| kind & SPACE != 0).0;
        if !self.tokens.is_empty() {
            self.push(Code::SPACE, start, end);
        }
        end
    }

    #[inline]
    fn word(&mut self, line: &[u8], start: usize) -> usize {
        let (length, kinds) = run(line, start, |kind| kind & END == 0);
        let end = start + length;
        let word = line.get(start..end).unwrap_or_default();
        if line.get(end) == Some(&b':')
            && let Some(end) = words::across_colons(line, start, end)
        {
            self.push(Code::VARIABLE, start, end);
            return end;
        }
        if kinds & (DIGIT | SLASH | AT | DOT) == 0 {
            let is_value =
                words::is_value(word) || words::is_part_of_date(word, line.get(end..).unwrap_or_default());
            let code = if is_value { Code::VARIABLE } else { Code::word(word) };
            self.push(code, start, end);
        } else {
            self.mixed(line, start, end, kinds);
        }
        end
    }

    /// A word that has digits, dots, slashes or an `@`.
    fn mixed(&mut self, line: &[u8], start: usize, mut end: usize, kinds: u8) {
        let text = |start: usize, end: usize| line.get(start..end).unwrap_or_default();
        if kinds & SLASH != 0 {
            if words::is_path(text(start, end)) {
                self.push(Code::VARIABLE, start, end);
            } else {
                self.slashed(line, start, end);
            }
            return;
        }
        let whole = end;
        end -= words::trailing_dots(text(start, end));
        if kinds & DIGIT != 0 && text(start, end).ends_with(b"%") {
            end -= 1;
        }
        if words::is_host(text(start, end), line.get(end..).unwrap_or_default()) {
            self.push(Code::VARIABLE, start, end);
            self.separators(line, end, whole);
            return;
        }
        let word = text(start, end);
        let kept = words::literal_prefix(word, kinds);
        if kept > 0 && !words::is_literal(word) {
            self.push(Code::masked(word.get(..kept).unwrap_or_default()), start, end);
        } else if let Some(layout) = words::layout(word) {
            self.push(Code::masked(layout), start, end);
        } else if let Some(number) = word.strip_prefix(b"@")
            && !number.is_empty()
            && kinds & DIGIT != 0
        {
            self.separators(line, start, start + 1);
            self.push(Code::VARIABLE, start + 1, end);
        } else if words::is_literal(word) {
            self.literal(line, start, end);
        } else {
            self.push(Code::VARIABLE, start, end);
        }
        self.separators(line, end, whole);
    }

    /// A word that stays as it is. One that would be cut by another rule is one word here.
    fn literal(&mut self, line: &[u8], start: usize, end: usize) {
        let word = line.get(start..end).unwrap_or_default();
        if !word.is_empty() {
            self.push(Code::word(word), start, end);
        }
    }

    /// Each byte for itself.
    fn separators(&mut self, line: &[u8], start: usize, end: usize) {
        for at in start..end {
            self.push(Code::separator(line.get(at).copied().unwrap_or_default()), at, at + 1);
        }
    }

    /// What stands between slashes, and the slashes.
    fn slashed(&mut self, line: &[u8], start: usize, end: usize) {
        let mut from = start;
        for at in start..=end {
            let byte = line.get(at).copied().filter(|_byte| at < end);
            if byte.is_none_or(|byte| class::of(byte) & SLASH != 0) {
                let part = line.get(from..at).unwrap_or_default();
                let kinds = class::all(part);
                if words::is_month(part) {
                    self.push(Code::VARIABLE, from, at);
                } else if !part.is_empty() && kinds & (DIGIT | AT | DOT) != 0 {
                    self.mixed(line, from, at, kinds);
                } else {
                    self.literal(line, from, at);
                }
                if byte.is_some() {
                    self.separators(line, at, at + 1);
                }
                from = at + 1;
            }
        }
    }
}

/// How many bytes from `start` on are of a kind, and all their classes.
#[inline]
fn run(line: &[u8], start: usize, fits: impl Fn(u8) -> bool) -> (usize, u8) {
    let mut kinds = 0;
    let mut length = 0;
    for &byte in line.get(start..).unwrap_or_default() {
        let kind = class::of(byte);
        if !fits(kind) {
            break;
        }
        kinds |= kind;
        length += 1;
    }
    (length, kinds)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "lines are cut at MAX_BYTES")]
fn place(at: usize) -> u32 {
    at as u32
}
