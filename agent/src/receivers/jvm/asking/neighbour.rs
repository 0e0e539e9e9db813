//! Asking as a neighbour of the counters: who comes and goes is asked, and what is answered becomes pools.

use std::borrow::Cow;
use std::path::Path;

use edgewatch_hotspot::attach::GcLogDetail;
use edgewatch_hotspot::collector::Collector;
use edgewatch_hotspot::find::ProcessId;
use edgewatch_hotspot::gc_log::Outputs;
use edgewatch_hotspot::replies::{Pool, Usage};

use super::super::neighbours::{LivePool, Mailbox, Message, Neighbour, Newcomer};
use super::{Answers, Askable, Asking};

impl Neighbour for Asking {
    fn came(&mut self, jvm: &Newcomer<'_>) {
        let text = |name| jvm.counters.and_then(|(layout, block)| layout.text(block, name));
        let arguments = text("java.rt.vmArgs").unwrap_or_default();
        let process = jvm.process;
        // Where the files are does not matter here.
        let outputs = Outputs::of(arguments.split_whitespace(), Path::new("/"), process.ns_pid, jvm.feature);
        let logs_anyway = |collector| outputs.0.iter().any(|output| output.tells_pauses(collector));
        let detail = match jvm.collector {
            Some(Collector::Z | Collector::GenerationalZ) => Some(GcLogDetail::PausesAndPhases),
            Some(_) => Some(GcLogDetail::Pauses),
            // What it would have to write is not known.
            None => None,
        };
        self.add(Askable {
            process: process.clone(),
            name: jvm.name.to_owned(),
            capabilities: text("sun.rt.jvmCapabilities").map(Cow::into_owned),
            version: jvm.counters.and_then(|(layout, block)| layout.number(block, "sun.rt.jvmVersion")),
            feature: jvm.feature,
            collector: jvm.collector,
            gc_log: detail.filter(|_| !jvm.collector.is_some_and(logs_anyway)),
        });
    }

    fn gone(&mut self, id: ProcessId) {
        self.remove(id);
    }
}

/// Sends what `jvm` has answered; nothing is known of it any more when that is `None`.
pub(super) fn report(
    mailbox: &Mailbox,
    jvm: ProcessId,
    collector: Option<Collector>,
    answers: Option<&Answers>,
) {
    let pools = answers.map(|answers| live(collector, answers)).unwrap_or_default();
    // Without room the next round tells it.
    let _ = mailbox.put(Message::Pools(jvm, pools));
}

/// The pools that are better known from answers than from counters.
fn live(collector: Option<Collector>, answers: &Answers) -> Vec<LivePool> {
    let pool = |name: Option<&'static str>, heap: bool, usage: Usage| LivePool {
        name: name.map(Cow::Borrowed),
        heap,
        used: Some(usage.used),
        committed: usage.committed,
        limit: usage.limit,
    };
    let mut pools = Vec::new();
    // The counters of G1 and Shenandoah are as fresh, and more precise.
    let counted = matches!(collector, Some(Collector::G1 | Collector::Shenandoah));
    if !counted {
        pools.extend(answers.heap.pools.iter().map(|Pool { name, usage }| pool(Some(name), true, *usage)));
        // Of generations nothing is said.
        let name = (collector == Some(Collector::Z)).then_some("ZHeap");
        pools.extend(answers.heap.whole.map(|usage| pool(name, true, usage)));
    }
    pools.extend(answers.code.iter().map(|Pool { name, usage }| pool(Some(name), false, *usage)));
    let classes = [("Metaspace", answers.metaspace), ("Compressed Class Space", answers.class_space)];
    pools.extend(classes.into_iter().filter_map(|(name, usage)| Some(pool(Some(name), false, usage?))));
    pools
}
