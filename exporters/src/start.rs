//! From a built exporter to the ends of pipelines and the work behind them.

use edgewatch_core::Signal;
use edgewatch_core::factory::AnyExporter;
use edgewatch_core::router::Work;
use edgewatch_core::telemetry::Telemetry;
use tokio_util::sync::CancellationToken;

use crate::queue::{self, Sinks};

/// Starts serving `built`, the exporter `id`, for `signals`: one destination behind a queue of its own, or a group, which does
/// the same for each of its destinations. See [`queue::start()`] for `telemetry`, `stop` and the end.
pub fn start(
    built: AnyExporter,
    id: &str,
    signals: &[Signal],
    telemetry: &Telemetry,
    stop: &CancellationToken,
) -> (Sinks, Work) {
    match built {
        AnyExporter::One(built) => {
            let (sinks, delivering) = queue::start(built, id, signals, telemetry, stop);
            (sinks, Box::pin(delivering.run()))
        }
        AnyExporter::Group(group) => {
            let started = group.start(signals, stop);
            let mut sinks = Sinks::default();
            for (signal, sink) in started.sinks {
                sinks.set(signal, sink);
            }
            (sinks, started.work)
        }
    }
}
