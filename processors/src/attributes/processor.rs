use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ProcessorSpec};
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_proto::splice::Editor;

use super::config::Config;
use super::matcher::Matcher;
use crate::actions::{Actions, Rewriting};

/// The `attributes` processor.
#[derive(Debug)]
pub(crate) struct AttributesProcessor {
    actions: Actions,
    include: Option<Matcher>,
    exclude: Option<Matcher>,
    editor: Editor,
    rewriting: Rewriting,
}

impl ProcessorSpec for AttributesProcessor {
    const NAME: &'static str = "attributes";
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    const ABOUT: &'static str = "changes the attributes of spans, log records and data points";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        if let Some(signal) = context.signal {
            ConfigError::all([("include", &config.include), ("exclude", &config.exclude)].map(
                |(key, properties)| {
                    properties
                        .as_ref()
                        .map_or(Ok(()), |properties| properties.check_signal(signal))
                        .map_err(|e| e.under(key))
                },
            ))?;
        }
        Ok(Self {
            actions: config.actions()?,
            include: config.include()?,
            exclude: config.exclude()?,
            editor: Editor::default(),
            rewriting: Rewriting::new(&context.telemetry),
        })
    }
}

impl Processor for AttributesProcessor {
    fn process(&mut self, batch: Batch, _now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        let signal = batch.signal();
        let (include, exclude) = (self.include.as_ref(), self.exclude.as_ref());
        let batch = self.rewriting.rewrite(batch, |segment| {
            self.editor.items(signal, segment, &mut |located, attributes| {
                let included = include.is_none_or(|matcher| matcher.matches(located, attributes));
                if included && !exclude.is_some_and(|matcher| matcher.matches(located, attributes)) {
                    self.actions.apply(attributes);
                }
            })
        })?;
        out.emit(batch);
        Ok(())
    }
}
