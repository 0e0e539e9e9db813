//! Finding the destinations.

use std::collections::BTreeSet;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tracing::warn;

use super::config::{Dns, MOST_MEMBERS};
use super::telemetry::BalancerTelemetry;

/// Looks a name up; its addresses, in any order.
pub(super) type LookUp = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Repeats look-ups and tells when the destinations have changed.
pub(super) struct Resolver {
    hostname: String,
    /// What stands behind each address.
    port: Option<u16>,
    interval: Duration,
    timeout: Duration,
    look_up: Box<dyn Fn() -> LookUp + Send>,
    /// One that has taken too long and goes on: the next does not begin before it has ended, since each occupies a thread.
    under_way: Option<LookUp>,
    due: Instant,
    last: Vec<String>,
}

impl Resolver {
    /// Asks the system for the addresses of the configured name.
    pub(super) fn new(dns: &Dns, port: u16) -> Self {
        let hostname = dns.hostname.clone();
        let look_up = move || -> LookUp {
            let hostname = hostname.clone();
            Box::pin(async move { Ok(tokio::net::lookup_host((hostname.as_str(), port)).await?.collect()) })
        };
        Self::with(dns, look_up)
    }

    /// The same with another way to look up.
    pub(super) fn with(dns: &Dns, look_up: impl Fn() -> LookUp + Send + 'static) -> Self {
        let or = |configured: Duration, default: Duration| {
            if configured.is_zero() { default } else { configured }
        };
        let default = Dns::default();
        Self {
            hostname: dns.hostname.clone(),
            port: dns.port.parse().ok(),
            interval: or(dns.interval.get(), default.interval.get()),
            timeout: or(dns.timeout.get(), default.timeout.get()),
            look_up: Box::new(look_up),
            under_way: None,
            due: Instant::now(),
            last: Vec::new(),
        }
    }

    /// Waits until the name has other addresses than before; returns their names in order. A look-up that fails, or finds none,
    /// changes nothing. May be dropped and called again.
    pub(super) async fn changed(&mut self, telemetry: &BalancerTelemetry) -> Vec<String> {
        loop {
            sleep_until(self.due).await;
            let look_up = self.under_way.get_or_insert_with(|| (self.look_up)());
            let result = timeout(self.timeout, look_up.as_mut()).await;
            self.due = Instant::now() + self.interval;
            let found = match result {
                Ok(result) => {
                    self.under_way = None;
                    result.map_err(|error| error.to_string())
                }
                Err(_elapsed) => Err(format!("no answer within {:?}", self.timeout)),
            };
            telemetry.resolved(found.is_ok());
            let names = match found {
                Ok(addresses) if !addresses.is_empty() => names(&addresses, self.port, telemetry),
                Ok(_) => continue,
                Err(error) => {
                    warn!(
                        hostname = self.hostname,
                        error, "name not resolved, destinations stay as they are"
                    );
                    continue;
                }
            };
            if names != self.last {
                self.last.clone_from(&names);
                return names;
            }
        }
    }

    /// What the next look-up finds counts as a change: not everything that was told of could be used.
    pub(super) fn forget(&mut self) {
        self.last.clear();
    }

    /// The changes of a resolver that may not be there.
    pub(super) async fn changed_of(
        resolver: Option<&mut Self>,
        telemetry: &BalancerTelemetry,
    ) -> Vec<String> {
        match resolver {
            Some(resolver) => resolver.changed(telemetry).await,
            None => pending().await,
        }
    }
}

/// The addresses as the Collector's ring has them: with a port where one is configured, in the order of the text.
fn names(addresses: &[SocketAddr], port: Option<u16>, telemetry: &BalancerTelemetry) -> Vec<String> {
    let name = |address: &SocketAddr| match (port, address) {
        (Some(_), _) => address.to_string(),
        (None, SocketAddr::V4(address)) => address.ip().to_string(),
        (None, SocketAddr::V6(address)) => format!("[{}]", address.ip()),
    };
    let names: BTreeSet<String> = addresses.iter().map(name).collect();
    telemetry.too_many.add(names.len().saturating_sub(MOST_MEMBERS));
    names.into_iter().take(MOST_MEMBERS).collect()
}
