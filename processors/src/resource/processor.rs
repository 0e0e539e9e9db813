use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ProcessorSpec};
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_proto::splice::Editor;

use super::config::Config;
use crate::actions::{Actions, Rewriting};

/// The `resource` processor.
#[derive(Debug)]
pub(crate) struct ResourceProcessor {
    actions: Actions,
    editor: Editor,
    rewriting: Rewriting,
}

impl ProcessorSpec for ResourceProcessor {
    const NAME: &'static str = "resource";
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    const ABOUT: &'static str = "changes the attributes of resources";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self {
            actions: config.actions()?,
            editor: Editor::default(),
            rewriting: Rewriting::new(&context.telemetry),
        })
    }
}

impl Processor for ResourceProcessor {
    fn process(&mut self, batch: Batch, _now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        let signal = batch.signal();
        let batch = self.rewriting.rewrite(batch, |segment| {
            self.editor
                .resources(signal, segment, &mut |_resource, attributes| self.actions.apply(attributes))
        })?;
        out.emit(batch);
        Ok(())
    }
}
