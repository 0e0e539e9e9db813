use crate::stats::{Sketch, stored_fields};

/// What one span says about its operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// In nanoseconds; `None` if it is not known.
    pub(super) duration: Option<u64>,
    /// When it ended, in nanoseconds since 1970.
    pub(super) time: u64,
    pub(super) failed: bool,
}

/// What is known of one operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Operation {
    durations: Sketch,
    /// Of those counted in `durations`.
    errors: u32,
}

stored_fields!(Operation { durations, errors });

impl Operation {
    /// The probability of a span as odd as this, by those before it; then learns it.
    pub(super) fn judge(&mut self, sample: Sample) -> f64 {
        let Some(duration) = sample.duration else { return 1.0 };
        let ranks = f64::from(self.durations.seen()) + 1.0;
        // Counts that were rounded must not make errors more frequent than calls.
        let of_error = if sample.failed { ((f64::from(self.errors) + 1.0) / ranks).min(1.0) } else { 1.0 };
        let of_duration = self.durations.tail_probability(duration);
        let halvings = self.durations.insert(duration, sample.time);
        // Rounded up: where there once was an error, the next one is not the first.
        let errors = (0..halvings).fold(self.errors, |errors, _| errors.div_ceil(2));
        // What was restored may be anything.
        self.errors = errors.saturating_add(u32::from(sample.failed));
        (2.0 * of_duration.min(of_error)).min(1.0)
    }
}

/// The probability that one of `many` independent things happens that have the probability `p` each.
pub(crate) fn any_of(p: f64, many: usize) -> f64 {
    if p >= 1.0 {
        return 1.0;
    }
    // As 1 - (1 - p)^many, without losing what is small.
    -((many as f64) * (-p).ln_1p()).exp_m1()
}
