//! The agent's numbers pushed as OTLP, through the OpenTelemetry SDK.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use edgewatch_core::config::Secret;
use edgewatch_core::telemetry::{Description, Kind, Reading, Registry};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, Protocol, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::config::telemetry as config;

/// Longest answer that is read from a destination.
const ANSWER_LIMIT: usize = 64 * 1024;
/// Readings younger than this serve every instrument of one collection.
const FRESH: Duration = Duration::from_millis(500);

/// Where and how often the numbers are sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `http://host:4318/v1/metrics` for HTTP, `http://host:4317` for gRPC; `https` for TLS.
    pub endpoint: String,
    /// Which of the two.
    pub transport: Transport,
    /// Added to each request.
    pub headers: Vec<(String, Secret)>,
    /// Time between two pushes.
    pub interval: Duration,
    /// Longest time for one push.
    pub timeout: Duration,
    /// Who is speaking: `service.name` and the like.
    pub resource: Vec<(String, String)>,
}

/// The two transports of OTLP that are offered here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP with protobuf.
    Http,
}

/// What `telemetry` says about pushing.
#[must_use]
pub fn settings(telemetry: &config::Telemetry) -> Vec<Settings> {
    let resource = resource(telemetry);
    let mut settings = Vec::new();
    for periodic in telemetry.metrics.pushes() {
        let Some((otlp, protocol)) = periodic.destination() else { continue };
        let (transport, default) = match protocol {
            config::Protocol::Grpc => (Transport::Grpc, "http://localhost:4317"),
            config::Protocol::HttpProtobuf => (Transport::Http, "http://localhost:4318/v1/metrics"),
        };
        let endpoint = match otlp.endpoint.as_deref() {
            None => default.to_owned(),
            Some(endpoint) if endpoint.contains("://") => endpoint.to_owned(),
            Some(endpoint) if otlp.insecure == Some(false) => format!("https://{endpoint}"),
            Some(endpoint) => format!("http://{endpoint}"),
        };
        let written = otlp.headers.iter().map(|(name, value)| (name.to_owned(), value.clone()));
        settings.push(Settings {
            endpoint,
            transport,
            headers: written.chain(listed(otlp.headers_list.as_ref())).collect(),
            interval: periodic.interval.into(),
            timeout: otlp.timeout.into(),
            resource: resource.clone(),
        });
    }
    settings
}

/// `name=value,name=value`.
fn listed(list: Option<&Secret>) -> Vec<(String, Secret)> {
    let list = list.map_or("", Secret::expose);
    let pairs = list.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), Secret::new(value.trim()))).collect()
}

/// Who is speaking: what is configured, over what is known.
fn resource(telemetry: &config::Telemetry) -> Vec<(String, String)> {
    let own = [
        ("service.name", "edgewatch".to_owned()),
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id", instance_id()),
    ];
    let configured: Vec<_> = telemetry.resource.iter().collect();
    let mut resource: Vec<(String, String)> = Vec::new();
    for (name, value) in own {
        if !configured.iter().any(|(key, _)| *key == name) {
            resource.push((name.to_owned(), value));
        }
    }
    resource.extend(
        configured.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))),
    );
    resource
}

/// A random UUID from the kernel, the same for the life of the process, or nothing that could be mistaken for one.
fn instance_id() -> String {
    static ID: OnceLock<String> = OnceLock::new();
    let read = || std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap_or_default();
    ID.get_or_init(|| read().trim().to_owned()).clone()
}

/// Why the push cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot push own metrics to {endpoint}: {source}")]
pub struct PushError {
    endpoint: String,
    source: ExporterBuildError,
}

/// A push under way. [`Push::stop`] sends what is new one last time.
pub struct Push {
    provider: SdkMeterProvider,
    /// Looks out for instruments that are registered later.
    _lookout: JoinSet<()>,
}

/// A push that is set up and not under way.
pub struct Ready {
    exporter: MetricExporter,
    settings: Settings,
}

/// Sets a push up. Must be called within the runtime that will carry the requests.
///
/// # Errors
///
/// [`PushError`] when the endpoint or a header cannot be used.
pub fn prepare(settings: Settings) -> Result<Ready, PushError> {
    let exporter = match settings.transport {
        Transport::Http => http_exporter(&settings),
        Transport::Grpc => grpc_exporter(&settings),
    };
    match exporter {
        Ok(exporter) => Ok(Ready { exporter, settings }),
        Err(source) => Err(PushError { endpoint: settings.endpoint, source }),
    }
}

impl Ready {
    /// Starts pushing what `registry` holds.
    #[must_use]
    pub fn start(self, registry: &Registry) -> Push {
        let Self { exporter, settings } = self;
        let reader = PeriodicReader::builder(exporter).with_interval(settings.interval).build();
        let attributes = settings.resource.into_iter().map(|(key, value)| KeyValue::new(key, value));
        let resource = Resource::builder_empty().with_attributes(attributes).build();
        let provider = SdkMeterProvider::builder().with_reader(reader).with_resource(resource).build();
        let mut count = registry.count();
        let mut instruments = Instruments::new(provider.meter("edgewatch"), registry.clone());
        instruments.add_new();
        let mut lookout = JoinSet::new();
        lookout.spawn(async move {
            while count.changed().await.is_ok() {
                instruments.add_new();
            }
        });
        Push { provider, _lookout: lookout }
    }
}

impl Push {
    /// Sends what is new and ends. Waits for that on a thread of its own, since the SDK blocks.
    pub async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || self.provider.shutdown()).await;
        if let Ok(Err(error)) = stopped {
            tracing::debug!(%error, "the last push of own metrics failed");
        }
    }
}

fn http_exporter(settings: &Settings) -> Result<MetricExporter, ExporterBuildError> {
    let headers: HashMap<_, _> =
        settings.headers.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect();
    MetricExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(OnRuntime::new())
        .with_endpoint(&settings.endpoint)
        .with_timeout(settings.timeout)
        .with_headers(headers)
        .build()
}

fn grpc_exporter(settings: &Settings) -> Result<MetricExporter, ExporterBuildError> {
    let mut headers = http::HeaderMap::new();
    for (name, value) in &settings.headers {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        let value = http::HeaderValue::from_str(value.expose());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    MetricExporter::builder()
        .with_tonic()
        .with_endpoint(&settings.endpoint)
        .with_timeout(settings.timeout)
        .with_metadata(tonic::metadata::MetadataMap::from_headers(headers))
        .build()
}

/// One observable instrument for each name in the registry.
struct Instruments {
    meter: Meter,
    source: Arc<Source>,
    names: HashSet<&'static str>,
}

impl Instruments {
    fn new(meter: Meter, registry: Registry) -> Self {
        let source = Arc::new(Source { registry, cache: Mutex::new(None) });
        Self { meter, source, names: HashSet::new() }
    }

    /// Adds those whose names are new.
    fn add_new(&mut self) {
        for reading in self.source.registry.read() {
            if self.names.insert(reading.description.name) {
                self.add(reading.description, reading.kind);
            }
        }
    }

    fn add(&self, description: Description, kind: Kind) {
        let source = Arc::clone(&self.source);
        let observe = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<f64>| {
            source.of(description.name, |value, attributes| observer.observe(value, attributes));
        };
        match kind {
            Kind::Counter => {
                let counter = self.meter.f64_observable_counter(description.name);
                counter
                    .with_unit(description.unit)
                    .with_description(description.help)
                    .with_callback(observe)
                    .build();
            }
            Kind::Gauge => {
                let gauge = self.meter.f64_observable_gauge(description.name);
                gauge
                    .with_unit(description.unit)
                    .with_description(description.help)
                    .with_callback(observe)
                    .build();
            }
        }
    }
}

/// The registry, read once for all instruments of a collection.
struct Source {
    registry: Registry,
    cache: Mutex<Option<(Instant, Vec<Reading>)>>,
}

impl Source {
    fn of(&self, name: &str, mut observe: impl FnMut(f64, &[KeyValue])) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = cache.take().filter(|(read, _)| read.elapsed() < FRESH);
        let (_, readings) = cache.insert(fresh.unwrap_or_else(|| (Instant::now(), self.registry.read())));
        for reading in readings.iter().filter(|reading| reading.description.name == name) {
            let attributes: Vec<_> =
                reading.labels.iter().map(|(key, value)| KeyValue::new(*key, value.clone())).collect();
            observe(reading.value, &attributes);
        }
    }
}

/// Carries the requests of the SDK, which come from a thread of its own, on the agent's runtime.
struct OnRuntime {
    runtime: Handle,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl OnRuntime {
    fn new() -> Self {
        let tls = hyper_rustls::HttpsConnectorBuilder::new();
        let connector = match tls.with_native_roots() {
            Ok(tls) => tls.https_or_http().enable_http1().build(),
            Err(error) => {
                tracing::warn!(%error, "no certificate authorities on this host; own metrics cannot be pushed over https");
                let none =
                    rustls::ClientConfig::builder().with_root_certificates(rustls::RootCertStore::empty());
                let tls =
                    hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(none.with_no_client_auth());
                tls.https_or_http().enable_http1().build()
            }
        };
        let client = Client::builder(hyper_util::rt::TokioExecutor::new()).build(connector);
        Self { runtime: Handle::current(), client }
    }
}

impl fmt::Debug for OnRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnRuntime").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = self.client.request(request.map(Full::from));
        let answer = self.runtime.spawn(async move {
            let (parts, body) = request.await?.into_parts();
            let body = Limited::new(body, ANSWER_LIMIT).collect().await?.to_bytes();
            Ok::<_, HttpError>(Response::from_parts(parts, body))
        });
        answer.await?
    }
}
