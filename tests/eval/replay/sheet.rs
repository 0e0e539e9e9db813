//! What a scrape gives: one number for every series, always in the same order.

/// How a number comes over the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// As it is.
    Gauge,
    /// As a total; here it is the increase per second, which is what is scored.
    Counter,
}

/// Which series it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Name {
    pub(super) metric: &'static str,
    pub(super) kind: Kind,
    /// Device, process or processor, and state or direction; empty where there is none.
    pub(super) attributes: [String; 2],
}

/// The scrape of a minute.
#[derive(Clone, Default)]
pub(super) struct Sheet {
    pub(super) names: Vec<Name>,
    pub(super) values: Vec<f64>,
    named: bool,
}

impl Sheet {
    /// Begins the scrape of the next minute.
    pub(super) fn clear(&mut self) {
        self.named = !self.names.is_empty();
        self.values.clear();
    }

    pub(super) fn gauge(&mut self, metric: &'static str, attributes: [&str; 2], value: f64) {
        self.put(metric, Kind::Gauge, attributes, value);
    }

    pub(super) fn counter(&mut self, metric: &'static str, attributes: [&str; 2], rate: f64) {
        self.put(metric, Kind::Counter, attributes, rate);
    }

    fn put(&mut self, metric: &'static str, kind: Kind, attributes: [&str; 2], value: f64) {
        if !self.named {
            self.names.push(Name { metric, kind, attributes: attributes.map(str::to_owned) });
        }
        self.values.push(value);
    }
}
