use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::{Budget, Constraint};
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ProcessorSpec};
use edgewatch_core::memory;
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_core::refusal::Refusal;
use tracing::{info, warn};

use super::config::Config;
use super::telemetry::LimiterTelemetry;

/// The `memory_limiter` processor.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    id: String,
    budget: Budget,
    /// Holds for as long as the processor runs.
    _limits: Constraint,
    refusing: bool,
    telemetry: LimiterTelemetry,
}

impl ProcessorSpec for MemoryLimiter {
    const NAME: &'static str = "memory_limiter";
    const ALIASES: &'static [&'static str] = &["memorylimiter"];
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    const ABOUT: &'static str = "refuses new data while too many bytes are in flight";
    const STANDS_FIRST: bool = true;
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
        Ok(Self {
            id: context.id.clone(),
            budget: context.budget.clone(),
            _limits: context.budget.constrain(config.limits(total)),
            refusing: false,
            telemetry: LimiterTelemetry::new(&context.telemetry),
        })
    }
}

impl MemoryLimiter {
    /// Notes on which side of the soft limit memory is, and logs when that changes.
    fn observe(&mut self) {
        let crowded = self.budget.is_crowded();
        if crowded == self.refusing {
            return;
        }
        self.refusing = crowded;
        let (processor, used_bytes, limits) = (self.id.as_str(), self.budget.used(), self.budget.limits());
        let (soft_limit_bytes, hard_limit_bytes) = (limits.soft, limits.hard);
        if crowded {
            warn!(
                processor,
                used_bytes,
                soft_limit_bytes,
                hard_limit_bytes,
                "memory in flight is above the soft limit, new data is refused"
            );
        } else {
            info!(
                processor,
                used_bytes,
                soft_limit_bytes,
                "memory in flight is below the soft limit again, new data is taken"
            );
        }
    }

    /// Whether `batch` must be turned away. What its sources believe accepted cannot be sent again by anybody. What has leased
    /// its memory was let in below the soft limit, and may go on up to the hard one.
    fn refuses(&self, batch: &Batch) -> bool {
        let ack = batch.ack();
        !ack.is_accepted() && if ack.is_leased() { self.budget.is_exceeded() } else { self.refusing }
    }
}

impl Processor for MemoryLimiter {
    fn process(&mut self, batch: Batch, _now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        self.observe();
        if self.refuses(&batch) {
            self.telemetry.refused(batch.signal(), batch.items());
            return Err(ProcessError::new(batch, Refusal::busy("data refused due to high memory usage")));
        }
        self.telemetry.accepted(batch.signal(), batch.items());
        out.emit(batch);
        Ok(())
    }
}
