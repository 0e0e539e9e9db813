//! What bytes and words look like.

/// A decimal digit.
pub(super) const DIGIT: u8 = 1;
/// A letter, or any byte beyond ASCII.
pub(super) const LETTER: u8 = 2;
/// `/` or `\`.
pub(super) const SLASH: u8 = 4;
/// `.`
pub(super) const DOT: u8 = 8;
/// `@`
pub(super) const AT: u8 = 16;
/// White space.
pub(super) const SPACE: u8 = 32;
/// A character that separates words.
pub(super) const SEPARATOR: u8 = 64;
/// A character that may be part of a word, such as `-` and `_`.
pub(super) const OTHER: u8 = 128;

/// What ends a word.
pub(super) const END: u8 = SPACE | SEPARATOR;

static CLASSES: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn classes() -> [u8; 256] {
    let mut table = [OTHER; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = match byte {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => LETTER,
            b'/' | b'\\' => SLASH,
            b'.' => DOT,
            b'@' => AT,
            0..=b' ' | 0x7f => SPACE,
            b'=' | b':' | b',' | b';' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'"' | b'\'' | b'<'
            | b'>' | b'|' | b'!' | b'?' | b'#' | b'`' => SEPARATOR,
            _ => OTHER,
        };
        if byte == 255 {
            return table;
        }
        byte += 1;
    }
}

/// The class of a byte.
#[inline]
pub(super) fn of(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(OTHER)
}

/// All classes that occur in `word`.
pub(super) fn all(word: &[u8]) -> u8 {
    word.iter().fold(0, |classes, &byte| classes | of(byte))
}
