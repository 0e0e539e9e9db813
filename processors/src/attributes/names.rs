use edgewatch_core::config::ConfigError;
use regex::{Regex, RegexSet};

use super::match_config::MatchType;

/// A list of texts, one of which must match.
#[derive(Clone, Debug)]
pub(super) enum Names {
    Strict(Vec<String>),
    Regexp(RegexSet),
}

impl Names {
    /// Nothing when `texts` is empty: then anything goes.
    pub(super) fn new(kind: MatchType, key: &str, texts: &[String]) -> Result<Option<Self>, ConfigError> {
        if texts.is_empty() {
            return Ok(None);
        }
        match kind {
            MatchType::Strict => Ok(Some(Self::Strict(texts.to_vec()))),
            MatchType::Regexp => {
                let checks = texts.iter().enumerate().map(|(index, text)| {
                    Regex::new(text)
                        .map(|_regex| ())
                        .map_err(|error| invalid(&format!("{key}.{index}"), &error))
                });
                ConfigError::all(checks)?;
                RegexSet::new(texts).map(|set| Some(Self::Regexp(set))).map_err(|error| invalid(key, &error))
            }
        }
    }

    /// A list of one.
    pub(super) fn one(kind: MatchType, key: &str, text: &str) -> Result<Self, ConfigError> {
        match kind {
            MatchType::Strict => Ok(Self::Strict(vec![text.to_owned()])),
            MatchType::Regexp => {
                RegexSet::new([text]).map(Self::Regexp).map_err(|error| invalid(key, &error))
            }
        }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Strict(texts) => texts.iter().any(|candidate| candidate == text),
            Self::Regexp(set) => set.is_match(text),
        }
    }
}

fn invalid(key: &str, error: &regex::Error) -> ConfigError {
    // The last line says what is wrong; those before it draw the expression.
    let reason = error.to_string();
    let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
    ConfigError::new(key, format!("not a regular expression: {reason}"))
}
