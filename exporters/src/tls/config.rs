//! What a user may write under `tls`.

use edgewatch_core::config::{ConfigError, Duration, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of `tls` for connections to a destination.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientTls {
    /// Sends without TLS. Only where the endpoint does not say `https://`. Default: false.
    pub(crate) insecure: bool,
    /// Uses TLS without verifying who answers: anybody between may read and change the data. Default: false.
    pub(crate) insecure_skip_verify: bool,
    /// Name to verify the destination's certificate for, instead of the endpoint's host. Default: empty.
    pub(crate) server_name_override: String,
    /// File with the certificates, in PEM, of the authorities that the destination's certificate may come
    /// from. Empty: those that the system trusts. Default: empty.
    pub(crate) ca_file: String,
    /// The same as `ca_file`, written here instead. Default: empty.
    pub(crate) ca_pem: Secret,
    /// Trusts the system's authorities in addition to those of `ca_file` or `ca_pem`. Default: false.
    pub(crate) include_system_ca_certs_pool: bool,
    /// File with the certificate, in PEM, to show to the destination, followed by the certificates of its
    /// issuers. Default: empty, no certificate is shown.
    pub(crate) cert_file: String,
    /// The same as `cert_file`, written here instead. Default: empty.
    pub(crate) cert_pem: Secret,
    /// File with the key, in PEM, of the certificate that is shown. Default: empty.
    pub(crate) key_file: String,
    /// The same as `key_file`, written here instead. Default: empty.
    pub(crate) key_pem: Secret,
    /// Lowest version of TLS: 1.2 or 1.3. Default: 1.2.
    pub(crate) min_version: Version,
    /// Highest version of TLS: 1.2 or 1.3. Default: 1.3.
    pub(crate) max_version: Version,
    /// Cipher suites to use with TLS 1.2, such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`; TLS 1.3 always
    /// uses its own. Default: empty, all that are safe.
    pub(crate) cipher_suites: Vec<String>,
    /// Curves for the exchange of keys, most wanted first: X25519, P256, P384. Default: empty, all of them.
    pub(crate) curve_preferences: Vec<String>,
    /// How often the files are read again while connections are in use. Certificates that have changed are used by new
    /// connections, which replace the old ones at the next request; a file that cannot be used leaves the old certificates in
    /// use. Default: 0s, never.
    pub(crate) reload_interval: Duration,
    /// Unsafe cipher suites. Not in this build. Default: false.
    pub(crate) include_insecure_cipher_suites: bool,
}

/// A version of TLS, or none in particular.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) enum Version {
    /// The default.
    #[default]
    #[serde(rename = "")]
    Unset,
    /// TLS 1.0, which nothing should use any more.
    #[serde(rename = "1.0")]
    Tls10,
    /// TLS 1.1, which nothing should use any more.
    #[serde(rename = "1.1")]
    Tls11,
    /// TLS 1.2.
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    Tls13,
}

impl ClientTls {
    /// Whether there are files to read again.
    pub(super) fn reloads(&self) -> bool {
        !self.reload_interval.is_zero() && self.named().next().is_some()
    }

    /// The files, for messages.
    pub(super) fn files(&self) -> String {
        self.named().collect::<Vec<_>>().join(", ")
    }

    fn named(&self) -> impl Iterator<Item = &str> {
        let files = [&self.ca_file, &self.cert_file, &self.key_file];
        files.into_iter().map(String::as_str).filter(|file| !file.is_empty())
    }

    /// Checks the rules between keys; errors are located below `tls`.
    ///
    /// # Errors
    ///
    /// Every rule that is broken, by key.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let both = |file: &str, pem: &Secret, kind: &str| {
            let message = format!("{kind}_file and {kind}_pem are both given; remove one of them");
            refuse_if(!file.is_empty() && !pem.is_empty(), &format!("{kind}_file"), &message)
        };
        let has_cert = !self.cert_file.is_empty() || !self.cert_pem.is_empty();
        let has_key = !self.key_file.is_empty() || !self.key_pem.is_empty();
        ConfigError::all([
            both(&self.ca_file, &self.ca_pem, "ca"),
            both(&self.cert_file, &self.cert_pem, "cert"),
            both(&self.key_file, &self.key_pem, "key"),
            refuse_if(
                has_cert && !has_key,
                "key_file",
                "a certificate is given but no key for it; add key_file or key_pem",
            ),
            refuse_if(
                has_key && !has_cert,
                "cert_file",
                "a key is given but no certificate for it; add cert_file or cert_pem",
            ),
            old(self.min_version, "min_version"),
            old(self.max_version, "max_version"),
            refuse_if(
                self.min_version == Version::Tls13 && self.max_version == Version::Tls12,
                "max_version",
                "1.2 is below min_version (1.3); raise it or lower min_version",
            ),
            refuse_if(
                self.include_insecure_cipher_suites,
                "include_insecure_cipher_suites",
                "this build has no unsafe cipher suites; remove the key",
            ),
        ])
        .map_err(|error| error.under("tls"))
    }
}

fn old(version: Version, key: &str) -> Result<(), ConfigError> {
    let old = matches!(version, Version::Tls10 | Version::Tls11);
    refuse_if(old, key, "TLS below 1.2 is broken and not in this build; write 1.2 or 1.3")
}

fn refuse_if(wrong: bool, key: &str, message: &str) -> Result<(), ConfigError> {
    if wrong { Err(ConfigError::new(key, message)) } else { Ok(()) }
}
