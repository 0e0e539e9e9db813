//! The texts that settings were read from, and places in them.

/// Number of a text in [`Sources`].
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SourceId(u32);

/// A place in one of the texts.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// First byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

/// One text: a file, or what stood on the command line.
#[derive(Clone, Debug)]
pub struct Source {
    /// What reports call it: a file name or `--set`.
    pub name: String,
    /// Its whole content.
    pub text: String,
}

/// All texts of one configuration, in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text and returns its number.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        let id = SourceId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(Source { name: name.into(), text: text.into() });
        id
    }

    /// The text with this number.
    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.0.get(id.0 as usize)
    }
}
