use std::borrow::Cow;

use edgewatch_core::config::ConfigError;
use edgewatch_proto::splice::{Attributes, Item, Located};
use edgewatch_proto::text::Text;
use edgewatch_proto::view::{AnyValue, InstrumentationScope, KeyValue, LogRecord, Resource, Span, Value};

use super::match_config::{AttributeConfig, MatchConfig, MatchType, SeverityConfig};
use super::names::Names;
use crate::actions::Literal;

/// What the Collector compares `services` with when the resource has no `service.name`.
const NO_SERVICE: &str = "<nil-service-name>";

/// The names of span kinds, by number.
const SPAN_KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

/// Decides whether an item has the properties that a user asked for.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    services: Option<Names>,
    span_names: Option<Names>,
    span_kinds: Option<Names>,
    log_bodies: Option<Names>,
    severity_texts: Option<Names>,
    severity: Option<SeverityConfig>,
    metric_names: Option<Names>,
    attributes: Vec<Required>,
    resources: Vec<Required>,
    libraries: Vec<Library>,
}

#[derive(Clone, Debug)]
struct Required {
    key: String,
    value: Option<Expected>,
}

#[derive(Clone, Debug)]
enum Expected {
    Equal(Literal),
    Found(Names),
}

#[derive(Clone, Debug)]
struct Library {
    name: Names,
    version: Option<Names>,
}

impl Matcher {
    pub(super) fn new(config: &MatchConfig) -> Result<Self, ConfigError> {
        config.check_not_empty()?;
        let kind = config.match_type;
        check_kinds(config)?;
        let libraries = config.libraries.iter().enumerate().map(|(index, library)| {
            let version = library.version.as_deref();
            Ok(Library {
                name: Names::one(kind, &format!("libraries.{index}.name"), &library.name)?,
                version: version
                    .map(|version| Names::one(kind, &format!("libraries.{index}.version"), version))
                    .transpose()?,
            })
        });
        Ok(Self {
            services: Names::new(kind, "services", &config.services)?,
            span_names: Names::new(kind, "span_names", &config.span_names)?,
            span_kinds: Names::new(kind, "span_kinds", &config.span_kinds)?,
            log_bodies: Names::new(kind, "log_bodies", &config.log_bodies)?,
            severity_texts: Names::new(kind, "log_severity_texts", &config.log_severity_texts)?,
            severity: config.log_severity_number.clone(),
            metric_names: Names::new(kind, "metric_names", &config.metric_names)?,
            attributes: required(kind, "attributes", &config.attributes)?,
            resources: required(kind, "resources", &config.resources)?,
            libraries: libraries.collect::<Result<_, _>>()?,
        })
    }

    /// Whether `located`, which has these attributes, has every property asked for.
    pub(super) fn matches(&self, located: &Located<'_>, attributes: &Attributes<'_>) -> bool {
        let item = match located.item {
            Item::Span(span) => self.matches_span(span, located.resource),
            Item::LogRecord(record) => self.matches_record(record),
            Item::Point(metric, _) => any(self.metric_names.as_ref(), || metric.name()),
        };
        item && (self.libraries.is_empty() || self.matches_library(located.scope))
            && self.attributes.iter().all(|required| required.holds(attributes.get(&required.key)))
            && self
                .resources
                .iter()
                .all(|required| required.holds(attribute(located.resource, &required.key)))
    }

    fn matches_span(&self, span: Span<'_>, resource: Option<Resource<'_>>) -> bool {
        any(self.services.as_ref(), || {
            attribute(resource, "service.name").and_then(AnyValue::as_str).unwrap_or(NO_SERVICE)
        }) && any(self.span_names.as_ref(), || span.name())
            && any(self.span_kinds.as_ref(), || span_kind(span.kind()))
    }

    fn matches_record(&self, record: LogRecord<'_>) -> bool {
        let body = || record.body().map(text).unwrap_or_default();
        self.log_bodies.as_ref().is_none_or(|names| names.matches(&body()))
            && any(self.severity_texts.as_ref(), || record.severity_text())
            && self.severity.as_ref().is_none_or(|bounds| match record.severity_number() {
                0 => bounds.match_undefined,
                number => number >= bounds.min,
            })
    }

    fn matches_library(&self, scope: Option<InstrumentationScope<'_>>) -> bool {
        let scope = scope.unwrap_or_default();
        self.libraries.iter().any(|library| {
            library.name.matches(scope.name()) && any(library.version.as_ref(), || scope.version())
        })
    }
}

impl Required {
    fn holds(&self, value: Option<AnyValue<'_>>) -> bool {
        match (&self.value, value) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(Expected::Equal(expected)), Some(value)) => expected.equals(value),
            (Some(Expected::Found(names)), Some(value)) => match value.value() {
                Value::String(_) | Value::Bool(_) | Value::Int(_) | Value::Double(_) => {
                    names.matches(&text(value))
                }
                Value::Empty
                | Value::Array(_)
                | Value::KeyValueList(_)
                | Value::Bytes(_)
                | Value::StringIndex(_) => false,
            },
        }
    }
}

fn required(kind: MatchType, list: &str, configs: &[AttributeConfig]) -> Result<Vec<Required>, ConfigError> {
    let read = |(index, config): (usize, &AttributeConfig)| {
        let value = match (kind, &config.value) {
            (_, None) => None,
            (MatchType::Strict, Some(value)) => Some(Expected::Equal(value.clone())),
            (MatchType::Regexp, Some(Literal::String(text))) => {
                Some(Expected::Found(Names::one(kind, &format!("{list}.{index}.value"), text)?))
            }
            (MatchType::Regexp, Some(_)) => {
                return Err(ConfigError::new(
                    format!("{list}.{index}.value"),
                    "match_type regexp needs a regular expression here; put the value in quotes",
                ));
            }
        };
        if config.key.is_empty() {
            return Err(ConfigError::new(
                format!("{list}.{index}.key"),
                "the name of the attribute is empty",
            ));
        }
        Ok(Required { key: config.key.clone(), value })
    };
    configs.iter().enumerate().map(read).collect()
}

fn check_kinds(config: &MatchConfig) -> Result<(), ConfigError> {
    let known = |kind: &String| SPAN_KINDS.contains(&kind.as_str());
    let unknown = config.span_kinds.iter().enumerate().filter(|(_, kind)| !known(kind));
    if config.match_type == MatchType::Regexp {
        return Ok(());
    }
    ConfigError::all(unknown.map(|(index, kind)| {
        Err(ConfigError::new(
            format!("span_kinds.{index}"),
            format!("{kind} is not a span kind; the kinds are {}", SPAN_KINDS.join(", ")),
        ))
    }))
}

fn any<'a>(names: Option<&Names>, text: impl FnOnce() -> &'a str) -> bool {
    names.is_none_or(|names| names.matches(text()))
}

fn span_kind(number: i32) -> &'static str {
    usize::try_from(number).ok().and_then(|number| SPAN_KINDS.get(number)).copied().unwrap_or_default()
}

fn attribute<'a>(resource: Option<Resource<'a>>, key: &str) -> Option<AnyValue<'a>> {
    let mut attributes = resource?.attributes();
    attributes.find(|attribute| attribute.key_bytes() == key.as_bytes()).map(KeyValue::value)
}

/// The value as text; copied only when it is none.
fn text(value: AnyValue<'_>) -> Cow<'_, str> {
    match value.as_str() {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(Text(value).to_string()),
    }
}
