//! The behaviour.

use std::time::SystemTime;

use async_trait::async_trait;
use edgewatch_core::config::ConfigError;
use edgewatch_core::extension::Extension;
use edgewatch_core::factory::{BuildContext, ExtensionSpec};
use edgewatch_core::health::{Health, State};
use edgewatch_core::listeners::Listeners;
use edgewatch_core::receiver::ReceiveError;
use http::StatusCode;
use tokio_util::sync::CancellationToken;

use super::config::{Config, ResponseBody};
use crate::page::{Page, Shown};

/// The `health_check` extension.
pub(crate) struct HealthCheck {
    config: Config,
    health: Health,
    listeners: Listeners,
    page: Option<Page>,
}

impl ExtensionSpec for HealthCheck {
    const NAME: &'static str = "health_check";
    const ABOUT: &'static str = "answers liveness and readiness probes over HTTP";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let (health, listeners) = (context.health.clone(), context.listeners.clone());
        Ok(Self { config, health, listeners, page: None })
    }
}

impl HealthCheck {
    /// Where it listens, once opened.
    #[cfg(test)]
    pub(super) fn local_addr(&self) -> Option<std::net::SocketAddr> {
        self.page.as_ref()?.local_addr().ok()
    }
}

#[async_trait]
impl Extension for HealthCheck {
    async fn open(&mut self) -> Result<(), ReceiveError> {
        let (health, body) = (self.health.clone(), self.config.response_body.clone());
        let Config { endpoint, path, .. } = &self.config;
        let page = Page::bind(&self.listeners, endpoint, path, move || show(&health, body.as_ref())).await;
        let address = || self.config.endpoint.clone();
        self.page = Some(page.map_err(|source| ReceiveError::Bind { address: address(), source })?);
        Ok(())
    }

    async fn run(self: Box<Self>, stop: CancellationToken) {
        if let Some(page) = self.page {
            page.run(stop).await;
        }
    }
}

/// The Collector's answer, word for word, since probes may look at it.
pub(super) fn show(health: &Health, body: Option<&ResponseBody>) -> Shown {
    let ready = health.get() == State::Ready;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if let Some(body) = body {
        let text = if ready { body.healthy.clone() } else { body.unhealthy.clone() };
        return Shown { status, content_type: "text/plain; charset=utf-8", text };
    }
    let text = if ready {
        let uptime = health.since().elapsed();
        let since = humantime::format_rfc3339_nanos(SystemTime::now() - uptime);
        format!(r#"{{"status":"Server available","upSince":"{since}","uptime":"{uptime:?}"}}"#)
    } else {
        r#"{"status":"Server not available"}"#.to_owned()
    };
    Shown { status, content_type: "application/json", text }
}
