//! The contract of extensions, and what they offer to other components.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::auth::{ClientAuth, ServerAuth};
use crate::config::ConfigError;
use crate::receiver::ReceiveError;
use crate::storage::Storage;

/// Serves the agent itself: a health page, an authenticator, a store.
#[async_trait]
pub trait Extension: Send {
    /// Opens what can fail, before any pipeline starts.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`]; the agent then does not start.
    async fn open(&mut self) -> Result<(), ReceiveError> {
        Ok(())
    }

    /// What other components may use of it. Asked once, after [`Extension::open`]; lives on in the components that use it.
    fn offers(&self) -> Offers {
        Offers::default()
    }

    /// Runs until `stop` fires, which is after the last pipeline has drained.
    async fn run(self: Box<Self>, stop: CancellationToken);
}

/// A kind of service that an extension may offer to other components.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Service {
    /// Keeps queues on disk.
    Storage,
    /// Authenticates requests that go out.
    ClientAuth,
    /// Authenticates requests that come in.
    ServerAuth,
}

impl Service {
    /// For messages: "extension `x` ...".
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Storage => "keeps queues on disk",
            Self::ClientAuth => "authenticates requests that go out",
            Self::ServerAuth => "authenticates requests that come in",
        }
    }
}

/// That a component's configuration names an extension.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Use {
    /// The dotted key that names it, relative to the component.
    pub key: String,
    /// The extension's id, as written.
    pub extension: String,
    /// What it is named for.
    pub service: Service,
}

impl Use {
    /// A use of `extension`, named under `key`, as `service`.
    pub fn new(key: impl Into<String>, extension: impl Into<String>, service: Service) -> Self {
        Self { key: key.into(), extension: extension.into(), service }
    }
}

/// What one extension offers.
#[derive(Clone, Default)]
pub struct Offers {
    /// See [`Service::Storage`].
    pub storage: Option<Arc<dyn Storage>>,
    /// See [`Service::ClientAuth`].
    pub client_auth: Option<Arc<dyn ClientAuth>>,
    /// See [`Service::ServerAuth`].
    pub server_auth: Option<Arc<dyn ServerAuth>>,
}

/// What all extensions offer, by their ids. The configuration has checked that what components name is there.
#[derive(Clone, Default)]
pub struct Offered(HashMap<String, Offers>);

impl Offered {
    /// Adds what the extension `id` offers.
    pub fn insert(&mut self, id: impl Into<String>, offers: Offers) {
        self.0.insert(id.into(), offers);
    }

    /// The storage that `key` names by the id `extension`.
    ///
    /// # Errors
    ///
    /// When no such extension runs, or it is not a storage.
    pub fn storage(&self, key: &str, extension: &str) -> Result<Arc<dyn Storage>, ConfigError> {
        let offers = self.0.get(extension).and_then(|offers| offers.storage.clone());
        offers.ok_or_else(|| missing(key, extension, Service::Storage))
    }

    /// The client authenticator that `key` names by the id `extension`.
    ///
    /// # Errors
    ///
    /// When no such extension runs, or it does not authenticate requests that go out.
    pub fn client_auth(&self, key: &str, extension: &str) -> Result<Arc<dyn ClientAuth>, ConfigError> {
        let offers = self.0.get(extension).and_then(|offers| offers.client_auth.clone());
        offers.ok_or_else(|| missing(key, extension, Service::ClientAuth))
    }

    /// The server authenticator that `key` names by the id `extension`.
    ///
    /// # Errors
    ///
    /// When no such extension runs, or it does not authenticate requests that come in.
    pub fn server_auth(&self, key: &str, extension: &str) -> Result<Arc<dyn ServerAuth>, ConfigError> {
        let offers = self.0.get(extension).and_then(|offers| offers.server_auth.clone());
        offers.ok_or_else(|| missing(key, extension, Service::ServerAuth))
    }
}

fn missing(key: &str, extension: &str, service: Service) -> ConfigError {
    ConfigError::new(key, format!("no extension `{extension}` that {} is running", service.describe()))
}
