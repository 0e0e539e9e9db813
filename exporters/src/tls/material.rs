//! From settings and files to what a TLS connection is made with.

use std::path::Path;
use std::sync::Arc;

use edgewatch_core::config::{ConfigError, Secret};
use edgewatch_core::host::Host;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::config::{ClientTls, Version};
use super::skip_verify::SkipVerify;

/// The PEM texts that the settings give or name, each with the key that gave it.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Material {
    ca: Pem,
    cert: Pem,
    key: Pem,
}

type Pem = Option<(&'static str, Secret)>;

impl Material {
    /// Reads the files that `settings` name.
    pub(super) fn read(settings: &ClientTls, machine: &dyn Host) -> Result<Self, ConfigError> {
        Ok(Self {
            ca: pem(("ca_file", &settings.ca_file), ("ca_pem", &settings.ca_pem), machine)?,
            cert: pem(("cert_file", &settings.cert_file), ("cert_pem", &settings.cert_pem), machine)?,
            key: pem(("key_file", &settings.key_file), ("key_pem", &settings.key_pem), machine)?,
        })
    }

    /// What connections that offer `protocols` (ALPN) are made with.
    pub(super) fn client(
        &self,
        settings: &ClientTls,
        protocols: &[Vec<u8>],
    ) -> Result<Arc<ClientConfig>, ConfigError> {
        let provider = Arc::new(provider(settings)?);
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions(settings))
            .map_err(|error| ConfigError::new("cipher_suites", error.to_string()))?;
        let builder = if settings.insecure_skip_verify {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(SkipVerify(provider)))
        } else {
            builder.with_root_certificates(self.roots(settings)?)
        };
        let mut config = match self.identity()? {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
                ConfigError::new("cert_file", format!("certificate and key do not fit: {error}"))
            })?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.to_vec();
        Ok(Arc::new(config))
    }

    fn roots(&self, settings: &ClientTls) -> Result<RootCertStore, ConfigError> {
        let mut roots = RootCertStore::empty();
        if let Some((key, text)) = &self.ca {
            for certificate in certificates(text.expose(), key)? {
                roots.add(certificate).map_err(|error| {
                    ConfigError::new(*key, format!("a certificate cannot be trusted: {error}"))
                })?;
            }
        }
        if self.ca.is_none() || settings.include_system_ca_certs_pool {
            let system = rustls_native_certs::load_native_certs();
            let (added, _ignored) = roots.add_parsable_certificates(system.certs);
            if added == 0 && self.ca.is_none() {
                return Err(ConfigError::new(
                    "ca_file",
                    "the system has no certificate authorities; install the package ca-certificates or set ca_file",
                ));
            }
        }
        Ok(roots)
    }

    fn identity(&self) -> Result<Option<Identity>, ConfigError> {
        let (Some((chain_at, chain)), Some((key_at, key))) = (&self.cert, &self.key) else {
            return Ok(None);
        };
        let chain = certificates(chain.expose(), chain_at)?;
        let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
            .map_err(|error| ConfigError::new(*key_at, format!("holds no key in PEM: {error}")))?;
        Ok(Some((chain, key)))
    }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn versions(settings: &ClientTls) -> Vec<&'static SupportedProtocolVersion> {
    let mut versions = Vec::with_capacity(2);
    if settings.max_version != Version::Tls12 {
        versions.push(&TLS13);
    }
    if settings.min_version != Version::Tls13 {
        versions.push(&TLS12);
    }
    versions
}

fn provider(settings: &ClientTls) -> Result<CryptoProvider, ConfigError> {
    let mut provider = ring::default_provider();
    if !settings.cipher_suites.is_empty() {
        let known: Vec<String> =
            provider.cipher_suites.iter().map(|suite| format!("{:?}", suite.suite())).collect();
        if let Some(unknown) = settings.cipher_suites.iter().find(|name| !known.contains(name)) {
            let known = known.join(", ");
            return Err(ConfigError::new("cipher_suites", format!("`{unknown}` is not one of {known}")));
        }
        provider.cipher_suites.retain(|suite| {
            suite.tls13().is_some() || settings.cipher_suites.contains(&format!("{:?}", suite.suite()))
        });
    }
    if !settings.curve_preferences.is_empty() {
        let groups: Result<Vec<_>, _> =
            settings.curve_preferences.iter().map(|name| key_exchange(name)).collect();
        provider.kx_groups = groups?;
    }
    Ok(provider)
}

fn key_exchange(name: &str) -> Result<&'static dyn SupportedKxGroup, ConfigError> {
    match name {
        "X25519" => Ok(ring::kx_group::X25519),
        "P256" => Ok(ring::kx_group::SECP256R1),
        "P384" => Ok(ring::kx_group::SECP384R1),
        _ => Err(ConfigError::new(
            "curve_preferences",
            format!("`{name}` is not in this build; use X25519, P256 or P384"),
        )),
    }
}

/// The text that `file` names or `text` is, and the key that gave it.
fn pem(
    file: (&'static str, &str),
    text: (&'static str, &Secret),
    machine: &dyn Host,
) -> Result<Pem, ConfigError> {
    if !text.1.is_empty() {
        return Ok(Some((text.0, text.1.clone())));
    }
    let (key, file) = file;
    if file.is_empty() {
        return Ok(None);
    }
    match machine.read(Path::new(file)) {
        Ok(text) => Ok(Some((key, Secret::new(text)))),
        Err(error) => Err(ConfigError::new(key, format!("cannot read {file}: {error}"))),
    }
}

fn certificates(text: &str, key: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(ConfigError::new(key, "holds no certificate in PEM")),
        Err(error) => Err(ConfigError::new(key, format!("holds a damaged certificate: {error}"))),
    }
}
