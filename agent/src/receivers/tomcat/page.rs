//! Asks the manager application of a Tomcat.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::BuildContext;
use edgewatch_exporters::web::WebClient;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::Instant;

use super::config::Endpoint;
use super::jmxproxy::{self, QUERIES};
use super::reading::Reading;
use super::status;

/// Longest page that is read: one with a thousand web applications.
pub(super) const LONGEST_PAGE: usize = 4 << 20;

/// How long a page is left alone that has refused the credentials: a Tomcat locks users out for five minutes when their passwords were
/// wrong five times (LockOutRealm).
const AFTER_REFUSAL: Duration = Duration::from_secs(360);

/// The kind of that failure.
const WRONG_CREDENTIALS: &str = "401";

/// Why a page says nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It is another page.
    #[error("the answer is not as expected: {0}; check that the endpoint leads to the manager application")]
    NotAsExpected(&'static str),
    /// Tomcat said so.
    #[error("Tomcat says: {0}")]
    Said(String),
}

/// Why a Tomcat has not told its numbers. The first part tells kinds of failures apart, so that each is told once.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Refused {
    pub(super) kind: &'static str,
    pub(super) fact: String,
}

impl Refused {
    fn of(kind: &'static str, fact: impl Into<String>) -> Self {
        Self { kind, fact: fact.into() }
    }
}

/// Which page is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// The status page; with or without its web applications.
    Status { applications: bool },
    /// The JMX proxy.
    JmxProxy,
}

impl Form {
    /// The key of the configuration.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::JmxProxy => "jmx_proxy",
        }
    }

    const fn role(self) -> &'static str {
        match self {
            Self::Status { .. } => "manager-status",
            Self::JmxProxy => "manager-jmx",
        }
    }
}

/// A page of one Tomcat.
pub(super) struct Page {
    pub(super) form: Form,
    pub(super) endpoint: String,
    /// The name of the Tomcat that the user says it belongs to.
    pub(super) instance: String,
    pub(super) host: String,
    pub(super) port: u16,
    path: String,
    client: WebClient,
    headers: HeaderMap,
    timeout: Duration,
    /// Whether the release is too old for JSON.
    xml: AtomicBool,
    /// When the credentials were refused.
    refused: Mutex<Option<Instant>>,
    /// Whether it has ever been that of a Tomcat that was found.
    here: AtomicBool,
}

impl Page {
    pub(super) fn new(form: Form, config: &Endpoint, context: &BuildContext) -> Result<Self, ConfigError> {
        let client = WebClient::new("endpoint", &config.endpoint, &config.tls, context)?;
        let uri = config.uri().ok_or_else(|| ConfigError::new("endpoint", "is not a URL"))?;
        let mut headers = HeaderMap::new();
        if !config.username.is_empty() {
            let pair = format!("{}:{}", config.username, config.password.expose());
            let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
            let mut value = value.map_err(|_| ConfigError::new("username", "cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self {
            form,
            endpoint: config.endpoint.clone(),
            instance: config.instance.clone(),
            host: uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 }),
            path: uri.path().trim_end_matches('/').to_owned(),
            client,
            headers,
            timeout: config.timeout.get(),
            xml: AtomicBool::new(false),
            refused: Mutex::default(),
            here: AtomicBool::new(false),
        })
    }

    /// Whether the page is of this machine, as its address says.
    pub(super) fn is_local(&self) -> bool {
        self.host == "localhost"
            || self.host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    }

    /// From now on it is the page of a Tomcat that was found: while that is not there, its numbers are nobody's.
    pub(super) fn is_here(&self) {
        self.here.store(true, Ordering::Relaxed);
    }

    /// Whether it has been that of a Tomcat that was found.
    pub(super) fn was_here(&self) -> bool {
        self.here.load(Ordering::Relaxed)
    }

    /// Reads it. After credentials were refused it is left alone for a while.
    pub(super) async fn read(&self) -> Result<Reading, Refused> {
        let refused = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.is_some_and(|at| at.elapsed() < AFTER_REFUSAL) {
            return Err(self.refused(StatusCode::UNAUTHORIZED));
        }
        let told = self.read_now().await;
        let is_refused = matches!(told, Err(Refused { kind: WRONG_CREDENTIALS, .. }));
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = is_refused.then(Instant::now);
        told
    }

    async fn read_now(&self) -> Result<Reading, Refused> {
        let late = || Refused::of("timeout", format!("no answer within {:?}", self.timeout));
        tokio::time::timeout(self.timeout, self.ask()).await.unwrap_or_else(|_| Err(late()))
    }

    async fn ask(&self) -> Result<Reading, Refused> {
        match self.form {
            Form::Status { applications } => self.status(applications).await,
            Form::JmxProxy => self.jmx().await,
        }
    }

    async fn status(&self, applications: bool) -> Result<Reading, Refused> {
        if !self.xml.load(Ordering::Relaxed) {
            let all = if applications { "/all" } else { "" };
            let page = self.get(&format!("{}{all}?JSON=true", self.path)).await?;
            if let Ok(reading) = status::json(&page) {
                return Ok(reading);
            }
        }
        let page = self.get(&format!("{}?XML=true", self.path)).await?;
        let reading = status::xml(&page).map_err(|error| Refused::of("page", error.to_string()))?;
        self.xml.store(true, Ordering::Relaxed);
        Ok(reading)
    }

    async fn jmx(&self) -> Result<Reading, Refused> {
        let mut reading = Reading::default();
        for query in QUERIES {
            let page = self.get(&format!("{}/?qry={query}", self.path)).await?;
            jmxproxy::read(&page, &mut reading).map_err(|error| Refused::of("page", error.to_string()))?;
        }
        Ok(reading)
    }

    async fn get(&self, path_and_query: &str) -> Result<Bytes, Refused> {
        let answer = self.client.get(path_and_query, &self.headers, LONGEST_PAGE).await;
        let answer = answer.map_err(|error| Refused::of("connection", error.to_string()))?;
        match answer.status {
            StatusCode::OK => Ok(answer.body),
            status => Err(self.refused(status)),
        }
    }

    /// Says what to do about `status`.
    fn refused(&self, status: StatusCode) -> Refused {
        let role = self.form.role();
        let (kind, help) = match status {
            StatusCode::UNAUTHORIZED => (
                WRONG_CREDENTIALS,
                format!(
                    "check username and password, and that conf/tomcat-users.xml gives that user the role {role}; asked \
                     again in {AFTER_REFUSAL:?}, so that Tomcat does not lock the user out"
                ),
            ),
            StatusCode::FORBIDDEN => (
                "403",
                format!(
                    "give the user the role {role} in conf/tomcat-users.xml, and let the agent's address through the \
                     RemoteCIDRValve (RemoteAddrValve) in META-INF/context.xml of the manager application"
                ),
            ),
            StatusCode::NOT_FOUND => {
                ("404", "deploy the manager application (container images keep it in webapps.dist), or correct the path".into())
            }
            _ if status.is_redirection() => ("redirect", "redirects are not followed; name the last URL".into()),
            _ => ("status", "see the logs of that Tomcat".into()),
        };
        Refused::of(kind, format!("HTTP {status}; {help}"))
    }
}
