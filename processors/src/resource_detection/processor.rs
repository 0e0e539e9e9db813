use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ProcessorSpec};
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_proto::splice::{Editor, Write};
use edgewatch_proto::view::AnyValue;
use tracing::info;

use super::config::Config;
use super::detectors::{Detector, Found};
use crate::actions::{Literal, Rewriting};

/// The `resource_detection` processor.
#[derive(Debug)]
pub(crate) struct ResourceDetector {
    write: Write,
    attributes: Vec<Encoded>,
    editor: Editor,
    rewriting: Rewriting,
}

/// An attribute, its value encoded as an `AnyValue`.
#[derive(Debug)]
struct Encoded {
    key: String,
    value: Vec<u8>,
}

impl ProcessorSpec for ResourceDetector {
    const NAME: &'static str = "resource_detection";
    const ALIASES: &'static [&'static str] = &["resourcedetection"];
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    const ABOUT: &'static str = "adds what can be found out about the host to every resource";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let found = detect(&config, context)?;
        tell(&context.id.to_string(), &Summary(&found).to_string());
        let encode = |(key, value): (String, Literal)| Encoded { key, value: value.encode() };
        Ok(Self {
            write: if config.r#override { Write::Upsert } else { Write::Insert },
            attributes: found.into_iter().map(encode).collect(),
            editor: Editor::default(),
            rewriting: Rewriting::new(&context.telemetry),
        })
    }
}

/// Says what was found, once: a processor is built for each pipeline that names it, and finds the same each time.
fn tell(processor: &str, attributes: &str) {
    static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let new = TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(format!("{processor} {attributes}"));
    if new {
        info!(processor, attributes, "resource attributes detected");
    }
}

/// What the detectors know, each attribute once.
fn detect(config: &Config, context: &BuildContext) -> Result<Vec<(String, Literal)>, ConfigError> {
    let mut all: Vec<(String, Literal)> = Vec::new();
    for detector in config.detectors.iter().filter_map(|name| Detector::named(name)) {
        let mut found = Found::default();
        detector.detect(config, &*context.host, &mut found)?;
        for (key, value) in found.into_attributes() {
            let wanted = config.attributes.is_empty() || config.attributes.contains(&key);
            if wanted && all.iter().all(|(known, _)| *known != key) {
                all.push((key, value));
            }
        }
    }
    Ok(all)
}

impl Processor for ResourceDetector {
    fn process(&mut self, batch: Batch, _now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        if self.attributes.is_empty() {
            out.emit(batch);
            return Ok(());
        }
        let signal = batch.signal();
        let batch = self.rewriting.rewrite(batch, |segment| {
            self.editor.resources(signal, segment, &mut |_resource, attributes| {
                for attribute in &self.attributes {
                    attributes.set(self.write, &attribute.key, AnyValue::new(&attribute.value));
                }
            })
        })?;
        out.emit(batch);
        Ok(())
    }
}

/// Shows attributes in a log line.
struct Summary<'a>(&'a [(String, Literal)]);

impl std::fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (key, value)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let value = value.encode();
            write!(f, "{separator}{key}={}", edgewatch_proto::text::Text(AnyValue::new(&value)))?;
        }
        Ok(())
    }
}
