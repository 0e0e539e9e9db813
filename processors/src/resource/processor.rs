use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ProcessorSpec};
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_proto::splice::Editor;

use super::config::Config;
use crate::actions::{Actions, rewrite};

/// The `resource` processor.
#[derive(Debug)]
pub(crate) struct ResourceProcessor {
    actions: Actions,
    editor: Editor,
}

impl ProcessorSpec for ResourceProcessor {
    const NAME: &'static str = "resource";
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    const ABOUT: &'static str = "changes the attributes of resources";
    type Config = Config;

    fn build(config: Config, _context: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self { actions: config.actions()?, editor: Editor::default() })
    }
}

impl Processor for ResourceProcessor {
    fn process(&mut self, mut batch: Batch, _now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        let signal = batch.signal();
        rewrite(&mut batch, |segment| {
            self.editor
                .resources(signal, segment, &mut |_resource, attributes| self.actions.apply(attributes))
        });
        out.emit(batch);
        Ok(())
    }
}
