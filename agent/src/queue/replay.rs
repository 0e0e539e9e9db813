//! `edgewatch queue replay`.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use edgewatch_core::Signal;
use edgewatch_core::budget::Budget;
use edgewatch_core::config::{Headers, Secret};
use edgewatch_core::extension::{Offered, Offers};
use edgewatch_core::factory::BuildContext;
use edgewatch_core::health::Health;
use edgewatch_core::host::RealHost;
use edgewatch_core::listeners::Listeners;
use edgewatch_core::telemetry::Telemetry;
use edgewatch_exporters::queue::replay::{Progress, destination, replay as send};

use crate::cli::ReplayArguments;

/// Sends what lies in a directory to an OTLP/HTTP endpoint. Returns whether nothing was left behind.
///
/// # Errors
///
/// When the directory or the endpoint cannot be used, or the destination does not answer.
pub fn replay(arguments: &ReplayArguments) -> anyhow::Result<bool> {
    let headers: Headers =
        arguments.header.iter().map(|(name, value)| (name.clone(), Secret::new(value))).collect();
    let exporter = destination(&arguments.endpoint, headers, &context())?;
    let terminal = io::stderr().is_terminal();
    let report = |progress: &Progress| {
        if terminal {
            // Nobody is left to tell when stderr is gone.
            let _ = write!(io::stderr(), "\r{} of {} items sent", progress.sent, progress.found);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let sent = send(&arguments.path, exporter.as_ref(), report).await;
        exporter.close().await;
        sent
    });
    if terminal {
        let _ = writeln!(io::stderr());
    }
    let progress = outcome?;
    writeln!(io::stdout(), "{}", summary(&progress, &arguments.endpoint)).context("cannot print")?;
    Ok(progress.refused == 0 && progress.in_use.is_empty())
}

/// A component of no agent.
fn context() -> BuildContext {
    BuildContext {
        id: "replay".to_owned(),
        signal: None::<Signal>,
        telemetry: Telemetry::default(),
        budget: Budget::unlimited(),
        health: Health::starting(Instant::now()),
        host: Arc::new(RealHost),
        state_directory: None,
        offered: Offered::default(),
        former: Offers::default(),
        listeners: Listeners::default(),
    }
}

/// What was done, for people.
fn summary(progress: &Progress, endpoint: &str) -> String {
    let Progress { sent, refused, reason, in_use, .. } = progress;
    let mut text = format!("{sent} items sent to {endpoint}");
    if *refused > 0 {
        text.push_str(&format!("\n{refused} items refused and kept: {reason}"));
    }
    for path in in_use {
        let path = path.display();
        text.push_str(&format!(
            "\n{path} is in use by a running agent and was left alone; it lets go within 10 s"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_what_was_left_and_why() {
        let progress = Progress {
            found: 5,
            sent: 3,
            refused: 2,
            reason: "there refused the request: because".to_owned(),
            in_use: vec!["/letters/1".into()],
        };
        assert_eq!(
            summary(&progress, "http://localhost:4318"),
            "3 items sent to http://localhost:4318\n2 items refused and kept: there refused the request: because\n\
             /letters/1 is in use by a running agent and was left alone; it lets go within 10 s"
        );
    }
}
