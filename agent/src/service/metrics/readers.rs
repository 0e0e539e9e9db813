//! The readers of own metrics that the configuration asks for, opened at the start and again when they change.

use std::io;

use edgewatch_core::listeners::Listeners;
use edgewatch_core::telemetry::Registry;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{prometheus, push};
use crate::config::telemetry::Telemetry;
use crate::page::Page;

/// Why own metrics cannot be read as configured.
#[derive(Debug, thiserror::Error)]
pub enum ReadersError {
    /// The page.
    #[error(
        "cannot serve own metrics on {address}: {source}; choose another port in service.telemetry.metrics.readers, \
        or turn them off with service.telemetry.metrics.level: none"
    )]
    Page {
        /// As configured.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The push.
    #[error(transparent)]
    Push(#[from] push::PushError),
}

/// Pages and pushes at work.
pub struct Readers {
    registry: Registry,
    pages: Pages,
    pushes: Pushes,
    /// Pages, and pushes that are ending.
    tasks: JoinSet<()>,
}

struct Pages {
    addresses: Vec<(String, u16)>,
    listeners: Listeners,
    stop: CancellationToken,
}

#[derive(Default)]
struct Pushes {
    settings: Vec<push::Settings>,
    running: Vec<push::Push>,
}

/// What changes: open, but not at work. Dropping it changes nothing.
#[derive(Default)]
pub struct Changed {
    pages: Option<(Pages, Vec<Page>)>,
    pushes: Option<(Vec<push::Settings>, Vec<push::Ready>)>,
}

impl Readers {
    /// None yet.
    #[must_use]
    pub fn new(registry: Registry, listeners: &Listeners) -> Self {
        let pages = Pages {
            addresses: Vec::new(),
            listeners: listeners.for_another(),
            stop: CancellationToken::new(),
        };
        Self { registry, pages, pushes: Pushes::default(), tasks: JoinSet::new() }
    }

    /// Opens what `telemetry` asks for and is not there yet.
    ///
    /// # Errors
    ///
    /// [`ReadersError`]; those at work go on.
    pub async fn open(&self, telemetry: &Telemetry) -> Result<Changed, ReadersError> {
        let mut changed = Changed::default();
        let settings = push::settings(telemetry);
        if settings != self.pushes.settings {
            let ready = settings.iter().cloned().map(push::prepare).collect::<Result<_, _>>()?;
            changed.pushes = Some((settings, ready));
        }
        let addresses = telemetry.metrics.listeners();
        if addresses != self.pages.addresses {
            self.pages.listeners.leave(true);
            let opened = self.open_pages(addresses).await;
            self.pages.listeners.leave(false);
            changed.pages = Some(opened?);
        }
        Ok(changed)
    }

    async fn open_pages(&self, addresses: Vec<(String, u16)>) -> Result<(Pages, Vec<Page>), ReadersError> {
        let listeners = self.pages.listeners.for_another();
        let mut pages = Vec::with_capacity(addresses.len());
        for (host, port) in &addresses {
            let address = crate::page::address(host, *port);
            let page = prometheus::page(&listeners, &address, self.registry.clone()).await;
            pages.push(page.map_err(|source| ReadersError::Page { address, source })?);
        }
        Ok((Pages { addresses, listeners, stop: CancellationToken::new() }, pages))
    }

    /// Lets `changed` take the place of what it replaces.
    pub fn switch(&mut self, changed: Changed) {
        if let Some((next, pages)) = changed.pages {
            for page in pages {
                if let Ok(address) = page.local_addr() {
                    info!(%address, "serving own metrics at /metrics");
                }
                self.tasks.spawn(page.run(next.stop.clone()));
            }
            std::mem::replace(&mut self.pages, next).stop.cancel();
        }
        if let Some((settings, ready)) = changed.pushes {
            let running = ready.into_iter().map(|ready| ready.start(&self.registry)).collect();
            let former = std::mem::replace(&mut self.pushes, Pushes { settings, running });
            former.running.into_iter().for_each(|push| {
                self.tasks.spawn(push.stop());
            });
        }
        while self.tasks.try_join_next().is_some() {}
    }

    /// Pushes what is new one last time and closes the pages.
    pub async fn stop(mut self) {
        for push in self.pushes.running {
            push.stop().await;
        }
        self.pages.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}
