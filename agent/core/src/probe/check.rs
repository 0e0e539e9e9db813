use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use super::file::readable;
use super::ports::Ports;
use crate::config::{ConfigError, Severity, join};
use crate::host::Host;

/// What probes may use of their surroundings.
#[derive(Clone)]
pub struct ProbeContext {
    /// The component's id, such as `otlp/2`.
    pub id: String,
    /// Facts about the machine.
    pub host: Arc<dyn Host>,
    /// Where the agent will keep what must survive a restart.
    pub state_directory: PathBuf,
    /// The time, for certificates.
    pub now: SystemTime,
    /// What other probes listen on.
    pub ports: Ports,
}

/// One look at the host.
pub struct Probe {
    key: String,
    what: String,
    check: Pin<Box<dyn Future<Output = Result<(), Trouble>> + Send>>,
}

/// What a probe has found: how bad it is, and each finding at its key relative to the component.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trouble {
    /// Whether the agent could not do its work.
    pub severity: Severity,
    /// What it is.
    pub findings: ConfigError,
}

/// A fact about the host, and the way out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    fact: String,
    help: String,
}

impl Probe {
    /// A probe of what stands at `key`, relative to the component. `what` completes "still checking ..."; `check` may wait.
    pub fn new(
        key: impl Into<String>,
        what: impl Into<String>,
        check: impl Future<Output = Result<(), Trouble>> + Send + 'static,
    ) -> Self {
        Self { key: key.into(), what: what.into(), check: Box::pin(check) }
    }

    /// A probe that may block, as files on a dead mount do; it runs on a thread of its own.
    pub fn blocking(
        key: impl Into<String>,
        what: impl Into<String>,
        check: impl FnOnce() -> Result<(), Trouble> + Send + 'static,
    ) -> Self {
        // A check that panics is a mistake in its code, not in the configuration.
        Self::new(key, what, async { tokio::task::spawn_blocking(check).await.unwrap_or(Ok(())) })
    }

    /// Whether the file `path`, which stands at `key`, can be read; none when no file is named.
    #[must_use]
    pub fn of_file(key: impl Into<String>, path: &str) -> Option<Self> {
        let (key, path) = (key.into(), PathBuf::from(path));
        (!path.as_os_str().is_empty()).then(|| {
            let what = format!("the file {}", path.display());
            Self::blocking(key.clone(), what, move || readable(&path).map_err(|fault| fault.error_at(key)))
        })
    }

    /// The key whose value is looked at, relative to the component.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is being looked at, for people who wait.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Puts `prefix` before every key, for the probes of a part of a larger configuration.
    #[must_use]
    pub fn under(self, prefix: &'static str) -> Self {
        let Self { key, what, check } = self;
        Self::new(join(prefix, &key), what, async move {
            check.await.map_err(|Trouble { severity, findings }| Trouble {
                severity,
                findings: findings.under(prefix),
            })
        })
    }

    /// Looks.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub async fn run(self) -> Result<(), Trouble> {
        self.check.await
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("key", &self.key).field("what", &self.what).finish_non_exhaustive()
    }
}

/// What building the component would fail with.
impl From<ConfigError> for Trouble {
    fn from(findings: ConfigError) -> Self {
        Self { severity: Severity::Error, findings }
    }
}

impl Fault {
    /// `fact` in lower case without full stop; `help` is what to do about it.
    pub fn new(fact: impl Into<String>, help: impl Into<String>) -> Self {
        Self { fact: fact.into(), help: help.into() }
    }

    /// Adds to the fact.
    #[must_use]
    pub fn and(mut self, more: impl AsRef<str>) -> Self {
        self.fact.push_str(more.as_ref());
        self
    }

    /// This fault keeps the agent from its work.
    pub fn error_at(self, key: impl Into<String>) -> Trouble {
        Trouble { severity: Severity::Error, findings: self.at(key) }
    }

    /// This fault may be meant, or pass.
    pub fn warning_at(self, key: impl Into<String>) -> Trouble {
        Trouble { severity: Severity::Warning, findings: self.at(key) }
    }

    fn at(self, key: impl Into<String>) -> ConfigError {
        ConfigError::new(key, self.fact).with_help(self.help)
    }
}
