use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_core::testing::reading;
use tokio::time::Instant;

use super::super::config::Dns;
use super::super::resolver::{LookUp, Resolver};
use super::super::telemetry::BalancerTelemetry;

/// What a look-up finds, and how long it takes.
type Found = (Duration, io::Result<Vec<SocketAddr>>);

const AT_ONCE: Duration = Duration::ZERO;

fn addresses(texts: &[&str]) -> io::Result<Vec<SocketAddr>> {
    Ok(texts.iter().map(|text| text.parse().expect("an address")).collect())
}

/// A resolver whose look-ups find what the script says; then nothing any more.
fn resolver(port: &str, script: Vec<Found>) -> (Resolver, BalancerTelemetry, Registry, Arc<Mutex<usize>>) {
    let script = Mutex::new(VecDeque::from(script));
    let started = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&started);
    let look_up = move || -> LookUp {
        *counter.lock().expect("lock") += 1;
        let next = script.lock().expect("lock").pop_front();
        Box::pin(async move {
            let (after, found) = next.unwrap_or((AT_ONCE, Ok(Vec::new())));
            tokio::time::sleep(after).await;
            found
        })
    };
    let dns = Dns { hostname: "backends".to_owned(), port: port.to_owned(), ..Dns::default() };
    let registry = Registry::default();
    let telemetry = BalancerTelemetry::new(&Telemetry::new(registry.clone()), "dns");
    (Resolver::with(&dns, look_up), telemetry, registry, started)
}

#[tokio::test(start_paused = true)]
async fn tells_of_changes_only_and_in_an_order_that_every_agent_has() {
    let script = vec![
        (AT_ONCE, addresses(&["10.0.0.2:4317", "[::1]:4317", "10.0.0.1:4317"])),
        (AT_ONCE, addresses(&["10.0.0.1:4317", "10.0.0.2:4317", "[::1]:4317"])),
        (AT_ONCE, addresses(&["10.0.0.1:4317"])),
    ];
    let (mut resolver, telemetry, registry, _) = resolver("", script);
    let start = Instant::now();

    assert_eq!(resolver.changed(&telemetry).await, ["10.0.0.1", "10.0.0.2", "[::1]"]);
    assert_eq!(start.elapsed(), AT_ONCE);
    assert_eq!(resolver.changed(&telemetry).await, ["10.0.0.1"]);
    assert_eq!(start.elapsed(), Duration::from_secs(10));
    let labels = [("resolver", "dns"), ("success", "true")];
    assert_eq!(reading(&registry, "otelcol_loadbalancer_num_resolutions", &labels), 3.0);
}

#[tokio::test(start_paused = true)]
async fn a_port_that_is_configured_belongs_to_the_name() {
    let (mut resolver, telemetry, ..) =
        resolver("5000", vec![(AT_ONCE, addresses(&["10.0.0.1:5000", "[::1]:5000"]))]);
    assert_eq!(resolver.changed(&telemetry).await, ["10.0.0.1:5000", "[::1]:5000"]);
}

#[tokio::test(start_paused = true)]
async fn failures_and_empty_answers_change_nothing() {
    let script = vec![
        (AT_ONCE, Err(io::ErrorKind::NotFound.into())),
        (AT_ONCE, Ok(Vec::new())),
        (AT_ONCE, addresses(&["10.0.0.1:4317"])),
    ];
    let (mut resolver, telemetry, registry, _) = resolver("", script);
    assert_eq!(resolver.changed(&telemetry).await, ["10.0.0.1"]);
    assert_eq!(reading(&registry, "otelcol_loadbalancer_num_resolutions", &[("success", "false")]), 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_hangs_is_not_joined_by_others() {
    let script = vec![(Duration::from_secs(60), addresses(&["10.0.0.1:4317"]))];
    let (mut resolver, telemetry, registry, started) = resolver("", script);
    assert_eq!(resolver.changed(&telemetry).await, ["10.0.0.1"]);
    assert_eq!(*started.lock().expect("lock"), 1);
    assert!(reading(&registry, "otelcol_loadbalancer_num_resolutions", &[("success", "false")]) > 5.0);
}

#[tokio::test(start_paused = true)]
async fn there_are_never_more_destinations_than_allowed() {
    let many: Vec<SocketAddr> =
        (0..300_u16).map(|number| ([10, 0, (number / 256) as u8, (number % 256) as u8], 1).into()).collect();
    let (mut resolver, telemetry, registry, _) = resolver("1", vec![(AT_ONCE, Ok(many))]);
    assert_eq!(resolver.changed(&telemetry).await.len(), 256);
    assert_eq!(reading(&registry, "edgewatch_loadbalancer_ignored_backends", &[]), 44.0);
}
