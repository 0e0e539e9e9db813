//! Who may send.

use edgewatch_core::config::ConfigError;
use edgewatch_core::extension::{Service, Use};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of `auth`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuthConfig {
    /// Id of the extension that decides, such as `basic_auth`.
    pub(crate) authenticator: String,
    /// Parameters of the URL that authenticate. Not in this build: send credentials in headers. Default: none.
    pub(crate) request_params: Vec<String>,
}

impl AuthConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let parameters = match self.request_params.as_slice() {
            [] => Ok(()),
            [..] => Err(ConfigError::new(
                "auth.request_params",
                "URLs end up in logs, so they do not authenticate in this build; remove the key and send credentials in headers",
            )),
        };
        let name = match self.authenticator.as_str() {
            "" => Err(ConfigError::new("auth.authenticator", "is missing; name the extension that decides")),
            _ => Ok(()),
        };
        ConfigError::all([name, parameters])
    }

    /// The extension that it names, for the protocol `protocol`.
    pub(super) fn used_by(&self, protocol: &str) -> Use {
        let key = format!("protocols.{protocol}.auth.authenticator");
        Use::new(key, &self.authenticator, Service::ServerAuth)
    }
}
