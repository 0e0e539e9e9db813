//! What users type after `edgewatch jvm` to ask a JVM.

use std::time::Duration;

use clap::{Args, Subcommand};

/// What a JVM can be asked, and made to do.
#[derive(Debug, Subcommand)]
pub enum AskCommand {
    /// Prints what all threads of a JVM are doing.
    ///
    /// Stops the JVM while it writes that down: some milliseconds with a few hundred threads, more than a tenth of a second with a thousand.
    #[command(after_help = "Exit status: 0 when the JVM has answered, 1 when not, 2 for bad arguments.

Examples:
  edgewatch jvm threads 4711
  edgewatch jvm threads 4711 --locks > threads.txt")]
    Threads(ThreadsArguments),
    /// Prints how many objects of each class a JVM holds, and their bytes.
    ///
    /// Stops the JVM while it counts: about a second for some GB of heap. Objects that nobody uses any more are counted as well.
    ///
    /// With `--live` they are not: the JVM collects its whole heap first, which stops it for longer.
    #[command(after_help = "Exit status: 0 when the JVM has answered, 1 when not, 2 for bad arguments.

Examples:
  edgewatch jvm histogram 4711 | head -30
  edgewatch jvm histogram 4711 --live")]
    Histogram(HistogramArguments),
    /// Prints the options that a JVM runs with: those that were given, and those that it has chosen itself.
    ///
    /// Costs the JVM less than a millisecond and does not stop it.
    #[command(after_help = "Exit status: 0 when the JVM has answered, 1 when not, 2 for bad arguments.

Examples:
  edgewatch jvm flags 4711
  edgewatch jvm flags 4711 --all | grep Metaspace")]
    Flags(FlagsArguments),
    /// Loads a Java agent, such as OpenTelemetry's, into a running JVM.
    ///
    /// Checks first: whether the JVM can read the jar, whether it is an agent, whether the JVM takes agents while it runs, and whether
    /// this one is there already. Nothing is changed unless all of that is well.
    ///
    /// An agent cannot be unloaded, only a restart gets rid of it. It changes classes while the application runs, which takes a while and CPU.
    /// JDK 21 and later print warnings to their standard error. Prefer `-javaagent:` on the command line for what is to stay.
    #[command(
        after_help = "Exit status: 0 when the agent is loaded (or, with --check, could be), 1 when it is \
not, 2 for bad arguments, 3 when the JVM was asked and it is not known what became of it.

Examples:
  edgewatch jvm instrument 4711 --agent /opt/opentelemetry-javaagent.jar --check
  edgewatch jvm instrument 4711 --agent /opt/opentelemetry-javaagent.jar \\
      --options 'otel.service.name=shop;otel.exporter.otlp.endpoint=http://localhost:4318'

In a container the jar has to be there as well; from the host, for process 4711:
  cp opentelemetry-javaagent.jar /proc/4711/root/tmp/
  edgewatch jvm instrument 4711 --agent /tmp/opentelemetry-javaagent.jar"
    )]
    Instrument(InstrumentArguments),
}

/// Which JVM, and how long to wait for it.
#[derive(Args, Clone, Debug)]
pub struct SubjectArguments {
    /// The process, as this host numbers it, in containers too.
    #[arg(value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pub pid: u32,
    /// How long to wait for the next piece of an answer; ten times as long for an agent that is being loaded.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
}

/// Arguments of `threads`.
#[derive(Args, Clone, Debug)]
pub struct ThreadsArguments {
    /// Which JVM.
    #[command(flatten)]
    pub subject: SubjectArguments,
    /// Say which locks of java.util.concurrent each thread holds. Takes longer: the JVM searches its heap for them.
    #[arg(long)]
    pub locks: bool,
}

/// Arguments of `histogram`.
#[derive(Args, Clone, Debug)]
pub struct HistogramArguments {
    /// Which JVM.
    #[command(flatten)]
    pub subject: SubjectArguments,
    /// Count all objects, those that nobody uses any more too. This is the default.
    #[arg(long, conflicts_with = "live")]
    pub all: bool,
    /// Count what is in use only. Forces a full garbage collection.
    #[arg(long)]
    pub live: bool,
}

/// Arguments of `flags`.
#[derive(Args, Clone, Debug)]
pub struct FlagsArguments {
    /// Which JVM.
    #[command(flatten)]
    pub subject: SubjectArguments,
    /// Also those that have their default value, each with its origin.
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `instrument`.
#[derive(Args, Clone, Debug)]
pub struct InstrumentArguments {
    /// Which JVM.
    #[command(flatten)]
    pub subject: SubjectArguments,
    /// The jar of the agent: an absolute path, as the JVM sees it.
    #[arg(long, value_name = "JAR")]
    pub agent: String,
    /// What the agent is told. OpenTelemetry's takes `key=value` pairs with `;` between them.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub options: String,
    /// Only check whether it would work; load nothing.
    #[arg(long)]
    pub check: bool,
}
