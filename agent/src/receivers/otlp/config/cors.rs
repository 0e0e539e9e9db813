//! Which browsers may send.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of `cors`: which web pages may send telemetry from a browser.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CorsConfig {
    /// Origins whose pages may send, such as `https://shop.example.com`; `*` stands for any characters.
    /// Default: none, which turns CORS off.
    pub(crate) allowed_origins: Vec<String>,
    /// Request headers that pages may set beside the safe ones; `*` allows all. Default: none beside
    /// `X-Requested-With`.
    pub(crate) allowed_headers: Vec<String>,
    /// Seconds for which a browser may remember the answer; zero: as the browser likes. Default: 0.
    pub(crate) max_age: u32,
}
