//! Settings of the Collector that this build reads only to say that it cannot follow them.

use edgewatch_core::config::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of `auth`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Auth {
    /// Id of the extension that authenticates.
    authenticator: String,
}

/// One of the `middlewares`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Middleware {
    /// Id of the extension.
    id: String,
}

impl Auth {
    pub(crate) fn refuse(auth: Option<&Self>) -> Result<(), ConfigError> {
        match auth {
            Some(Self { authenticator }) if !authenticator.is_empty() => Err(ConfigError::new(
                "auth",
                format!("authentication by extensions (`{authenticator}`) is not in this build"),
            )
            .with_help("put the credentials into headers, such as Authorization: Bearer ${env:TOKEN}")),
            Some(_) | None => Ok(()),
        }
    }
}

impl Middleware {
    pub(crate) fn refuse(middlewares: &[Self]) -> Result<(), ConfigError> {
        match middlewares {
            [Self { id }, ..] => {
                let message = format!("middleware extensions (`{id}`) are not in this build; remove the key");
                Err(ConfigError::new("middlewares", message))
            }
            [] => Ok(()),
        }
    }
}
