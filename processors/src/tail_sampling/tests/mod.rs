mod anomalies;
mod holding;
mod laws;
mod limits;
mod memory;
mod policies;
mod settings;

use std::time::{Duration, Instant};

use edgewatch_core::factory::{ComponentConfig, ProcessorSpec};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::context;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::TailSampling;
use super::config::Config;
use crate::testing::{spans_of, traces};

const ALWAYS: &str = r#"{"name": "all", "type": "always_sample"}"#;

/// A sampler with these keys and these policies.
fn sampler(keys: &str, policies: &[&str]) -> (TailSampling, Registry) {
    let comma = if keys.is_empty() { "" } else { ", " };
    let config = config(&format!(r#"{{{keys}{comma}"policies": [{}]}}"#, policies.join(", ")));
    config.validate().expect("valid");
    let (context, registry) = context("tail_sampling");
    (TailSampling::build(config, &context).expect("builds"), registry)
}

fn config(text: &str) -> Config {
    serde_json::from_str(text).expect("parses")
}

/// Hands `spans` in and returns what comes out at once.
fn feed(sampler: &mut TailSampling, spans: Vec<Span>, now: Instant) -> Vec<Span> {
    let mut out = Emitter::default();
    sampler.process(traces(None, spans), now, &mut out).expect("takes it");
    taken(&mut out)
}

/// What comes out when time has come to `now`.
fn tick(sampler: &mut TailSampling, now: Instant) -> Vec<Span> {
    let mut out = Emitter::default();
    sampler.tick(now, &mut out);
    taken(&mut out)
}

fn drain(sampler: &mut TailSampling) -> Vec<Span> {
    let mut out = Emitter::default();
    sampler.drain(&mut out);
    taken(&mut out)
}

/// The spans, delivered.
fn taken(out: &mut Emitter) -> Vec<Span> {
    let mut spans = Vec::new();
    for batch in out.take() {
        spans.extend(spans_of(&batch));
        batch.deliver();
    }
    spans
}

/// A span of trace `trace`.
fn span(trace: u8, name: &str) -> Span {
    Span { trace_id: vec![trace; 16], name: name.to_owned(), ..Span::default() }
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}
