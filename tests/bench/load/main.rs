//! The load run: OTLP/gRPC in and out, socket to socket, through the release binary and through a bare relay.
//!
//! One executable plays every role. Without a subcommand it runs the scenarios: for each round and each subject it starts
//! a sink, the process under test and a generator as processes of their own, so that the CPU time and the memory of the
//! process under test are its own. See `tests/bench/README.md`.

mod args;
mod first_request;
mod generator;
mod grpc;
mod pin;
mod relay;
mod report;
mod run;
mod scenario;
mod sink;
mod subject;

use clap::Parser as _;

use args::{Args, Role};

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match args.role {
            None => run::all(&args).await,
            Some(Role::Relay(options)) => relay::run(&options).await,
            Some(Role::Sink(options)) => sink::run(&options).await,
            Some(Role::Generator(options)) => generator::run(&options).await,
        }
    })
}
