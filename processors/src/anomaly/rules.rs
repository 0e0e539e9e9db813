//! How which series is treated, by what the user has written.

use std::borrow::Cow;

use edgewatch_core::config::ConfigError;
use edgewatch_proto::text::Text;
use edgewatch_proto::view::{AnyValue, KeyValue, Resource};
use regex::{Regex, RegexSet};

use super::config::{AttributeConfig, Config, MatchType, RuleConfig};
use super::detector::Settings;
use super::series::Found;

/// What this processor writes, and what it reports about itself, is not scored again: also not when it comes back by way of
/// Prometheus, which knows no dots.
const OWN: [&str; 3] = ["edgewatch.anomaly.", "edgewatch_anomaly_", "edgewatch_processor_anomaly_"];

/// The rules, in order, and what they say.
#[derive(Debug)]
pub(super) struct Rules {
    matchers: Vec<Matcher>,
    /// The first one is for series without a rule; the others are those of the rules.
    treatments: Vec<Treatment>,
}

/// How a series is treated.
#[derive(Debug)]
pub(super) struct Treatment {
    pub(super) enabled: bool,
    /// What the threshold for events is multiplied by.
    pub(super) factor: f64,
    pub(super) settings: Settings,
}

/// The number of a treatment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TreatmentId(u16);

impl TreatmentId {
    /// Nobody has looked yet.
    pub(super) const UNKNOWN: Self = Self(u16::MAX);
    /// For what is not scored whatever the rules say.
    const OWN: Self = Self(u16::MAX - 1);
}

#[derive(Debug)]
struct Matcher {
    names: Texts,
    attributes: Vec<Required>,
    resources: Vec<Required>,
}

#[derive(Debug)]
struct Required {
    key: String,
    value: Texts,
}

/// Texts of which one must match.
#[derive(Debug)]
enum Texts {
    Any,
    Equal(Vec<String>),
    Found(RegexSet),
}

impl Rules {
    pub(super) fn new(config: &Config) -> Result<Self, ConfigError> {
        if config.rules.len() >= usize::from(TreatmentId::OWN.0) {
            return Err(ConfigError::new(
                "rules",
                "there are more than 65000; join some by regular expressions",
            ));
        }
        let settings = Settings {
            step: *config.scoring_step,
            event_probability: config.event_probability,
            ..Settings::default()
        };
        let mut treatments = vec![Treatment { enabled: true, factor: 1.0, settings: settings.clone() }];
        let mut matchers = Vec::with_capacity(config.rules.len());
        let mut problems = Vec::new();
        for (index, rule) in config.rules.iter().enumerate() {
            match Matcher::new(rule) {
                Ok(matcher) => matchers.push(matcher),
                Err(error) => problems.push(Err(error.under(&format!("rules.{index}")))),
            }
            treatments.push(Treatment {
                enabled: rule.enabled,
                factor: rule.sensitivity.factor(),
                settings: Settings { direction: rule.direction.of_detector(), ..settings.clone() },
            });
        }
        ConfigError::all(problems)?;
        Ok(Self { matchers, treatments })
    }

    /// How the series of a point is to be treated: to be asked once per series.
    pub(super) fn resolve(&self, found: &Found<'_>) -> TreatmentId {
        let name = found.metric.name();
        if OWN.iter().any(|own| name.starts_with(own)) {
            return TreatmentId::OWN;
        }
        let rule = self.matchers.iter().position(|matcher| matcher.matches(name, found));
        TreatmentId(rule.and_then(|rule| u16::try_from(rule + 1).ok()).unwrap_or(0))
    }

    /// What a number stands for; `None`: such a series is not scored.
    pub(super) fn get_mut(&mut self, id: TreatmentId) -> Option<&mut Treatment> {
        self.treatments.get_mut(usize::from(id.0)).filter(|treatment| treatment.enabled)
    }

    /// Whether such series are scored.
    pub(super) fn is_scored(&self, id: TreatmentId) -> bool {
        self.treatments.get(usize::from(id.0)).is_some_and(|treatment| treatment.enabled)
    }
}

impl Matcher {
    fn new(rule: &RuleConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            names: match rule.metric_names.as_slice() {
                [] => Texts::Any,
                names => Texts::new(rule.match_type, "metric_names", names)?,
            },
            attributes: required(rule.match_type, "attributes", &rule.attributes)?,
            resources: required(rule.match_type, "resources", &rule.resources)?,
        })
    }

    fn matches(&self, name: &str, found: &Found<'_>) -> bool {
        let of_resource =
            |key: &str| found.resource.map(Resource::attributes).and_then(|mut all| find(&mut all, key));
        self.names.match_text(name)
            && self
                .attributes
                .iter()
                .all(|required| required.holds(find(&mut found.point.attributes(), &required.key)))
            && self.resources.iter().all(|required| required.holds(of_resource(&required.key)))
    }
}

impl Required {
    fn holds(&self, value: Option<AnyValue<'_>>) -> bool {
        match (value, &self.value) {
            (None, _) => false,
            (Some(_), Texts::Any) => true,
            (Some(value), texts) => texts.match_text(&text(value)),
        }
    }
}

impl Texts {
    fn new(kind: MatchType, key: &str, texts: &[String]) -> Result<Self, ConfigError> {
        match kind {
            MatchType::Strict => Ok(Self::Equal(texts.to_vec())),
            MatchType::Regexp => {
                ConfigError::all(texts.iter().enumerate().map(|(index, text)| {
                    let place = if texts.len() == 1 && key.ends_with("value") {
                        key.to_owned()
                    } else {
                        format!("{key}.{index}")
                    };
                    Regex::new(text).map(|_regex| ()).map_err(|error| invalid(&place, &error))
                }))?;
                RegexSet::new(texts).map(Self::Found).map_err(|error| invalid(key, &error))
            }
        }
    }

    fn match_text(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Equal(texts) => texts.iter().any(|candidate| candidate == text),
            Self::Found(set) => set.is_match(text),
        }
    }
}

fn required(kind: MatchType, list: &str, configs: &[AttributeConfig]) -> Result<Vec<Required>, ConfigError> {
    let read = |(index, config): (usize, &AttributeConfig)| {
        if config.key.is_empty() {
            return Err(ConfigError::new(
                format!("{list}.{index}.key"),
                "the name of the attribute is empty",
            ));
        }
        let value = match &config.value {
            None => Texts::Any,
            Some(value) => Texts::new(kind, &format!("{list}.{index}.value"), std::slice::from_ref(value))?,
        };
        Ok(Required { key: config.key.clone(), value })
    };
    configs.iter().enumerate().map(read).collect()
}

fn invalid(key: &str, error: &regex::Error) -> ConfigError {
    // The last line says what is wrong; those before it draw the expression.
    let reason = error.to_string();
    let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
    ConfigError::new(key, format!("not a regular expression: {reason}"))
}

/// The value of the attribute `key`.
fn find<'a>(attributes: &mut impl Iterator<Item = KeyValue<'a>>, key: &str) -> Option<AnyValue<'a>> {
    attributes.find(|attribute| attribute.key_bytes() == key.as_bytes()).map(KeyValue::value)
}

fn text(value: AnyValue<'_>) -> Cow<'_, str> {
    match value.as_str() {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(Text(value).to_string()),
    }
}
