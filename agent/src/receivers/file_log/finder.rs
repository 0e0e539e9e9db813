//! Expands globs into files.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use edgewatch_core::config::ConfigError;
use globset::{Glob, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

use super::identity::Facts;
use super::warnings::Warnings;

/// Directories below each other that `**` descends into.
const DEEPEST: usize = 64;

/// Which files are to be followed.
#[derive(Debug)]
pub(super) struct Finder {
    patterns: Vec<Pattern>,
    exclude: GlobSet,
    exclude_older_than: Duration,
}

/// A file that matches.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) facts: Facts,
}

/// What a look at the directories brought.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) files: Vec<Found>,
    /// Some directory could not be read: what is missing need not be gone.
    pub(super) incomplete: bool,
}

#[derive(Debug)]
struct Pattern {
    /// The directories in front of the first wildcard.
    base: PathBuf,
    /// For each directory level below `base` what a directory must match; none where every directory may do.
    levels: Vec<GlobMatcher>,
    /// Levels at which files are: exactly this one, or this one and all deeper ones.
    files_at: usize,
    any_depth: bool,
    full: GlobMatcher,
    /// No wildcard at all.
    literal: bool,
}

impl Finder {
    /// # Errors
    ///
    /// Every pattern that is not a glob.
    pub(super) fn new(
        include: &[String],
        exclude: &[String],
        exclude_older_than: Duration,
    ) -> Result<Self, ConfigError> {
        let mut patterns = Vec::with_capacity(include.len());
        let mut excluded = GlobSetBuilder::new();
        let mut outcomes = Vec::new();
        for (index, text) in include.iter().enumerate() {
            let pattern = Pattern::new(text);
            outcomes
                .push(pattern.map(|pattern| patterns.push(pattern)).map_err(|e| wrong("include", index, &e)));
        }
        for (index, text) in exclude.iter().enumerate() {
            let added = glob(text).map(|glob| {
                excluded.add(glob);
            });
            outcomes.push(added.map_err(|e| wrong("exclude", index, &e)));
        }
        ConfigError::all(outcomes)?;
        let exclude = excluded.build().map_err(|error| wrong("exclude", 0, &error))?;
        Ok(Self { patterns, exclude, exclude_older_than })
    }

    /// Looks at the directories. A file that is matched under several names is found several times.
    pub(super) fn find(&self, now: SystemTime, warnings: &mut Warnings) -> Findings {
        let oldest = (!self.exclude_older_than.is_zero())
            .then(|| now.checked_sub(self.exclude_older_than))
            .flatten()
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
            .and_then(|age| i128::try_from(age.as_nanos()).ok());
        let mut walk =
            Walk { finder: self, oldest, seen: HashSet::new(), findings: Findings::default(), warnings };
        for pattern in &self.patterns {
            if pattern.literal {
                walk.consider(&pattern.base, true);
            } else {
                walk.directory(pattern, &pattern.base, 0);
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

impl Pattern {
    fn new(text: &str) -> Result<Self, globset::Error> {
        let full = glob(text)?.compile_matcher();
        let wild = |part: &str| part.contains(['*', '?', '[', '{', '\\']);
        let parts: Vec<&str> = text.split('/').collect();
        let Some(first) = parts.iter().position(|part| wild(part)) else {
            return Ok(Self {
                base: text.into(),
                levels: Vec::new(),
                files_at: 0,
                any_depth: false,
                full,
                literal: true,
            });
        };
        let (above, below) = parts.split_at(first);
        let base = if above == [""] { PathBuf::from("/") } else { PathBuf::from(above.join("/")) };
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
        Ok(Self { base, files_at: checked, levels, any_depth: pruned.is_some(), full, literal: false })
    }
}

struct Walk<'a> {
    finder: &'a Finder,
    oldest: Option<i128>,
    /// Paths found so far: patterns may overlap.
    seen: HashSet<PathBuf>,
    findings: Findings,
    warnings: &'a mut Warnings,
}

impl Walk<'_> {
    fn directory(&mut self, pattern: &Pattern, directory: &Path, depth: usize) {
        let place = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        let entries = match fs::read_dir(place) {
            Ok(entries) => {
                self.warnings.passed(place);
                entries
            }
            Err(error) => {
                // A directory that is not there, or that is none, holds no files.
                if !matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) {
                    self.findings.incomplete = true;
                    self.warnings.unreadable(place, &error);
                }
                return;
            }
        };
        for entry in entries {
            let Ok(entry) = entry else {
                self.findings.incomplete = true;
                continue;
            };
            let Ok(kind) = entry.file_type() else { continue };
            let path = directory.join(entry.file_name());
            let file_level = depth == pattern.files_at || (pattern.any_depth && depth > pattern.files_at);
            if file_level && !kind.is_dir() && pattern.full.is_match(&path) {
                self.consider(&path, false);
            }
            if kind.is_file() || depth >= DEEPEST {
                continue;
            }
            let descend = match pattern.levels.get(depth) {
                Some(level) => level.is_match(&path) && (kind.is_dir() || path.is_dir()),
                // Symbolic links are not followed here: they may lead back up.
                None => pattern.any_depth && kind.is_dir(),
            };
            if descend {
                self.directory(pattern, &path, depth + 1);
            }
        }
    }

    fn consider(&mut self, path: &Path, named: bool) {
        if self.finder.exclude.is_match(path) || self.seen.contains(path) {
            return;
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                let facts = Facts::of(&metadata);
                if self.oldest.is_none_or(|oldest| facts.modified >= oldest) {
                    self.seen.insert(path.to_path_buf());
                    self.findings.files.push(Found { path: path.to_path_buf(), facts });
                }
            }
            Ok(_) => {}
            // Gone since, or a link that leads nowhere.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                self.findings.incomplete |= !named;
                self.warnings.unreadable(path, &error);
            }
        }
    }
}
