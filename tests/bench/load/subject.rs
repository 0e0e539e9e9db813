//! The process under test and how it is started.

use std::env;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use edgewatch_tests::{agent, process};
use tempfile::TempDir;

use super::args::Args;
use super::pin;
use super::scenario::Scenario;

/// What to start.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// The bare relay.
    Relay {
        /// Largest HTTP/2 frame that it takes.
        frame: u32,
    },
    /// Edgewatch with OTLP/gRPC in and out and the batch processor between them.
    Edgewatch(PathBuf),
    /// Edgewatch with OTLP/gRPC in and out and a queue that joins requests.
    Queue { binary: PathBuf, kind: QueueKind, storage: Option<PathBuf> },
    /// Any other program.
    Command { name: String, line: String },
}

/// The edgewatch binary.
fn edgewatch(args: &Args) -> anyhow::Result<PathBuf> {
    args.edgewatch.clone().map_or_else(agent::binary, Ok)
}

/// Where requests wait.
#[derive(Clone, Copy, Debug)]
pub(crate) enum QueueKind {
    Memory,
    /// On disk, synced now and then.
    Interval,
    /// On disk, synced before a request is acknowledged.
    Always,
}

impl QueueKind {
    const ALL: [Self; 3] = [Self::Memory, Self::Interval, Self::Always];

    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Interval => "interval",
            Self::Always => "always",
        }
    }
}

impl Subject {
    /// Those that the command line asks for.
    pub(crate) fn chosen(args: &Args) -> anyhow::Result<Vec<Self>> {
        args.subject.iter().map(|name| Self::named(name, args)).collect()
    }

    fn named(name: &str, args: &Args) -> anyhow::Result<Self> {
        match name {
            "relay" => Ok(Self::Relay { frame: args.relay_frame }),
            "edgewatch" => Ok(Self::Edgewatch(edgewatch(args)?)),
            other => {
                if let Some(kind) = QueueKind::ALL.into_iter().find(|kind| kind.name() == other) {
                    let binary = edgewatch(args)?;
                    return Ok(Self::Queue { binary, kind, storage: args.storage.clone() });
                }
                let lines = args.command.iter().filter_map(|command| command.split_once('='));
                let line = lines.into_iter().find_map(|(name, line)| (name == other).then_some(line));
                let line = line.with_context(|| format!("no --command is named {other}"))?;
                Ok(Self::Command { name: other.to_owned(), line: line.to_owned() })
            }
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Relay { .. } => "relay",
            Self::Edgewatch(_) => "edgewatch",
            Self::Queue { kind, .. } => kind.name(),
            Self::Command { name, .. } => name,
        }
    }

    fn command(
        &self,
        scenario: Scenario,
        listen: SocketAddr,
        sink: SocketAddr,
        folder: &Path,
        storage: &Path,
    ) -> anyhow::Result<Command> {
        let fill =
            |text: &str| text.replace("{listen}", &listen.to_string()).replace("{sink}", &sink.to_string());
        match self {
            Self::Relay { frame } => {
                let mut command = Command::new(env::current_exe()?);
                command.args(["relay", "--listen", &listen.to_string(), "--sink", &sink.to_string()]);
                command.args(["--frame", &frame.to_string()]);
                if scenario.gzip() {
                    command.arg("--gzip");
                }
                // Freed batches stay with the process instead of being asked back page by page.
                command.env("MALLOC_TRIM_THRESHOLD_", "67108864").env("MALLOC_MMAP_THRESHOLD_", "67108864");
                Ok(command)
            }
            Self::Edgewatch(binary) => {
                let config = folder.join("config.yaml");
                let compression = if scenario.gzip() { "gzip" } else { "none" };
                fs::write(&config, fill(EDGEWATCH).replace("{compression}", compression))?;
                let mut command = Command::new(binary);
                command.arg("run").arg("--config").arg(config);
                Ok(command)
            }
            Self::Queue { binary, kind, .. } => {
                let config = folder.join("config.yaml");
                let compression = if scenario.gzip() { "gzip" } else { "none" };
                fs::write(&config, fill(QUEUE).replace("{compression}", compression))?;
                let mut command = Command::new(binary);
                command.arg("run").arg("--config").arg(config);
                if !matches!(kind, QueueKind::Memory) {
                    let on_disk = STORED.replace("{directory}", &storage.display().to_string());
                    command.arg("--config").arg(format!("yaml:{}", on_disk.replace("{fsync}", kind.name())));
                }
                Ok(command)
            }
            Self::Command { line, .. } => {
                let mut words = line.split_whitespace().map(|word| {
                    let Some((before, rest)) = word.split_once("{config:") else {
                        return Ok(fill(word));
                    };
                    let (file, after) = rest.split_once('}').context("{config: without }")?;
                    let name = Path::new(file).file_name().context("{config:} without a file")?;
                    let copy = folder.join(name);
                    fs::write(&copy, fill(&fs::read_to_string(file)?))?;
                    anyhow::Ok(format!("{before}{}{after}", copy.display()))
                });
                let mut command = Command::new(words.next().context("an empty --command")??);
                command.args(words.collect::<anyhow::Result<Vec<_>>>()?);
                Ok(command)
            }
        }
    }

    pub(crate) fn start(
        &self,
        scenario: Scenario,
        listen: SocketAddr,
        sink: SocketAddr,
        pinned: bool,
    ) -> anyhow::Result<Running> {
        let folder = TempDir::with_prefix("load-")?;
        let storage = match self {
            Self::Queue { storage: Some(storage), .. } => TempDir::with_prefix_in("load-", storage)?,
            Self::Relay { .. } | Self::Edgewatch(_) | Self::Queue { .. } | Self::Command { .. } => {
                TempDir::with_prefix("load-")?
            }
        };
        let mut command = self.command(scenario, listen, sink, folder.path(), storage.path())?;
        let log = File::create(folder.path().join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        if pinned {
            pin::to_core(pin::SUBJECT)?; // a child runs where its parent's thread does
        }
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {}", self.name()));
        if pinned {
            pin::to_core(pin::SURROUNDINGS)?;
        }
        Ok(Running { child: child?, started, folder, _storage: storage })
    }
}

/// A running process under test; it is killed with this value.
pub(crate) struct Running {
    child: Child,
    pub(crate) started: Instant,
    folder: TempDir,
    _storage: TempDir,
}

impl Running {
    pub(crate) fn usage(&self) -> anyhow::Result<process::Usage> {
        process::usage(self.child.id()).context("the process under test has ended")
    }

    pub(crate) fn still_runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        Ok(self.usage()?.cpu)
    }

    /// The last it has written, for error messages.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(10).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const EDGEWATCH: &str = r#"
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: "{listen}"
processors:
  batch:
exporters:
  otlp:
    endpoint: "{sink}"
    compression: {compression}
    tls:
      insecure: true
    sending_queue:
      enabled: true
    retry_on_failure:
      enabled: true
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces: { receivers: [otlp], processors: [batch], exporters: [otlp] }
    metrics: { receivers: [otlp], processors: [batch], exporters: [otlp] }
    logs: { receivers: [otlp], processors: [batch], exporters: [otlp] }
"#;

const QUEUE: &str = r#"
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: "{listen}"
exporters:
  otlp:
    endpoint: "{sink}"
    compression: {compression}
    tls:
      insecure: true
    sending_queue:
      batch: { min_size: 8192, flush_timeout: 200ms }
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces: { receivers: [otlp], exporters: [otlp] }
    metrics: { receivers: [otlp], exporters: [otlp] }
    logs: { receivers: [otlp], exporters: [otlp] }
"#;

const STORED: &str = "{extensions: {file_storage: {directory: '{directory}', create_directory: true, fsync: {fsync}}}, \
    exporters: {otlp: {sending_queue: {storage: file_storage}}}, service: {extensions: [file_storage]}}";
