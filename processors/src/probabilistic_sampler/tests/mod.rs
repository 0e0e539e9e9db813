mod anomalies;
mod records;
mod traces;
mod vectors;

use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::factory::{ComponentConfig, ProcessorSpec};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::context;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::ProbabilisticSampler;
use super::config::Config;
use crate::testing::{logs, records_of, spans_of, traces as batch_of};

/// The trace id whose last seven bytes are 80 00 00 00 00 00 00: kept at 50 %, not at 49 %.
const HALF: &str = "fefefefefefefefefe80000000000000";

fn processor(text: &str, signal: Signal) -> (ProbabilisticSampler, Registry) {
    let config: Config = serde_json::from_str(text).expect("parses");
    config.validate().expect("valid");
    let (mut context, registry) = context("probabilistic_sampler");
    context.signal = Some(signal);
    (ProbabilisticSampler::build(config, &context).expect("builds"), registry)
}

fn kept(processor: &mut ProbabilisticSampler, spans: Vec<Span>) -> Vec<Span> {
    let mut out = Emitter::default();
    processor.process(batch_of(None, spans), Instant::now(), &mut out).expect("takes it");
    out.take().iter().flat_map(spans_of).collect()
}

fn kept_records(processor: &mut ProbabilisticSampler, records: Vec<LogRecord>) -> Vec<LogRecord> {
    let mut out = Emitter::default();
    processor.process(logs(None, records), Instant::now(), &mut out).expect("takes it");
    out.take().iter().flat_map(records_of).collect()
}

fn id(hexadecimal: &str) -> Vec<u8> {
    let digits = (0..hexadecimal.len()).step_by(2);
    digits.map(|at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).expect("digits")).collect()
}

fn span(trace_id: &str, trace_state: &str) -> Span {
    Span {
        trace_id: id(trace_id),
        trace_state: trace_state.to_owned(),
        name: "x".to_owned(),
        ..Span::default()
    }
}
