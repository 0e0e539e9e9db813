//! Detection quality of the released code.
//!
//! ```sh
//! cargo test --release -p edgewatch-tests --test eval                  # everything
//! cargo test --release -p edgewatch-tests --test eval -- nab           # one suite: scorer, nab, synthetic, replay, templates
//! cargo test --release -p edgewatch-tests --test eval -- nab --jitter 32
//! ```
//!
//! What needs data looks for it under `$EDGEWATCH_EVAL_DATA` and says so when there is none. See README.md.

mod nab;
mod replay;
mod synthetic;
mod templates;

use std::io::Write as _;
use std::process::ExitCode;

/// What a suite is told.
#[derive(Default)]
struct Options {
    /// Runs with all constants varied, besides the one that is recorded.
    jitter: usize,
}

/// A suite prints what it finds and fails with a message.
struct Suite {
    name: &'static str,
    run: fn(&Options) -> anyhow::Result<()>,
}

const SUITES: [Suite; 5] = [
    Suite { name: "scorer", run: nab::check_scorer },
    Suite { name: "nab", run: nab::run },
    Suite { name: "synthetic", run: synthetic::run },
    Suite { name: "replay", run: replay::run },
    Suite { name: "templates", run: templates::run },
];

fn main() -> ExitCode {
    let mut options = Options::default();
    let mut chosen = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--jitter" => options.jitter = args.next().and_then(|n| n.parse().ok()).unwrap_or(16),
            flag if flag.starts_with("--") => {}
            name => chosen.push(name.to_owned()),
        }
    }
    let mut failed = 0;
    for suite in
        SUITES.iter().filter(|suite| chosen.is_empty() || chosen.iter().any(|name| suite.name == name))
    {
        say(&format!("== {}", suite.name));
        if let Err(error) = (suite.run)(&options) {
            say(&format!("{}: FAILED: {error:#}", suite.name));
            failed += 1;
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints a line.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
