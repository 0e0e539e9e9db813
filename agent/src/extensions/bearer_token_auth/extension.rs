//! The behaviour.

use std::sync::Arc;

use async_trait::async_trait;
use edgewatch_core::auth::{AuthError, ClientAuth, Denied, ServerAuth};
use edgewatch_core::config::ConfigError;
use edgewatch_core::extension::{Extension, Offers, Service};
use edgewatch_core::factory::{BuildContext, ExtensionSpec};
use http::{HeaderMap, HeaderName};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::super::fresh_file::FreshFile;
use super::super::header;
use super::config::Config;
use super::tokens::Tokens;

/// The `bearer_token_auth` extension.
pub(crate) struct BearerTokenAuth(Arc<Bearer>);

struct Bearer {
    header: HeaderName,
    source: Source,
}

enum Source {
    Written(Arc<Tokens>),
    File(FreshFile<Tokens>),
}

impl ExtensionSpec for BearerTokenAuth {
    const NAME: &'static str = "bearer_token_auth";
    const ALIASES: &'static [&'static str] = &["bearertokenauth"];
    const OFFERS: &'static [Service] = &[Service::ClientAuth, Service::ServerAuth];
    const ABOUT: &'static str = "authenticates by a token, to destinations and of clients";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let source = if config.filename.is_empty() {
            let tokens = config.written().map_err(|fact| ConfigError::new("token", fact))?;
            Source::Written(Arc::new(tokens))
        } else {
            if !config.token.is_empty() || !config.tokens.is_empty() {
                warn!(extension = context.id, "filename is set, so token and tokens are not used");
            }
            let scheme = config.scheme.clone();
            let parse = move |text: &str| Tokens::new(&scheme, text.lines());
            Source::File(FreshFile::open("filename", &config.filename, context, parse)?)
        };
        Ok(Self(Arc::new(Bearer { header: header::name("header", &config.header)?, source })))
    }
}

#[async_trait]
impl Extension for BearerTokenAuth {
    fn offers(&self) -> Offers {
        let (client, server) = (Arc::clone(&self.0), Arc::clone(&self.0));
        Offers { client_auth: Some(client), server_auth: Some(server), ..Offers::default() }
    }

    async fn run(self: Box<Self>, stop: CancellationToken) {
        stop.cancelled().await;
    }
}

impl Bearer {
    async fn tokens(&self) -> Arc<Tokens> {
        match &self.source {
            Source::Written(tokens) => Arc::clone(tokens),
            Source::File(file) => file.get().await,
        }
    }
}

#[async_trait]
impl ClientAuth for Bearer {
    async fn authenticate(&self, headers: &mut HeaderMap) -> Result<(), AuthError> {
        headers.insert(self.header.clone(), self.tokens().await.first().clone());
        Ok(())
    }

    async fn refused(&self, sent: &HeaderMap) -> bool {
        match &self.source {
            Source::Written(_) => false,
            Source::File(file) => sent.get(&self.header) != Some(file.get_now().await.first()),
        }
    }
}

#[async_trait]
impl ServerAuth for Bearer {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let Some(value) = headers.get(&self.header) else {
            return Err(Denied::Credentials("no token was sent"));
        };
        if self.tokens().await.contain(value) {
            Ok(())
        } else {
            Err(Denied::Credentials("the token is not known"))
        }
    }

    fn challenge(&self) -> &'static str {
        "Bearer"
    }
}
