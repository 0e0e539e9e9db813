//! Headers that a user adds to every request.

use edgewatch_core::config::{ConfigError, Headers};
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// The headers as HTTP wants them; errors are located at `headers.<name>`. `reserved` names belong to the
/// protocol.
pub(crate) fn header_map(headers: &Headers, reserved: &[&str]) -> Result<HeaderMap, ConfigError> {
    let mut map = HeaderMap::with_capacity(headers.iter().len());
    for (name, value) in headers.iter() {
        let key = format!("headers.{name}");
        let Ok(header) = HeaderName::try_from(name) else {
            return Err(ConfigError::new(key, "is not a name that a header can have"));
        };
        if reserved.contains(&header.as_str()) {
            return Err(ConfigError::new(key, "is set by the protocol itself; remove it"));
        }
        let Ok(mut value) = HeaderValue::try_from(value.expose()) else {
            return Err(ConfigError::new(key, "has a value with characters that a header cannot carry"));
        };
        value.set_sensitive(true);
        map.append(header, value);
    }
    Ok(map)
}
