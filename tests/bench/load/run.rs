//! One run after the other.

use std::env;
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use edgewatch_tests::load::{ITEMS_PER_REQUEST, Template};
use edgewatch_tests::ports;
use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::args::Args;
use super::scenario::Scenario;
use super::sink::Received;
use super::subject::Subject;
use super::{first_request, generator, pin, report};

/// What one run has shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) scenario: Scenario,
    pub(crate) subject: String,
    pub(crate) round: usize,
    /// CPU seconds of the process under test for each million items.
    pub(crate) cpu_per_million: f64,
    /// Items acknowledged per second, from the first request to the last acknowledgement.
    pub(crate) items_per_second: f64,
    /// Share of one core that the process under test used meanwhile.
    pub(crate) cores: f64,
    /// Client-side latency in milliseconds; at a fixed rate from when the request was due.
    pub(crate) latency_p50: f64,
    pub(crate) latency_p99: f64,
    pub(crate) latency_max: f64,
    /// From exec to the first acknowledged request.
    pub(crate) start_ms: f64,
    pub(crate) idle_mib: f64,
    pub(crate) peak_mib: f64,
    /// From the last acknowledgement until the sink had everything, in milliseconds.
    pub(crate) lag_ms: f64,
    /// Answers that asked the generator to come again later.
    pub(crate) refused: u64,
    /// Requests and bytes that reached the sink.
    pub(crate) sink_requests: u64,
    pub(crate) sink_bytes: u64,
}

/// Runs everything that the command line asks for and reports.
pub(crate) async fn all(args: &Args) -> anyhow::Result<()> {
    let subjects = Subject::chosen(args)?;
    let scenarios = if args.scenario.is_empty() {
        <Scenario as clap::ValueEnum>::value_variants()
    } else {
        &args.scenario
    };
    if args.pin {
        pin::to_core(pin::SURROUNDINGS)?;
    }
    let mut outcomes = Vec::new();
    for scenario in scenarios {
        for round in 1..=args.rounds {
            for subject in &subjects {
                let outcome = one(args, *scenario, subject, round).await;
                let outcome = outcome.with_context(|| format!("{}: {}", scenario.title(), subject.name()))?;
                writeln!(
                    std::io::stderr(),
                    "{}, round {round}, {}: {:.3} CPU s per million",
                    scenario.title(),
                    subject.name(),
                    outcome.cpu_per_million,
                )?;
                outcomes.push(outcome);
            }
        }
    }
    let mut stdout = std::io::stdout().lock();
    if args.json { report::json(&outcomes, &mut stdout) } else { report::table(&outcomes, &mut stdout) }
}

async fn one(args: &Args, scenario: Scenario, subject: &Subject, round: usize) -> anyhow::Result<Outcome> {
    let requests = args.items.div_ceil(ITEMS_PER_REQUEST);
    let template = Template::new(scenario.signal());
    let mut sink = Sink::start(args.sink_frame).await?;
    let listen = ports::free()?;

    let mut running = subject.start(scenario, listen, sink.address.parse()?, args.pin)?;
    let acknowledged = first_request::acknowledged(listen, &template, || running.still_runs()).await;
    let acknowledged = acknowledged.with_context(|| running.last_words())?;
    let start = acknowledged.duration_since(running.started);
    let arrived = sink.wait_for(ITEMS_PER_REQUEST).await?;
    anyhow::ensure!(
        arrived.items == ITEMS_PER_REQUEST,
        "the first request did not arrive: {}",
        running.last_words()
    );
    let idle = running.usage()?;

    let report = generate(args, scenario, listen, requests).await.with_context(|| running.last_words())?;
    let all_acknowledged = Instant::now();
    let cpu_at_end_of_load = running.cpu()?;
    let expected = (requests + 1) * ITEMS_PER_REQUEST;
    let arrived = sink.wait_for(expected).await?;
    let lag = all_acknowledged.elapsed();
    anyhow::ensure!(
        arrived.items == expected,
        "{} of {expected} acknowledged items arrived: {}",
        arrived.items,
        running.last_words()
    );
    let end = running.usage()?;

    let sent = as_f64(requests * ITEMS_PER_REQUEST);
    Ok(Outcome {
        scenario,
        subject: subject.name().to_owned(),
        round,
        cpu_per_million: (end.cpu - idle.cpu).as_secs_f64() / sent * 1e6,
        items_per_second: sent / report.seconds,
        cores: (cpu_at_end_of_load - idle.cpu).as_secs_f64() / report.seconds,
        latency_p50: report.latency_p50,
        latency_p99: report.latency_p99,
        latency_max: report.latency_max,
        start_ms: milliseconds(start),
        idle_mib: mebibytes(idle.resident),
        peak_mib: mebibytes(end.peak_resident),
        lag_ms: milliseconds(lag),
        refused: report.refused,
        sink_requests: arrived.requests,
        sink_bytes: arrived.bytes,
    })
}

async fn generate(
    args: &Args,
    scenario: Scenario,
    address: std::net::SocketAddr,
    requests: u64,
) -> anyhow::Result<generator::Report> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["generator", "--address", &address.to_string()]);
    command.args(["--signal", scenario.signal().name(), "--requests", &requests.to_string()]);
    command.args(["--first", &(ITEMS_PER_REQUEST + 1).to_string()]);
    command.args([
        "--connections",
        &args.connections.to_string(),
        "--in-flight",
        &args.in_flight.to_string(),
    ]);
    if let Some(rate) = scenario.rate() {
        command.args(["--rate", &rate.to_string()]);
    }
    let output = command.stderr(Stdio::inherit()).kill_on_drop(true).output().await?;
    anyhow::ensure!(output.status.success(), "the generator failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The sink's process.
struct Sink {
    address: String,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Sink {
    async fn start(frame: u32) -> anyhow::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["sink", "--frame", &frame.to_string()]).kill_on_drop(true);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let questions = child.stdin.take().context("no stdin")?;
        let mut answers = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let address = answers.next_line().await?.context("the sink did not start")?;
        Ok(Self { address, questions, answers, _child: child })
    }

    /// What has arrived once there are `items`, or once it is clear that there will not be.
    async fn wait_for(&mut self, items: u64) -> anyhow::Result<Received> {
        self.questions.write_all(format!("{items}\n").as_bytes()).await?;
        let answer = self.answers.next_line().await?.context("the sink has ended")?;
        Ok(serde_json::from_str(&answer)?)
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn mebibytes(bytes: u64) -> f64 {
    as_f64(bytes) / f64::from(1 << 20)
}

#[expect(clippy::cast_precision_loss, reason = "figures far below 2^52")]
fn as_f64(number: u64) -> f64 {
    number as f64
}
