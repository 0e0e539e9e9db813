//! Which files are to be followed, and what is known about them beforehand.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::options::StartAt;
use super::separator::Separator;

/// What the user of the engine calls the files of a pattern: a number that means something to it alone.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Tag(pub(crate) u64);

/// Files that are to be followed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern {
    /// A glob, or a path.
    pub(crate) glob: String,
    /// The root directory of a process, such as `/proc/1234/root`, when `glob` is meant as that process sees it.
    pub(crate) root: Option<Arc<Path>>,
    /// Comes along with every file. When several patterns match a file, the first counts.
    pub(crate) tag: Tag,
    /// Where to begin in files never seen that are there when the pattern is looked for the first time. With `End` a file that was made
    /// after the engine began its work is nevertheless read from its beginning when the pattern came later.
    pub(crate) start_at: StartAt,
    /// Where records of several lines end; none: every line is a record.
    pub(crate) rule: Option<Rule>,
}

impl Pattern {
    /// Follows `glob` from the beginning, line by line.
    pub(crate) fn new(glob: &str, tag: Tag) -> Self {
        Self { glob: glob.to_owned(), root: None, tag, start_at: StartAt::Beginning, rule: None }
    }

    /// `glob` is a path with wildcards and may hold signs that mean something in globs: the whole of it is a path.
    pub(crate) fn literal(path: &str) -> String {
        globset::escape(path)
    }
}

/// Where records of several lines end.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    /// Where a line begins the next one. What does not begin a record continues the one before.
    Begins(Begins),
    /// Where an expression matches.
    Separated(Arc<Separator>),
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Begins(one), Self::Begins(other)) => one == other,
            (Self::Separated(one), Self::Separated(other)) => Arc::ptr_eq(one, other),
            (Self::Begins(_), Self::Separated(_)) | (Self::Separated(_), Self::Begins(_)) => false,
        }
    }
}

/// Says of a line, without its line break, whether it begins a record. Of a long line it is shown the first [`Begins::SIGHT`] bytes.
#[derive(Clone)]
pub(crate) struct Begins(Arc<Says>);

type Says = dyn Fn(&[u8]) -> bool + Send + Sync;

impl Begins {
    /// Bytes of a line that are looked at.
    pub(crate) const SIGHT: usize = 1024;

    pub(crate) fn new(rule: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(rule))
    }

    pub(super) fn says(&self, line: &[u8]) -> bool {
        (self.0)(line)
    }
}

impl PartialEq for Begins {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Begins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Begins")
    }
}
