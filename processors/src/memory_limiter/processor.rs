use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::Budget;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ProcessorSpec};
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_core::refusal::Refusal;
use tracing::{info, warn};

use super::config::{Config, Limits};
use super::telemetry::LimiterTelemetry;
use edgewatch_core::memory;

/// The `memory_limiter` processor.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    id: String,
    budget: Budget,
    limits: Limits,
    refusing: bool,
    telemetry: LimiterTelemetry,
}

impl ProcessorSpec for MemoryLimiter {
    const NAME: &'static str = "memory_limiter";
    const ALIASES: &'static [&'static str] = &["memorylimiter"];
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    const ABOUT: &'static str = "refuses new data while too many bytes are in flight";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let total = if config.is_relative() {
            memory::total(&*context.host).ok_or_else(|| {
                ConfigError::new(
                    "limit_percentage",
                    "the memory of this host cannot be read from /proc/meminfo; set limit_mib instead",
                )
            })?
        } else {
            0
        };
        let limits = config.limits(total);
        context.budget.set_limit(limits.hard);
        Ok(Self {
            id: context.id.clone(),
            budget: context.budget.clone(),
            limits,
            refusing: false,
            telemetry: LimiterTelemetry::new(&context.telemetry),
        })
    }
}

impl MemoryLimiter {
    /// Notes on which side of the soft limit memory is, and logs when that changes.
    fn observe(&mut self) {
        let used = self.budget.used();
        let refusing = used > self.limits.soft;
        if refusing && !self.refusing {
            warn!(
                processor = %self.id,
                used_bytes = used,
                soft_limit_bytes = self.limits.soft,
                hard_limit_bytes = self.limits.hard,
                "memory in flight is above the soft limit, new data is refused"
            );
        } else if self.refusing && !refusing {
            info!(
                processor = %self.id,
                used_bytes = used,
                soft_limit_bytes = self.limits.soft,
                "memory in flight is below the soft limit again, new data is taken"
            );
        }
        self.refusing = refusing;
    }
}

impl Processor for MemoryLimiter {
    fn process(&mut self, batch: Batch, _now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        self.observe();
        // What its sources believe accepted cannot be sent again by anybody.
        if self.refusing && !batch.ack().is_accepted() {
            self.telemetry.refused(batch.signal(), batch.items());
            return Err(ProcessError::new(batch, Refusal::busy("data refused due to high memory usage")));
        }
        self.telemetry.accepted(batch.signal(), batch.items());
        out.emit(batch);
        Ok(())
    }
}
