//! Which of many records of one template stay.

use std::collections::HashMap;
use std::time::Instant;

use super::config::SamplingConfig;
use super::miner::{Event, TemplateId};

/// How often the templates of one service came lately.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// When the current interval ends.
    until: Option<Instant>,
    templates: HashMap<TemplateId, Repeated>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Repeated {
    /// Records in this interval.
    seen: u64,
    /// Records dropped since one stayed.
    dropped: u64,
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    /// It stays, and so many like it were dropped before it.
    Kept { dropped: u64 },
    /// It is dropped.
    Dropped,
}

impl Repeats {
    /// Decides on a record of template `id`. An odd one stays.
    pub(super) fn decide(
        &mut self,
        config: &SamplingConfig,
        id: TemplateId,
        severity: i32,
        odd: bool,
        now: Instant,
    ) -> Fate {
        if self.until.is_none_or(|until| now >= until) {
            self.until = now.checked_add(*config.interval);
            self.templates.values_mut().for_each(|repeated| repeated.seen = 0);
        }
        let repeated = self.templates.entry(id).or_default();
        repeated.seen += 1;
        let beyond = repeated.seen.saturating_sub(config.keep_first);
        let stays = beyond == 0
            || odd
            || severity >= config.keep_severity
            || config.keep_one_in > 0 && beyond.is_multiple_of(config.keep_one_in);
        if stays {
            Fate::Kept { dropped: std::mem::take(&mut repeated.dropped) }
        } else {
            repeated.dropped += 1;
            Fate::Dropped
        }
    }

    /// Follows what became of templates, so that no more are counted than there are.
    pub(super) fn follow(&mut self, event: &Event) {
        match event {
            Event::New { .. } => {}
            Event::Merged { from, into } => {
                if let Some(joined) = self.templates.remove(from) {
                    let repeated = self.templates.entry(*into).or_default();
                    repeated.seen = repeated.seen.max(joined.seen);
                    repeated.dropped += joined.dropped;
                }
            }
            Event::Forgotten { id } => {
                self.templates.remove(id);
            }
        }
    }
}
