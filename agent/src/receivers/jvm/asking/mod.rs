//! Asks JVMs what their counters do not tell, and has them write garbage collection logs, on threads of its own.
//!
//! For the receiver, which never waits for a JVM:
//!
//! - [`Asking::start`] makes the handle, a neighbour of the counters; `None` where `attach.enabled` is false.
//! - [`Asking::add`] and [`Asking::remove`] say which JVMs come and go, as a neighbour is told. The first round of questions to one follows
//!   at once, then one every `attach.interval`. Those that go are forgotten, their logs switched off and removed. What was answered goes to
//!   the mailbox; when it is too old to be true, that nothing is known goes there.
//! - [`Asking::logs_on`] tells others which log was switched on, as the JVM sees it.
//! - Dropping it switches all logs off. That blocks, for `attach.timeout` at most if JVMs hang: not for the lane.
//!
//! A few workers share the JVMs, so one that does not answer delays no other one; it is asked again after twice the time, up to an
//! hour. A JVM that can never be asked is told of once and left alone, and one that is still starting is waited for without a word.
//! What a version does not know it is not asked. [`interview`] is what happens with one JVM, [`workers`] when,
//! [`neighbour`] what is made of answers.

mod interview;
mod neighbour;
mod telemetry;
#[cfg(test)]
mod tests;
mod workers;

use std::sync::Arc;
use std::time::Instant;

use edgewatch_core::config::ConfigError;
use edgewatch_core::telemetry::Telemetry;
use edgewatch_hotspot::attach::GcLogDetail;
use edgewatch_hotspot::collector::Collector;
use edgewatch_hotspot::find::{Process, ProcessId};
use edgewatch_hotspot::replies::heap::Heap;
use edgewatch_hotspot::replies::{Pool, Usage};

use super::config::{Attach, GcLog};
use super::neighbours::Mailbox;
use interview::Settings;
use telemetry::Asked;
use workers::{Shared, Workers};

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
    /// Its feature version, when that is known.
    pub(super) feature: Option<u32>,
    /// Its garbage collector, when that is known.
    pub(super) collector: Option<Collector>,
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

/// The handle.
pub(super) struct Asking {
    workers: Workers,
}

/// Tells of logs that were switched on.
#[derive(Clone)]
pub(super) struct LogsOn(Shared);

impl LogsOn {
    /// The log that was switched on in `jvm`, as the JVM sees it.
    pub(super) fn of(&self, jvm: ProcessId) -> Option<Arc<str>> {
        self.0.logs_on(jvm)
    }
}

impl Asking {
    /// Makes a handle for the receiver with the id `receiver`. Starts no thread before there is a JVM.
    pub(super) fn start(
        receiver: &str,
        attach: &Attach,
        gc_log: &GcLog,
        telemetry: &Telemetry,
        mailbox: Mailbox,
    ) -> Result<Option<Self>, ConfigError> {
        if !attach.enabled {
            return Ok(None);
        }
        let settings = Settings::new(receiver, attach, gc_log, Asked::new(telemetry))?;
        Ok(Some(Self { workers: Workers::new(settings, mailbox) }))
    }

    /// A JVM that is there now, or of which more is known.
    fn add(&self, jvm: Askable) {
        self.workers.add(jvm);
    }

    /// A JVM that is not there any more.
    fn remove(&self, jvm: ProcessId) {
        self.workers.remove(jvm);
    }

    /// Tells which logs were switched on.
    pub(super) fn logs_on(&self) -> LogsOn {
        LogsOn(self.workers.shared())
    }
}
