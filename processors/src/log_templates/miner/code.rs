//! What a line consists of.

use super::hash;

/// A part of a line or template: a variable, a separator or a word.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Code(u64);

/// Set in the codes of words, so that they are told from those of separators.
const WORD: u64 = 1 << 63;
/// Set in the codes of words that vary in part.
const MASKED: u64 = 1 << 62;

impl Code {
    /// Something that differs from line to line.
    pub(super) const VARIABLE: Self = Self(0);
    /// Any amount of white space.
    pub(super) const SPACE: Self = Self(b' ' as u64);

    #[inline]
    pub(super) fn separator(byte: u8) -> Self {
        Self(u64::from(byte.max(1)))
    }

    #[inline]
    pub(super) fn word(word: &[u8]) -> Self {
        Self(hash::bytes(word) & !MASKED | WORD)
    }

    /// A word of which only `kept` is the same from line to line, such as `thread-` of `thread-12`.
    #[inline]
    pub(super) fn masked(kept: &[u8]) -> Self {
        Self(hash::bytes(kept) | WORD | MASKED)
    }

    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    #[inline]
    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    #[inline]
    pub(super) const fn is_word(self) -> bool {
        self.0 & WORD != 0
    }

    #[inline]
    pub(super) const fn is_variable(self) -> bool {
        self.0 == 0
    }

    /// Whether it is one of these separators.
    pub(super) fn is_one_of(self, separators: &[u8]) -> bool {
        u8::try_from(self.0).is_ok_and(|byte| separators.contains(&byte))
    }

    /// Whether it is a word that varies in part.
    #[inline]
    pub(super) const fn is_masked(self) -> bool {
        self.0 & (WORD | MASKED) == WORD | MASKED
    }

    /// Whether something other than a separator stands here.
    #[inline]
    pub(super) const fn is_slot(self) -> bool {
        self.is_word() || self.is_variable()
    }
}

/// A part of a line, with the place of its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) code: Code,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Token {
    /// Its text in `line`.
    pub(super) fn text<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        line.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// The hash of a whole line, masked.
#[inline]
pub(super) fn signature(codes: impl Iterator<Item = Code>) -> u64 {
    codes.fold(0, |state, code| hash::mix(state, code.bits()))
}

/// The hash of what stands between words and variables: lines of the same shape can be compared part by part.
pub(super) fn shape(codes: impl Iterator<Item = Code>) -> u64 {
    codes.fold(1, |state, code| hash::mix(state, if code.is_slot() { 0 } else { code.bits() }))
}
