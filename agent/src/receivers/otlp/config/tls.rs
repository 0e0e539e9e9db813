//! Encryption and client certificates.

use std::path::PathBuf;

use edgewatch_core::config::{ConfigError, Duration, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::unsupported::absent;

/// Settings of `tls` for a server.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TlsConfig {
    /// File with the certificate chain in PEM. This or `cert_pem` is required.
    pub(crate) cert_file: Option<PathBuf>,
    /// The certificate chain itself in PEM, instead of `cert_file`.
    pub(crate) cert_pem: Option<String>,
    /// File with the private key in PEM. This or `key_pem` is required.
    pub(crate) key_file: Option<PathBuf>,
    /// The private key itself in PEM, instead of `key_file`.
    pub(crate) key_pem: Option<Secret>,
    /// File with the certificates in PEM that client certificates must descend from. When set, clients
    /// without such a certificate are turned away.
    pub(crate) client_ca_file: Option<PathBuf>,
    /// Whether `client_ca_file` is read again when it has changed, looked at once a second at most while clients
    /// connect, whatever `reload_interval` says. Default: false.
    pub(crate) client_ca_file_reload: bool,
    /// Oldest version to speak: 1.2 or 1.3. Default: 1.2.
    pub(crate) min_version: TlsVersion,
    /// Newest version to speak: 1.2 or 1.3. Default: 1.3.
    pub(crate) max_version: Option<TlsVersion>,
    /// How often certificate, key and `client_ca_file` are read again, so that new connections see renewed ones
    /// without a restart; zero: never. Files that cannot be used change nothing, and are counted. Default: 0.
    pub(crate) reload_interval: Duration,
    /// Not in this build: the safe cipher suites of TLS 1.2 and 1.3 are on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cipher_suites: Option<Value>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum TlsVersion {
    /// TLS 1.2.
    #[default]
    #[serde(rename = "1.2")]
    V12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    V13,
}

impl TlsConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let one_of = |key: &str, file: bool, pem: bool| match (file, pem) {
            (true, false) | (false, true) => Ok(()),
            (false, false) => Err(ConfigError::new(key, format!("{key} is missing; name the file"))),
            (true, true) => {
                Err(ConfigError::new(key, "both a file and its content are given; keep one of them"))
            }
        };
        let versions = match self.max_version {
            Some(max) if max < self.min_version => Err(ConfigError::new(
                "max_version",
                "max_version is below min_version; raise it or lower min_version",
            )),
            Some(_) | None => Ok(()),
        };
        ConfigError::all([
            one_of("cert_file", self.cert_file.is_some(), self.cert_pem.is_some()),
            one_of("key_file", self.key_file.is_some(), self.key_pem.is_some()),
            versions,
            absent(
                "cipher_suites",
                self.cipher_suites.as_ref(),
                "cipher suites cannot be chosen in this build",
            ),
        ])
        .map_err(|error| error.under("tls"))
    }
}
