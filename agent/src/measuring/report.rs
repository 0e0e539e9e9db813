//! What could not be read: counted always, told once.

use std::fmt::Display;

/// Most different failures that are remembered as told; more are counted only.
const MOST_TOLD: usize = 64;

/// The failures of the scrapers.
#[derive(Debug, Default)]
pub(crate) struct Report {
    receiver: String,
    scraper: &'static str,
    errored: usize,
    told: Vec<(&'static str, String)>,
}

impl Report {
    /// A report of the receiver with this id.
    pub(crate) fn new(receiver: &str) -> Self {
        Self { receiver: receiver.to_owned(), ..Self::default() }
    }

    /// From now on failures are those of `scraper`.
    pub(crate) fn begin(&mut self, scraper: &'static str) {
        self.scraper = scraper;
        self.errored = 0;
    }

    /// How many metrics `scraper` could not give since it began.
    pub(crate) const fn errored(&self) -> usize {
        self.errored
    }

    /// `metrics` metrics are missing from this round because of `what`.
    pub(crate) fn failed(&mut self, metrics: usize, what: impl Display, error: impl Display) {
        if metrics == 0 {
            return;
        }
        self.errored += metrics;
        if self.told.len() >= MOST_TOLD {
            return;
        }
        let what = what.to_string();
        if self.told.iter().any(|(scraper, told)| *scraper == self.scraper && *told == what) {
            return;
        }
        tracing::warn!(
            receiver = self.receiver,
            scraper = self.scraper,
            what,
            %error,
            "cannot be read, left out; told once, counted in otelcol_scraper_errored_metric_points",
        );
        self.told.push((self.scraper, what));
    }

    /// What has been told, for tests.
    #[cfg(test)]
    pub(crate) fn told(&self) -> &[(&'static str, String)] {
        &self.told
    }
}
