//! Keys that choose one of a few words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
