//! The identity of a series as bytes that compare, hash and can be read back.

/// Most bytes of the identity of a series. What is longer is no name.
pub(crate) const LONGEST_KEY: usize = 8 << 10;
/// Room for an identity that is kept from batch to batch.
const KEPT: usize = 2 * LONGEST_KEY;

/// Bytes of an identity that is being joined. Kept from span to span, so that a known one costs no allocation.
#[derive(Debug, Default)]
pub(crate) struct Key {
    bytes: Vec<u8>,
}

impl Key {
    /// What has been joined so far.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How much has been joined so far.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Goes back to an earlier length.
    #[inline]
    pub(crate) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// Adds a value, or that there is none.
    #[inline]
    pub(crate) fn value(&mut self, value: Option<&[u8]>) {
        // No message has four gigabytes.
        let length =
            value.map_or(0, |value| u32::try_from(value.len()).map_or(u32::MAX, |length| length + 1));
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(value.unwrap_or_default());
    }

    /// Adds a value to the identity of a series, or that there is none. Of one that alone makes the identity too long only as much is
    /// looked at as shows that: it may come with every span.
    #[inline]
    pub(crate) fn name(&mut self, value: Option<&[u8]>) {
        self.value(value.map(|value| value.get(..=LONGEST_KEY).unwrap_or(value)));
    }

    /// Room that it takes.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Gives back what an uncommonly long identity took.
    pub(crate) fn tidy(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
    }

    /// Adds a small number.
    #[inline]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }
}

/// Reads an identity, in the order in which it was joined.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyReader<'a> {
    rest: &'a [u8],
}

impl<'a> KeyReader<'a> {
    pub(crate) const fn new(key: &'a [u8]) -> Self {
        Self { rest: key }
    }

    /// What [`Key::value`] added.
    pub(crate) fn value(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        let length = u32::from_le_bytes(*length).checked_sub(1)?;
        let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(value)
    }

    /// What [`Key::byte`] added.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *byte
    }
}
