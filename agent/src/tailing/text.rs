//! From the bytes of a record to what stands in its body.

use super::options::{Encoding, Options};

/// How records become bodies.
#[derive(Debug)]
pub(super) struct Text {
    encoding: Encoding,
    keep_leading: bool,
    keep_trailing: bool,
    /// Reused for what has to be converted.
    scratch: String,
}

/// The body of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Body<'a> {
    /// Text.
    Text(&'a str),
    /// Text in which something was replaced.
    Mended(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Nothing: not a record.
    Empty,
}

impl Text {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            encoding: options.encoding,
            keep_leading: options.keep_leading,
            keep_trailing: options.keep_trailing,
            scratch: String::new(),
        }
    }

    /// The body of the record `bytes`.
    #[inline]
    pub(super) fn body<'a>(&'a mut self, bytes: &'a [u8]) -> Body<'a> {
        match self.encoding {
            Encoding::Nop if bytes.is_empty() => Body::Empty,
            Encoding::Nop => Body::Bytes(bytes),
            Encoding::Utf8 | Encoding::Utf8Raw => self.of_utf8(bytes),
            Encoding::Utf16Le => self.of_utf16(bytes, u16::from_le_bytes),
            Encoding::Utf16Be => self.of_utf16(bytes, u16::from_be_bytes),
        }
    }

    #[inline]
    fn of_utf8<'a>(&'a mut self, bytes: &'a [u8]) -> Body<'a> {
        let trimmed = self.trim(bytes);
        if trimmed.is_empty() {
            return Body::Empty;
        }
        match str::from_utf8(trimmed) {
            Ok(text) => Body::Text(text),
            Err(_) if self.encoding == Encoding::Utf8Raw => Body::Bytes(trimmed),
            Err(_) => {
                self.scratch.clear();
                for chunk in trimmed.utf8_chunks() {
                    self.scratch.push_str(chunk.valid());
                    if !chunk.invalid().is_empty() {
                        self.scratch.push(char::REPLACEMENT_CHARACTER);
                    }
                }
                Body::Mended(&self.scratch)
            }
        }
    }

    fn of_utf16(&mut self, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Body<'_> {
        let (units, rest) = bytes.as_chunks::<2>();
        let mut mended = !rest.is_empty();
        self.scratch.clear();
        for character in char::decode_utf16(units.iter().map(|pair| unit(*pair))) {
            mended |= character.is_err();
            self.scratch.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let trimmed = self.trim(self.scratch.as_bytes());
        // Only ASCII was cut off.
        let text = str::from_utf8(trimmed).unwrap_or_default();
        match (text.is_empty(), mended) {
            (true, _) => Body::Empty,
            (false, true) => Body::Mended(text),
            (false, false) => Body::Text(text),
        }
    }

    /// Without white space at the ends, as the Collector's `trim` package defines it.
    #[inline]
    fn trim<'a>(&self, mut bytes: &'a [u8]) -> &'a [u8] {
        let blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        if !self.keep_leading {
            while let [first, rest @ ..] = bytes
                && blank(*first)
            {
                bytes = rest;
            }
        }
        if !self.keep_trailing {
            while let [rest @ .., last] = bytes
                && blank(*last)
            {
                bytes = rest;
            }
        }
        bytes
    }

    /// Gives back what a huge line took.
    pub(super) fn shrink(&mut self, to: usize) {
        if self.scratch.capacity() > to {
            self.scratch = String::new();
        }
    }
}
