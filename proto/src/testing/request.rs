use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data};
use proptest::prelude::*;
use prost::{DecodeError, Message};

use super::disturb;
use super::logs::logs;
use super::metrics::metrics;
use super::trace::traces;
use crate::Signal;
use crate::scan::request_schema;

/// A request as prost sees it.
#[derive(Clone, Debug)]
pub(crate) enum Decoded {
    Traces(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    Logs(ExportLogsServiceRequest),
}

/// Equality of the encodings, so that NaN equals itself.
impl PartialEq for Decoded {
    fn eq(&self, other: &Self) -> bool {
        self.encode() == other.encode()
    }
}

impl Decoded {
    pub(crate) fn decode(signal: Signal, bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match signal {
            Signal::Traces => Self::Traces(Message::decode(bytes)?),
            Signal::Metrics => Self::Metrics(Message::decode(bytes)?),
            Signal::Logs => Self::Logs(Message::decode(bytes)?),
        })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Traces(request) => request.encode_to_vec(),
            Self::Metrics(request) => request.encode_to_vec(),
            Self::Logs(request) => request.encode_to_vec(),
        }
    }

    pub(crate) fn items(&self) -> usize {
        match self {
            Self::Traces(request) => {
                let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
                scopes.map(|scope| scope.spans.len()).sum()
            }
            Self::Metrics(request) => {
                let scopes = request.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
                scopes.flat_map(|scope| &scope.metrics).map(points).sum()
            }
            Self::Logs(request) => {
                let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
                scopes.map(|scope| scope.log_records.len()).sum()
            }
        }
    }
}

fn points(metric: &Metric) -> usize {
    match &metric.data {
        None => 0,
        Some(Data::Gauge(data)) => data.data_points.len(),
        Some(Data::Sum(data)) => data.data_points.len(),
        Some(Data::Histogram(data)) => data.data_points.len(),
        Some(Data::ExponentialHistogram(data)) => data.data_points.len(),
        Some(Data::Summary(data)) => data.data_points.len(),
    }
}

pub(crate) fn any_signal() -> impl Strategy<Value = Signal> {
    proptest::sample::select(&Signal::ALL)
}

/// A request with any content.
pub(crate) fn request(signal: Signal) -> BoxedStrategy<Decoded> {
    match signal {
        Signal::Traces => traces().prop_map(Decoded::Traces).boxed(),
        Signal::Metrics => metrics().prop_map(Decoded::Metrics).boxed(),
        Signal::Logs => logs().prop_map(Decoded::Logs).boxed(),
    }
}

/// An encoded request, half of the time with unknown fields and unpacked lists.
pub(crate) fn encoded(signal: Signal) -> BoxedStrategy<Bytes> {
    (request(signal), proptest::option::of(any::<u64>()))
        .prop_map(move |(request, seed)| {
            let plain = request.encode();
            Bytes::from(match seed {
                Some(seed) => disturb(request_schema(signal), &plain, seed),
                None => plain,
            })
        })
        .boxed()
}

/// An encoded request of any signal.
pub(crate) fn any_encoded() -> impl Strategy<Value = (Signal, Bytes)> {
    any_signal().prop_flat_map(|signal| (Just(signal), encoded(signal)))
}
