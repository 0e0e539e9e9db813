//! The memory of an agent whose destination is away.

use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::Sink;
use edgewatch_tests::{Signal, ports};

use super::clients::Clients;
use super::scene::{Scene, drained};

const MIB: f64 = 1024.0 * 1024.0;

#[tokio::test]
async fn an_outage_fills_the_disk_and_not_the_memory() -> anyhow::Result<()> {
    let (grpc, http) = (ports::free()?, ports::free()?);
    let limited: String =
        Signal::ALL.map(|signal| format!("{signal}: {{processors: [memory_limiter]}}")).join(", ");
    let scene = Scene::new("interval")?.with(format!(
        "{{processors: {{memory_limiter: {{check_interval: 1s, limit_mib: 32}}}}, service: {{pipelines: {{{limited}}}}}}}"
    ));
    let agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
    let before = agent.agent.usage()?.peak_resident;
    let clients = Signal::ALL.map(Clients::of);
    let sending = clients.each_ref().map(|clients| clients.start(agent.grpc, 2));

    let mut most_in_flight: f64 = 0.0;
    let much = |bytes: f64| bytes > 160.0 * MIB;
    loop {
        let page = agent.own_metrics().await?;
        most_in_flight =
            most_in_flight.max(page.value("edgewatch_memory_in_flight", &[]).unwrap_or_default());
        if page.value("edgewatch_storage_appended_bytes", &[]).is_some_and(much) {
            break;
        }
        clients[0].acknowledged(clients[0].promised() + 50).await?;
    }
    drop(sending);
    let down = agent.agent.usage()?;
    let back = Sink::start_at(grpc, http).await?;
    drained(&agent).await?;
    let drained = agent.agent.usage()?;

    // What each queue keeps in memory of what waits, 8 MiB, comes on top of the limit.
    let most = before + 96 * 1024 * 1024;
    let told =
        format!("before {before}, down {down:?}, drained {drained:?}, most in flight {most_in_flight}");
    assert!(down.peak_resident < most && drained.peak_resident < most, "{told}");
    assert!((1.0..33.0 * MIB).contains(&most_in_flight), "{told}");
    let page =
        agent.wait_for_own_metrics(|page| page.value("edgewatch_memory_in_flight", &[]) == Some(0.0)).await?;
    assert_eq!(
        page.value("edgewatch_memory_in_flight", &[]),
        Some(0.0),
        "what was delivered is on no account"
    );
    for (signal, clients) in Signal::ALL.into_iter().zip(&clients) {
        let (lost, repeated) = clients.account(&back.receipts())?;
        assert_eq!((signal, lost.len(), repeated.len()), (signal, 0, 0), "{told}");
    }
    Ok(())
}
