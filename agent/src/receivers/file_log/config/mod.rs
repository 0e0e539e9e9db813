//! What a user may write, with the keys of the Collector's `file_log` receiver.

mod choices;
mod multiline;
mod unsupported;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use edgewatch_core::config::{ByteSize, ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use choices::Truncation;
pub(super) use multiline::Multiline;

use super::probe;
use crate::tailing::{Encoding, Finder, Options, Oversize, Pattern, Retry, StartAt, Tag};

/// Smallest fingerprint that the Collector allows.
const MIN_FINGERPRINT: u64 = 16;

/// Settings of the `file_log` receiver.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Files to follow, as globs: `*`, `?`, `[a-z]`, `{a,b}`, and `**` for any number of directories. Required.
    pub(super) include: Vec<String>,
    /// Files not to follow among those that `include` matches, as globs. Default: none.
    pub(super) exclude: Vec<String>,
    /// Files that were not written for longer than this are not followed; zero: all are. Default: 0.
    pub(super) exclude_older_than: Duration,
    /// Where to begin in files that are there when the receiver starts for the first time: `end` or `beginning`. Files that come later
    /// are read from their beginning, and files seen before are resumed where they were left. Default: end.
    pub(super) start_at: StartAt,
    /// How often files are looked at for new lines. New and renamed files are looked for as often, unless that takes more than a
    /// hundredth of the time; then less often. Default: 200ms.
    pub(super) poll_interval: Duration,
    /// Bytes at the beginning of a file that tell it from others. At least 16. Default: 1000.
    pub(super) fingerprint_size: ByteSize,
    /// Largest record. Longer lines are treated as `max_log_size_behavior` says, and counted. Default: 1MiB.
    pub(super) max_log_size: ByteSize,
    /// What happens to lines longer than `max_log_size`: `split` into several records, or `truncate`. Default: split.
    pub(super) max_log_size_behavior: Oversize,
    /// Files that are held open at a time; never more than half of the process's limit on open files. With more files than that, those
    /// that were idle longest are closed and opened again when they grow. Default: 1024.
    pub(super) max_concurrent_files: NonZeroUsize,
    /// Bytes of encoded lines that may wait for delivery at a time; reading pauses at the limit. Not in the Collector. Default: 8MiB.
    pub(super) max_in_flight_size: ByteSize,
    /// `utf-8` (also for ASCII; invalid bytes are replaced and counted), `utf-8-raw` (a line with invalid bytes becomes a body of
    /// bytes), `utf-16le`, `utf-16be`, or `nop`: no lines, the file as it is in bodies of bytes. Default: utf-8.
    #[schemars(with = "String")]
    pub(super) encoding: Encoding,
    /// Keep spaces and tabs at the beginning of lines. Default: false.
    pub(super) preserve_leading_whitespaces: bool,
    /// Keep spaces and tabs at the end of lines. Default: false.
    pub(super) preserve_trailing_whitespaces: bool,
    /// Records of several lines, cut where a regular expression matches. Without one of the patterns every line is a record.
    #[serde(deserialize_with = "multiline::or_default")]
    pub(super) multiline: Multiline,
    /// A last line without line break, or a last record of `multiline`, is taken as a record when nothing was added to the file for this long; zero: it waits for its
    /// line break. Default: 500ms.
    pub(super) force_flush_period: Duration,
    /// Add the file's name as `log.file.name`. Default: true.
    pub(super) include_file_name: bool,
    /// Add the file's path as `log.file.path`. Default: false.
    pub(super) include_file_path: bool,
    /// Add the file's name behind all symbolic links as `log.file.name_resolved`. Default: false.
    pub(super) include_file_name_resolved: bool,
    /// Add the file's path behind all symbolic links as `log.file.path_resolved`. Default: false.
    pub(super) include_file_path_resolved: bool,
    /// Add the name of the file's owner, as in /etc/passwd, as `log.file.owner.name`. Default: false.
    pub(super) include_file_owner_name: bool,
    /// Add the name of the file's group, as in /etc/group, as `log.file.owner.group.name`. Default: false.
    pub(super) include_file_owner_group_name: bool,
    /// Add the file's permissions, as three octal digits, as `log.file.permissions`. Default: false.
    pub(super) include_file_permissions: bool,
    /// Add the number of the record in its file, from 1, as `log.file.record_number`. Default: false.
    pub(super) include_file_record_number: bool,
    /// Add the place in the file where the record begins, in bytes, as `log.file.record_offset`. Default: false.
    pub(super) include_file_record_offset: bool,
    /// Attributes to add to every record. Default: none.
    pub(super) attributes: BTreeMap<String, String>,
    /// Attributes of the resource that the records belong to. Default: none.
    pub(super) resource: BTreeMap<String, String>,
    /// What to do when lines are refused by a pipeline: they are sent again, and reading pauses meanwhile.
    pub(super) retry_on_failure: Retry,
    /// The Collector keeps positions only with a storage extension. Here they are always kept, in the state directory; any id is
    /// accepted, and no extension is needed. Default: none.
    pub(super) storage: Option<String>,
    /// What happens when a file became shorter: `read_whole_file`, which is the only choice in this build; what was not yet read is looked
    /// for in a copy of the file beside it. Default: read_whole_file.
    pub(super) on_truncate: Truncation,
    /// Accepted for the Collector's sake and not used: with more files than `max_concurrent_files`, files take turns. Default: 0.
    pub(super) max_batches: usize,
    /// Accepted for the Collector's sake and not used: the buffer is shared and grows when a line is long. Default: 16KiB.
    pub(super) initial_buffer_size: ByteSize,
    /// Accepted for the Collector's sake and not used: files that are gone are always remembered for a while. Default: 0.
    pub(super) polls_to_archive: usize,
    /// Accepted for the Collector's sake and not used. Default: false.
    pub(super) file_cache_advise: bool,
    /// Not in this build: there are no operators yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operators: Option<Value>,
    /// Not in this build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) header: Option<Value>,
    /// Not in this build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ordering_criteria: Option<Value>,
    /// Not in this build: compressed files are passed over. Must be empty. Default: empty.
    pub(super) compression: String,
    /// Not in this build. Must be false. Default: false.
    pub(super) delete_after_read: bool,
    /// Not in this build. Must be false. Default: false.
    pub(super) acquire_fs_lock: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            exclude_older_than: Duration::ZERO,
            start_at: StartAt::End,
            poll_interval: Duration::from_millis(200),
            fingerprint_size: ByteSize::bytes(1000),
            max_log_size: ByteSize::mib(1),
            max_log_size_behavior: Oversize::Split,
            max_concurrent_files: NonZeroUsize::MIN.saturating_add(1023),
            max_in_flight_size: ByteSize::mib(8),
            encoding: Encoding::Utf8,
            preserve_leading_whitespaces: false,
            preserve_trailing_whitespaces: false,
            multiline: Multiline::default(),
            force_flush_period: Duration::from_millis(500),
            include_file_name: true,
            include_file_path: false,
            include_file_name_resolved: false,
            include_file_path_resolved: false,
            include_file_owner_name: false,
            include_file_owner_group_name: false,
            include_file_permissions: false,
            include_file_record_number: false,
            include_file_record_offset: false,
            attributes: BTreeMap::new(),
            resource: BTreeMap::new(),
            retry_on_failure: Retry::default(),
            storage: None,
            on_truncate: Truncation::ReadWholeFile,
            max_batches: 0,
            initial_buffer_size: ByteSize::kib(16),
            polls_to_archive: 0,
            file_cache_advise: false,
            operators: None,
            header: None,
            ordering_criteria: None,
            compression: String::new(),
            delete_after_read: false,
            acquire_fs_lock: false,
        }
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([
            self.check_patterns(),
            self.check_sizes(),
            self.multiline.check(self),
            self.check_expressions("attributes", &self.attributes),
            self.check_expressions("resource", &self.resource),
            unsupported::check(self),
        ])
    }

    fn memory_bound(&self) -> usize {
        self.options().memory_bound().saturating_add(self.multiline.memory_bound())
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        probe::probes(self, context)
    }
}

impl Config {
    fn check_patterns(&self) -> Result<(), ConfigError> {
        if self.include.is_empty() {
            let fact = "names no files; write a list of globs, such as [/var/log/myapp/*.log]";
            return Err(ConfigError::new("include", fact));
        }
        Finder::new(self.patterns(), &self.exclude, self.exclude_older_than.get()).map(drop)
    }

    /// What the engine is to follow.
    pub(super) fn patterns(&self) -> Vec<Pattern> {
        let rule = self.multiline.rule();
        let pattern = |glob: &String| Pattern {
            start_at: self.start_at,
            rule: rule.clone(),
            ..Pattern::new(glob, Tag::default())
        };
        self.include.iter().map(pattern).collect()
    }

    /// What the engine is told.
    pub(super) fn options(&self) -> Options {
        Options {
            poll_interval: self.poll_interval.get(),
            fingerprint_size: self.fingerprint_size.as_usize(),
            max_record_size: self.max_log_size.as_usize(),
            oversize: self.max_log_size_behavior,
            encoding: self.encoding,
            keep_leading: self.preserve_leading_whitespaces,
            keep_trailing: self.preserve_trailing_whitespaces,
            force_flush_period: self.force_flush_period.get(),
            half_line_period: self.force_flush_period.get(),
            max_open_files: self.max_concurrent_files.get(),
            exclude: self.exclude.clone(),
            exclude_older_than: self.exclude_older_than.get(),
        }
    }

    fn check_sizes(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, broken: bool, fact: &str| {
            if broken { Err(ConfigError::new(key, fact)) } else { Ok(()) }
        };
        ConfigError::all([
            wrong(
                "fingerprint_size",
                self.fingerprint_size.get() < MIN_FINGERPRINT,
                "is too small to tell files apart; write at least 16",
            ),
            wrong(
                "fingerprint_size",
                self.fingerprint_size > ByteSize::mib(1),
                "is larger than 1MiB; the first few KiB of a file tell it from others",
            ),
            // Smaller than a character there would be nothing to split into.
            wrong(
                "max_log_size",
                self.max_log_size.get() < 4,
                "is too small to hold a line; write at least 4",
            ),
            wrong(
                "max_log_size",
                self.max_log_size > ByteSize::mib(256),
                "is larger than 256MiB, more than any destination takes in one record; lower it",
            ),
            wrong("poll_interval", self.poll_interval.is_zero(), "must not be zero; write 200ms"),
            wrong(
                "max_in_flight_size",
                self.max_in_flight_size < ByteSize::kib(256),
                "is smaller than one batch; write at least 256KiB",
            ),
            wrong(
                "retry_on_failure.initial_interval",
                self.retry_on_failure.initial_interval.is_zero(),
                "must not be zero; write 1s",
            ),
        ])
    }

    fn check_expressions(&self, key: &str, values: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        let written = values.iter().filter(|(_, value)| value.contains("EXPR("));
        let refuse = |(name, _): (&String, &String)| {
            let fact = "expressions are not in this build; write a plain value, or use a processor";
            Err(ConfigError::new(format!("{key}.{name}"), fact))
        };
        ConfigError::all(written.map(refuse))
    }
}
