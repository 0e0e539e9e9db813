//! Encryption: certificates from files, read again when asked.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use edgewatch_core::config::ConfigError;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio_rustls::TlsAcceptor;
use tracing::warn;

use super::super::config::{TlsConfig, TlsVersion};

/// What new connections are encrypted with.
#[derive(Debug)]
pub(in super::super) struct Tls {
    config: TlsConfig,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    server: Arc<ServerConfig>,
    read_at: Instant,
}

impl Tls {
    /// Reads the files that `config` names.
    pub(in super::super) fn load(config: &TlsConfig) -> Result<Self, ConfigError> {
        let current = Current { server: server_config(config)?, read_at: Instant::now() };
        Ok(Self { config: config.clone(), current: Mutex::new(current) })
    }

    /// For one handshake. Reads the files again when it is time to; when that fails, what was read before
    /// stays in use.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let interval: Duration = self.config.reload_interval.get();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if !interval.is_zero() && current.read_at.elapsed() >= interval {
            current.read_at = Instant::now();
            match server_config(&self.config) {
                Ok(server) => current.server = server,
                Err(error) => warn!(%error, "certificates could not be read again, the old ones stay in use"),
            }
        }
        TlsAcceptor::from(Arc::clone(&current.server))
    }
}

fn server_config(config: &TlsConfig) -> Result<Arc<ServerConfig>, ConfigError> {
    let provider = Arc::new(ring::default_provider());
    let chain = match (&config.cert_pem, &config.cert_file) {
        (Some(pem), _) => certificates(pem.as_bytes(), "tls.cert_pem")?,
        (None, Some(file)) => certificates(&read(file, "tls.cert_file")?, "tls.cert_file")?,
        (None, None) => return Err(ConfigError::new("tls.cert_file", "cert_file is missing; name the file")),
    };
    let key = match (&config.key_pem, &config.key_file) {
        (Some(pem), _) => private_key(pem.expose().as_bytes(), "tls.key_pem")?,
        (None, Some(file)) => private_key(&read(file, "tls.key_file")?, "tls.key_file")?,
        (None, None) => return Err(ConfigError::new("tls.key_file", "key_file is missing; name the file")),
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(config))
        .map_err(|error| ConfigError::new("tls.min_version", error.to_string()))?;
    let builder = match &config.client_ca_file {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let key = "tls.client_ca_file";
            let mut roots = RootCertStore::empty();
            for certificate in certificates(&read(file, key)?, key)? {
                roots.add(certificate).map_err(|error| ConfigError::new(key, error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| ConfigError::new(key, error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut server = builder.with_single_cert(chain, key).map_err(|error| {
        ConfigError::new("tls.key_file", format!("certificate and key cannot be used: {error}"))
    })?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(server))
}

fn versions(config: &TlsConfig) -> Vec<&'static SupportedProtocolVersion> {
    let max = config.max_version.unwrap_or(TlsVersion::V13);
    let all = [(TlsVersion::V12, &rustls::version::TLS12), (TlsVersion::V13, &rustls::version::TLS13)];
    all.into_iter()
        .filter(|(version, _)| (config.min_version..=max).contains(version))
        .map(|(_, v)| v)
        .collect()
}

fn read(file: &Path, key: &str) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(file).map_err(|error: io::Error| {
        ConfigError::new(
            key,
            format!("{} cannot be read: {error}; name a file that the agent may read", file.display()),
        )
    })
}

fn certificates(pem: &[u8], key: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let wrong = |fact: String| ConfigError::new(key, format!("no certificates: {fact}; give them in PEM"));
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| wrong(error.to_string()))?;
    if chain.is_empty() {
        Err(wrong("nothing between BEGIN CERTIFICATE and END CERTIFICATE".to_owned()))
    } else {
        Ok(chain)
    }
}

fn private_key(pem: &[u8], key: &str) -> Result<PrivateKeyDer<'static>, ConfigError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
        ConfigError::new(key, format!("no private key: {error}; give it in PEM, not encrypted"))
    })
}
