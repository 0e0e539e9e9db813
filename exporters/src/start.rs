//! From a built exporter to the ends of pipelines and the work behind them.

use edgewatch_core::Signal;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{AnyExporter, BuildContext};
use edgewatch_core::router::Work;
use tokio_util::sync::CancellationToken;

use crate::queue::{self, Sinks};

/// Starts serving `built`, the exporter that `context` was made for, for `signals`: one destination behind a queue of its own, or a group, which does
/// the same for each of its destinations. See [`queue::start()`] for `stop` and the end.
///
/// # Errors
///
/// As [`queue::start()`].
pub fn start(
    built: AnyExporter,
    signals: &[Signal],
    context: &BuildContext,
    stop: &CancellationToken,
) -> Result<(Sinks, Work), ConfigError> {
    match built {
        AnyExporter::One(built) => {
            let (sinks, delivering) = queue::start(built, signals, context, stop)?;
            Ok((sinks, Box::pin(delivering.run())))
        }
        AnyExporter::Group(group) => {
            let started = group.start(signals, stop);
            let mut sinks = Sinks::default();
            for (signal, sink) in started.sinks {
                sinks.set(signal, sink);
            }
            Ok((sinks, started.work))
        }
    }
}
