//! What is said of lines, and what becomes of templates.

/// The id of a template: a hash of its text.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TemplateId(pub u64);

impl std::fmt::Display for TemplateId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What is said of a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sighting {
    /// Its template.
    pub id: TemplateId,
    /// How many lines ago the template was seen before: 1 when it was that of the line before, 0 when others were joined to it with this
    /// very line. `None`: never, or not since it was forgotten.
    pub gap: Option<u64>,
}

/// Something that happened to a template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// It was seen for the first time, or for the first time since it was forgotten.
    New {
        /// The template.
        id: TemplateId,
    },
    /// It turned out to be a case of another one, which from now on stands for it.
    Merged {
        /// The template that is no more.
        from: TemplateId,
        /// The one that stands for it.
        into: TemplateId,
    },
    /// It was not seen for longer than all others when room was needed.
    Forgotten {
        /// The template.
        id: TemplateId,
    },
}
