//! Rules between keys that do not hold.

use std::fmt;

/// What a component's `validate` or `build` found wrong with its configuration: one or more findings, each
/// under the dotted key, relative to the component, that it concerns.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigError {
    findings: Vec<Finding>,
}

/// One rule that does not hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Finding {
    pub(crate) key: String,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl ConfigError {
    /// One finding about `key`; an empty key means the component as a whole.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { findings: vec![Finding { key: key.into(), message: message.into(), help: None }] }
    }

    /// Adds what was probably meant, or the way out, to the last finding.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        if let Some(last) = self.findings.last_mut() {
            last.help = Some(help.into());
        }
        self
    }

    /// Puts `prefix` before every key, for the findings of a part of a larger configuration.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        for finding in &mut self.findings {
            finding.key = super::join(prefix, &finding.key);
        }
        self
    }

    /// Joins the outcomes of several checks, so that all of them are reported.
    ///
    /// # Errors
    /// When any of the checks failed: the findings of all of them.
    pub fn all(checks: impl IntoIterator<Item = Result<(), Self>>) -> Result<(), Self> {
        let findings: Vec<Finding> =
            checks.into_iter().filter_map(Result::err).flat_map(|error| error.findings).collect();
        if findings.is_empty() { Ok(()) } else { Err(Self { findings }) }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            let separator = if index > 0 { "; " } else { "" };
            let colon = if finding.key.is_empty() { "" } else { ": " };
            write!(f, "{separator}{}{colon}{}", finding.key, finding.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
