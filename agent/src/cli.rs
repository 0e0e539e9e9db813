//! What users type.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::jvm::cli::AskCommand;
use crate::score::cli::ScoreArguments;
use crate::templates::cli::TemplatesArguments;

/// One agent per host: collects host metrics and logs, receives OTLP, forwards OTLP.
///
/// Without a configuration it listens for OTLP on localhost:4317 (gRPC) and localhost:4318 (HTTP), measures this host every 10
/// seconds, scores all metrics, and prints a summary of what arrives and of what is unusual.
///
/// Configurations are those of the OpenTelemetry Collector.
#[derive(Debug, Parser)]
#[command(name = "edgewatch", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  edgewatch run                                      try it out
  edgewatch run --config agent.yaml                  run a configuration
  edgewatch run --config a.yaml --config b.yaml      merge two; later ones win
  edgewatch run --config agent.yaml --set exporters.otlp_grpc.endpoint=backend:4317
  edgewatch validate --config agent.yaml             report every problem, change nothing
  edgewatch validate --deep --config agent.yaml      look at files, ports and destinations as well
  edgewatch example > agent.yaml                     start from every key with its default")]
pub struct Arguments {
    /// What to do; `run` when left out.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// So that `edgewatch --config FILE` works as the Collector does.
    #[command(flatten)]
    pub run: RunArguments,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the agent until it is told to stop.
    ///
    /// SIGTERM or Ctrl-C stops taking telemetry in, delivers what is under way and ends; a second one ends at once.
    ///
    /// SIGHUP reads the configuration again: what has changed is replaced, everything else goes on untouched. A configuration with
    /// errors changes nothing.
    #[command(after_help = "Exit status: 0 after a clean stop, 1 when the agent cannot start or \
        could not deliver everything in time, 2 for bad arguments.")]
    Run(RunArguments),
    /// Checks a configuration: every problem with its place, what is wrong and what was probably meant.
    ///
    /// With `--deep` also what only this host can tell: whether files can be read, directories written to, ports listened on and
    /// destinations reached, and whether certificates are valid. Nothing on the host is changed.
    #[command(
        after_help = "Exit status: 0 when the configuration can be used (there may be warnings), 1 when it cannot."
    )]
    Validate(ValidateArguments),
    /// Lists the components of this build.
    Components,
    /// Prints the JSON Schema of configurations, for editors.
    ///
    /// With the YAML language server: `# yaml-language-server: $schema=edgewatch.schema.json`
    Schema,
    /// Prints a configuration with every key of every component, its default and what it does.
    Example,
    /// Looks after queues on disk and dead letters.
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Looks at the Java virtual machines (HotSpot) of this host, in containers too, and asks them.
    ///
    /// All but `list` use the socket that a JVM opens for its own tools. One that was never asked before gets a SIGQUIT, if it takes that well;
    /// all others are left alone. They need to be run as the user of the JVM, as root, or with CAP_SYS_PTRACE, CAP_SETUID and CAP_SETGID.
    #[command(subcommand)]
    Jvm(JvmCommand),
    /// Scores the series in a file: how unlikely is each value, by what came before it?
    ///
    /// It is what the processor `anomaly` does with metrics, so that one can see beforehand what it would find, and why.
    #[command(after_help = crate::score::cli::HELP)]
    Score(ScoreArguments),
    /// Finds the templates behind the lines of a log file.
    ///
    /// It is what the processor `log_templates` does with log records, so that one can see beforehand what it would find.
    #[command(after_help = crate::templates::cli::HELP)]
    Templates(TemplatesArguments),
}

/// What can be done about JVMs.
#[derive(Debug, Subcommand)]
pub enum JvmCommand {
    /// Lists the JVMs of this host: what they are, how they are doing, and what cannot be read of them and why.
    ///
    /// Reads the counters that JVMs keep for anybody to read. Nothing is added to a JVM, no signal is sent and no JVM notices. This is
    /// what the receiver `jvm` sees when it runs as the same user with the same capabilities.
    #[command(after_help = "Columns:
  NAME       service name: OTEL_SERVICE_NAME or -Dotel.service.name, -Dspring.application.name;
             else the program, jar or main class
  USER       the user that the JVM runs as, in its container if it is in one
  HEAP ...   memory in use, there for it, and at most; `-` where the collector does not tell
  GCS        collections (with ZGC: pauses) since the start, GC TIME how long they took together
  READ       where the counters were found: `file`, `mapping` (the file was deleted),
             `memory` (--memory-scan), or `-`

Capabilities, unless it is run as root:
  CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH    for JVMs of other users
  CAP_CHECKPOINT_RESTORE                    in addition, where the file was deleted

Exit status: 0 when the processes could be listed, 1 when not, 2 for bad arguments.

Examples:
  edgewatch jvm list
  edgewatch jvm list --memory-scan            also JVMs that share no counters
  edgewatch jvm list --root-path /hostfs      from a container, the host's / mounted at /hostfs
  edgewatch jvm list --json | jq '.[] | select(.heap_used_bytes > 1e9) | .name'")]
    List(JvmListArguments),
    /// What one JVM is asked.
    #[command(flatten)]
    Ask(AskCommand),
}

/// Which JVMs to list, and how.
#[derive(Args, Clone, Debug, Default)]
pub struct JvmListArguments {
    /// Print JSON instead of a table. Sizes are in bytes, times in seconds; what is not known is null.
    #[arg(long)]
    pub json: bool,
    /// The directory that is `/` of the host, when the host's is mounted into the agent's container. The environment variable HOST_PROC has
    /// precedence.
    #[arg(long, value_name = "DIRECTORY", default_value = "")]
    pub root_path: String,
    /// Search the memory of JVMs that share no counters for them. It is read, never written. Needs CAP_SYS_PTRACE.
    #[arg(long)]
    pub memory_scan: bool,
}

/// What can be done with queues on disk.
#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// Lists the queues of a storage and what waits in them, or dead letters and why they died.
    ///
    /// Changes nothing. The queues of a storage take no time for what waits, dead letters are read. Also while the agent runs.
    #[command(after_help = "Exit status: 0 when the queues could be read, 1 when not, 2 for bad arguments.

Examples:
  edgewatch queue inspect /var/lib/edgewatch/queue/file_storage
  edgewatch queue inspect --json /var/lib/edgewatch/dead_letter")]
    Inspect(InspectArguments),
    /// Reads every byte of the queues of a storage, or of dead letters, and reports damage.
    ///
    /// Changes nothing. While the agent runs, what it is writing may show as unfinished.
    #[command(
        after_help = "Exit status: 0 when nothing is damaged, 1 when something is, 2 for bad arguments."
    )]
    Verify(InspectArguments),
    /// Sends dead letters, or the queue of an agent that has stopped, over OTLP/HTTP.
    ///
    /// What the destination takes is removed, the rest is kept: a replay may be interrupted and repeated. Dead letters may be sent while the
    /// agent runs.
    #[command(
        after_help = "Exit status: 0 when everything was sent, 1 when something is left, 2 for bad arguments.

Examples:
  edgewatch queue replay /var/lib/edgewatch/dead_letter
  edgewatch queue replay /var/lib/edgewatch/queue/file_storage --endpoint https://backend:4318 \\
      --header 'authorization=Bearer ...'"
    )]
    Replay(ReplayArguments),
}

/// What to look at.
#[derive(Args, Clone, Debug)]
pub struct InspectArguments {
    /// The directory of a storage, as in `file_storage.directory`, or that of `sending_queue.dead_letter`.
    #[arg(value_name = "DIRECTORY")]
    pub path: PathBuf,
    /// Print JSON instead of a table. Sizes are in bytes.
    #[arg(long)]
    pub json: bool,
}

/// What to send, and where.
#[derive(Args, Clone, Debug)]
pub struct ReplayArguments {
    /// The directory of `sending_queue.dead_letter`, or that of a storage.
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Base URL of the destination; `/v1/traces`, `/v1/metrics` and `/v1/logs` are added to it. The agent on this host by default, whose
    /// pipelines the telemetry then runs through again.
    #[arg(long, value_name = "URL", default_value = "http://localhost:4318")]
    pub endpoint: String,
    /// A header for every request, such as `authorization=Bearer ...`. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = header)]
    pub header: Vec<(String, String)>,
}

/// Where the configuration comes from.
#[derive(Args, Clone, Debug, Default)]
pub struct ConfigArguments {
    /// A configuration: a path, `file:PATH`, `env:VARIABLE` or `yaml:TEXT`. May be given several times: maps merge, lists
    /// and values of later ones replace those of earlier ones.
    #[arg(long, short, value_name = "FILE")]
    pub config: Vec<String>,
    /// Sets one key: `--set receivers.otlp.protocols.grpc.endpoint=0.0.0.0:4317`. The value is YAML. Wins over every `--config`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// How to check.
#[derive(Args, Clone, Debug)]
pub struct ValidateArguments {
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Look at this host as well: paths, ports, certificates, destinations. Run it as the user that the agent runs as.
    #[arg(long)]
    pub deep: bool,
    /// With --deep: longest time for one check.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub timeout: std::time::Duration,
    /// With --deep: where the agent will keep state that must survive a restart.
    #[arg(long, value_name = "DIRECTORY", env = "EDGEWATCH_STATE_DIRECTORY", default_value = DEFAULT_STATE_DIRECTORY)]
    pub state_directory: PathBuf,
}

/// How to run.
#[derive(Args, Clone, Debug)]
pub struct RunArguments {
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Reads the configuration again when one of its files has changed, as SIGHUP makes the agent do.
    #[arg(long)]
    pub watch: bool,
    /// Longest time to deliver what is under way when told to stop, or when a new configuration has no place for it.
    #[arg(long, value_name = "DURATION", default_value = "25s", value_parser = duration)]
    pub shutdown_timeout: std::time::Duration,
    /// Where state that must survive a restart is kept, such as how far log files have been read, and what
    /// processors have learned.
    #[arg(long, value_name = "DIRECTORY", env = "EDGEWATCH_STATE_DIRECTORY", default_value = DEFAULT_STATE_DIRECTORY)]
    pub state_directory: PathBuf,
    /// Accepted for the Collector's sake; this build has no feature gates.
    #[arg(long, value_name = "GATES", hide = true)]
    pub feature_gates: Vec<String>,
}

/// Where state is kept when nothing is said.
const DEFAULT_STATE_DIRECTORY: &str = "/var/lib/edgewatch";

pub(crate) fn duration(
    text: &str,
) -> Result<std::time::Duration, edgewatch_core::config::ParseDurationError> {
    text.parse::<edgewatch_core::config::Duration>().map(Into::into)
}

fn header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_configuration_alone_means_run() {
        let arguments = Arguments::try_parse_from(["edgewatch", "--config", "a.yaml", "--set", "a.b=1"]);
        let arguments = arguments.expect("as the Collector is called");
        assert!(arguments.command.is_none());
        assert_eq!(arguments.run.config.config, ["a.yaml"]);
        assert_eq!(arguments.run.config.set, ["a.b=1"]);
    }
}
