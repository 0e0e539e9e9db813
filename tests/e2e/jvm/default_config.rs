//! `edgewatch run` without any configuration.

use edgewatch_tests::agent::{Agent, Builder};
use edgewatch_tests::jvm::{Java, Launch};
use edgewatch_tests::ports;

const ONLY: &str = "receivers.jvm.include.names=[untold]";

#[tokio::test]
async fn without_a_configuration_the_terminal_tells_of_heap_collections_and_threads() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let mut jvm = Launch::probe(&java, "untold").flags(["-XX:+UseSerialGC"]).start().await?;
    // A line tells of three JVMs, and other stories have JVMs of their own.
    let agent = on_free_ports(Agent::without_config())?.argument("--set").argument(ONLY).start().await?;
    agent.wait_for_output("from untold: heap ").await?;

    jvm.tell("gc 3").await?;

    agent.wait_for_output("3 GCs").await?;
    let threads = jvm.beans().await?.threads;
    let text = agent.stdout();
    let line = text.lines().rfind(|line| line.contains("3 GCs")).unwrap_or_default();
    assert!(line.contains("metrics") && line.contains("heap "), "{text}");
    assert!(line.contains(&format!("{threads} threads")), "{text}");
    let log = agent.stderr();
    assert!(!log.contains("memory_limiter") && !log.contains(" ERROR "), "{log}");
    jvm.quit().await
}

/// The same, without the ports that another program on this machine may have taken.
fn on_free_ports(mut agent: Builder) -> anyhow::Result<Builder> {
    for key in [
        "receivers.otlp.protocols.grpc.endpoint",
        "receivers.otlp.protocols.http.endpoint",
        "extensions.health_check.endpoint",
    ] {
        agent = agent.argument("--set").argument(format!("{key}={}", ports::free()?));
    }
    Ok(agent)
}
