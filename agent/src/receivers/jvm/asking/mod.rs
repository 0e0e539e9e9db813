//! Asks JVMs what their counters do not tell, and has them write garbage collection logs, on threads of its own.
//!
//! For the receiver, which never waits for a JVM:
//!
//! - [`Asking::start`] makes the handle; where `attach.enabled` is false it does nothing, ever.
//! - [`Asking::set`] says which JVMs there are now. The first round of questions to one follows at once, then one every `attach.interval`.
//!   Those that are not named any more are forgotten, their logs switched off and removed.
//! - [`Asking::answers`] are the last ones, unless they are too old to be true.
//! - [`Asking::logs_on`] is the log that was switched on, as the JVM sees it.
//! - [`Asking::finish`] switches all logs off. It blocks, for the time of an answer at most if a JVM hangs: not for the lane.
//!
//! A few workers share the JVMs, so one that does not answer delays no other one; it is asked again after twice the time, up to an
//! hour. A JVM that can never be asked is told of once and left alone. [`interview`] is what happens with one JVM, [`workers`] when.

mod interview;
mod telemetry;
#[cfg(test)]
mod tests;
mod workers;

use std::sync::Arc;
use std::time::Instant;

use edgewatch_core::config::ConfigError;
use edgewatch_core::telemetry::Telemetry;
use edgewatch_hotspot::attach::GcLogDetail;
use edgewatch_hotspot::find::{Process, ProcessId};
use edgewatch_hotspot::replies::heap::Heap;
use edgewatch_hotspot::replies::{Pool, Usage};

use super::config::{Attach, GcLog};
use interview::Settings;
use telemetry::Asked;
use workers::Workers;

/// A JVM that may be asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Askable {
    /// Its process.
    pub(super) process: Process,
    /// Its service name, which `attach.names` is compared with.
    pub(super) name: String,
    /// `sun.rt.jvmCapabilities`, when its counters can be read.
    pub(super) capabilities: Option<String>,
    /// `sun.rt.jvmVersion`, when its counters can be read.
    pub(super) version: Option<i64>,
    /// What its log has to say, where one is to be switched on: pauses of ZGC are phases. `None` when it writes one anyway.
    pub(super) gc_log: Option<GcLogDetail>,
}

/// What a JVM answered in one round.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answers {
    /// When the round began.
    pub(super) at: Instant,
    /// `GC.heap_info`.
    pub(super) heap: Heap,
    /// `Compiler.codecache`; empty when it was not asked.
    pub(super) code: Vec<Pool>,
    /// The pool `Metaspace`, from whichever answer is more precise.
    pub(super) metaspace: Option<Usage>,
    /// The pool `Compressed Class Space`.
    pub(super) class_space: Option<Usage>,
}

/// The handle. When it is dropped the workers end after their question; logs stay on unless [`Asking::finish`] is called.
pub(super) struct Asking {
    workers: Option<Workers>,
}

impl Asking {
    /// Makes a handle for the receiver with the id `receiver`. Starts no thread before there is a JVM.
    pub(super) fn start(
        receiver: &str,
        attach: &Attach,
        gc_log: &GcLog,
        telemetry: &Telemetry,
    ) -> Result<Self, ConfigError> {
        if !attach.enabled {
            return Ok(Self { workers: None });
        }
        let settings = Settings::new(receiver, attach, gc_log, Asked::new(telemetry))?;
        Ok(Self { workers: Some(Workers::new(settings)) })
    }

    /// These are the JVMs now.
    pub(super) fn set(&self, jvms: impl IntoIterator<Item = Askable>) {
        if let Some(workers) = &self.workers {
            workers.set(jvms);
        }
    }

    /// What `jvm` answered last, if that is not longer ago than two rounds.
    pub(super) fn answers(&self, jvm: ProcessId) -> Option<Arc<Answers>> {
        self.workers.as_ref()?.answers(jvm, Instant::now())
    }

    /// The log that was switched on in `jvm`, as the JVM sees it.
    pub(super) fn logs_on(&self, jvm: ProcessId) -> Option<Arc<str>> {
        self.workers.as_ref()?.logs_on(jvm)
    }

    /// Switches off and removes all logs, and ends the threads. Blocks.
    pub(super) fn finish(self) {
        if let Some(workers) = self.workers {
            workers.finish();
        }
    }
}
