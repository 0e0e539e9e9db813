//! From settings to a TLS client.

use std::path::Path;
use std::sync::Arc;

use edgewatch_core::config::{ConfigError, Secret};
use edgewatch_core::host::Host;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio_rustls::TlsConnector;

use super::config::{ClientTls, Version};
use super::skip_verify::SkipVerify;

/// Makes TLS connections to one destination.
#[derive(Clone)]
pub(crate) struct TlsClient {
    pub(crate) connector: TlsConnector,
    /// Whom the peer must prove to be.
    pub(crate) name: ServerName<'static>,
}

impl TlsClient {
    /// A client for the destination `host` that offers `protocols` (ALPN). Errors are located below `tls`.
    pub(crate) fn new(
        settings: &ClientTls,
        host: &str,
        protocols: &[&[u8]],
        machine: &dyn Host,
    ) -> Result<Self, ConfigError> {
        Self::build(settings, host, protocols, machine).map_err(|error| error.under("tls"))
    }

    fn build(
        settings: &ClientTls,
        host: &str,
        protocols: &[&[u8]],
        machine: &dyn Host,
    ) -> Result<Self, ConfigError> {
        let provider = Arc::new(provider(settings)?);
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions(settings))
            .map_err(|error| ConfigError::new("cipher_suites", error.to_string()))?;
        let builder = if settings.insecure_skip_verify {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(SkipVerify(provider)))
        } else {
            builder.with_root_certificates(roots(settings, machine)?)
        };
        let mut config = match identity(settings, machine)? {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
                ConfigError::new("cert_file", format!("certificate and key do not fit: {error}"))
            })?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let (name, key) = match settings.server_name_override.as_str() {
            "" => (host, ""),
            name => (name, "server_name_override"),
        };
        let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned()).map_err(|_| {
            ConfigError::new(key, format!("`{name}` is not a name that a certificate can prove"))
        })?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }
}

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

fn roots(settings: &ClientTls, machine: &dyn Host) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    let own = pem(&settings.ca_file, &settings.ca_pem, "ca", machine)?;
    if let Some((key, text)) = &own {
        let certificates = certificates(text, key)?;
        for certificate in certificates {
            roots.add(certificate).map_err(|error| {
                ConfigError::new(*key, format!("a certificate cannot be trusted: {error}"))
            })?;
        }
    }
    if own.is_none() || settings.include_system_ca_certs_pool {
        let system = rustls_native_certs::load_native_certs();
        let (added, _ignored) = roots.add_parsable_certificates(system.certs);
        if added == 0 && own.is_none() {
            return Err(ConfigError::new(
                "ca_file",
                "the system has no certificate authorities; install the package ca-certificates or set ca_file",
            ));
        }
    }
    Ok(roots)
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(settings: &ClientTls, machine: &dyn Host) -> Result<Option<Identity>, ConfigError> {
    let chain = pem(&settings.cert_file, &settings.cert_pem, "cert", machine)?;
    let key = pem(&settings.key_file, &settings.key_pem, "key", machine)?;
    let (Some((chain_at, chain)), Some((key_at, key))) = (chain, key) else {
        return Ok(None);
    };
    let chain = certificates(&chain, chain_at)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|error| ConfigError::new(key_at, format!("holds no key in PEM: {error}")))?;
    Ok(Some((chain, key)))
}

/// The PEM text that `<kind>_file` or `<kind>_pem` gives, and the key that gave it.
fn pem(
    file: &str,
    text: &Secret,
    kind: &str,
    machine: &dyn Host,
) -> Result<Option<(&'static str, String)>, ConfigError> {
    let (file_key, text_key) = match kind {
        "ca" => ("ca_file", "ca_pem"),
        "cert" => ("cert_file", "cert_pem"),
        _ => ("key_file", "key_pem"),
    };
    if !text.is_empty() {
        return Ok(Some((text_key, text.expose().to_owned())));
    }
    if file.is_empty() {
        return Ok(None);
    }
    match machine.read(Path::new(file)) {
        Ok(text) => Ok(Some((file_key, text))),
        Err(error) => Err(ConfigError::new(file_key, format!("cannot read {file}: {error}"))),
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
