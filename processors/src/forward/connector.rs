use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ConnectorSpec};
use edgewatch_core::processor::{Emitter, ProcessError, Processor};

use super::config::Config;

/// The `forward` connector.
#[derive(Debug)]
pub(crate) struct Forward;

impl ConnectorSpec for Forward {
    const NAME: &'static str = "forward";
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    const EMITS: &'static [Signal] = &Signal::ALL;
    const ABOUT: &'static str = "leads telemetry from pipelines unchanged into other pipelines";
    type Config = Config;

    fn build(_config: Config, _context: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl Processor for Forward {
    fn process(&mut self, batch: Batch, _now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        out.emit(batch);
        Ok(())
    }
}
