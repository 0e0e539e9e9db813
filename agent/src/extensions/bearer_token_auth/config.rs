//! What a user may write.

use edgewatch_core::config::{ConfigError, Secret};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::header;
use super::tokens::Tokens;

/// Settings of the `bearer_token_auth` extension.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The header that carries the token. Default: Authorization.
    pub(super) header: String,
    /// What stands before the token; empty: nothing. Default: Bearer.
    pub(super) scheme: String,
    /// The token. This, `tokens` or `filename` is required. Default: empty.
    pub(super) token: Secret,
    /// Several tokens: each is accepted from clients, the first is sent to destinations. Default: none.
    pub(super) tokens: Vec<Secret>,
    /// File with tokens, one on each line, instead of `token` and `tokens`. It is read again when it changes. Default: empty.
    pub(super) filename: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            header: "Authorization".to_owned(),
            scheme: "Bearer".to_owned(),
            token: Secret::default(),
            tokens: Vec::new(),
            filename: String::new(),
        }
    }
}

impl Config {
    /// The tokens that are written in the configuration.
    pub(super) fn written(&self) -> Result<Tokens, String> {
        let one = Some(&self.token).filter(|token| !token.is_empty());
        Tokens::new(&self.scheme, one.into_iter().chain(&self.tokens).map(Secret::expose))
    }

    fn validate_tokens(&self) -> Result<(), ConfigError> {
        if !self.filename.is_empty() {
            return Ok(());
        }
        match (self.token.is_empty(), self.tokens.is_empty()) {
            (false, false) => {
                Err(ConfigError::new("tokens", "stands beside token; move the token into the list"))
            }
            (true, true) => {
                Err(ConfigError::new("token", "is missing; write token: ${env:TOKEN}, or filename"))
            }
            (true, false) | (false, true) => {
                let key = if self.token.is_empty() { "tokens" } else { "token" };
                self.written().map(drop).map_err(|fact| ConfigError::new(key, fact))
            }
        }
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([header::name("header", &self.header).map(drop), self.validate_tokens()])
    }

    fn probes(&self, _context: &ProbeContext) -> Vec<Probe> {
        Probe::of_file("filename", &self.filename).into_iter().collect()
    }
}
