//! From what a user has written to policies.

use std::collections::BTreeSet;

use edgewatch_core::config::ConfigError;
use regex::Regex;

use super::Policy;
use super::attributes::{Flag, Number, Pattern, Text};
use super::condition::Condition;
use super::limits::{Composite, Part};
use super::probabilistic::Share;
use crate::sampling::TokenBucket;
use crate::tail_sampling::policy_config::{
    AnomalyConfig, CompositeConfig, NumericAttributeConfig, PolicyConfig, PolicyType, StatusCode,
    StringAttributeConfig,
};

/// How deep policies may stand within policies.
const MOST_LEVELS: usize = 8;

/// Whether one of the policies, or one within, asks for what is unusual.
pub(in crate::tail_sampling) fn asks_for_anomalies(configs: &[PolicyConfig]) -> bool {
    configs.iter().any(|config| {
        config.r#type == PolicyType::Anomaly
            || config.and.as_ref().is_some_and(|and| asks_for_anomalies(&and.and_sub_policy))
            || config.drop.as_ref().is_some_and(|drop| asks_for_anomalies(&drop.drop_sub_policy))
            || config.composite.as_ref().is_some_and(|part| asks_for_anomalies(&part.composite_sub_policy))
            || config
                .not
                .as_ref()
                .and_then(|not| not.not_sub_policy.as_deref())
                .is_some_and(|sub| asks_for_anomalies(std::slice::from_ref(sub)))
    })
}

/// The policies of a list that stands under `path`, within so many others.
pub(super) fn list(path: &str, configs: &[PolicyConfig], level: usize) -> Result<Vec<Policy>, ConfigError> {
    let (mut built, mut names, mut problems) = (Vec::new(), BTreeSet::new(), Vec::new());
    if configs.is_empty() {
        problems.push(Err(ConfigError::new(path, "must name at least one policy")));
    }
    for (index, config) in configs.iter().enumerate() {
        let place = format!("{path}[{index}]");
        if config.name.is_empty() {
            problems.push(Err(ConfigError::new(format!("{place}.name"), "must not be empty")));
        } else if !names.insert(&config.name) {
            problems.push(Err(ConfigError::new(
                format!("{place}.name"),
                format!("{} names two policies; give each a name of its own", config.name),
            )));
        }
        match condition(&place, config, level) {
            Ok(condition) => built.push(Policy {
                name: config.name.as_str().into(),
                is_of_anomalies: config.r#type == PolicyType::Anomaly,
                condition,
            }),
            Err(error) => problems.push(Err(error)),
        }
    }
    ConfigError::all(problems)?;
    Ok(built)
}

fn conditions(path: &str, configs: &[PolicyConfig], level: usize) -> Result<Vec<Condition>, ConfigError> {
    Ok(list(path, configs, level + 1)?.into_iter().map(|policy| policy.condition).collect())
}

fn condition(path: &str, config: &PolicyConfig, level: usize) -> Result<Condition, ConfigError> {
    let refuse = |key: &str, message: &str| Err(ConfigError::new(format!("{path}.{key}"), message));
    if level > MOST_LEVELS {
        return refuse("type", "stands in too many others; at most 8 may stand in each other");
    }
    Ok(match config.r#type {
        PolicyType::AlwaysSample => Condition::Always,
        PolicyType::TraceFlags => Condition::SampledFlag,
        PolicyType::Anomaly => anomaly(path, &config.anomaly.clone().unwrap_or_default())?,
        PolicyType::Latency => match &config.latency {
            Some(latency)
                if latency.upper_threshold_ms == 0 || latency.upper_threshold_ms > latency.threshold_ms =>
            {
                Condition::Latency { threshold: latency.threshold_ms, upper: latency.upper_threshold_ms }
            }
            Some(_) => return refuse("latency.upper_threshold_ms", "must be above threshold_ms"),
            None => return refuse("latency", "is missing; set threshold_ms"),
        },
        PolicyType::NumericAttribute => number(path, &config.numeric_attribute.clone().unwrap_or_default())?,
        PolicyType::Probabilistic => match &config.probabilistic {
            Some(share) if share.sampling_percentage >= 0.0 => {
                Condition::Share(Share::new(&share.hash_salt, share.sampling_percentage))
            }
            Some(_) => {
                return refuse(
                    "probabilistic.sampling_percentage",
                    "is not a percentage; write a number from 0 to 100",
                );
            }
            None => return refuse("probabilistic", "is missing; set sampling_percentage"),
        },
        PolicyType::StatusCode => match config.status_code.as_ref().map(|status| &status.status_codes) {
            Some(codes) if !codes.is_empty() => Condition::Status(codes.iter().copied().map(code).collect()),
            Some(_) | None => {
                return refuse("status_code.status_codes", "must name at least one of OK, ERROR, UNSET");
            }
        },
        PolicyType::StringAttribute => text(path, &config.string_attribute.clone().unwrap_or_default())?,
        PolicyType::RateLimiting => match &config.rate_limiting {
            Some(limit) => Condition::Spans(bucket(limit.spans_per_second, limit.burst_capacity)),
            None => return refuse("rate_limiting", "is missing; set spans_per_second"),
        },
        PolicyType::BytesLimiting => match &config.bytes_limiting {
            Some(limit) => Condition::Bytes(bucket(limit.bytes_per_second, limit.burst_capacity)),
            None => return refuse("bytes_limiting", "is missing; set bytes_per_second"),
        },
        PolicyType::SpanCount => {
            let count = config.span_count.clone().unwrap_or_default();
            Condition::Count { min: count.min_spans, max: count.max_spans }
        }
        PolicyType::TraceState => match &config.trace_state {
            Some(state) if !state.key.is_empty() && !state.values.is_empty() => Condition::State {
                key: state.key.as_str().into(),
                values: state.values.iter().map(|value| value.as_str().into()).collect(),
            },
            Some(_) | None => return refuse("trace_state", "must have a key and at least one of values"),
        },
        PolicyType::BooleanAttribute => match &config.boolean_attribute {
            Some(flag) if !flag.key.is_empty() => Condition::Flag(Flag {
                key: flag.key.as_str().into(),
                value: flag.value,
                is_inverted: flag.invert_match,
            }),
            Some(_) | None => return refuse("boolean_attribute.key", "must not be empty"),
        },
        PolicyType::And => {
            let and = config.and.clone().unwrap_or_default();
            Condition::And(conditions(&format!("{path}.and.and_sub_policy"), &and.and_sub_policy, level)?)
        }
        PolicyType::Not => match config.not.as_ref().and_then(|not| not.not_sub_policy.as_deref()) {
            Some(sub) if is_inverted(sub) => {
                return refuse(
                    "not.not_sub_policy",
                    "has invert_match, which says no already; use one of both",
                );
            }
            Some(sub) => {
                Condition::Not(Box::new(condition(&format!("{path}.not.not_sub_policy"), sub, level + 1)?))
            }
            None => return refuse("not.not_sub_policy", "is missing"),
        },
        PolicyType::Drop | PolicyType::Composite if level > 0 => {
            return refuse("type", "must not stand in another policy; only and and not may");
        }
        PolicyType::Drop => {
            let drop = config.drop.clone().unwrap_or_default();
            Condition::Drop(conditions(
                &format!("{path}.drop.drop_sub_policy"),
                &drop.drop_sub_policy,
                level,
            )?)
        }
        PolicyType::Composite => composite(path, &config.composite.clone().unwrap_or_default(), level)?,
        PolicyType::OttlCondition => {
            return refuse(
                "type",
                "ottl_condition needs the OpenTelemetry Transformation Language, which this build does not have; \
                 use string_attribute, numeric_attribute, boolean_attribute or status_code, joined by and",
            );
        }
    })
}

const fn code(status: StatusCode) -> i32 {
    match status {
        StatusCode::Unset => 0,
        StatusCode::Ok => 1,
        StatusCode::Error => 2,
    }
}

fn is_inverted(config: &PolicyConfig) -> bool {
    match config.r#type {
        PolicyType::NumericAttribute => config.numeric_attribute.as_ref().is_some_and(|sub| sub.invert_match),
        PolicyType::StringAttribute => config.string_attribute.as_ref().is_some_and(|sub| sub.invert_match),
        PolicyType::BooleanAttribute => config.boolean_attribute.as_ref().is_some_and(|sub| sub.invert_match),
        PolicyType::AlwaysSample
        | PolicyType::Anomaly
        | PolicyType::Latency
        | PolicyType::Probabilistic
        | PolicyType::StatusCode
        | PolicyType::RateLimiting
        | PolicyType::BytesLimiting
        | PolicyType::SpanCount
        | PolicyType::TraceState
        | PolicyType::TraceFlags
        | PolicyType::And
        | PolicyType::Not
        | PolicyType::Drop
        | PolicyType::Composite
        | PolicyType::OttlCondition => false,
    }
}

fn bucket(rate: u64, burst: u64) -> TokenBucket {
    TokenBucket::new(rate, if burst == 0 { rate.saturating_mul(2) } else { burst })
}

fn anomaly(path: &str, config: &AnomalyConfig) -> Result<Condition, ConfigError> {
    let probability = config.probability;
    if !(0.0..=1.0).contains(&probability) {
        return Err(ConfigError::new(
            format!("{path}.anomaly.probability"),
            format!("{probability} is no probability; write a number from 0 to 1, such as 0.001"),
        ));
    }
    let rate = config.spans_per_second;
    Ok(Condition::Anomaly { probability, limit: (rate > 0).then(|| bucket(rate, 0)) })
}

fn number(path: &str, config: &NumericAttributeConfig) -> Result<Condition, ConfigError> {
    let given = |value: i64| (value != 0).then_some(value);
    let (min, max) = (given(config.min_value), given(config.max_value));
    let path = format!("{path}.numeric_attribute");
    if config.key.is_empty() {
        return Err(ConfigError::new(format!("{path}.key"), "must not be empty"));
    }
    if min.is_none() && max.is_none() {
        return Err(ConfigError::new(path, "must have min_value, max_value or both; zero sets none"));
    }
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        return Err(ConfigError::new(format!("{path}.max_value"), "is below min_value"));
    }
    Ok(Condition::Number(Number {
        key: config.key.as_str().into(),
        min,
        max,
        is_inverted: config.invert_match,
    }))
}

fn text(path: &str, config: &StringAttributeConfig) -> Result<Condition, ConfigError> {
    let path = format!("{path}.string_attribute");
    if config.key.is_empty() || config.values.is_empty() {
        return Err(ConfigError::new(path, "must have a key and at least one of values"));
    }
    let pattern = if config.enabled_regex_matching {
        let compiled = config.values.iter().enumerate().map(|(index, value)| {
            Regex::new(value)
                .map_err(|error| ConfigError::new(format!("{path}.values[{index}]"), error.to_string()))
        });
        Pattern::Found(compiled.collect::<Result<_, _>>()?)
    } else {
        Pattern::OneOf(config.values.iter().map(|value| value.as_str().into()).collect())
    };
    Ok(Condition::Text(Text { key: config.key.as_str().into(), pattern, is_inverted: config.invert_match }))
}

fn composite(path: &str, config: &CompositeConfig, level: usize) -> Result<Condition, ConfigError> {
    let path = format!("{path}.composite");
    let mut policies =
        list(&format!("{path}.composite_sub_policy"), &config.composite_sub_policy, level + 1)?;
    let known = |name: &String| policies.iter().any(|policy| *policy.name == **name);
    let named = config.rate_allocation.iter().map(|share| &share.policy);
    for (key, name) in config
        .policy_order
        .iter()
        .map(|name| ("policy_order", name))
        .chain(named.map(|name| ("rate_allocation", name)))
    {
        if !known(name) {
            let message = format!("{name} is none of composite_sub_policy");
            return Err(ConfigError::new(format!("{path}.{key}"), message));
        }
    }
    let all = u64::try_from(policies.len()).unwrap_or(u64::MAX).max(1);
    let most = config.max_total_spans_per_second;
    let equal = most / all;
    let share_of = |policy: &Policy| {
        let share = config.rate_allocation.iter().find(|share| *share.policy == *policy.name)?;
        Some(if share.percent == 0 { equal } else { most.saturating_mul(share.percent) / 100 })
    };
    let given = policies.iter().filter_map(share_of).fold(0, u64::saturating_add);
    let others = policies.iter().filter(|policy| share_of(policy).is_none()).count();
    let left = most.saturating_sub(given) / u64::try_from(others).unwrap_or(u64::MAX).max(1);
    if !config.policy_order.is_empty() {
        // Those that are not in the order are never asked, as in the Collector.
        policies.retain(|policy| config.policy_order.iter().any(|name| **name == *policy.name));
        let place = |policy: &Policy| config.policy_order.iter().position(|name| **name == *policy.name);
        policies.sort_by_key(place);
    }
    let parts = policies.into_iter().map(|policy| {
        let most = share_of(&policy).unwrap_or(left);
        Part { most: usize::try_from(most).unwrap_or(usize::MAX), kept: 0, condition: policy.condition }
    });
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    Ok(Condition::Composite(Composite { most, parts: parts.collect(), start: None, second: 0 }))
}
