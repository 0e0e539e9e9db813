use edgewatch_core::config::ConfigError;
use edgewatch_proto::splice::Write;
use regex::Regex;

use super::Literal;
use super::config::{ActionConfig, Kind, Type};

/// A list of actions, checked and ready to be applied.
#[derive(Clone, Debug)]
pub(crate) struct Actions {
    pub(super) actions: Vec<Action>,
    pub(super) scratch: String,
}

#[derive(Clone, Debug)]
pub(super) enum Action {
    Set { write: Write, key: String, source: Source },
    Delete { key: Option<String>, pattern: Option<Regex> },
    Hash { key: Option<String>, pattern: Option<Regex> },
    Extract { key: String, pattern: Regex, targets: Vec<Option<String>> },
    Convert { key: String, to: Type },
}

#[derive(Clone, Debug)]
pub(super) enum Source {
    /// An encoded `AnyValue`.
    Value(Vec<u8>),
    /// Another attribute, or else an encoded `AnyValue`.
    Attribute { from: String, default: Option<Vec<u8>> },
}

impl Actions {
    /// Checks what a user wrote under `list`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub(crate) fn new(list: &str, configs: &[ActionConfig]) -> Result<Self, ConfigError> {
        if configs.is_empty() {
            return Err(ConfigError::new(
                list,
                "there are no actions; add one, such as an insert, or remove the processor",
            ));
        }
        let mut actions = Vec::new();
        let checks = configs.iter().enumerate().map(|(index, config)| {
            actions.push(action(config).map_err(|error| error.under(&format!("{list}.{index}")))?);
            Ok(())
        });
        ConfigError::all(checks)?;
        Ok(Self { actions, scratch: String::new() })
    }
}

fn action(config: &ActionConfig) -> Result<Action, ConfigError> {
    unused(config)?;
    let key = Some(config.key.clone()).filter(|key| !key.is_empty());
    let required = || {
        key.clone().ok_or_else(|| {
            ConfigError::new("key", format!("{} needs the attribute to act on", config.action.name()))
        })
    };
    match config.action {
        Kind::Insert => set(Write::Insert, required()?, config),
        Kind::Update => set(Write::Update, required()?, config),
        Kind::Upsert => set(Write::Upsert, required()?, config),
        Kind::Delete | Kind::Hash => {
            let pattern = config.pattern.as_deref().map(regex).transpose()?;
            if key.is_none() && pattern.is_none() {
                let message = format!("{} needs a key, a pattern or both", config.action.name());
                return Err(ConfigError::new("key", message));
            }
            Ok(if config.action == Kind::Hash {
                Action::Hash { key, pattern }
            } else {
                Action::Delete { key, pattern }
            })
        }
        Kind::Extract => extract(required()?, config),
        Kind::Convert => {
            let to = config.converted_type.ok_or_else(|| {
                ConfigError::new("converted_type", "convert needs the new type: string, int or double")
            })?;
            Ok(Action::Convert { key: required()?, to })
        }
    }
}

/// Refuses keys that the action does not use.
fn unused(config: &ActionConfig) -> Result<(), ConfigError> {
    let (sets, pattern, converts) = match config.action {
        Kind::Insert | Kind::Update | Kind::Upsert => (true, false, false),
        Kind::Delete | Kind::Hash | Kind::Extract => (false, true, false),
        Kind::Convert => (false, false, true),
    };
    let keys = [
        ("value", config.value.is_some() && !sets),
        ("from_attribute", config.from_attribute.is_some() && !sets),
        ("from_context", config.from_context.is_some() && !sets),
        ("default_value", config.default_value.is_some() && !sets),
        ("pattern", config.pattern.is_some() && !pattern),
        ("converted_type", config.converted_type.is_some() && !converts),
    ];
    ConfigError::all(keys.into_iter().filter(|(_, wrong)| *wrong).map(|(key, _)| {
        Err(ConfigError::new(key, format!("{} does not use it; remove the key", config.action.name())))
    }))
}

fn set(write: Write, key: String, config: &ActionConfig) -> Result<Action, ConfigError> {
    let source = match (&config.value, &config.from_attribute, &config.from_context) {
        (_, _, Some(_)) => Err(ConfigError::new(
            "from_context",
            "this build does not keep the metadata of requests; use value or from_attribute",
        )),
        (Some(value), None, None) => {
            Ok(Source::Value(with_default(value, config.default_value.as_ref()).encode()))
        }
        (None, Some(from), None) => Ok(Source::Attribute {
            from: from.clone(),
            default: config.default_value.as_ref().map(Literal::encode),
        }),
        (Some(_), Some(_), None) => {
            Err(ConfigError::new("from_attribute", "value is set as well; keep one of the two"))
        }
        (None, None, None) => {
            config.default_value.as_ref().map(|value| Source::Value(value.encode())).ok_or_else(|| {
                ConfigError::new(
                    "",
                    format!("{} needs a value; set value or from_attribute", config.action.name()),
                )
            })
        }
    }?;
    Ok(Action::Set { write, key, source })
}

/// The value, or the default in place of an empty one: a variable that is not set leaves an empty text.
fn with_default<'a>(value: &'a Literal, default: Option<&'a Literal>) -> &'a Literal {
    match default {
        Some(default) if *value == Literal::String(String::new()) => default,
        Some(_) | None => value,
    }
}

fn extract(key: String, config: &ActionConfig) -> Result<Action, ConfigError> {
    let text = config.pattern.as_deref().ok_or_else(|| {
        ConfigError::new(
            "pattern",
            "extract needs a regular expression with named groups, such as (?P<user>\\w+)@",
        )
    })?;
    let pattern = regex(text)?;
    let targets: Vec<Option<String>> =
        pattern.capture_names().skip(1).map(|name| name.map(str::to_owned)).collect();
    if targets.iter().all(Option::is_none) {
        return Err(ConfigError::new(
            "pattern",
            "no group has a name, which would become that of an attribute; write (?P<name>...)",
        ));
    }
    Ok(Action::Extract { key, pattern, targets })
}

fn regex(text: &str) -> Result<Regex, ConfigError> {
    Regex::new(text).map_err(|error| {
        // The last line says what is wrong; those before it draw the expression.
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        ConfigError::new("pattern", format!("not a regular expression: {reason}"))
    })
}
