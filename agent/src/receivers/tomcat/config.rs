//! What a user may write under `tomcat`.

use edgewatch_core::config::{ByteSize, ConfigError, Duration, Secret};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use edgewatch_exporters::web::{ClientTls, check_url};
use globset::{Glob, GlobSet, GlobSetBuilder};
use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::encoding::Metrics;
use super::{page, probe};
use crate::measuring::identity::ResourceAttributes;
use crate::measuring::metric::Off;
pub(super) use crate::tailing::StartAt;
use crate::tailing::{Options, Retry};

/// How long a record may be continued.
const FLUSH: std::time::Duration = std::time::Duration::from_secs(3);

/// Memory that a Tomcat takes while it is known, roughly: its names, paths, connectors and numbers.
const PER_INSTANCE: usize = 64 << 10;

/// Settings of the `tomcat` receiver.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Time from one round of metrics to the next. Default: 10s.
    pub(super) collection_interval: Duration,
    /// Wait before the first round; zero: none. Default: 1s.
    pub(super) initial_delay: Duration,
    /// How often new Tomcats are looked for. Default: 10s.
    pub(super) discovery_interval: Duration,
    /// The directory that is `/` of the host, when the agent runs in a container and the host's is mounted into it. The environment
    /// variable `HOST_PROC` has precedence. Default: empty, the agent's own.
    pub(super) root_path: String,
    /// Most Tomcats that are followed at a time; further ones are told of once. Default: 100.
    pub(super) max_instances: usize,
    /// Only Tomcats with these names: the last part of `catalina.base`, such as `tomcat10`. Globs. Default: all.
    pub(super) include: Vec<String>,
    /// Not the Tomcats with these names. Globs. Default: none.
    pub(super) exclude: Vec<String>,
    /// Log files that Tomcats write anyway, for pipelines of logs.
    pub(super) logs: Logs,
    /// Status pages of the manager application to ask for metrics. Each needs a user with the role `manager-status`, which can change
    /// nothing. Default: none.
    pub(super) status: Vec<Status>,
    /// JMX proxies of the manager application to ask for metrics, where the status page does not suffice: they have what MBeans tell of
    /// limits of sessions, database connections and buffers. Each needs a user with the role `manager-jmx`. That role may also change
    /// attributes and call operations: its password is that of an administrator. Default: none.
    pub(super) jmx_proxy: Vec<Endpoint>,
    /// Which metrics are collected.
    pub(super) metrics: Metrics,
    /// Which attributes describe the JVM of a Tomcat: the same as of the receiver `jvm`, so that both tell of one service.
    pub(super) resource_attributes: ResourceAttributes,
    /// Attributes that the receiver `jvm` does not have. With one of them a Tomcat is one service still, by name and instance, but what both
    /// receivers send has resources that differ.
    pub(super) tomcat_attributes: TomcatAttributes,
}

/// Settings of `tomcat_attributes`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TomcatAttributes {
    /// `catalina.base`, as the process sees it. Enabled by default: false.
    #[serde(rename = "tomcat.base")]
    pub(super) base: Off,
    /// The release of Tomcat, from `catalina.jar` or the release notes. Enabled by default: false.
    #[serde(rename = "tomcat.version")]
    pub(super) version: Off,
}

/// Settings of `logs`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Logs {
    /// Whether access logs are read. Their requests are counted for pipelines of metrics, too. Default: true.
    pub(super) access: bool,
    /// Whether the logs of the server and of its web applications (JULI) are read. Default: true.
    pub(super) juli: bool,
    /// Where to begin in files that are there when the receiver starts for the first time: `end` or `beginning`. Files that come later
    /// are read from their beginning, and files seen before are resumed where they were left. Default: end.
    pub(super) start_at: StartAt,
    /// How often files are looked at for new lines. Default: 1s.
    pub(super) poll_interval: Duration,
    /// Largest record; longer ones are split. Default: 1MiB.
    pub(super) max_log_size: ByteSize,
    /// Bytes of encoded records that may wait for delivery at a time; reading pauses at the limit. Default: 8MiB.
    pub(super) max_in_flight_size: ByteSize,
    /// What to do when records are refused by a pipeline: they are sent again, and reading pauses meanwhile.
    pub(super) retry_on_failure: Retry,
}

/// One status page.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Status {
    /// URL of the page: `http://localhost:8080/manager/status`. Required.
    pub(super) endpoint: String,
    /// Name of the Tomcat that it belongs to, as in `include`. Default: empty, the one of this host that
    /// has a connector with the port of `endpoint`, if that is on `localhost`. What a page of a Tomcat tells is never counted from its
    /// access log too, even while the page fails.
    pub(super) instance: String,
    /// User to log in as; empty: nobody. Default: empty.
    pub(super) username: String,
    /// Password of that user. Default: empty.
    pub(super) password: Secret,
    /// Whether the page is asked for web applications too (`status/all`), which gives metrics of sessions. It costs Tomcat some milliseconds more
    /// each time. Only from releases that know JSON (`status?JSON=true`). Default: true.
    pub(super) applications: bool,
    /// Longest time for an answer. Default: 5s.
    pub(super) timeout: Duration,
    /// TLS, for URLs with `https://`.
    pub(super) tls: ClientTls,
}

/// One JMX proxy.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Endpoint {
    /// URL of the proxy: `http://localhost:8080/manager/jmxproxy`. Required.
    pub(super) endpoint: String,
    /// Name of the Tomcat that it belongs to, as in `include`. Default: empty, the one of this host that
    /// has a connector with the port of `endpoint`, if that is on `localhost`. What a proxy of a Tomcat tells is never counted from its
    /// access log too, even while the proxy fails.
    pub(super) instance: String,
    /// User to log in as; empty: nobody. Default: empty.
    pub(super) username: String,
    /// Password of that user. Default: empty.
    pub(super) password: Secret,
    /// Longest time for all answers of a round. Default: 5s.
    pub(super) timeout: Duration,
    /// TLS, for URLs with `https://`.
    pub(super) tls: ClientTls,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            collection_interval: Duration::from_secs(10),
            initial_delay: Duration::from_secs(1),
            discovery_interval: Duration::from_secs(10),
            root_path: String::new(),
            max_instances: 100,
            include: Vec::new(),
            exclude: Vec::new(),
            logs: Logs::default(),
            status: Vec::new(),
            jmx_proxy: Vec::new(),
            metrics: Metrics::default(),
            resource_attributes: ResourceAttributes::default(),
            tomcat_attributes: TomcatAttributes::default(),
        }
    }
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            access: true,
            juli: true,
            start_at: StartAt::End,
            poll_interval: Duration::from_secs(1),
            max_log_size: ByteSize::mib(1),
            max_in_flight_size: ByteSize::mib(8),
            retry_on_failure: Retry::default(),
        }
    }
}

impl Logs {
    fn validate(&self) -> Result<(), ConfigError> {
        const LEAST: usize = 1024;
        if self.max_log_size.as_usize() < LEAST {
            return Err(ConfigError::new(
                "logs.max_log_size",
                "is below 1KiB, which cuts most lines; raise it",
            ));
        }
        Ok(())
    }

    /// What the engine that follows files is told.
    pub(super) fn options(&self) -> Options {
        Options {
            poll_interval: self.poll_interval.get(),
            max_record_size: self.max_log_size.as_usize(),
            // A writer that is held up in a stack trace, by a pause of its JVM, goes on.
            force_flush_period: FLUSH,
            // Buffered access logs are written to disk up to 10 s apart, wherever the buffer ends.
            half_line_period: std::time::Duration::ZERO,
            // Blanks at the ends of lines stand for values.
            keep_leading: true,
            keep_trailing: true,
            ..Options::default()
        }
    }
}

impl Default for Status {
    fn default() -> Self {
        let Endpoint { endpoint, instance, username, password, timeout, tls } = Endpoint::default();
        Self { endpoint, instance, username, password, applications: true, timeout, tls }
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            instance: String::new(),
            username: String::new(),
            password: Secret::default(),
            timeout: Duration::from_secs(5),
            tls: ClientTls::default(),
        }
    }
}

impl Status {
    /// What it has in common with a JMX proxy.
    pub(super) fn page(&self) -> Endpoint {
        let Self { endpoint, instance, username, password, applications: _, timeout, tls } = self.clone();
        Endpoint { endpoint, instance, username, password, timeout, tls }
    }
}

impl Endpoint {
    /// Its URL.
    pub(super) fn uri(&self) -> Option<Uri> {
        self.endpoint.parse().ok()
    }

    fn validate(&self, example: &str) -> Result<(), ConfigError> {
        let endpoint = if self.endpoint.is_empty() {
            Err(ConfigError::new("endpoint", format!("is missing; write {example}")))
        } else if self.endpoint.contains(['?', '#']) {
            Err(ConfigError::new("endpoint", format!("asks for something already; write {example}")))
        } else {
            check_url("endpoint", &self.endpoint)
        };
        let password = if self.username.is_empty() && !self.password.is_empty() {
            Err(ConfigError::new("username", "is missing, but there is a password; write the user's name"))
        } else if self.username.contains(':') {
            Err(ConfigError::new("username", "contains a colon, which Basic authentication cannot carry"))
        } else {
            Ok(())
        };
        let tls = self.tls.validate().map_err(|error| error.under("tls"));
        ConfigError::all([endpoint, password, positive("timeout", self.timeout), tls])
    }
}

fn positive(key: &str, value: Duration) -> Result<(), ConfigError> {
    if value == Duration::ZERO {
        return Err(ConfigError::new(key, "must not be zero; write a time such as 10s"));
    }
    Ok(())
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let at = |key: &str, number: usize, checked: Result<(), ConfigError>| {
            checked.map_err(|error| error.under(&format!("{key}[{number}]")))
        };
        let status = self.status.iter().enumerate().map(|(number, status)| {
            at("status", number, status.page().validate("http://localhost:8080/manager/status"))
        });
        let proxies = self.jmx_proxy.iter().enumerate().map(|(number, proxy)| {
            at("jmx_proxy", number, proxy.validate("http://localhost:8080/manager/jmxproxy"))
        });
        let instances = if self.max_instances == 0 {
            Err(ConfigError::new("max_instances", "must not be zero; write how many Tomcats there may be"))
        } else {
            Ok(())
        };
        let rules = [
            positive("collection_interval", self.collection_interval),
            positive("discovery_interval", self.discovery_interval),
            positive("logs.poll_interval", self.logs.poll_interval),
            self.logs.validate(),
            instances,
            globs("include", &self.include).map(drop),
            globs("exclude", &self.exclude).map(drop),
        ];
        ConfigError::all(rules.into_iter().chain(status).chain(proxies))
    }

    /// The Tomcats, and the pages that are being read.
    fn memory_bound(&self) -> usize {
        let pages = self.status.len() + self.jmx_proxy.len();
        let logs = self.logs.options().memory_bound();
        let instances = self.max_instances.saturating_mul(PER_INSTANCE);
        pages.saturating_mul(page::LONGEST_PAGE * 2).saturating_add(instances).saturating_add(logs)
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        probe::probes(self, context)
    }
}

/// What the globs of the list `key` match.
pub(super) fn globs(key: &str, globs: &[String]) -> Result<GlobSet, ConfigError> {
    let wrong = |error: globset::Error| ConfigError::new(key, format!("not a glob: {error}"));
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(Glob::new(glob).map_err(wrong)?);
    }
    set.build().map_err(wrong)
}
