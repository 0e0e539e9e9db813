//! Encryption: certificates from files, read again when asked.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgewatch_core::config::ConfigError;
use edgewatch_core::telemetry::{Counter, Telemetry};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::sync::Mutex as Turn;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use super::super::config::{TlsConfig, TlsVersion};

/// How often a `client_ca_file` is looked at with `client_ca_file_reload`.
const CLIENT_CA_INTERVAL: Duration = Duration::from_secs(1);

/// What new connections are encrypted with.
#[derive(Debug)]
pub(in super::super) struct Tls {
    config: TlsConfig,
    current: Mutex<Current>,
    /// Held by the one who reads: files that do not answer keep one thread, not one for every interval.
    turn: Arc<Turn<()>>,
    reloads: Counter,
    failures: Counter,
}

#[derive(Debug)]
struct Current {
    server: Arc<ServerConfig>,
    material: Material,
    /// When all files were read last, and the certificates of the clients' authorities.
    read_at: Instant,
    client_ca_read_at: Instant,
}

/// What is to be read again.
enum Due {
    All,
    /// The certificates of the clients' authorities.
    ClientCa,
}

/// The text of the files.
#[derive(Clone, PartialEq)]
struct Material {
    chain: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Material")
    }
}

impl Tls {
    /// Reads the files that `config` names.
    pub(in super::super) fn load(config: &TlsConfig, telemetry: &Telemetry) -> Result<Self, ConfigError> {
        let material = Material::read(config)?;
        let now = Instant::now();
        let server = material.server(config)?;
        Ok(Self {
            config: config.clone(),
            current: Mutex::new(Current { server, material, read_at: now, client_ca_read_at: now }),
            turn: Arc::default(),
            reloads: telemetry.counter(
                "edgewatch_receiver_tls_reloads",
                "{reloads}",
                "Times that changed certificates were taken into use.",
            ),
            failures: telemetry.counter(
                "edgewatch_receiver_tls_reload_errors",
                "{errors}",
                "Times that changed certificates could not be used, so that the old ones stayed in use.",
            ),
        })
    }

    /// Whether the files that `config` names can be used.
    pub(in super::super) fn check(config: &TlsConfig) -> Result<(), ConfigError> {
        Material::read(config)?.server(config).map(drop)
    }

    /// For one handshake. Reads the files again when it is time to; when what they hold has changed and cannot be
    /// used, what was read before stays in use.
    pub(super) async fn acceptor(self: &Arc<Self>) -> TlsAcceptor {
        if let Some(due) = self.due()
            && let Ok(turn) = Arc::clone(&self.turn).try_lock_owned()
        {
            let tls = Arc::clone(self);
            let read = move || {
                tls.read_again(due);
                drop(turn);
            };
            // The files may lie on something slow. When the agent stops meanwhile there is nothing to renew.
            let _ended = tokio::task::spawn_blocking(read).await;
        }
        TlsAcceptor::from(Arc::clone(&self.lock().server))
    }

    /// What is to be read again now, by the caller who asks first.
    fn due(&self) -> Option<Due> {
        let now = Instant::now();
        let mut current = self.lock();
        let interval: Duration = self.config.reload_interval.get();
        if !interval.is_zero() && now.duration_since(current.read_at) >= interval {
            (current.read_at, current.client_ca_read_at) = (now, now);
            return Some(Due::All);
        }
        let due = now.duration_since(current.client_ca_read_at) >= CLIENT_CA_INTERVAL;
        if self.config.client_ca_file_reload && due {
            current.client_ca_read_at = now;
            return Some(Due::ClientCa);
        }
        None
    }

    fn read_again(&self, due: Due) {
        let read = match due {
            Due::All => Material::read(&self.config),
            Due::ClientCa => client_ca(&self.config)
                .map(|client_ca| Material { client_ca, ..self.lock().material.clone() }),
        };
        match read.and_then(|material| self.replace(material)) {
            Ok(false) => {}
            Ok(true) => {
                self.reloads.add(1);
                info!("changed certificates are used from now on");
            }
            Err(error) => {
                self.failures.add(1);
                warn!(%error, "certificates could not be read again, the old ones stay in use");
            }
        }
    }

    /// Uses `material` from now on; false when it is what is used already.
    fn replace(&self, material: Material) -> Result<bool, ConfigError> {
        if material == self.lock().material {
            return Ok(false);
        }
        // Sessions of before cannot be resumed: their clients may not be trusted any more.
        let server = material.server(&self.config)?;
        let mut current = self.lock();
        (current.server, current.material) = (server, material);
        Ok(true)
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Material {
    fn read(config: &TlsConfig) -> Result<Self, ConfigError> {
        let chain = match (&config.cert_pem, &config.cert_file) {
            (Some(pem), _) => pem.clone().into_bytes(),
            (None, Some(file)) => read(file, "tls.cert_file")?,
            (None, None) => {
                return Err(ConfigError::new("tls.cert_file", "cert_file is missing; name the file"));
            }
        };
        let key = match (&config.key_pem, &config.key_file) {
            (Some(pem), _) => pem.expose().as_bytes().to_vec(),
            (None, Some(file)) => read(file, "tls.key_file")?,
            (None, None) => {
                return Err(ConfigError::new("tls.key_file", "key_file is missing; name the file"));
            }
        };
        Ok(Self { chain, key, client_ca: client_ca(config)? })
    }

    fn server(&self, config: &TlsConfig) -> Result<Arc<ServerConfig>, ConfigError> {
        let provider = Arc::new(ring::default_provider());
        let either = |pem: bool, text, file| if pem { text } else { file };
        let chain_at = either(config.cert_pem.is_some(), "tls.cert_pem", "tls.cert_file");
        let key_at = either(config.key_pem.is_some(), "tls.key_pem", "tls.key_file");
        let chain = certificates(&self.chain, chain_at)?;
        let key = private_key(&self.key, key_at)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions(config))
            .map_err(|error| ConfigError::new("tls.min_version", error.to_string()))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let key = "tls.client_ca_file";
                let mut roots = RootCertStore::empty();
                for certificate in certificates(pem, key)? {
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
}

fn client_ca(config: &TlsConfig) -> Result<Option<Vec<u8>>, ConfigError> {
    config.client_ca_file.as_ref().map(|file| read(file, "tls.client_ca_file")).transpose()
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
