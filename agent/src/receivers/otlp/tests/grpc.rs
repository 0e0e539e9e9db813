//! OTLP/gRPC: what is taken, and what is answered to what is not.

use edgewatch_core::Signal;

use super::agent::{self, Agent};
use super::client::{framed, grpc};
use super::samples::{gzip, request, zstd};

#[tokio::test]
async fn takes_every_signal_and_hands_on_the_very_bytes() {
    let mut agent = agent::default().await;
    for signal in Signal::ALL {
        // One that fits in a frame, one that does not, one small enough to be copied.
        for items in [100, 5_000, 1] {
            let sent = request(signal, items);

            let (answer, taken) = tokio::join!(
                grpc(agent.grpc(), signal.grpc_path(), &[], framed(false, &sent)),
                take(&mut agent.recorder)
            );

            assert_eq!((answer.code(), &answer.body[..]), (0, &[0; 5][..]));
            assert_eq!(taken, (signal, sent, items));
        }
        let name = format!("otelcol_receiver_accepted_{}", signal.items());
        assert_eq!(agent.reading(&name, &[("transport", "grpc")]), 5_101.0);
    }
}

async fn take(recorder: &mut edgewatch_core::testing::Recorder) -> (Signal, Vec<u8>, usize) {
    let batch = recorder.next().await.expect("a batch");
    let parts = agent::parts(&batch);
    batch.deliver();
    parts
}
