//! `service.telemetry.metrics`.

use std::fmt;

use edgewatch_core::config::{ConfigError, Headers};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::values::{Anything, Millis};

/// The agent's own metrics.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// How much is measured: none, basic, normal or detailed. Default: normal.
    pub level: Detail,
    /// Where the metrics can be read (`pull`) and where they are sent (`periodic`). Default: Prometheus text on localhost:8888.
    pub readers: Vec<Reader>,
    /// The Collector's former way to say where the metrics can be read: `host:port`. It adds to `readers`. Default: not set.
    pub address: Option<String>,
    /// The Collector's views. Without effect. Default: none.
    pub views: Option<Anything>,
}

impl Default for Metrics {
    fn default() -> Self {
        let prometheus = Some(Prometheus::default());
        let pull = Some(Pull { exporter: PullExporter { prometheus } });
        Self {
            level: Detail::Normal,
            readers: vec![Reader { pull, periodic: None }],
            address: None,
            views: None,
        }
    }
}

impl Metrics {
    /// Where the metrics can be read, as host and port; an empty host means every address.
    #[must_use]
    pub fn listeners(&self) -> Vec<(String, u16)> {
        if self.level == Detail::None {
            return Vec::new();
        }
        // The former key takes the place of the default reader, but not of one that was written.
        let readers = if self.address.is_some() && self.readers == Self::default().readers {
            [].iter()
        } else {
            self.readers.iter()
        };
        let pulls = readers.filter_map(|reader| reader.pull.as_ref()?.exporter.prometheus.as_ref());
        let written = pulls.map(|prometheus| (prometheus.host.clone(), prometheus.port));
        written.chain(self.address.as_deref().and_then(host_and_port)).collect()
    }

    /// Where the metrics are sent.
    #[must_use]
    pub fn pushes(&self) -> Vec<&Periodic> {
        if self.level == Detail::None {
            return Vec::new();
        }
        self.readers.iter().filter_map(|reader| reader.periodic.as_ref()).collect()
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let address = self.address.as_ref().map_or(Ok(()), |address| match host_and_port(address) {
            Some(_) => Ok(()),
            None => Err(ConfigError::new("metrics.address", "expected host:port, such as 0.0.0.0:8888")),
        });
        let readers = self.readers.iter().enumerate().map(|(index, reader)| {
            reader.validate().map_err(|error| error.under(&format!("metrics.readers.{index}")))
        });
        ConfigError::all(std::iter::once(address).chain(readers))
    }
}

/// `host:port`, `:port` or `[::1]:port`.
fn host_and_port(address: &str) -> Option<(String, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Some((host.to_owned(), port.parse().ok()?))
}

/// How much is measured.
#[derive(Clone, Copy, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// Nothing.
    None,
    /// What everyone needs.
    Basic,
    /// More than that.
    #[default]
    Normal,
    /// Everything.
    Detailed,
}

impl<'de> Deserialize<'de> for Detail {
    /// As the Collector does: in any letter case.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Detail;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("none, basic, normal or detailed")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Detail, E> {
                match text.to_ascii_lowercase().as_str() {
                    "none" => Ok(Detail::None),
                    "basic" => Ok(Detail::Basic),
                    "normal" => Ok(Detail::Normal),
                    "detailed" => Ok(Detail::Detailed),
                    _ => Err(E::unknown_variant(text, &["none", "basic", "normal", "detailed"])),
                }
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// One way out for the metrics: either `pull` or `periodic`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reader {
    /// The metrics can be read. Default: not set.
    pub pull: Option<Pull>,
    /// The metrics are sent. Default: not set.
    pub periodic: Option<Periodic>,
}

impl Reader {
    fn validate(&self) -> Result<(), ConfigError> {
        match (&self.pull, &self.periodic) {
            (Some(pull), None) if pull.exporter.prometheus.is_none() => {
                Err(ConfigError::new("pull.exporter", "needs `prometheus`"))
            }
            (None, Some(periodic)) => periodic.validate().map_err(|error| error.under("periodic")),
            (Some(_), None) => Ok(()),
            (None, None) | (Some(_), Some(_)) => {
                Err(ConfigError::new("", "a reader needs either `pull` or `periodic`"))
            }
        }
    }
}

/// Metrics that can be read.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pull {
    /// In which form.
    pub exporter: PullExporter,
}

/// Forms in which metrics can be read.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PullExporter {
    /// As Prometheus text. Default: not set.
    #[serde(alias = "prometheus/development")]
    pub prometheus: Option<Prometheus>,
}

/// Metrics as Prometheus text over HTTP.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prometheus {
    /// Address on which the page is served; empty or 0.0.0.0: every address. Default: localhost.
    pub host: String,
    /// Port on which the page is served. Default: 8888.
    pub port: u16,
    /// Whether labels that name the instrumentation scope are left out. Without effect: they always are. Default: not set.
    pub without_scope_info: Option<bool>,
    /// Whether `_total` is left off counters. Without effect: names are the Collector's. Default: not set.
    pub without_type_suffix: Option<bool>,
    /// Whether units are left off names. Without effect: names are the Collector's. Default: not set.
    pub without_units: Option<bool>,
    /// How names are made fit for Prometheus. Without effect: names are the Collector's. Default: not set.
    pub translation_strategy: Option<String>,
    /// Resource attributes that become labels. Without effect. Default: not set.
    pub with_resource_constant_labels: Option<Anything>,
}

impl Default for Prometheus {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: 8888,
            without_scope_info: None,
            without_type_suffix: None,
            without_units: None,
            translation_strategy: None,
            with_resource_constant_labels: None,
        }
    }
}

/// Metrics that are sent at intervals.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Periodic {
    /// Milliseconds between two pushes. Default: 60000.
    pub interval: Millis,
    /// Longest time for one push, in milliseconds. Default: 30000.
    pub timeout: Millis,
    /// Where to.
    pub exporter: PushExporter,
}

impl Default for Periodic {
    fn default() -> Self {
        Self { interval: Millis(60_000), timeout: Millis(30_000), exporter: PushExporter::default() }
    }
}

impl Periodic {
    /// The destination with its protocol.
    #[must_use]
    pub fn destination(&self) -> Option<(&Otlp, Protocol)> {
        let PushExporter { otlp, otlp_grpc, otlp_http } = &self.exporter;
        let either = otlp.as_ref().map(|otlp| (otlp, otlp.protocol));
        let grpc = otlp_grpc.as_ref().map(|otlp| (otlp, Protocol::Grpc));
        either.or(grpc).or(otlp_http.as_ref().map(|otlp| (otlp, Protocol::HttpProtobuf)))
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let PushExporter { otlp, otlp_grpc, otlp_http } = &self.exporter;
        let set = [otlp, otlp_grpc, otlp_http].into_iter().flatten().count();
        let interval = match self.interval.0 {
            0 => Err(ConfigError::new("interval", "0 is not an interval; write milliseconds, such as 60000")),
            _ => Ok(()),
        };
        let exporter = match set {
            1 => Ok(()),
            _ => Err(ConfigError::new("exporter", "needs one of `otlp`, `otlp_grpc` and `otlp_http`")),
        };
        ConfigError::all([interval, exporter])
    }
}

/// Destinations of metrics that are sent: one of these.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushExporter {
    /// OTLP by the protocol that it names. Default: not set.
    pub otlp: Option<Otlp>,
    /// OTLP/gRPC. Default: not set.
    pub otlp_grpc: Option<Otlp>,
    /// OTLP/HTTP. Default: not set.
    pub otlp_http: Option<Otlp>,
}

/// An OTLP destination of the agent's own metrics.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Otlp {
    /// `grpc` or `http/protobuf`. Default: http/protobuf.
    pub protocol: Protocol,
    /// Where to, such as `https://collector:4318/v1/metrics`. Default: port 4317 (gRPC) or 4318 of localhost.
    pub endpoint: Option<String>,
    /// Whether an endpoint without a scheme is spoken to without TLS. Default: not set.
    pub insecure: Option<bool>,
    /// Sent with each request. Default: none.
    pub headers: Headers,
    /// More headers, as `name=value,name=value`. Default: not set.
    pub headers_list: Option<edgewatch_core::config::Secret>,
    /// `gzip` or `none`. Without effect: not compressed. Default: not set.
    pub compression: Option<String>,
    /// Longest time for one request, in milliseconds. Default: 10000.
    pub timeout: Millis,
    /// File with the certificates of authorities. Without effect: those of the system. Default: not set.
    pub certificate: Option<String>,
    /// File with the key of the client certificate. Without effect. Default: not set.
    pub client_key: Option<String>,
    /// File with the client certificate. Without effect. Default: not set.
    pub client_certificate: Option<String>,
    /// TLS, in the newer form. Without effect: the authorities of the system. Default: not set.
    pub tls: Option<Anything>,
    /// `cumulative`, `delta` or `lowmemory`. Without effect: cumulative. Default: not set.
    pub temporality_preference: Option<String>,
    /// Kind of histograms. Without effect: explicit buckets. Default: not set.
    pub default_histogram_aggregation: Option<String>,
    /// Encoding of OTLP/HTTP. Without effect: protobuf. Default: not set.
    pub encoding: Option<String>,
}

impl Default for Otlp {
    fn default() -> Self {
        Self {
            protocol: Protocol::HttpProtobuf,
            endpoint: None,
            insecure: None,
            headers: Headers::default(),
            headers_list: None,
            compression: None,
            timeout: Millis(10_000),
            certificate: None,
            client_key: None,
            client_certificate: None,
            tls: None,
            temporality_preference: None,
            default_histogram_aggregation: None,
            encoding: None,
        }
    }
}

/// How OTLP travels.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Protocol {
    /// OTLP/gRPC.
    #[serde(rename = "grpc", alias = "grpc/protobuf")]
    Grpc,
    /// OTLP/HTTP with protobuf.
    #[default]
    #[serde(rename = "http/protobuf")]
    HttpProtobuf,
}
