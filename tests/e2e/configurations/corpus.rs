//! Configurations that users have run unchanged: only ports, addresses and paths are set from outside.

use std::net::SocketAddr;

use edgewatch_tests::agent::Agent;
use edgewatch_tests::client::GrpcClient;
use edgewatch_tests::load::Template;
use edgewatch_tests::sink::Sink;
use edgewatch_tests::{Signal, ports};

use super::snapshot::package;

#[tokio::test]
async fn the_quick_start_forwards() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let agent = Configured::of("quick-start")?
        .set("exporters.otlp.endpoint", sink.grpc_address())
        .set("extensions.health_check.endpoint", ports::free()?)
        .start()
        .await?;

    agent.send(&Signal::ALL).await?;

    for signal in Signal::ALL {
        let arrived = sink.wait_for_items(signal, 100).await?;
        assert_eq!(arrived.tally(signal)?.missing(1..=100), Vec::<u64>::new());
    }
    Ok(())
}

#[tokio::test]
async fn the_kubernetes_agent_forwards() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let agent = Configured::of("kubernetes-agent")?
        .set("exporters.otlp.endpoint", sink.grpc_address())
        .start()
        .await?;

    agent.send(&[Signal::Traces]).await?;

    sink.wait_for_items(Signal::Traces, 100).await?;
    Ok(())
}

#[tokio::test]
async fn the_gateway_forwards_to_both_of_its_backends_and_edits() -> anyhow::Result<()> {
    let (one, second) = (Sink::start().await?, Sink::start().await?);
    let agent = Configured::of("gateway")?
        .environment("TENANT", "shop")
        .set("exporters.otlphttp.endpoint", one.http_endpoint())
        .set("exporters.otlp/second.endpoint", second.grpc_address())
        .set("service.telemetry.metrics.address", ports::free()?)
        .start()
        .await?;

    agent.send(&Signal::ALL).await?;

    for signal in Signal::ALL {
        for sink in [&one, &second] {
            assert_eq!(sink.wait_for_items(signal, 100).await?.tally(signal)?.distinct(), 100);
        }
    }
    let arrived = one.receipts();
    assert!(arrived.all().all(|receipt| receipt.header("x-tenant") == Some("shop")));
    assert!(arrived.all().all(|receipt| receipt.header("content-encoding") == Some("zstd")));
    let resource = arrived.traces()?[0].resource_spans[0].resource.clone().unwrap();
    assert!(resource.attributes.iter().any(|attribute| attribute.key == "deployment.environment.name"));
    Ok(())
}

#[tokio::test]
async fn the_charts_daemonset_takes_all_signals() -> anyhow::Result<()> {
    let agent = Configured::of_chart("daemonset")?.start().await?;

    agent.send(&Signal::ALL).await?;

    for printed in ["100 spans", "100 data points", "100 log records"] {
        agent.agent.wait_for_output(printed).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_charts_daemonset_measures_the_host() -> anyhow::Result<()> {
    let agent = Configured::of_chart("daemonset-host-metrics")?
        .set("receivers.hostmetrics.root_path", "/")
        .set("receivers.hostmetrics.collection_interval", "500ms")
        .set("exporters.debug.verbosity", "normal")
        .start()
        .await?;

    for printed in ["system.cpu.time", "system.memory.usage", "system.filesystem.usage", "system.network.io"]
    {
        agent.agent.wait_for_output(printed).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_charts_daemonset_follows_the_logs_of_pods() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let pod = folder.path().join("shop_orders-0_uid").join("app");
    std::fs::create_dir_all(&pod)?;
    let file = pod.join("0.log");
    std::fs::write(&file, "before the start\n")?;
    let agent = Configured::of_chart("daemonset-logs")?
        .set("receivers.filelog.include", format!("[{}/*/*/*.log]", folder.path().display()))
        // Lines may be written before the file is found: all of them are wanted here.
        .set("receivers.filelog.start_at", "beginning")
        .set("receivers.filelog.poll_interval", "50ms")
        .set("exporters.debug.verbosity", "detailed")
        .start()
        .await?;
    agent.agent.wait_for_output("before the start").await?;

    let mut log = std::fs::OpenOptions::new().append(true).open(&file)?;
    std::io::Write::write_all(&mut log, b"a line with \xc3\xbcmlauts\n")?;

    agent.agent.wait_for_output("a line with ümlauts").await?;
    agent.agent.wait_for_output("log.file.path").await
}

/// A configuration of the corpus and what is set from outside.
struct Configured {
    builder: edgewatch_tests::agent::Builder,
    grpc: SocketAddr,
}

struct Running {
    agent: Agent,
    grpc: SocketAddr,
}

impl Configured {
    fn of(name: &str) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(package(&format!("corpus/configs/{name}.yaml")))?;
        let (grpc, http) = (ports::free()?, ports::free()?);
        // Relative to the agent's own folder.
        let builder = Agent::with_config(text).environment("EDGEWATCH_STATE_DIRECTORY", "state");
        let this = Self { builder, grpc };
        let this = this.set("receivers.otlp.protocols.grpc.endpoint", grpc);
        let this = this.set("receivers.otlp.protocols.http.endpoint", http);
        // Port 8888 can be had once only.
        let reader = format!(
            "[{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {}}}}}}}}}]",
            ports::free()?.port()
        );
        Ok(this.set("service.telemetry.metrics.readers", reader))
    }

    fn of_chart(name: &str) -> anyhow::Result<Self> {
        let this =
            Self::of(name)?.environment("MY_POD_IP", "127.0.0.1").environment("OTEL_K8S_NODE_NAME", "node-1");
        Ok(this.set("extensions.health_check.endpoint", ports::free()?))
    }

    fn environment(self, name: &str, value: &str) -> Self {
        Self { builder: self.builder.environment(name, value), ..self }
    }

    fn set(self, key: &str, value: impl std::fmt::Display) -> Self {
        Self { builder: self.builder.argument("--set").argument(format!("{key}={value}")), ..self }
    }

    async fn start(self) -> anyhow::Result<Running> {
        Ok(Running { agent: self.builder.start().await?, grpc: self.grpc })
    }
}

impl Running {
    async fn send(&self, signals: &[Signal]) -> anyhow::Result<()> {
        let client = GrpcClient::connect(self.grpc).await?;
        for signal in signals {
            let reply = client.export(*signal, &Template::new(*signal).request(1)).await?;
            anyhow::ensure!(reply.code() == Some(0), "{signal}: {reply:?}");
        }
        Ok(())
    }
}
