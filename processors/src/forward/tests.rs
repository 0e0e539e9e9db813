use std::time::Instant;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::factory::ConnectorSpec;
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::testing;

use super::Forward;
use super::config::Config;

#[test]
fn passes_every_signal_on_unchanged() {
    let mut forward = Forward::build(Config::default(), &testing::context("forward").0).expect("builds");
    let mut out = Emitter::default();

    for signal in Signal::ALL {
        let batch = Batch::new(signal, Bytes::from_static(b"request"), 3, Ack::none());
        forward.process(batch, Instant::now(), &mut out).expect("takes anything");
    }

    let passed = out.take();
    let expected =
        Signal::ALL.map(|signal| Batch::new(signal, Bytes::from_static(b"request"), 3, Ack::none()));
    assert_eq!(passed.as_slice(), expected);
}
