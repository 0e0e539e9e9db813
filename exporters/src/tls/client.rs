//! A TLS client whose certificates may change while it runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgewatch_core::config::ConfigError;
use edgewatch_core::host::Host;
use edgewatch_core::telemetry::{Counter, Telemetry};
use rustls::pki_types::ServerName;
use tokio::sync::Mutex as Turn;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tracing::{info, warn};

use super::config::ClientTls;
use super::material::Material;

/// Makes TLS connections to one destination. With `reload_interval` the files are read again, when a connection is asked
/// for and that long after the last time; what cannot be used leaves what was read before in use.
#[derive(Clone)]
pub(crate) struct TlsClient {
    /// Whom the peer must prove to be.
    pub(crate) name: ServerName<'static>,
    shared: Arc<Shared>,
}

/// What connections are to be made with now.
pub(crate) struct Current {
    pub(crate) connector: TlsConnector,
    /// Grows whenever the certificates change: a connection of a lower one is to be replaced.
    pub(crate) generation: u64,
}

struct Shared {
    settings: ClientTls,
    protocols: Vec<Vec<u8>>,
    machine: Arc<dyn Host>,
    /// Only of clients that read their files again.
    reloads: Option<Reloads>,
    state: Mutex<State>,
    /// Held by the one who reads: files that do not answer keep one thread, not one for every interval.
    turn: Arc<Turn<()>>,
}

struct State {
    connector: TlsConnector,
    generation: u64,
    material: Material,
    read_at: Instant,
}

struct Reloads {
    done: Counter,
    failed: Counter,
}

impl TlsClient {
    /// A client for the destination `host` that offers `protocols` (ALPN). Errors are located below `tls`.
    pub(crate) fn new(
        settings: &ClientTls,
        host: &str,
        protocols: &[&[u8]],
        machine: &Arc<dyn Host>,
        telemetry: &Telemetry,
    ) -> Result<Self, ConfigError> {
        Self::build(settings, host, protocols, machine, telemetry).map_err(|error| error.under("tls"))
    }

    fn build(
        settings: &ClientTls,
        host: &str,
        protocols: &[&[u8]],
        machine: &Arc<dyn Host>,
        telemetry: &Telemetry,
    ) -> Result<Self, ConfigError> {
        let (name, key) = match settings.server_name_override.as_str() {
            "" => (host, ""),
            name => (name, "server_name_override"),
        };
        let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned()).map_err(|_| {
            ConfigError::new(key, format!("`{name}` is not a name that a certificate can prove"))
        })?;
        let protocols: Vec<Vec<u8>> = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let material = Material::read(settings, machine.as_ref())?;
        let connector = TlsConnector::from(material.client(settings, &protocols)?);
        let state = State { connector, generation: 0, material, read_at: Instant::now() };
        let shared = Shared {
            settings: settings.clone(),
            protocols,
            machine: Arc::clone(machine),
            reloads: settings.reloads().then(|| Reloads::new(telemetry)),
            state: Mutex::new(state),
            turn: Arc::default(),
        };
        Ok(Self { name, shared: Arc::new(shared) })
    }

    /// What a connection is to be made with now.
    pub(crate) async fn current(&self) -> Current {
        if self.shared.is_due()
            && let Ok(turn) = Arc::clone(&self.shared.turn).try_lock_owned()
        {
            let shared = Arc::clone(&self.shared);
            let read = move || {
                shared.read_again();
                drop(turn);
            };
            // Files may lie on something slow. When the agent stops meanwhile there is nothing to renew.
            let _ended = tokio::task::spawn_blocking(read).await;
        }
        let state = self.shared.lock();
        Current { connector: state.connector.clone(), generation: state.generation }
    }
}

impl Shared {
    /// Whether the files are to be read again, by the caller who asks first.
    fn is_due(&self) -> bool {
        if self.reloads.is_none() {
            return false;
        }
        let mut state = self.lock();
        let due = state.read_at.elapsed() >= self.settings.reload_interval.get();
        if due {
            state.read_at = Instant::now();
        }
        due
    }

    fn read_again(&self) {
        let Some(reloads) = &self.reloads else { return };
        match self.changed() {
            Ok(false) => {}
            Ok(true) => {
                reloads.done.add(1);
                info!(files = %self.settings.files(), "certificates have changed, new connections use them");
            }
            Err(error) => {
                reloads.failed.add(1);
                let error = error.under("tls");
                warn!(%error, "certificates could not be read again, the old ones stay in use");
            }
        }
    }

    fn changed(&self) -> Result<bool, ConfigError> {
        let material = Material::read(&self.settings, self.machine.as_ref())?;
        if material == self.lock().material {
            return Ok(false);
        }
        let client = material.client(&self.settings, &self.protocols)?;
        let mut state = self.lock();
        state.connector = TlsConnector::from(client);
        state.generation += 1;
        state.material = material;
        Ok(true)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reloads {
    fn new(telemetry: &Telemetry) -> Self {
        Self {
            done: telemetry.counter(
                "edgewatch_tls_reloads",
                "{reloads}",
                "Times that certificates had changed and were put to use.",
            ),
            failed: telemetry.counter(
                "edgewatch_tls_reload_errors",
                "{errors}",
                "Times that certificates could not be read again; the old ones stayed in use.",
            ),
        }
    }
}
