//! The extension: owns the task that fetches tokens.

use std::sync::Arc;

use async_trait::async_trait;
use edgewatch_core::config::ConfigError;
use edgewatch_core::extension::{Extension, Offers, Service};
use edgewatch_core::factory::{BuildContext, ExtensionSpec};
use tokio_util::sync::CancellationToken;

use super::config::Config;
use super::keeper::Keeper;
use super::source::Source;

/// The `oauth2_client` extension.
pub(crate) struct OAuth2Client {
    source: Source,
    keeper: Arc<Keeper>,
}

impl ExtensionSpec for OAuth2Client {
    const NAME: &'static str = "oauth2_client";
    const ALIASES: &'static [&'static str] = &["oauth2client"];
    const OFFERS: &'static [Service] = &[Service::ClientAuth];
    const ABOUT: &'static str = "authenticates to destinations by tokens of an authorization server";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let source = Source::new(&config, context)?;
        Ok(Self { source, keeper: Arc::new(Keeper::new(&context.telemetry)) })
    }
}

#[async_trait]
impl Extension for OAuth2Client {
    fn offers(&self) -> Offers {
        let keeper = Arc::clone(&self.keeper);
        Offers { client_auth: Some(keeper), ..Offers::default() }
    }

    async fn run(self: Box<Self>, stop: CancellationToken) {
        self.keeper.keep(|| self.source.fetch(), &stop).await;
    }
}
