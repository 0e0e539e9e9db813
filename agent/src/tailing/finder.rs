//! Expands globs into files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use edgewatch_core::config::ConfigError;
use globset::{Glob, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

use super::access::Location;
use super::identity::Facts;
use super::pattern::{Pattern, Tag};
use super::warnings::Warnings;

/// Directories below each other that `**` descends into.
const DEEPEST: usize = 64;

/// Which files are to be followed.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    patterns: Vec<Compiled>,
    exclude: GlobSet,
    exclude_older_than: Duration,
}

/// A file that matches.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(super) location: Location,
    pub(super) facts: Facts,
    /// Place of the pattern that it matches, the first one if several do.
    pub(super) pattern: usize,
}

impl Found {
    /// Where the agent sees it.
    pub(crate) fn path(&self) -> PathBuf {
        self.location.shown()
    }
}

/// What a look at the directories brought.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) files: Vec<Found>,
    /// Tags for which some directory could not be read: what is missing need not be gone.
    pub(super) incomplete: HashSet<Tag>,
}

#[derive(Debug)]
struct Compiled {
    pattern: Pattern,
    /// A scan has looked for it.
    looked: bool,
    /// The directories in front of the first wildcard.
    base: Location,
    /// For each directory level below `base` what a directory must match; none where every directory may do.
    levels: Vec<GlobMatcher>,
    /// Levels at which files are: exactly this one, or this one and all deeper ones.
    files_at: usize,
    any_depth: bool,
    full: GlobMatcher,
    /// No wildcard at all.
    literal: bool,
}

impl Findings {
    /// Whether every directory was read.
    pub(crate) fn is_complete(&self) -> bool {
        self.incomplete.is_empty()
    }
}

impl Finder {
    /// # Errors
    ///
    /// Every pattern that is not a glob.
    pub(crate) fn new(
        patterns: Vec<Pattern>,
        exclude: &[String],
        exclude_older_than: Duration,
    ) -> Result<Self, ConfigError> {
        let mut compiled = Vec::with_capacity(patterns.len());
        let mut excluded = GlobSetBuilder::new();
        let mut outcomes = Vec::new();
        for (index, pattern) in patterns.into_iter().enumerate() {
            let pattern = Compiled::new(pattern);
            outcomes
                .push(pattern.map(|pattern| compiled.push(pattern)).map_err(|e| wrong("include", index, &e)));
        }
        for (index, text) in exclude.iter().enumerate() {
            let added = glob(text).map(|glob| {
                excluded.add(glob);
            });
            outcomes.push(added.map_err(|e| wrong("exclude", index, &e)));
        }
        ConfigError::all(outcomes)?;
        let exclude = excluded.build().map_err(|error| wrong("exclude", 0, &error))?;
        Ok(Self { patterns: compiled, exclude, exclude_older_than })
    }

    /// Looks for `patterns` from now on. Those that it has stay as they are; what is not a glob is passed over.
    pub(super) fn set(&mut self, patterns: Vec<Pattern>, warnings: &mut Warnings) {
        let mut known = std::mem::take(&mut self.patterns);
        for pattern in patterns {
            if let Some(at) = known.iter().position(|known| known.pattern == pattern) {
                self.patterns.push(known.swap_remove(at));
                continue;
            }
            let text = pattern.glob.clone();
            match Compiled::new(pattern) {
                Ok(pattern) => self.patterns.push(pattern),
                Err(error) => warnings.no_glob(&text, &error),
            }
        }
    }

    /// The pattern at `index` and whether a scan has looked for it before.
    pub(super) fn pattern(&self, index: usize) -> Option<(&Pattern, bool)> {
        self.patterns.get(index).map(|compiled| (&compiled.pattern, compiled.looked))
    }

    /// The pattern that a file called `name` comes from, when no root is in the way.
    pub(super) fn naming(&self, name: &Path) -> Option<&Pattern> {
        let mut plain = self.patterns.iter().filter(|compiled| compiled.pattern.root.is_none());
        plain
            .find(|compiled| compiled.full.is_match(name) || compiled.base.path == name)
            .map(|compiled| &compiled.pattern)
    }

    /// Whether any pattern has `tag`.
    pub(super) fn has(&self, tag: Tag) -> bool {
        self.patterns.iter().any(|compiled| compiled.pattern.tag == tag)
    }

    /// What is found from now on was not there before.
    pub(super) fn looked(&mut self) {
        self.patterns.iter_mut().for_each(|pattern| pattern.looked = true);
    }

    /// Looks at the directories. A file that is matched under several names is found several times.
    pub(crate) fn find(&self, now: SystemTime, warnings: &mut Warnings) -> Findings {
        let oldest = (!self.exclude_older_than.is_zero())
            .then(|| now.checked_sub(self.exclude_older_than))
            .flatten()
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
            .and_then(|age| i128::try_from(age.as_nanos()).ok());
        let mut walk =
            Walk { finder: self, oldest, seen: HashSet::new(), findings: Findings::default(), warnings };
        for (index, pattern) in self.patterns.iter().enumerate() {
            if pattern.literal {
                walk.consider(index, pattern.base.clone(), true);
            } else {
                walk.directory((index, pattern), &pattern.base, 0);
            }
        }
        walk.findings
    }
}

fn glob(text: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build()
}

fn wrong(key: &str, index: usize, error: &globset::Error) -> ConfigError {
    ConfigError::new(format!("{key}.{index}"), format!("is not a glob: {}", error.kind()))
}

impl Compiled {
    fn new(pattern: Pattern) -> Result<Self, globset::Error> {
        let text = pattern.glob.as_str();
        let located = |path: PathBuf| Location { root: pattern.root.clone(), path };
        let full = glob(text)?.compile_matcher();
        let wild = |part: &str| part.contains(['*', '?', '[', '{', '\\']);
        let parts: Vec<&str> = text.split('/').collect();
        let Some(first) = parts.iter().position(|part| wild(part)) else {
            return Ok(Self {
                base: located(text.into()),
                levels: Vec::new(),
                files_at: 0,
                any_depth: false,
                full,
                literal: true,
                looked: false,
                pattern,
            });
        };
        let (above, below) = parts.split_at(first);
        let base = located(if above == [""] { PathBuf::from("/") } else { PathBuf::from(above.join("/")) });
        // An alternative that spans directories is matched as a whole, as `**` is.
        let open =
            |part: &&str| part.contains("**") || part.matches('{').count() != part.matches('}').count();
        let pruned = below.iter().position(open);
        let checked = pruned.unwrap_or(below.len().saturating_sub(1));
        let mut levels = Vec::with_capacity(checked);
        for level in 1..=checked {
            let prefix = parts.get(..first + level).unwrap_or_default().join("/");
            levels.push(glob(&prefix)?.compile_matcher());
        }
        let any_depth = pruned.is_some();
        Ok(Self { base, files_at: checked, levels, any_depth, full, literal: false, looked: false, pattern })
    }
}

struct Walk<'a> {
    finder: &'a Finder,
    oldest: Option<i128>,
    /// Paths found so far: patterns may overlap.
    seen: HashSet<Location>,
    findings: Findings,
    warnings: &'a mut Warnings,
}

impl Walk<'_> {
    fn directory(&mut self, (index, pattern): (usize, &Compiled), directory: &Location, depth: usize) {
        let entries = match directory.read_dir() {
            Ok(entries) => {
                self.warnings.passed(|| directory.shown());
                entries
            }
            Err(error) => {
                // A directory that is not there, or that is none, holds no files.
                if !matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) {
                    self.findings.incomplete.insert(pattern.pattern.tag);
                    self.warnings.unreadable(&directory.shown(), &error);
                }
                return;
            }
        };
        for entry in entries {
            let Ok(entry) = entry else {
                self.findings.incomplete.insert(pattern.pattern.tag);
                continue;
            };
            let Ok(kind) = entry.file_type() else { continue };
            let found = directory.join(&entry.file_name());
            let path = &found.path;
            let file_level = depth == pattern.files_at || (pattern.any_depth && depth > pattern.files_at);
            if file_level && !kind.is_dir() && pattern.full.is_match(path) {
                self.consider(index, found.clone(), false);
            }
            if kind.is_file() || depth >= DEEPEST {
                continue;
            }
            let is_directory = || found.metadata().is_ok_and(|metadata| metadata.is_dir());
            let descend = match pattern.levels.get(depth) {
                Some(level) => level.is_match(path) && (kind.is_dir() || is_directory()),
                // Symbolic links are not followed here: they may lead back up.
                None => pattern.any_depth && kind.is_dir(),
            };
            if descend {
                self.directory((index, pattern), &found, depth + 1);
            }
        }
    }

    fn consider(&mut self, pattern: usize, location: Location, named: bool) {
        if self.finder.exclude.is_match(&location.path) || self.seen.contains(&location) {
            return;
        }
        match location.metadata() {
            Ok(metadata) if metadata.is_file() => {
                let facts = Facts::of(&metadata);
                if self.oldest.is_none_or(|oldest| facts.modified >= oldest) {
                    self.seen.insert(location.clone());
                    self.findings.files.push(Found { location, facts, pattern });
                }
            }
            Ok(_) => {}
            // Gone since, or a link that leads nowhere.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                if let Some((pattern, _)) = self.finder.pattern(pattern).filter(|_| !named) {
                    self.findings.incomplete.insert(pattern.tag);
                }
                self.warnings.unreadable(&location.shown(), &error);
            }
        }
    }
}
