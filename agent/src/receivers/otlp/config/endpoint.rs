//! Where to listen.

use std::path::PathBuf;

use edgewatch_core::config::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of socket that `endpoint` names.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    /// TCP over IPv4 and IPv6.
    #[default]
    Tcp,
    /// TCP over IPv4 only.
    Tcp4,
    /// TCP over IPv6 only.
    Tcp6,
    /// A Unix domain socket; `endpoint` is its path.
    Unix,
}

/// An endpoint, taken apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in super::super) enum Place {
    /// `host` is empty for all addresses of the machine.
    Tcp { host: String, port: u16, transport: Transport },
    /// The path of a socket.
    Unix(PathBuf),
}

impl Place {
    /// Reads `endpoint` as the Collector does.
    pub(in super::super) fn parse(endpoint: &str, transport: Transport) -> Result<Self, ConfigError> {
        let wrong = |message: String| Err(ConfigError::new("endpoint", message));
        if endpoint.is_empty() {
            return wrong("the endpoint is empty; write host:port, such as localhost:4317".to_owned());
        }
        match transport {
            Transport::Unix => {
                return Ok(Self::Unix(endpoint.strip_prefix("unix://").unwrap_or(endpoint).into()));
            }
            Transport::Tcp | Transport::Tcp4 | Transport::Tcp6 => {}
        }
        if endpoint.contains("://") {
            return wrong(format!("{endpoint} is a URL; write host:port"));
        }
        let Some((host, port)) = endpoint.rsplit_once(':') else {
            return wrong(format!("{endpoint} names no port; write host:port"));
        };
        let Ok(port) = port.parse::<u16>() else {
            return wrong(format!("{port} is not a port; write a number from 0 to 65535"));
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if bare.is_none() && host.contains(':') {
            return wrong(format!("{host} looks like an IPv6 address; write [{host}]:{port}"));
        }
        Ok(Self::Tcp { host: bare.unwrap_or(host).to_owned(), port, transport })
    }
}
