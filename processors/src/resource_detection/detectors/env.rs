//! Attributes that the environment states: `OTEL_RESOURCE_ATTRIBUTES=key=value,key=value` and
//! `OTEL_SERVICE_NAME`.

use edgewatch_core::config::ConfigError;
use edgewatch_core::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Found;

const VARIABLE: &str = "OTEL_RESOURCE_ATTRIBUTES";
/// What the variable was called before; the Collector still reads it.
const FORMER_VARIABLE: &str = "OTEL_RESOURCE";
const SERVICE_NAME_VARIABLE: &str = "OTEL_SERVICE_NAME";

/// Settings of the detector `env`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::resource_detection) struct EnvConfig {
    /// The only attributes to take from the variables. Default: absent, all are taken.
    pub(super) allowlist: Option<Vec<String>>,
}

pub(super) fn detect(config: &EnvConfig, host: &dyn Host, found: &mut Found) -> Result<(), ConfigError> {
    // As the specification of the SDKs has it, the name of the service takes precedence over the list.
    let service = host.env(SERVICE_NAME_VARIABLE).filter(|name| !name.trim().is_empty());
    let text = [VARIABLE, FORMER_VARIABLE]
        .iter()
        .filter_map(|name| host.env(name))
        .find(|text| !text.trim().is_empty());
    for part in text.iter().flat_map(|text| text.split(',')).filter(|part| !part.trim().is_empty()) {
        let (key, value) = part.split_once('=').ok_or_else(|| invalid(part, "there is no = in it"))?;
        let key = decode(key.trim()).ok_or_else(|| invalid(part, "its percent-encoding is broken"))?;
        let value = decode(value.trim()).ok_or_else(|| invalid(part, "its percent-encoding is broken"))?;
        if key.is_empty() {
            return Err(invalid(part, "the name before the = is empty"));
        }
        if key != "service.name" || service.is_none() {
            found.text(&key, value);
        }
    }
    found.text("service.name", service);
    if let Some(allowed) = &config.allowlist {
        found.retain(|key| allowed.iter().any(|allowed| allowed == key));
    }
    Ok(())
}

fn invalid(part: &str, reason: &str) -> ConfigError {
    ConfigError::new(
        "detectors",
        format!("{VARIABLE}: {part:?} is not an attribute, {reason}; write key=value,key=value"),
    )
}

/// Resolves `%41`. A plus stays a plus, as the W3C Baggage format has it.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            let (digits, tail) = rest.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}
