use std::time::Instant;

use edgewatch_core::ack::Receipt;
use proptest::prelude::*;
use tokio::task::JoinSet;

use super::*;

/// What a pipeline does with the batches that come, one after the other.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Deliver,
    Refuse,
    FindBad,
    Hold(u64),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        Just(Deed::Deliver),
        Just(Deed::Refuse),
        Just(Deed::FindBad),
        (1..200u64).prop_map(Deed::Hold),
    ];
    proptest::collection::vec(deed, 0..30)
}

/// Follows its script, then delivers; returns what it has delivered.
async fn act(mut behind: Behind, script: Vec<Deed>) -> Vec<String> {
    let mut delivered = Vec::new();
    let mut script = script.into_iter();
    while let Some(batch) = behind.batches.recv().await {
        let mut deed = script.next().unwrap_or(Deed::Deliver);
        if let Deed::Hold(seconds) = deed {
            behind.failing(true);
            behind.full(seconds % 2 == 0);
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            behind.failing(false);
            behind.full(false);
            deed = if seconds % 3 == 0 { Deed::Refuse } else { Deed::Deliver };
        }
        match deed {
            Deed::Deliver | Deed::Hold(_) => {
                delivered.push(text(&batch));
                batch.deliver();
            }
            Deed::Refuse => batch.refuse(&Refusal::unavailable("down")),
            Deed::FindBad => batch.refuse(&Refusal::permanent("bad")),
        }
    }
    delivered
}

/// Whatever the levels do: a batch is delivered by exactly one of them and its source knows, or by none and its source
/// knows.
async fn tell(scripts: [Vec<Deed>; 3], count: usize, pauses: Vec<u64>) -> Result<(), TestCaseError> {
    let (bench, levels) = bench::<3>(2);
    let mut acting = JoinSet::new();
    for (behind, script) in levels.into_iter().zip(scripts) {
        acting.spawn(act(behind, script));
    }
    let mut receipts: Vec<(String, Receipt)> = Vec::new();
    for number in 0..count {
        let (mut ack, receipt) = Ack::pair(None);
        if number % 2 == 0 {
            ack.accepted();
        }
        let name = number.to_string();
        bench.sink.send(Batch::new(Signal::Traces, name.clone().into(), 1, ack)).await;
        receipts.push((name, receipt));
        tokio::time::sleep(Duration::from_secs(pauses[number % pauses.len()])).await;
    }
    drop(bench.sink);
    bench.running.await.expect("ended well");
    let mut expected = Vec::new();
    for (name, mut receipt) in receipts {
        if receipt.delivered().await.is_ok() {
            expected.push(name);
        }
    }
    let mut delivered = acting.join_all().await.concat();
    delivered.sort();
    expected.sort();
    prop_assert_eq!(delivered, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_batch_is_delivered_once_or_its_source_knows(
        a in deeds(), b in deeds(), c in deeds(), count in 1..40usize, pauses in proptest::collection::vec(0..90u64, 1..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let started = Instant::now();
        runtime.expect("a runtime").block_on(tell([a, b, c], count, pauses))?;
        prop_assert!(started.elapsed() < Duration::from_secs(20));
    }
}
