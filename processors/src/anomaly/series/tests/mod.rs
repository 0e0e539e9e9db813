mod allocations;
mod building;
mod distributions;
mod encoding;
mod generated;
mod heads;
mod identities;
mod laws;
mod odd;
mod state;
mod sums;

use building::*;

use super::*;

/// The readings of the points of one series, sent as requests of their own.
fn read(
    past: &mut Past,
    requests: impl IntoIterator<Item = ExportMetricsServiceRequest>,
) -> Vec<Vec<Reading>> {
    let mut readings = Vec::new();
    for request in requests {
        walk(&request.encode_to_vec(), &mut |found| readings.push(past.take(found).to_vec()));
    }
    readings
}

/// The keys of the series of all points.
fn keys(request: &[u8]) -> Vec<u64> {
    let mut keys = Vec::new();
    walk(request, &mut |found| keys.push(found.key));
    keys
}

fn reading(aspect: Aspect, second: f64, value: f64) -> Reading {
    Reading { aspect, time: nanos(second), value }
}
