//! The two seams of the receiver: what else is known about JVMs comes through them.
//!
//! A [`Neighbour`] is told on the helper thread which JVMs come and go. It must not wait there: whatever takes time it does on a thread
//! of its own. What it finds out it sends as a [`Message`] through the [`Mailbox`] that it was given. Two are foreseen:
//!
//! - answers to questions over the attach socket: [`Message::Pools`]. Live pools add to and override those of the counters;
//! - garbage collection logs: [`Message::Logged`]. Counters stay the truth about every pause that they count: a log says why it was, and
//!   divides the time of several. What counters do not count, as pauses of Shenandoah and cycles, the log alone tells.
//!   [`Message::Tailing`] says whether it is worth waiting for lines. Nothing is counted twice or lost by it, whenever it comes.
//!
//! Messages about JVMs that are gone are dropped. A full mailbox refuses: the sender counts that, or tries again.

use std::borrow::Cow;
use std::sync::mpsc::{SyncSender, TrySendError};

use edgewatch_hotspot::collector::Collector;
use edgewatch_hotspot::counters::Layout;
use edgewatch_hotspot::find::{Process, ProcessId};

/// How many messages may wait.
pub(super) const MAILBOX: usize = 1024;

/// Most pools that are taken from answers about one JVM.
pub(super) const MOST_POOLS: usize = 32;

/// Somebody who wants to know of JVMs.
pub(super) trait Neighbour: Send {
    /// A JVM of interest has come. Called again when more is known about it, as when its counters can be read at last.
    fn came(&mut self, jvm: &Newcomer<'_>);

    /// It is gone.
    fn gone(&mut self, id: ProcessId);

    /// There are pauses that wait for their lines in a log.
    fn wanted(&mut self) {}
}

/// A JVM that has come.
#[allow(dead_code, reason = "for neighbours, of which a build may have none")]
pub(super) struct Newcomer<'a> {
    /// Its process.
    pub(super) process: &'a Process,
    /// Its service name.
    pub(super) name: &'a str,
    /// Its counters, when they can be read: names, and the block.
    pub(super) counters: Option<(&'a Layout, &'a [u8])>,
    /// Its garbage collector, when that is known.
    pub(super) collector: Option<Collector>,
    /// Its feature version, when that is known.
    pub(super) feature: Option<u32>,
}

/// What somebody has found out.
#[allow(dead_code, reason = "for neighbours, of which a build may have none")]
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    /// The agent ends.
    Stop,
    /// What is true of the memory pools of a JVM until the next such message; none: nothing is known any more.
    Pools(ProcessId, Vec<LivePool>),
    /// From now on its log is read, or no longer.
    Tailing(ProcessId, bool),
    /// Pauses that its log tells of.
    Logged(ProcessId, Vec<LoggedPause>),
}

/// A memory pool as the JVM itself described it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LivePool {
    /// Its JMX name, such as `CodeHeap 'profiled nmethods'`; `None`: the heap as a whole.
    pub(super) name: Option<Cow<'static, str>>,
    /// Whether it is part of the heap.
    pub(super) heap: bool,
    /// Bytes in use.
    pub(super) used: Option<u64>,
    /// Bytes that are there for it.
    pub(super) committed: Option<u64>,
    /// Most bytes that it may have.
    pub(super) limit: Option<u64>,
}

/// A pause, as a log tells of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LoggedPause {
    /// `jvm.gc.name`, as `collector::Collections::name` of the crate.
    pub(super) name: Cow<'static, str>,
    /// `jvm.gc.action`.
    pub(super) action: Cow<'static, str>,
    /// `jvm.gc.cause`.
    pub(super) cause: Option<String>,
    /// How long it took, in nanoseconds.
    pub(super) nanoseconds: u64,
    /// Its middle, in nanoseconds since the JVM started, where the log says.
    pub(super) middle: Option<u64>,
}

/// Where messages are put.
#[derive(Clone, Debug)]
pub(super) struct Mailbox(pub(super) SyncSender<Message>);

impl Mailbox {
    /// Puts a message there, without waiting. It comes back when there is no room, or nobody who reads.
    pub(super) fn put(&self, message: Message) -> Result<(), Message> {
        self.0.try_send(message).map_err(|refused| match refused {
            TrySendError::Full(message) | TrySendError::Disconnected(message) => message,
        })
    }
}
