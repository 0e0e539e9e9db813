//! What items are routed by.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edgewatch_core::Signal;
use edgewatch_proto::deal::Assign;
use edgewatch_proto::splice::{Item, Located};
use edgewatch_proto::view::{AnyValue, KeyValue, Metric, Resource, Value};
use flate2::Crc;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ring::{KeyHash, Ring};

/// The part of the telemetry that decides where it goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) enum RoutingKey {
    /// `service.name` of the resource.
    #[serde(rename = "service")]
    Service,
    /// The trace, for spans and log records.
    #[serde(rename = "traceID")]
    TraceId,
    /// The name of the metric.
    #[serde(rename = "metric")]
    Metric,
    /// All attributes of the resource.
    #[serde(rename = "resource")]
    Resource,
    /// The series. Not in this build.
    #[serde(rename = "streamID")]
    StreamId,
    /// The attributes in `routing_attributes`.
    #[serde(rename = "attributes")]
    Attributes,
}

impl RoutingKey {
    /// The key for `signal` when `configured` is written, or nothing; also where what is written means nothing for that signal.
    pub(super) const fn of(configured: Option<Self>, signal: Signal) -> Self {
        match (configured, signal) {
            (None, Signal::Traces) => Self::TraceId,
            (Some(Self::Metric), Signal::Traces | Signal::Logs)
            | (Some(Self::TraceId), Signal::Metrics)
            | (Some(Self::StreamId) | None, _) => Self::Service,
            (Some(key), _) => key,
        }
    }
}

/// Assigns items to the destinations of a ring.
pub(super) struct Router<'a> {
    pub(super) key: RoutingKey,
    /// For [`RoutingKey::Attributes`].
    pub(super) attributes: &'a [String],
    pub(super) ring: &'a Ring,
    /// Which destinations take something now; the next one on the ring stands in for another.
    pub(super) open: &'a [bool],
    /// Assignments that went to a stand-in.
    pub(super) stood_in: usize,
}

impl Router<'_> {
    fn member(&mut self, key: KeyHash) -> usize {
        let is_open = |member: &usize| self.open.get(*member).copied().unwrap_or_default();
        let mut members = self.ring.members(key);
        let home = members.next().unwrap_or_default();
        if is_open(&home) {
            return home;
        }
        match members.find(is_open) {
            Some(member) => {
                self.stood_in += 1;
                member
            }
            // Nobody has room: it waits where it belongs.
            None => home,
        }
    }

    /// By the attributes, each the first that is found in `sources`; `None` when one is in none of them and `partial` is not enough.
    fn by_attributes<'v>(&self, partial: bool, find: impl Fn(&str) -> Option<Found<'v>>) -> Option<KeyHash> {
        let mut crc = Crc::new();
        for name in self.attributes {
            let found = find(name);
            if found.is_none() && !partial {
                return None;
            }
            // As the Collector writes it: `name=value|`.
            crc.update(name.as_bytes());
            crc.update(b"=");
            match found {
                None => {}
                Some(Found::Text(text)) => crc.update(text.as_bytes()),
                Some(Found::Value(value)) => update(&mut crc, value),
            }
            crc.update(b"|");
        }
        Some(KeyHash(crc.sum()))
    }
}

/// What stands under a name.
enum Found<'a> {
    Text(&'a str),
    Value(AnyValue<'a>),
}

impl Assign for Router<'_> {
    fn resource(&mut self, resource: Option<Resource<'_>>) -> Option<usize> {
        let key = match self.key {
            RoutingKey::Service => by_service(resource),
            RoutingKey::Resource => by_resource(resource),
            RoutingKey::Attributes => {
                self.by_attributes(false, |name| in_resource(resource, name).map(Found::Value))?
            }
            RoutingKey::TraceId | RoutingKey::Metric | RoutingKey::StreamId => return None,
        };
        Some(self.member(key))
    }

    fn metric(&mut self, metric: Metric<'_>) -> Option<usize> {
        let by_name = self.key == RoutingKey::Metric;
        by_name.then(|| self.member(hash(metric.name().as_bytes())))
    }

    fn item(&mut self, item: &Located<'_>) -> usize {
        let key = match self.key {
            RoutingKey::TraceId => by_trace(item),
            RoutingKey::Attributes => {
                let key = self.by_attributes(true, |name| in_item(item, name));
                key.unwrap_or(KeyHash(0))
            }
            RoutingKey::Service | RoutingKey::Metric | RoutingKey::Resource | RoutingKey::StreamId => {
                by_service(item.resource)
            }
        };
        self.member(key)
    }
}

fn hash(bytes: &[u8]) -> KeyHash {
    let mut crc = Crc::new();
    crc.update(bytes);
    KeyHash(crc.sum())
}

/// Records without a trace go by themselves: they would otherwise all go to one destination.
fn by_trace(item: &Located<'_>) -> KeyHash {
    match item.item {
        Item::Span(span) => hash(span.trace_id()),
        Item::LogRecord(record) => match record.trace_id() {
            [] => hash(record.as_bytes()),
            id => hash(id),
        },
        Item::Point(..) => by_service(item.resource),
    }
}

fn by_service(resource: Option<Resource<'_>>) -> KeyHash {
    let name = in_resource(resource, "service.name").and_then(AnyValue::as_str);
    hash(name.unwrap_or_default().as_bytes())
}

/// By all attributes, in whatever order they stand.
fn by_resource(resource: Option<Resource<'_>>) -> KeyHash {
    let attributes = resource.into_iter().flat_map(Resource::attributes);
    // CRCs are spread before they are added: those of similar attributes differ by the same amounts.
    let spread = |attribute: KeyValue<'_>| {
        u64::from(hash(attribute.as_bytes()).0).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    };
    let sum = attributes.map(spread).fold(0_u64, u64::wrapping_add);
    hash(&sum.to_le_bytes())
}

fn in_resource<'a>(resource: Option<Resource<'a>>, name: &str) -> Option<AnyValue<'a>> {
    find(resource?.attributes(), name)
}

fn in_item<'a>(item: &Located<'a>, name: &str) -> Option<Found<'a>> {
    if let Item::Span(span) = item.item {
        match name {
            "span.name" => return Some(Found::Text(span.name())),
            "span.kind" => return Some(Found::Text(kind(span.kind()))),
            _ => {}
        }
    }
    let of_scope = || find(item.scope?.attributes(), name);
    let of_item = || match item.item {
        Item::Span(span) => find(span.attributes(), name),
        Item::LogRecord(record) => find(record.attributes(), name),
        Item::Point(_, point) => find(point.attributes(), name),
    };
    in_resource(item.resource, name).or_else(of_scope).or_else(of_item).map(Found::Value)
}

/// As the Collector writes it.
const fn kind(kind: i32) -> &'static str {
    match kind {
        1 => "Internal",
        2 => "Server",
        3 => "Client",
        4 => "Producer",
        5 => "Consumer",
        _ => "Unspecified",
    }
}

fn find<'a>(attributes: impl Iterator<Item = KeyValue<'a>>, name: &str) -> Option<AnyValue<'a>> {
    let mut attributes = attributes.filter(|attribute| attribute.key_bytes() == name.as_bytes());
    attributes.next().map(KeyValue::value)
}

/// Adds a value as the Collector writes it; lists and maps as they are encoded.
fn update(crc: &mut Crc, value: AnyValue<'_>) {
    match value.value() {
        Value::Empty => {}
        Value::String(text) => crc.update(text.as_bytes()),
        Value::Bool(truth) => crc.update(truth.to_string().as_bytes()),
        Value::Int(number) => crc.update(number.to_string().as_bytes()),
        Value::Double(number) => crc.update(number.to_string().as_bytes()),
        Value::Bytes(bytes) => crc.update(STANDARD.encode(bytes).as_bytes()),
        Value::Array(_) | Value::KeyValueList(_) | Value::StringIndex(_) => crc.update(value.as_bytes()),
    }
}
