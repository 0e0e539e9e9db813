//! What arrived.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use bytes::Bytes;
use http::HeaderMap;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

use crate::load::{Tally, log_numbers, metric_numbers, trace_numbers};
use crate::{Signal, count};

/// How a request came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP.
    Http,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// What it carried.
    pub signal: Signal,
    /// How it came.
    pub transport: Transport,
    /// All its headers.
    pub headers: HeaderMap,
    /// The encoded request, decompressed and without gRPC's prefix.
    pub body: Bytes,
    /// Bytes of the body on the wire.
    pub wire_size: usize,
    /// When it was complete.
    pub at: Instant,
    /// Whether its items count as delivered.
    pub accepted: bool,
    /// Its items, if it could be read; a request in JSON counts as well.
    pub items: u64,
}

impl Receipt {
    /// Whether the body is OTLP/JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        is_json(&self.headers)
    }

    /// One header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn decode<M>(&self) -> anyhow::Result<M>
    where
        M: prost::Message + Default + serde::de::DeserializeOwned,
    {
        decode(self.is_json(), &self.body)
    }

    /// The numbers of its items, as [`crate::load`] gives them out.
    ///
    /// # Errors
    /// When the body cannot be decoded.
    pub fn numbers(&self) -> anyhow::Result<Vec<u64>> {
        Ok(match self.signal {
            Signal::Traces => trace_numbers(&self.decode()?).collect(),
            Signal::Metrics => metric_numbers(&self.decode()?).collect(),
            Signal::Logs => log_numbers(&self.decode()?).collect(),
        })
    }
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with("application/json"))
}

fn decode<M>(json: bool, body: &[u8]) -> anyhow::Result<M>
where
    M: prost::Message + Default + serde::de::DeserializeOwned,
{
    if json { Ok(serde_json::from_slice(body)?) } else { Ok(M::decode(body)?) }
}

/// Counts the items of a body in either encoding.
pub(super) fn count_items(signal: Signal, json: bool, body: &Bytes) -> anyhow::Result<u64> {
    if !json {
        return Ok(count::items(signal, std::slice::from_ref(body))?);
    }
    let binary = match signal {
        Signal::Traces => prost::Message::encode_to_vec(&decode::<ExportTraceServiceRequest>(json, body)?),
        Signal::Metrics => prost::Message::encode_to_vec(&decode::<ExportMetricsServiceRequest>(json, body)?),
        Signal::Logs => prost::Message::encode_to_vec(&decode::<ExportLogsServiceRequest>(json, body)?),
    };
    Ok(count::items(signal, &[binary.into()])?)
}

/// All requests up to one moment, in order of arrival.
#[derive(Clone, Debug, Default)]
pub struct Receipts(pub(super) Vec<Arc<Receipt>>);

impl Receipts {
    /// Every request, refused ones included.
    pub fn all(&self) -> impl Iterator<Item = &Receipt> {
        self.0.iter().map(Arc::as_ref)
    }

    /// The requests whose items count as delivered.
    pub fn accepted(&self, signal: Signal) -> impl Iterator<Item = &Receipt> {
        self.all().filter(move |receipt| receipt.accepted && receipt.signal == signal)
    }

    /// Those that came later than `moment`.
    #[must_use]
    pub fn since(&self, moment: Instant) -> Self {
        Self(self.0.iter().filter(|receipt| receipt.at > moment).cloned().collect())
    }

    /// These and those of another backend.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The number of requests, refused ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing arrived.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The delivered items of one signal.
    #[must_use]
    pub fn items(&self, signal: Signal) -> u64 {
        self.accepted(signal).map(|receipt| receipt.items).sum()
    }

    /// The delivered items by their numbers, for items that [`crate::load`] made.
    ///
    /// # Errors
    /// When a body cannot be decoded.
    pub fn tally(&self, signal: Signal) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        for receipt in self.accepted(signal) {
            tally.extend(receipt.numbers()?);
        }
        Ok(tally)
    }

    /// The delivered requests with spans, decoded.
    ///
    /// # Errors
    /// When a body cannot be decoded.
    pub fn traces(&self) -> anyhow::Result<Vec<ExportTraceServiceRequest>> {
        self.decoded(Signal::Traces)
    }

    /// The delivered requests with metrics, decoded.
    ///
    /// # Errors
    /// When a body cannot be decoded.
    pub fn metrics(&self) -> anyhow::Result<Vec<ExportMetricsServiceRequest>> {
        self.decoded(Signal::Metrics)
    }

    /// The delivered requests with log records, decoded.
    ///
    /// # Errors
    /// When a body cannot be decoded.
    pub fn logs(&self) -> anyhow::Result<Vec<ExportLogsServiceRequest>> {
        self.decoded(Signal::Logs)
    }

    fn decoded<M>(&self, signal: Signal) -> anyhow::Result<Vec<M>>
    where
        M: prost::Message + Default + serde::de::DeserializeOwned,
    {
        let decode = |receipt: &Receipt| receipt.decode().with_context(|| format!("a request with {signal}"));
        self.accepted(signal).map(decode).collect()
    }

    /// One line that says what arrived.
    #[must_use]
    pub fn summary(&self) -> String {
        let items = Signal::ALL.map(|signal| format!("{} {signal}", self.items(signal)));
        let refused = self.all().filter(|receipt| !receipt.accepted).count();
        format!("{} requests, {refused} of them refused; delivered items: {}", self.len(), items.join(", "))
    }
}
