//! What a user may write.

use edgewatch_core::config::{ConfigError, Secret};
use edgewatch_core::extension::{Service, Use};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::header;

/// Settings of the `headers_setter` extension.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// What to do, in order. Required.
    pub(super) headers: Vec<Edit>,
    /// Id of another authenticator, which sees the headers after these edits. Default: empty, none.
    pub(super) additional_auth: String,
}

/// One of the `headers`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Edit {
    /// What to do: `insert` adds the header unless it is there, `update` replaces it if it is there, `upsert` does both,
    /// `delete` removes it. Default: upsert.
    pub(super) action: Action,
    /// Name of the header. Required.
    pub(super) key: String,
    /// Its value. This or `value_file` is required, except to delete. Default: none.
    pub(super) value: Option<Secret>,
    /// File with the value, which is read again when it changes. Default: empty.
    pub(super) value_file: String,
    /// Not in this build: what a client sent beside its telemetry does not travel with it. Default: empty.
    pub(super) from_context: String,
    /// Not in this build: what is known of a client does not travel with its telemetry. Default: empty.
    pub(super) from_attribute: String,
    /// Not in this build: goes with `from_context` and `from_attribute`. Default: none.
    pub(super) default_value: Option<Secret>,
}

/// What to do with a header.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// Adds it unless it is there.
    Insert,
    /// Replaces it if it is there.
    Update,
    /// Adds or replaces it.
    #[default]
    Upsert,
    /// Removes it.
    Delete,
}

impl Edit {
    fn validate(&self) -> Result<(), ConfigError> {
        let name = match self.key.as_str() {
            "" => Err(ConfigError::new("key", "is missing; write the name of the header")),
            name => header::name("key", name).map(drop),
        };
        let absent = |key: &str, set: bool| match set {
            true => Err(ConfigError::new(
                key,
                "what clients send beside telemetry does not travel with it in this build; \
                 write value, or give each tenant a pipeline with an exporter of its own",
            )),
            false => Ok(()),
        };
        ConfigError::all([
            name,
            absent("from_context", !self.from_context.is_empty()),
            absent("from_attribute", !self.from_attribute.is_empty()),
            self.validate_value(),
        ])
    }

    fn validate_value(&self) -> Result<(), ConfigError> {
        let elsewhere = !self.from_context.is_empty() || !self.from_attribute.is_empty();
        match (&self.value, self.value_file.is_empty()) {
            (Some(_), false) => {
                Err(ConfigError::new("value_file", "stands beside value; remove one of them"))
            }
            (Some(value), true) => {
                header::value(value.expose()).map(drop).map_err(|fact| ConfigError::new("value", fact))
            }
            (None, true) if self.action != Action::Delete && !elsewhere => {
                Err(ConfigError::new("value", "is missing; write what the header shall say, or value_file"))
            }
            (None, _) => Ok(()),
        }
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        if self.headers.is_empty() {
            return Err(ConfigError::new(
                "headers",
                "is missing; list what to do, such as {key: X-Scope-OrgID, value: a}",
            ));
        }
        let edits = self.headers.iter().enumerate();
        ConfigError::all(
            edits.map(|(index, edit)| {
                edit.validate().map_err(|error| error.under(&format!("headers.{index}")))
            }),
        )
    }

    fn uses(&self) -> Vec<Use> {
        match self.additional_auth.as_str() {
            "" => Vec::new(),
            extension => vec![Use::new("additional_auth", extension, Service::ClientAuth)],
        }
    }

    fn probes(&self, _context: &ProbeContext) -> Vec<Probe> {
        let edits = self.headers.iter().enumerate();
        edits
            .filter_map(|(index, edit)| {
                Probe::of_file(format!("headers.{index}.value_file"), &edit.value_file)
            })
            .collect()
    }
}
