//! The signals that concern the agent.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal this soon after the first is its echo: `timeout` and some supervisors signal both the process and its group.
const ECHO: Duration = Duration::from_millis(20);

/// Those that tell it to stop.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits until the agent is told to stop.
    pub(super) async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Lets what arrives together with the signal to stop pass, so that it does not count as a second one.
    pub(super) async fn swallow_echo(&mut self) {
        let over = tokio::time::sleep(ECHO);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return,
                () = self.stop() => {}
            }
        }
    }
}

/// The one that tells it to read its configuration again. Those that come while that is being done count as one more.
pub(super) fn hang_up() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}
