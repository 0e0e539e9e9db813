//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as Arguments, Parser, Subcommand};
use edgewatch_tests::Signal;

use super::grpc;
use super::scenario::Scenario;

/// Measures what one million items cost, in Edgewatch and in a bare relay, side by side.
#[derive(Debug, Parser)]
#[command(name = "load")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) role: Option<Role>,

    /// Scenarios to run; all by default.
    #[arg(long, value_enum)]
    pub(crate) scenario: Vec<Scenario>,

    /// What to measure, in turns: `relay`, `edgewatch`, `memory`, `interval` or `always` (Edgewatch with that kind of queue, which joins
    /// requests in place of the batch processor), or the name of a `--command`.
    #[arg(long, value_delimiter = ',', default_value = "relay,edgewatch")]
    pub(crate) subject: Vec<String>,

    /// Where the queues on disk are; by default the folder for temporary files.
    #[arg(long)]
    pub(crate) storage: Option<PathBuf>,

    /// Another program as `NAME=COMMAND LINE`, in which {listen} and {sink} stand for addresses, and {config:FILE} for
    /// a copy of FILE with the same replacements.
    #[arg(long)]
    pub(crate) command: Vec<String>,

    /// The edgewatch binary; by default the release build.
    #[arg(long, env = "EDGEWATCH_BIN")]
    pub(crate) edgewatch: Option<PathBuf>,

    /// Rounds; the figures are medians over them.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,

    /// Items of each run, rounded up to whole requests of 100.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) items: u64,

    /// Connections of the generator.
    #[arg(long, default_value_t = 4)]
    pub(crate) connections: usize,

    /// Calls in flight on each connection.
    #[arg(long, default_value_t = 4)]
    pub(crate) in_flight: usize,

    /// Largest HTTP/2 frame that the sink takes, in bytes; by default what HTTP/2 and most backends say.
    #[arg(long, default_value_t = grpc::DEFAULT_FRAME)]
    pub(crate) sink_frame: u32,

    /// Largest HTTP/2 frame that the relay takes, in bytes.
    #[arg(long, default_value_t = grpc::FRAME)]
    pub(crate) relay_frame: u32,

    /// Puts the process under test on core 0 and all others on core 1.
    #[arg(long)]
    pub(crate) pin: bool,

    /// Writes every run and the medians as JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,

    /// Given by `cargo bench`; without meaning.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

/// What a child process does.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Takes requests and sends them on in batches, with nothing else about it.
    Relay(RelayOptions),
    /// Counts what arrives; each number on stdin is answered with the count, once it is reached.
    Sink(SinkOptions),
    /// Sends numbered requests and reports on stdout.
    Generator(GeneratorOptions),
}

#[derive(Debug, Arguments)]
pub(crate) struct RelayOptions {
    /// Where to listen.
    #[arg(long)]
    pub(crate) listen: SocketAddr,
    /// Where to send.
    #[arg(long)]
    pub(crate) sink: SocketAddr,
    /// Largest HTTP/2 frame accepted.
    #[arg(long)]
    pub(crate) frame: u32,
    /// Whether to compress what is sent.
    #[arg(long)]
    pub(crate) gzip: bool,
}

#[derive(Debug, Arguments)]
pub(crate) struct SinkOptions {
    /// Largest HTTP/2 frame accepted.
    #[arg(long)]
    pub(crate) frame: u32,
}

#[derive(Debug, Arguments)]
pub(crate) struct GeneratorOptions {
    /// Where to send.
    #[arg(long)]
    pub(crate) address: SocketAddr,
    /// What to send.
    #[arg(long)]
    pub(crate) signal: Signal,
    /// Requests to send.
    #[arg(long)]
    pub(crate) requests: u64,
    /// Number of the first item.
    #[arg(long, default_value_t = 1)]
    pub(crate) first: u64,
    /// Items per second; as fast as it goes without.
    #[arg(long)]
    pub(crate) rate: Option<u64>,
    /// Connections.
    #[arg(long)]
    pub(crate) connections: usize,
    /// Calls in flight on each connection.
    #[arg(long)]
    pub(crate) in_flight: usize,
}
