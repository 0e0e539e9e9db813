use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Instant;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::batch::{Batch, Segments};
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ProcessorSpec};
use edgewatch_core::learned::Learned;
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_proto::splice::{Attributes, Editor, Item, Located, retain};
use edgewatch_proto::view::{AnyValue, LogRecord, Value};

use super::config::Config;
use super::metrics::Flushing;
use super::miner::TemplateId;
use super::sampling::Fate;
use super::services::Services;
use super::surprise::Odd;
use super::telemetry::TemplatesTelemetry;
use crate::actions::Rewriting;

/// The attribute with the id of a record's template.
pub(super) const ID: &str = "edgewatch.log.template.id";
/// The attribute with its text.
pub(super) const TEXT: &str = "edgewatch.log.template.text";
/// The attribute with the probability of a record that is at least as odd.
pub(super) const PROBABILITY: &str = "edgewatch.log.template.probability";
/// The attribute that says what is odd about a template: `new` or `rare`.
pub(super) const SURPRISE: &str = "edgewatch.log.template.surprise";
/// The attribute with the number of like records that were dropped before this one.
pub(super) const DROPPED: &str = "edgewatch.log.template.dropped";

/// Marks for which room is kept from batch to batch.
const MARKS: usize = 16 * 1024;

/// The `log_templates` processor.
#[derive(Debug)]
pub(crate) struct LogTemplates {
    config: Config,
    editor: Editor,
    rewriting: Rewriting,
    pub(super) mining: Mining,
}

/// What was found out about a record.
#[derive(Clone, Copy, Debug)]
struct Mark {
    service: usize,
    id: TemplateId,
    odd: Option<Odd>,
    dropped: u64,
}

/// The finding of templates, and what is kept for it.
#[derive(Debug)]
pub(super) struct Mining {
    pub(super) services: Services,
    pub(super) flushing: Flushing,
    telemetry: TemplatesTelemetry,
    surprise_below: f64,
    /// The time that the first record of this batch tells that knows one, in nanoseconds since 1970.
    heard: u64,
    /// What was found out about the records that stay, in their order; `None`: they have no text.
    marks: VecDeque<Option<Mark>>,
    /// The text of an id.
    scratch: String,
}

impl ProcessorSpec for LogTemplates {
    const NAME: &'static str = "log_templates";
    const SIGNALS: &'static [Signal] = &[Signal::Logs];
    const DERIVES: &'static [Signal] = &[Signal::Metrics];
    const ABOUT: &'static str =
        "finds the templates behind log lines, counts them and thins out what repeats";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self {
            editor: Editor::default(),
            rewriting: Rewriting::new(&context.telemetry),
            mining: Mining {
                services: Services::new(config.limits(), config.max_services.get()),
                flushing: Flushing::new(&config),
                telemetry: TemplatesTelemetry::new(&context.telemetry),
                surprise_below: config.surprise_below,
                heard: 0,
                marks: VecDeque::new(),
                scratch: String::new(),
            },
            config,
        })
    }
}

impl Processor for LogTemplates {
    fn process(&mut self, batch: Batch, now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        self.tick(now, out);
        let Self { config, editor, rewriting, mining } = self;
        mining.begin(now);
        let batch = match &config.sampling {
            None => batch,
            Some(_) => mining.thin_out(config, batch, now),
        };
        if batch.items() == 0 {
            mining.flushing.observe(now, mining.heard);
            batch.deliver();
            return Ok(());
        }
        let sampled = config.sampling.is_some();
        let batch = rewriting.rewrite(batch, |segment: &Bytes| {
            mining.services.begin();
            editor.items(Signal::Logs, segment, &mut |located, attributes| {
                let mark = match sampled {
                    true => mining.marks.pop_front().flatten(),
                    false => mining.mine(located),
                };
                if let Some(mark) = mark {
                    mining.write(mark, config.add_text, attributes);
                }
            })
        });
        mining.flushing.observe(now, mining.heard);
        mining.marks.clear();
        mining.marks.shrink_to(MARKS);
        mining.telemetry.known(mining.services.templates());
        out.emit(batch?);
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.mining.flushing.due()
    }

    fn tick(&mut self, now: Instant, out: &mut Emitter) {
        self.mining.flushing.flush(&mut self.mining.services, &self.config, now, out);
    }

    fn drain(&mut self, out: &mut Emitter) {
        self.mining.flushing.end(&mut self.mining.services, &self.config, out);
    }

    fn learned(&mut self) -> Option<&mut dyn Learned> {
        Some(&mut self.mining.services)
    }
}

impl Mining {
    fn begin(&mut self, now: Instant) {
        self.services.age(now);
        self.heard = 0;
    }

    /// The template of a record, if it has a text.
    fn mine(&mut self, located: &Located<'_>) -> Option<Mark> {
        let Item::LogRecord(record) = located.item else { return None };
        if self.heard == 0 {
            self.heard = heard(record);
        }
        let severity = record.severity_number();
        let service = self.services.find(located.resource);
        let known = self.services.get_mut(service)?;
        known.counts.note(severity);
        let sighting = known.miner.sight(text(record)?);
        for event in known.miner.take_events() {
            self.telemetry.note(&event);
            known.repeats.follow(&event);
            known.counts.follow(&event);
        }
        let odd = known.surprise.note(sighting.gap, severity, self.surprise_below);
        if odd.is_some() {
            self.telemetry.surprising();
        }
        Some(Mark { service, id: sighting.id, odd, dropped: 0 })
    }

    /// Removes records that repeat; what was found out about the others is in `marks` then.
    fn thin_out(&mut self, config: &Config, mut batch: Batch, now: Instant) -> Batch {
        self.marks.clear();
        let Some(sampling) = &config.sampling else { return batch };
        let mut segments = Segments::with_capacity(batch.segments().len());
        let mut removed = 0;
        for segment in batch.segments() {
            self.services.begin();
            let retained = retain(Signal::Logs, segment, &mut |located: &Located<'_>| {
                let Some(mut mark) = self.mine(located) else {
                    self.marks.push_back(None);
                    return true;
                };
                let Some(service) = self.services.get_mut(mark.service) else { return true };
                match service.repeats.decide(sampling, mark.id, severity(located), mark.odd.is_some(), now) {
                    Fate::Kept { dropped } => {
                        mark.dropped = dropped;
                        self.marks.push_back(Some(mark));
                        true
                    }
                    Fate::Dropped => false,
                }
            });
            removed += retained.removed;
            match retained.request {
                Some(_) if retained.kept == 0 => {}
                Some(request) => segments.push(request),
                None => segments.push(segment.clone()),
            }
        }
        if removed > 0 {
            self.telemetry.dropped(removed);
            let items = batch.items().saturating_sub(removed);
            batch.replace(segments, items);
        }
        batch
    }

    fn write(&mut self, mark: Mark, text: bool, attributes: &mut Attributes<'_>) {
        self.scratch.clear();
        // Writing to a string does not fail.
        let _ = write!(self.scratch, "{}", mark.id);
        attributes.upsert(ID, self.scratch.as_str());
        let known = self.services.get(mark.service).and_then(|service| service.miner.text(mark.id));
        if let Some(known) = known.filter(|_text| text) {
            attributes.upsert(TEXT, known);
        }
        if let Some(odd) = mark.odd {
            attributes.upsert(PROBABILITY, odd.probability);
            attributes.upsert(SURPRISE, if odd.new { "new" } else { "rare" });
        }
        if let Ok(dropped @ 1..) = i64::try_from(mark.dropped) {
            attributes.upsert(DROPPED, dropped);
        }
    }
}

/// What time it is by a record: when it was collected, or else when it was written.
fn heard(record: LogRecord<'_>) -> u64 {
    match record.observed_time_unix_nano() {
        0 => record.time_unix_nano(),
        observed => observed,
    }
}

fn severity(located: &Located<'_>) -> i32 {
    match located.item {
        Item::LogRecord(record) => record.severity_number(),
        Item::Span(_) | Item::Point(..) => 0,
    }
}

/// The text of a record.
fn text<'a>(record: LogRecord<'a>) -> Option<&'a [u8]> {
    match record.body().map(AnyValue::value)? {
        Value::String(text) => Some(text.as_bytes()),
        Value::Bytes(bytes) => Some(bytes),
        Value::Empty
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Array(_)
        | Value::KeyValueList(_)
        | Value::StringIndex(_) => None,
    }
}
