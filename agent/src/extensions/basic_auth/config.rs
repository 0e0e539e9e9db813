//! What a user may write.

use edgewatch_core::config::{ConfigError, Secret};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::users::Users;

/// Settings of the `basic_auth` extension.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The users who may send to a receiver. This or `client_auth` is required. Default: none.
    pub(super) htpasswd: Option<Htpasswd>,
    /// What an exporter sends to its destination. This or `htpasswd` is required. Default: none.
    pub(super) client_auth: Option<ClientAuth>,
}

/// Settings of `htpasswd`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Htpasswd {
    /// File with a `user:password` on each line, as `htpasswd` writes them. It is read again when it changes. Default: empty.
    pub(super) file: String,
    /// Lines written here; they win over those of the file. A `$` is written `$$`. Default: empty.
    pub(super) inline: Secret,
}

/// Settings of `client_auth`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClientAuth {
    /// The user's name. Default: empty.
    pub(super) username: String,
    /// File with the name, which wins over `username` and is read again when it changes. Default: empty.
    pub(super) username_file: String,
    /// The password. Default: empty.
    pub(super) password: Secret,
    /// File with the password, which wins over `password` and is read again when it changes. Default: empty.
    pub(super) password_file: String,
}

impl Htpasswd {
    fn validate(&self) -> Result<(), ConfigError> {
        if self.file.is_empty() && self.inline.is_empty() {
            return Err(ConfigError::new(
                "file",
                "is missing; name a file that htpasswd has written, or write inline",
            ));
        }
        Users::read(self.inline.expose(), "").map(drop).map_err(|fact| ConfigError::new("inline", fact))
    }
}

impl ClientAuth {
    fn validate(&self) -> Result<(), ConfigError> {
        if self.username.is_empty() && self.username_file.is_empty() {
            return Err(ConfigError::new("username", "is missing; write the user's name, or username_file"));
        }
        if self.username.contains(':') {
            return Err(ConfigError::new(
                "username",
                "holds a colon, which would end the name; take another name",
            ));
        }
        Ok(())
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        match (&self.htpasswd, &self.client_auth) {
            (Some(_), Some(_)) => Err(ConfigError::new(
                "client_auth",
                "stands beside htpasswd; one extension serves exporters or receivers, so make it two",
            )),
            (Some(htpasswd), None) => htpasswd.validate().map_err(|error| error.under("htpasswd")),
            (None, Some(client)) => client.validate().map_err(|error| error.under("client_auth")),
            (None, None) => Err(ConfigError::new(
                "htpasswd",
                "is missing; write htpasswd for a receiver, or client_auth for an exporter",
            )),
        }
    }

    fn probes(&self, _context: &ProbeContext) -> Vec<Probe> {
        let htpasswd = self.htpasswd.iter().map(|htpasswd| ("htpasswd.file", &htpasswd.file));
        let client = self.client_auth.iter().flat_map(|client| {
            [
                ("client_auth.username_file", &client.username_file),
                ("client_auth.password_file", &client.password_file),
            ]
        });
        htpasswd.chain(client).filter_map(|(key, file)| Probe::of_file(key, file)).collect()
    }
}
