use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ProcessorSpec};
use edgewatch_core::learned::Learned;
use edgewatch_core::processor::{Emitter, ProcessError, Processor};

use super::config::Config;
use super::rules::Rules;
use super::scoring::Scoring;
use super::series::walk;

/// The `anomaly` processor.
#[derive(Debug)]
pub(crate) struct AnomalyProcessor {
    pub(super) scoring: Scoring,
}

impl ProcessorSpec for AnomalyProcessor {
    const NAME: &'static str = "anomaly";
    const SIGNALS: &'static [Signal] = &[Signal::Metrics];
    const DERIVES: &'static [Signal] = &[Signal::Logs];
    const ABOUT: &'static str = "scores metric series and tells of those that are unlike themselves";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let rules = Rules::new(&config)?;
        Ok(Self { scoring: Scoring::new(&config, rules, &context.telemetry) })
    }
}

impl Processor for AnomalyProcessor {
    fn process(&mut self, batch: Batch, now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        self.scoring.begin(now);
        for segment in batch.segments() {
            walk(segment, &mut |found| self.scoring.take(found));
        }
        out.emit(batch);
        self.scoring.tell(out);
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.scoring.deadline()
    }

    fn tick(&mut self, now: Instant, out: &mut Emitter) {
        self.scoring.wait(now);
        self.scoring.tell(out);
    }

    fn learned(&mut self) -> Option<&mut dyn Learned> {
        Some(&mut self.scoring)
    }
}
