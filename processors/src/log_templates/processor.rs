use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Instant;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::batch::{Batch, Segments};
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ProcessorSpec};
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_proto::splice::{Attributes, Editor, Item, Located, retain};
use edgewatch_proto::view::{AnyValue, Value};

use super::config::Config;
use super::miner::TemplateId;
use super::sampling::Fate;
use super::services::Services;
use super::telemetry::TemplatesTelemetry;
use crate::actions::Rewriting;

/// The attribute with the id of a record's template.
pub(super) const ID: &str = "edgewatch.log.template.id";
/// The attribute with its text.
pub(super) const TEXT: &str = "edgewatch.log.template.text";
/// The attribute with the number of like records that were dropped before this one.
pub(super) const DROPPED: &str = "edgewatch.log.template.dropped";

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
    dropped: u64,
}

/// The finding of templates, and what is kept for it.
#[derive(Debug)]
pub(super) struct Mining {
    pub(super) services: Services,
    telemetry: TemplatesTelemetry,
    /// What was found out about the records that stay, in their order; `None`: they have no text.
    marks: VecDeque<Option<Mark>>,
    /// The text of an id.
    scratch: String,
}

impl ProcessorSpec for LogTemplates {
    const NAME: &'static str = "log_templates";
    const SIGNALS: &'static [Signal] = &[Signal::Logs];
    const ABOUT: &'static str = "finds the templates behind log lines and thins out what repeats";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self {
            editor: Editor::default(),
            rewriting: Rewriting::new(&context.telemetry),
            mining: Mining {
                services: Services::new(config.limits(), config.max_services.get()),
                telemetry: TemplatesTelemetry::new(&context.telemetry),
                marks: VecDeque::new(),
                scratch: String::new(),
            },
            config,
        })
    }
}

impl Processor for LogTemplates {
    fn process(&mut self, batch: Batch, now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        let Self { config, editor, rewriting, mining } = self;
        let batch = match &config.sampling {
            None => batch,
            Some(_) => mining.thin_out(config, batch, now),
        };
        if batch.items() == 0 {
            batch.deliver();
            return Ok(());
        }
        let sampled = config.sampling.is_some();
        let batch = rewriting.rewrite(batch, |segment: &Bytes| {
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
        mining.marks.clear();
        mining.telemetry.known(mining.services.templates());
        out.emit(batch?);
        Ok(())
    }
}

impl Mining {
    /// The template of a record, if it has a text.
    fn mine(&mut self, located: &Located<'_>) -> Option<Mark> {
        let line = text(located)?;
        let service = self.services.find(located.resource);
        let known = self.services.get_mut(service)?;
        let id = known.miner.mine(line);
        for event in known.miner.take_events() {
            self.telemetry.note(&event);
            known.repeats.follow(&event);
        }
        Some(Mark { service, id, dropped: 0 })
    }

    /// Removes records that repeat; what was found out about the others is in `marks` then.
    fn thin_out(&mut self, config: &Config, mut batch: Batch, now: Instant) -> Batch {
        self.marks.clear();
        let Some(sampling) = &config.sampling else { return batch };
        let mut segments = Segments::with_capacity(batch.segments().len());
        let mut removed = 0;
        for segment in batch.segments() {
            let retained = retain(Signal::Logs, segment, &mut |located: &Located<'_>| {
                let Some(mut mark) = self.mine(located) else {
                    self.marks.push_back(None);
                    return true;
                };
                let Some(service) = self.services.get_mut(mark.service) else { return true };
                match service.repeats.decide(sampling, mark.id, severity(located), now) {
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
        let known = self.services.get_mut(mark.service).and_then(|service| service.miner.text(mark.id));
        if let Some(known) = known.filter(|_text| text) {
            attributes.upsert(TEXT, known);
        }
        if let Ok(dropped @ 1..) = i64::try_from(mark.dropped) {
            attributes.upsert(DROPPED, dropped);
        }
    }
}

fn severity(located: &Located<'_>) -> i32 {
    match located.item {
        Item::LogRecord(record) => record.severity_number(),
        Item::Span(_) | Item::Point(..) => 0,
    }
}

/// The text of a record.
fn text<'a>(located: &Located<'a>) -> Option<&'a [u8]> {
    let Item::LogRecord(record) = located.item else { return None };
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
