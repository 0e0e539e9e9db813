//! Starts everything, waits, and reads the clocks.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::jvm::{Java, Jvm, Launch};
use edgewatch_tests::points::points;
use edgewatch_tests::sink::{Receipts, Sink};
use edgewatch_tests::{ports, process};
use serde::Serialize;

use super::Args;

/// Between two rounds of metrics, of the agent and of the poller.
const ROUND: u32 = 10;

/// How many times as often a second agent looks, beside the first and in all else the same: what the two differ by are looks alone.
pub(crate) const EAGER: u32 = 5;

/// The agent.
pub(crate) const AGENT: &str = "edgewatch";

/// The one that looks more often.
pub(crate) const EAGER_AGENT: &str = "edgewatch, five times the looks";

/// What one process cost.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    /// Which process.
    pub(crate) subject: &'static str,
    /// How many JVMs there were to watch.
    pub(crate) jvms: usize,
    /// Bytes resident at the end.
    pub(crate) resident: u64,
    /// Those of them that are no file's.
    pub(crate) anonymous: u64,
    /// CPU time in microseconds for a second of running.
    pub(crate) cpu: f64,
}

pub(crate) async fn all(args: &Args) -> anyhow::Result<Vec<Figures>> {
    let java = Java::of(args.java).context("no JVM to watch; see `cargo xtask setup`")?;
    let mut figures = Vec::new();
    let mut jvms: Vec<Jvm> = Vec::new();
    for wanted in &args.jvms {
        jvms.truncate(*wanted);
        while jvms.len() < *wanted {
            jvms.push(idle(&java, jvms.len(), &[]).await?);
        }
        figures.extend(measure(args, &java, &jvms).await?);
    }
    Ok(figures)
}

async fn idle(java: &Java, number: usize, more: &[String]) -> anyhow::Result<Jvm> {
    let launch = Launch::probe(java, format!("bench-idle{number}x")).program("Idle", &[]);
    let small = ["-Xms8m", "-Xmx8m", "-XX:+UseSerialGC", "-Xshare:auto"];
    launch.flags(small).flags(more.iter().cloned()).start().await
}

/// The agent with these JVMs; with a single one also a poller, and that JVM's twin without one.
async fn measure(args: &Args, java: &Java, jvms: &[Jvm]) -> anyhow::Result<Vec<Figures>> {
    let (sink, second) = (Sink::start().await?, Sink::start().await?);
    let (agent, eager) = (agent(args.poll, &sink).await?, agent(args.poll / EAGER, &second).await?);
    wait(&sink, jvms).await?;
    wait(&second, jvms).await?;
    let mut subjects = vec![(AGENT, agent.agent.pid()), (EAGER_AGENT, eager.agent.pid())];
    let mut beside = Vec::new();
    if jvms.len() == 1 {
        let port = ports::free()?.port().to_string();
        let target = idle(java, 1000, &remote(&port)).await?;
        let poller = Launch::probe(java, "poller").program("JmxPoller", &[&port, &ROUND.to_string()]);
        let poller = poller.flags(["-Xmx64m", "-XX:+UseSerialGC"]).start().await?;
        subjects.push(("JMX poller", poller.pid()));
        subjects.push(("JVM that it asks", target.pid()));
        subjects.extend(jvms.iter().map(|jvm| ("JVM that nobody asks", jvm.pid())));
        beside.extend([target, poller]);
    }
    let window = Duration::from_secs(args.seconds.into());
    let before = usages(&subjects)?;
    let began = Instant::now();
    // This is a measurement, not a wait for something.
    tokio::time::sleep(window).await;
    let after = usages(&subjects)?;
    let seconds = began.elapsed().as_secs_f64();
    let figures =
        subjects.iter().zip(before.iter().zip(&after)).map(|((subject, _), (before, after))| Figures {
            subject,
            jvms: jvms.len(),
            resident: after.resident,
            anonymous: after.anonymous,
            cpu: (after.cpu - before.cpu).as_secs_f64() * 1e6 / seconds,
        });
    let figures = figures.collect();
    drop(beside);
    Ok(figures)
}

fn usages(subjects: &[(&str, u32)]) -> anyhow::Result<Vec<process::Usage>> {
    subjects.iter().map(|(_, pid)| process::usage(*pid)).collect()
}

async fn agent(poll: u32, sink: &Sink) -> anyhow::Result<Forwarder> {
    let config = format!(
        "{{receivers: {{jvm: {{collection_interval: {ROUND}s, initial_delay: 0s,
        include: {{names: ['bench-*']}}, pauses: {{min_interval: {poll}ms, max_interval: {poll}ms}}}}}},
        service: {{pipelines: {{metrics: {{receivers: [jvm]}}}}}}}}"
    );
    Forwarder::to(sink)?.with(&config).start().await
}

/// Waits until something has arrived about every one of them.
async fn wait(sink: &Sink, jvms: &[Jvm]) -> anyhow::Result<()> {
    let wanted: BTreeSet<String> = jvms.iter().map(|jvm| jvm.pid().to_string()).collect();
    let all_known = |receipts: &Receipts| {
        let points = points(receipts).unwrap_or_default();
        let known: BTreeSet<_> =
            points.iter().filter_map(|point| point.resource.get("process.pid").cloned()).collect();
        wanted.is_subset(&known)
    };
    sink.wait_until(all_known).await.map(drop)
}

fn remote(port: &str) -> Vec<String> {
    let settings = ["authenticate=false", "ssl=false", "host=127.0.0.1"];
    let mut flags: Vec<_> =
        settings.iter().map(|setting| format!("-Dcom.sun.management.jmxremote.{setting}")).collect();
    flags.push(format!("-Dcom.sun.management.jmxremote.port={port}"));
    flags.push(format!("-Dcom.sun.management.jmxremote.rmi.port={port}"));
    flags.push("-Djava.rmi.server.hostname=127.0.0.1".to_owned());
    flags
}
