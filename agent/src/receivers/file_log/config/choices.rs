//! Keys that choose one of a few words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// What happens when a file became shorter.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Truncation {
    /// It is read from its beginning.
    ReadWholeFile,
    /// The Collector goes on when the file has grown beyond the old position. Not in this build.
    Ignore,
    /// The Collector goes on at the new end. Not in this build.
    ReadNew,
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
