//! What the exporters call themselves.

use edgewatch_core::config::ConfigError;
use http::HeaderValue;

/// `Edgewatch/<version> (<system>/<machine>)` as the Collector writes it, or what the configuration says.
pub(crate) fn user_agent(configured: &str) -> Result<HeaderValue, ConfigError> {
    let text = match configured {
        "" => {
            let machine = match std::env::consts::ARCH {
                "x86_64" => "amd64",
                "aarch64" => "arm64",
                other => other,
            };
            format!("Edgewatch/{} ({}/{machine})", env!("CARGO_PKG_VERSION"), std::env::consts::OS)
        }
        configured => configured.to_owned(),
    };
    HeaderValue::try_from(text)
        .map_err(|_| ConfigError::new("user_agent", "has characters that a header cannot carry"))
}
