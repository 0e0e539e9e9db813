//! What the engine is told by its user, once.

use std::time::Duration;

use edgewatch_core::config;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How files are followed and cut into records. The same for all files of one [`Tailer`](super::Tailer).
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// How often files are looked at.
    pub(crate) poll_interval: Duration,
    /// Bytes at the beginning of a file that tell it from others.
    pub(crate) fingerprint_size: usize,
    /// Largest record, in bytes of the file. At least 4.
    pub(crate) max_record_size: usize,
    /// What happens to larger ones. Records of several lines are always split.
    pub(crate) oversize: Oversize,
    /// How the bytes of files are to be understood.
    pub(crate) encoding: Encoding,
    /// Keep white space at the beginning of records.
    pub(crate) keep_leading: bool,
    /// Keep white space at the end of records.
    pub(crate) keep_trailing: bool,
    /// Whole lines that may be followed by more of their record are taken as one when nothing was added to the file for this long; zero: never,
    /// until nothing will be added any more.
    pub(crate) force_flush_period: Duration,
    /// The same for what does not end in a line break.
    pub(crate) half_line_period: Duration,
    /// Files that are held open at a time, within the limit of the process.
    pub(crate) max_open_files: usize,
    /// Globs of files that are not followed.
    pub(crate) exclude: Vec<String>,
    /// Files that were not written for longer than this are not followed; zero: all are.
    pub(crate) exclude_older_than: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_millis(200),
            fingerprint_size: 1000,
            max_record_size: 1 << 20,
            oversize: Oversize::Split,
            encoding: Encoding::Utf8,
            keep_leading: false,
            keep_trailing: false,
            force_flush_period: Duration::from_millis(500),
            half_line_period: Duration::from_millis(500),
            max_open_files: 1024,
            exclude: Vec::new(),
            exclude_older_than: Duration::ZERO,
        }
    }
}

impl Options {
    /// Most memory that a tailer with these options takes, apart from what waits for delivery.
    pub(crate) fn memory_bound(&self) -> usize {
        // The buffer doubles until the longest record fits; the batch being written holds one such record more.
        let reading = self.max_record_size.saturating_mul(4).saturating_add(1 << 20);
        reading.saturating_add(self.max_open_files.saturating_mul(PER_FILE))
    }
}

/// Memory that one followed file takes, roughly: its record, its name and its labels.
const PER_FILE: usize = 1024;

/// Where reading begins in files never seen.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StartAt {
    /// Behind what is there already.
    End,
    /// At the first line.
    Beginning,
}

/// What happens to lines that are too long.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Oversize {
    /// They become several records.
    Split,
    /// Their beginning becomes a record, the rest is dropped.
    Truncate,
}

/// How the bytes of files are to be understood.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Encoding {
    /// UTF-8; what is not becomes U+FFFD.
    Utf8,
    /// UTF-8; a line that is not becomes bytes.
    Utf8Raw,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Bytes without lines.
    Nop,
}

impl TryFrom<String> for Encoding {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // The Collector's spellings, which it compares without regard to case.
        match text.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "ascii" | "us-ascii" => Ok(Self::Utf8),
            "utf-8-raw" | "utf8-raw" => Ok(Self::Utf8Raw),
            "utf-16le" | "utf16le" | "utf-16" | "utf16" => Ok(Self::Utf16Le),
            "utf-16be" | "utf16be" => Ok(Self::Utf16Be),
            "nop" | "" => Ok(Self::Nop),
            _ => Err(format!(
                "the encoding {text:?} is not in this build; write utf-8, utf-8-raw, utf-16le, utf-16be or nop"
            )),
        }
    }
}

impl From<Encoding> for String {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf8Raw => "utf-8-raw",
            Encoding::Utf16Le => "utf-16le",
            Encoding::Utf16Be => "utf-16be",
            Encoding::Nop => "nop",
        }
        .to_owned()
    }
}

/// Settings of `retry_on_failure`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retry {
    /// Accepted for the Collector's sake: lines that are refused are always sent again. Default: true.
    pub(crate) enabled: bool,
    /// Wait before the first attempt to send again. Default: 1s.
    pub(crate) initial_interval: config::Duration,
    /// Longest wait between attempts; the wait doubles with each until then. Default: 30s.
    pub(crate) max_interval: config::Duration,
    /// Lines that were refused for this long are dropped and counted; zero: never. The Collector's default is 5m. Default: 0.
    pub(crate) max_elapsed_time: config::Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            enabled: true,
            initial_interval: config::Duration::from_secs(1),
            max_interval: config::Duration::from_secs(30),
            max_elapsed_time: config::Duration::ZERO,
        }
    }
}
