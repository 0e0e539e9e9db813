//! A line with variables in it.

use std::borrow::Cow;

use super::code::{Code, Token, shape, signature};
use super::{hash, words};

/// What a variable looks like in the text of a template.
pub(super) const PLACEHOLDER: &str = "<*>";

/// The parts of a template, with their text.
#[derive(Clone, Debug)]
pub(super) struct Template {
    codes: Box<[Code]>,
    /// Where the text of each part ends.
    ends: Box<[u32]>,
    /// The text of all parts but variables.
    text: Box<[u8]>,
}

impl Template {
    /// The template of a line that was cut into `tokens`.
    pub(super) fn of(line: &[u8], tokens: &[Token]) -> Self {
        Self::collect(tokens.iter().map(|token| {
            let text = token.text(line);
            (
                token.code,
                if token.code.is_masked() { words::masked(text).into() } else { Cow::Borrowed(text) },
            )
        }))
    }

    /// The template of these parts.
    pub(super) fn of_parts(parts: &[(Code, Vec<u8>)]) -> Self {
        Self::collect(parts.iter().map(|(code, text)| (*code, Cow::Borrowed(text.as_slice()))))
    }

    fn collect<'a>(parts: impl Iterator<Item = (Code, Cow<'a, [u8]>)>) -> Self {
        let mut codes = Vec::new();
        let mut ends = Vec::new();
        let mut text = Vec::new();
        for (code, part) in parts {
            if code == Code::SPACE {
                text.push(b' ');
            } else if !code.is_variable() {
                text.extend_from_slice(&part);
            }
            codes.push(code);
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        Self { codes: codes.into(), ends: ends.into(), text: text.into() }
    }

    pub(super) fn codes(&self) -> &[Code] {
        &self.codes
    }

    /// The text of the part at `position`.
    pub(super) fn part(&self, position: usize) -> &[u8] {
        let end = self.ends.get(position).copied().unwrap_or_default() as usize;
        let before = position.checked_sub(1).and_then(|before| self.ends.get(before));
        self.text.get(before.copied().unwrap_or_default() as usize..end).unwrap_or_default()
    }

    /// The text of the parts from `first` up to `end`.
    pub(super) fn range(&self, first: usize, end: usize) -> &[u8] {
        let before = |position: usize| {
            position.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default()
                as usize
        };
        self.text.get(before(first)..before(end)).unwrap_or_default()
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = (Code, &[u8])> {
        self.codes.iter().enumerate().map(|(position, code)| (*code, self.part(position)))
    }

    /// The same with a variable at `position`, joined with variables beside it.
    pub(super) fn with_variable(&self, positions: &[usize]) -> Self {
        Self::collect(self.parts().enumerate().map(|(at, part)| {
            if positions.contains(&at) { (Code::VARIABLE, Cow::default()) } else { (part.0, part.1.into()) }
        }))
    }

    /// The same with each list of variables, with commas between them, as one variable; `None` when there is no list.
    pub(super) fn folded(&self) -> Option<Self> {
        let codes = &self.codes;
        let is = |at: usize, code: Code| codes.get(at) == Some(&code);
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(&code) = codes.get(at) {
            parts.push((code, Cow::Borrowed(self.part(at))));
            at += 1;
            while code.is_variable() && is(at, Code::separator(b',')) {
                let next = if is(at + 1, Code::SPACE) { at + 2 } else { at + 1 };
                if !is(next, Code::VARIABLE) {
                    break;
                }
                at = next + 1;
            }
        }
        (parts.len() < codes.len()).then(|| Self::collect(parts.into_iter()))
    }

    /// The signature that it shares with those that differ in the length of lists only.
    pub(super) fn folded_signature(&self) -> u64 {
        self.folded().map_or_else(|| self.signature(), |folded| folded.signature())
    }

    pub(super) fn signature(&self) -> u64 {
        signature(self.codes.iter().copied())
    }

    pub(super) fn shape(&self) -> u64 {
        shape(self.codes.iter().copied())
    }

    /// Words that are not variables.
    pub(super) fn literals(&self) -> usize {
        self.codes.iter().filter(|code| code.is_word()).count()
    }

    /// The text, with a placeholder for each variable.
    pub(super) fn render(&self) -> String {
        let mut text = String::with_capacity(self.text.len() + 16);
        for (code, part) in self.parts() {
            if code.is_variable() {
                text.push_str(PLACEHOLDER);
            } else {
                text.push_str(&String::from_utf8_lossy(part));
            }
        }
        text
    }

    /// Memory that it takes.
    pub(super) fn size(&self) -> usize {
        self.text.len()
            + self.codes.len() * (size_of::<Code>() + size_of::<u32>())
            + 3 * size_of::<Box<[u8]>>()
    }
}

/// The id of a template with this text, the same on all hosts.
pub(super) fn id_of(text: &str) -> u64 {
    hash::bytes(text.as_bytes())
}
