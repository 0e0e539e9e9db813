//! What a user may write.

use std::collections::BTreeMap;

use edgewatch_core::config::{ConfigError, Duration, Secret};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use edgewatch_exporters::web::{ClientTls, check_url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reach;

/// Settings of the `oauth2_client` extension.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Name under which the authorization server knows the agent. This or `client_id_file` is required. Default: empty.
    pub(super) client_id: String,
    /// File with the name, which wins over `client_id` and is read again when it changes. Default: empty.
    pub(super) client_id_file: String,
    /// The secret that goes with the name. This or `client_secret_file` is required. Default: empty.
    pub(super) client_secret: Secret,
    /// File with the secret, which wins over `client_secret` and is read again when it changes. Default: empty.
    pub(super) client_secret_file: String,
    /// URL of the authorization server that issues tokens. Required.
    pub(super) token_url: String,
    /// What the token shall permit. Default: none, what the server gives.
    pub(super) scopes: Vec<String>,
    /// More parameters of the request for a token, such as `audience`. Default: none.
    pub(super) endpoint_params: BTreeMap<String, Values>,
    /// How the agent asks for tokens; `client_credentials` is the one way of this build. Default: client_credentials.
    pub(super) grant_type: String,
    /// Longest time for one request for a token; zero: 30s. Default: 0s.
    pub(super) timeout: Duration,
    /// How long before its end a token is replaced; at most half of its life. Default: 5m.
    pub(super) expiry_buffer: Duration,
    /// TLS towards the authorization server, for URLs with `https://`.
    pub(super) tls: ClientTls,
}

/// One value or several.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Values {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Values {
    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let values = match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        };
        values.iter().map(String::as_str)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_id_file: String::new(),
            client_secret: Secret::default(),
            client_secret_file: String::new(),
            token_url: String::new(),
            scopes: Vec::new(),
            endpoint_params: BTreeMap::new(),
            grant_type: "client_credentials".to_owned(),
            timeout: Duration::ZERO,
            expiry_buffer: Duration::from_secs(300),
            tls: ClientTls::default(),
        }
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let wanted = |missing: bool, key: &str, way_out: &str| match missing {
            true => Err(ConfigError::new(key, format!("is missing; write {way_out}"))),
            false => Ok(()),
        };
        let grant = match self.grant_type.as_str() {
            "" | "client_credentials" => Ok(()),
            other => Err(ConfigError::new(
                "grant_type",
                format!("`{other}` is not in this build; use client_credentials"),
            )),
        };
        ConfigError::all([
            wanted(
                self.client_id.is_empty() && self.client_id_file.is_empty(),
                "client_id",
                "the name that the authorization server has given, or client_id_file",
            ),
            wanted(
                self.client_secret.is_empty() && self.client_secret_file.is_empty(),
                "client_secret",
                "client_secret: ${env:CLIENT_SECRET}, or client_secret_file",
            ),
            match self.token_url.is_empty() {
                true => wanted(true, "token_url", "the URL that issues tokens"),
                false => check_url("token_url", &self.token_url),
            },
            grant,
            self.tls.validate(),
        ])
    }

    fn probes(&self, _context: &ProbeContext) -> Vec<Probe> {
        let files =
            [("client_id_file", &self.client_id_file), ("client_secret_file", &self.client_secret_file)];
        let files = files.into_iter().filter_map(|(key, file)| Probe::of_file(key, file));
        files.chain([reach::probe("token_url", &self.token_url, "which issues tokens")]).collect()
    }
}
