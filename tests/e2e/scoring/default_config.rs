//! `edgewatch run` without any configuration.

use bytes::Bytes;
use edgewatch_tests::Signal;
use edgewatch_tests::agent::Agent;
use edgewatch_tests::client::GrpcClient;
use edgewatch_tests::metrics_page::MetricsPage;
use edgewatch_tests::ports;
use prost::Message as _;

use super::usual::{FAULT, LEARNED, QUEUE, World};

#[tokio::test]
async fn without_a_configuration_metrics_are_scored_and_the_terminal_tells_of_a_fault() -> anyhow::Result<()>
{
    let (grpc, http, health, page) = (ports::free()?, ports::free()?, ports::free()?, ports::free()?);
    let state = tempfile::tempdir()?;
    let mut agent = Agent::without_config();
    // The ports that another program on this machine may have taken, and the data of this machine: its time is now, and that of the
    // story is not.
    let readers =
        format!("[{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {}}}}}}}}}]", page.port());
    for (key, value) in [
        ("receivers.otlp.protocols.grpc.endpoint", grpc.to_string()),
        ("receivers.otlp.protocols.http.endpoint", http.to_string()),
        ("extensions.health_check.endpoint", health.to_string()),
        ("service.telemetry.metrics.readers", readers),
        ("service.pipelines.metrics.receivers", "[otlp]".to_owned()),
    ] {
        agent = agent.argument("--set").argument(format!("{key}={value}"));
    }
    let mut agent = agent.argument("--state-directory").argument(state.path()).start().await?;
    let client = GrpcClient::connect(grpc).await?;
    let mut world = World::default();

    for beat in 0..LEARNED + FAULT {
        let faults = if beat < LEARNED { vec![] } else { vec![("shop", QUEUE)] };
        let request = Bytes::from(world.next(&faults).encode_to_vec());
        let reply = client.export(Signal::Metrics, &request).await?;
        assert_eq!(reply.code(), Some(0), "{reply:?}");
    }

    agent.wait_for_output(&format!("{QUEUE}{{queue=orders}}: ")).await?;
    let own = MetricsPage::fetch(page).await?;
    let read = |name: &str| own.value(&format!("edgewatch_processor_anomaly_{name}"), &[]);
    assert_eq!(read("series"), Some(9.0), "{own}");
    assert!(read("active").is_some_and(|active| active >= 1.0), "{own}");
    assert!(read("scored_points").is_some_and(|points| points > 9.0 * LEARNED as f64 * 0.9), "{own}");
    assert!(read("memory").is_some_and(|bytes| bytes > 0.0), "{own}");
    let (status, _) = agent.terminate().await?;
    assert!(status.success(), "{}", agent.stderr());
    // Nothing to worry a newcomer.
    let log = agent.whole_log().await?;
    assert!(!log.contains(" ERROR ") && !log.contains(" WARN "), "{log}");
    Ok(())
}
