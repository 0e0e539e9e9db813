//! What is sent, how fast, and how it is to leave.

use clap::ValueEnum;
use edgewatch_tests::Signal;
use serde::Serialize;

/// One way to load the process under test.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scenario {
    /// 20,000 spans a second.
    TracesFixed,
    /// 50,000 log records a second.
    LogsFixed,
    /// 50,000 data points a second.
    MetricsFixed,
    /// 20,000 spans a second, compressed with gzip on the way out.
    TracesFixedGzip,
    /// Spans as fast as it goes.
    TracesMax,
    /// Log records as fast as it goes.
    LogsMax,
}

impl Scenario {
    pub(crate) fn signal(self) -> Signal {
        match self {
            Self::TracesFixed | Self::TracesFixedGzip | Self::TracesMax => Signal::Traces,
            Self::LogsFixed | Self::LogsMax => Signal::Logs,
            Self::MetricsFixed => Signal::Metrics,
        }
    }

    /// Items per second; as fast as it goes without.
    pub(crate) fn rate(self) -> Option<u64> {
        match self {
            Self::TracesFixed | Self::TracesFixedGzip => Some(20_000),
            Self::LogsFixed | Self::MetricsFixed => Some(50_000),
            Self::TracesMax | Self::LogsMax => None,
        }
    }

    pub(crate) fn gzip(self) -> bool {
        matches!(self, Self::TracesFixedGzip)
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::TracesFixed => "traces, fixed 20 k/s",
            Self::LogsFixed => "logs, fixed 50 k/s",
            Self::MetricsFixed => "metrics, fixed 50 k/s",
            Self::TracesFixedGzip => "traces, fixed 20 k/s, gzip out",
            Self::TracesMax => "traces, as fast as it goes",
            Self::LogsMax => "logs, as fast as it goes",
        }
    }
}
