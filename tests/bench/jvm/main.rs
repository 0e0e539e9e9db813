//! What watching JVMs costs: the agent with more and more of them, and beside it, in the same run, a sidecar in Java that asks one JVM over
//! JMX for the same values. See `tests/bench/README.md`.

mod report;
mod run;

use clap::Parser;

/// Measures the agent with several numbers of idle JVMs, and a JMX poller beside it.
#[derive(Debug, Parser)]
#[command(name = "jvm")]
pub(crate) struct Args {
    /// Numbers of JVMs, in this order; each takes some 35 MiB.
    #[arg(long, value_delimiter = ',', default_value = "0,1,10,100")]
    pub(crate) jvms: Vec<usize>,

    /// Seconds of each measurement, after the first round of metrics about all JVMs; a multiple of ten.
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u32,

    /// Milliseconds between two looks at the collection counters of a JVM.
    #[arg(long, default_value_t = 250)]
    pub(crate) poll: u32,

    /// Version of Java.
    #[arg(long, default_value_t = 17)]
    pub(crate) java: u8,

    /// Writes JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,

    /// Given by `cargo bench`; without meaning.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let figures = runtime.block_on(run::all(&args))?;
    report::write(&args, &figures)
}
