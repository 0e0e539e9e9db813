//! The receiver at work, on the real host.

use edgewatch_core::factory::ReceiverSpec as _;
use edgewatch_core::receiver::{Outlets, Receiver as _};
use edgewatch_core::testing::{Recorder, context};
use tokio_util::sync::CancellationToken;

use crate::receivers::jvm::receiver::Jvm;

fn receiver(json: &str) -> Jvm {
    let (context, _registry) = context("jvm/test");
    Jvm::build(serde_json::from_str(json).expect("a configuration"), &context).expect("a receiver")
}

#[tokio::test]
async fn it_ends_when_it_is_stopped_whatever_it_waits_for() {
    for json in [r#"{"initial_delay": "1h"}"#, r#"{"initial_delay": "0s", "collection_interval": "1ms"}"#] {
        let (outlets, mut recorder) = Recorder::outlets();
        let stop = CancellationToken::new();
        let run = tokio::spawn(Box::new(receiver(json)).run(outlets, stop.clone()));
        stop.cancel();
        run.await.expect("no panic").expect("a good end");
        while let Some(batch) = recorder.try_next() {
            batch.deliver();
        }
    }
}

#[tokio::test]
async fn it_ends_at_once_without_a_pipeline_for_metrics() {
    Box::new(receiver("{}")).run(Outlets::default(), CancellationToken::new()).await.expect("a good end");
}

#[test]
fn a_root_path_that_is_not_there_is_refused() {
    let (context, _registry) = context("jvm/test");
    let config = serde_json::from_str(r#"{"root_path": "/no/such/host"}"#).expect("a configuration");

    let error = Jvm::build(config, &context).err().expect("refused");

    assert_eq!(error.to_string(), "root_path: /no/such/host is not a directory; mount the host's / there");
}
