//! Which metrics there are, and what tells their series apart.

use edgewatch_proto::encode::Attributes;
use edgewatch_proto::view::{ScopeSpans, SpanFields};

use super::config::Config;
use super::outcome::Codes;
use crate::aggregation::{Dimension, Key, KeyReader, Wanted, encoded_text, hash, mix};

pub(super) const SERVICE_NAME: &str = "service.name";
pub(super) const SPAN_NAME: &str = "span.name";
pub(super) const SPAN_KIND: &str = "span.kind";
pub(super) const STATUS_CODE: &str = "status.code";
pub(super) const INSTANCE_ID: &str = "collector.instance.id";
const SCOPE_NAME: &str = "span.instrumentation.scope.name";
const SCOPE_VERSION: &str = "span.instrumentation.scope.version";
const SAMPLING_METHOD: &str = "sampling.method";
const OVERFLOW: &str = "otel.metric.overflow";
/// What the OpenTelemetry SDKs call a service that has no name.
const UNKNOWN_SERVICE: &str = "unknown_service";

const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];
const STATUSES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

/// Metrics whose series have the same attributes.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) measure: Measure,
    /// Dimensions beside those of all families.
    further: Vec<Lookup>,
    /// Whether the status of spans tells series apart.
    status: bool,
}

/// What a family counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Measure {
    /// `calls` and `duration`.
    Operations,
    /// `calls`, where its dimensions differ from those of `duration`.
    Calls,
    /// `duration`, where its dimensions differ from those of `calls`.
    Durations,
    /// `errors` and `faults`.
    Outcomes,
    /// `events`.
    Events,
}

/// Where the value of a dimension comes from.
#[derive(Debug)]
struct Lookup {
    name: Box<str>,
    number: usize,
    default: Option<Box<[u8]>>,
}

/// Values that were found, encoded, by number.
pub(super) type Found<'a> = smallvec::SmallVec<[Option<&'a [u8]>; 12]>;

/// All families, and what they need of spans.
#[derive(Debug)]
pub(super) struct Families {
    pub(super) list: Vec<Family>,
    pub(super) wanted: Wanted,
    pub(super) codes: Codes,
    service_number: usize,
    unknown_service: Box<[u8]>,
    instance: Option<String>,
    service: bool,
    name: bool,
    kind: bool,
    sampling: bool,
    scopes: Vec<String>,
    common: Vec<Lookup>,
}

impl Families {
    pub(super) fn new(config: &Config, instance: String) -> Self {
        let mut wanted = Wanted::default();
        let codes = Codes::new(&mut wanted);
        let service_number = wanted.number(SERVICE_NAME);
        let mut lookups = |dimensions: &[Dimension]| -> Vec<Lookup> {
            let lookup = |dimension: &Dimension| Lookup {
                name: dimension.name.as_str().into(),
                number: wanted.number(&dimension.name),
                default: dimension.default.as_deref().map(encoded_text),
            };
            dimensions.iter().map(lookup).collect()
        };
        let included = |name: &str| !config.exclude_dimensions.iter().any(|excluded| excluded == name);
        let status = included(STATUS_CODE);
        let common = lookups(&config.dimensions);
        let mut list = Vec::new();
        let mut family = |measure, dimensions: &[Dimension], status| {
            list.push(Family { measure, further: lookups(dimensions), status });
        };
        if config.outcomes {
            family(Measure::Outcomes, &[], false);
        }
        if config.histogram.disable {
            family(Measure::Calls, &config.calls_dimensions, status);
        } else if config.calls_dimensions == config.histogram.dimensions {
            family(Measure::Operations, &config.calls_dimensions, status);
        } else {
            family(Measure::Calls, &config.calls_dimensions, status);
            family(Measure::Durations, &config.histogram.dimensions, status);
        }
        if config.events.enabled {
            family(Measure::Events, &config.events.dimensions, status);
        }
        Self {
            list,
            codes,
            service_number,
            unknown_service: encoded_text(UNKNOWN_SERVICE),
            instance: included(INSTANCE_ID).then_some(instance),
            service: included(SERVICE_NAME),
            name: included(SPAN_NAME),
            kind: included(SPAN_KIND),
            sampling: config.enable_metrics_sampling_method,
            scopes: config.include_instrumentation_scope.clone(),
            common,
            wanted,
        }
    }

    /// Begins the identity of all series of a resource.
    pub(super) fn join_resource(&self, key: &mut Key, resource: &[Option<&[u8]>]) {
        key.truncate(0);
        if self.service {
            let service = resource.get(self.service_number).copied().flatten();
            key.name(Some(service.unwrap_or(&self.unknown_service)));
        }
    }

    /// Adds what a scope has in common.
    pub(super) fn join_scope(&self, key: &mut Key, scope: ScopeSpans<'_>) {
        if self.scopes.is_empty() {
            return;
        }
        let scope = scope.scope().filter(|scope| self.scopes.iter().any(|included| included == scope.name()));
        key.name(scope.map(|scope| scope.name().as_bytes()));
        key.name(scope.map(|scope| scope.version().as_bytes()));
    }

    /// Adds what the series of all families have of a span, and returns its hash with all before. `sources` are where dimensions are
    /// looked for, the closest first.
    #[inline]
    pub(super) fn join_span(
        &self,
        key: &mut Key,
        span: &SpanFields<'_>,
        extrapolated: bool,
        sources: &[&[Option<&[u8]>]],
    ) -> u64 {
        if self.name {
            key.name(Some(span.name.as_bytes()));
        }
        if self.kind {
            key.byte(within(span.kind, KINDS.len()));
        }
        if self.sampling {
            key.byte(u8::from(extrapolated));
        }
        for lookup in &self.common {
            key.name(lookup.value(sources));
        }
        hash(key.bytes())
    }

    /// Adds what the series of one family have beside that, and returns the hash of all.
    #[inline]
    pub(super) fn join_family(
        &self,
        key: &mut Key,
        family: &Family,
        common: (usize, u64),
        status: i32,
        sources: &[&[Option<&[u8]>]],
    ) -> u64 {
        let (length, hashed) = common;
        key.truncate(length);
        for lookup in &family.further {
            key.name(lookup.value(sources));
        }
        if family.status {
            key.byte(within(status, STATUSES.len()));
        }
        match key.bytes().get(length..) {
            Some(rest @ [_, ..]) => mix(hashed, hash(rest)),
            Some([]) | None => hashed,
        }
    }

    /// Writes the attributes of a series.
    pub(super) fn describe(&self, family: &Family, key: &[u8], to: &mut Attributes<'_>) {
        let mut key = KeyReader::new(key);
        if self.service {
            put(to, SERVICE_NAME, key.value());
        }
        if !self.scopes.is_empty() {
            for name in [SCOPE_NAME, SCOPE_VERSION] {
                if let Some(text) = key.value() {
                    to.string(name, std::str::from_utf8(text).unwrap_or_default());
                }
            }
        }
        if self.name {
            to.string(SPAN_NAME, std::str::from_utf8(key.value().unwrap_or_default()).unwrap_or_default());
        }
        if self.kind {
            to.string(SPAN_KIND, named(&KINDS, key.byte()));
        }
        if self.sampling {
            to.string(SAMPLING_METHOD, if key.byte() == 1 { "extrapolated" } else { "counted" });
        }
        for lookup in self.common.iter().chain(&family.further) {
            put(to, &lookup.name, key.value());
        }
        if family.status {
            to.string(STATUS_CODE, named(&STATUSES, key.byte()));
        }
        self.describe_instance(to);
    }

    /// Writes the attributes of the series for what is too much.
    pub(super) fn describe_overflow(&self, to: &mut Attributes<'_>) {
        to.bool(OVERFLOW, true);
        self.describe_instance(to);
    }

    fn describe_instance(&self, to: &mut Attributes<'_>) {
        if let Some(instance) = &self.instance {
            to.string(INSTANCE_ID, instance);
        }
    }
}

impl Lookup {
    #[inline]
    fn value<'a>(&'a self, sources: &[&[Option<&'a [u8]>]]) -> Option<&'a [u8]> {
        let found = sources.iter().find_map(|source| source.get(self.number).copied().flatten());
        found.or(self.default.as_deref())
    }
}

impl Family {
    #[inline]
    pub(super) const fn is_of_events(&self) -> bool {
        matches!(self.measure, Measure::Events)
    }
}

impl Measure {
    /// Whether there is a histogram.
    pub(super) const fn has_durations(self) -> bool {
        match self {
            Self::Operations | Self::Durations => true,
            Self::Calls | Self::Outcomes | Self::Events => false,
        }
    }
}

fn put(to: &mut Attributes<'_>, name: &str, value: Option<&[u8]>) {
    if let Some(value) = value {
        to.value(name, |to| to.encoded(value));
    }
}

/// A number of an enumeration; what is unknown counts as unspecified.
#[inline]
fn within(number: i32, count: usize) -> u8 {
    u8::try_from(number).ok().filter(|&number| usize::from(number) < count).unwrap_or(0)
}

fn named(names: &[&'static str], number: u8) -> &'static str {
    names.get(usize::from(number)).copied().unwrap_or_default()
}
