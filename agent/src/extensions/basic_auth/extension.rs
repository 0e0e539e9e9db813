//! The extension: for one side or the other.

use std::sync::Arc;

use async_trait::async_trait;
use edgewatch_core::config::ConfigError;
use edgewatch_core::extension::{Extension, Offers, Service};
use edgewatch_core::factory::{BuildContext, ExtensionSpec};
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::config::Config;
use super::server::Server;

/// The `basic_auth` extension.
pub(crate) struct BasicAuth {
    client: Option<Arc<Client>>,
    server: Option<Arc<Server>>,
}

impl ExtensionSpec for BasicAuth {
    const NAME: &'static str = "basic_auth";
    const ALIASES: &'static [&'static str] = &["basicauth"];
    const OFFERS: &'static [Service] = &[Service::ClientAuth, Service::ServerAuth];
    const ABOUT: &'static str = "authenticates by user name and password, to destinations or of clients";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let client = config.client_auth.as_ref().map(|settings| Client::new(settings, context).map(Arc::new));
        let server = config.htpasswd.as_ref().map(|settings| Server::new(settings, context).map(Arc::new));
        Ok(Self {
            client: client.transpose().map_err(|error| error.under("client_auth"))?,
            server: server.transpose().map_err(|error| error.under("htpasswd"))?,
        })
    }
}

#[async_trait]
impl Extension for BasicAuth {
    fn offers(&self) -> Offers {
        let mut offers = Offers::default();
        if let Some(client) = &self.client {
            offers.client_auth = Some(Arc::clone(client) as Arc<_>);
        }
        if let Some(server) = &self.server {
            offers.server_auth = Some(Arc::clone(server) as Arc<_>);
        }
        offers
    }

    async fn run(self: Box<Self>, stop: CancellationToken) {
        stop.cancelled().await;
    }
}
