//! What of a series' points must be remembered to read the next one.

use edgewatch_proto::view::{Data, NumberValue, Point};
use smallvec::SmallVec;

use super::{Aspect, Reading};

/// Most readings that one point gives.
const MOST: usize = 3;

/// What is remembered of the points before: of a counter its last value, of a histogram its buckets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {}

impl Past {
    /// What `point` of `data` says beyond what is remembered.
    pub fn read(&mut self, data: Data<'_>, point: Point<'_>) -> SmallVec<[Reading; MOST]> {
        let mut readings = SmallVec::new();
        if let (Data::Gauge(_), Point::Number(number)) = (data, point) {
            let value = match number.value() {
                Some(NumberValue::Double(value)) => value,
                Some(NumberValue::Int(value)) => value as f64,
                None => f64::NAN,
            };
            if value.is_finite() {
                readings.push(Reading { aspect: Aspect::Value, time: number.time_unix_nano(), value });
            }
        }
        readings
    }

    /// Bytes that it holds beside its own size.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        0
    }
}
