//! Components that do nothing, with configurations worth reading.

use std::time::Instant;

use async_trait::async_trait;
use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::{ConfigError, Duration};
use edgewatch_core::delivery::Delivery;
use edgewatch_core::exporter::{Delivered, ExportError, Exporter};
use edgewatch_core::extension::{Extension, Service, Use};
use edgewatch_core::factory::*;
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_core::receiver::{Outlets, ReceiveError, Receiver};
use edgewatch_core::router::{PipelineReference, Pipelines, Routed, Router, RouterSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::config::Components;

pub(super) const COMPONENTS: Components = Components {
    receivers: &[ReceiverFactory::of::<HostMetrics>(), ReceiverFactory::of::<Otlp>()],
    processors: &[
        ProcessorFactory::of::<Batcher>(),
        ProcessorFactory::of::<Detect>(),
        ProcessorFactory::of::<Limiter>(),
        ProcessorFactory::of::<Rates>(),
    ],
    exporters: &[ExporterFactory::of::<Debug>(), ExporterFactory::of::<OtlpGrpc>()],
    connectors: &[ConnectorFactory::of::<Forward>(), ConnectorFactory::of::<SpanMetrics>()],
    routers: &[ConnectorFactory::router::<Choose>()],
    extensions: &[ExtensionFactory::of::<Disk>(), ExtensionFactory::of::<Health>()],
};

/// No settings.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Empty {}

impl ComponentConfig for Empty {}

/// Settings of a receiver.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OtlpConfig {
    /// Ways in.
    protocols: Protocols,
}

/// Ways in.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Protocols {
    /// OTLP/gRPC. Default: not set.
    grpc: Option<Server>,
    /// OTLP/HTTP. Default: not set.
    http: Option<Server>,
}

/// A server.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Server {
    /// Where to listen. Default: localhost:4317.
    endpoint: String,
    /// Largest message. Default: 4.
    max_recv_msg_size_mib: u16,
}

impl Default for Server {
    fn default() -> Self {
        Self { endpoint: "localhost:4317".to_owned(), max_recv_msg_size_mib: 4 }
    }
}

impl ComponentConfig for OtlpConfig {}

/// Settings of `batch`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BatchConfig {
    /// Longest wait. Default: 200ms.
    timeout: Duration,
    /// Items that end a batch. Default: 8192.
    send_batch_size: u32,
    /// Largest batch; 0: no limit. Default: 0.
    send_batch_max_size: u32,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self { timeout: Duration::from_millis(200), send_batch_size: 8192, send_batch_max_size: 0 }
    }
}

impl ComponentConfig for BatchConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        if self.send_batch_max_size > 0 && self.send_batch_max_size < self.send_batch_size {
            let message =
                format!("{} is below send_batch_size ({})", self.send_batch_max_size, self.send_batch_size);
            return Err(ConfigError::new("send_batch_max_size", message));
        }
        Ok(())
    }
}

/// Settings of `otlp_grpc`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ClientConfig {
    /// Where to send. Required.
    endpoint: String,
    /// Id of an extension that keeps the queue on disk. Default: none.
    storage: Option<String>,
}

impl ComponentConfig for ClientConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        if self.endpoint.is_empty() {
            return Err(ConfigError::new("endpoint", "is required; write host:port"));
        }
        Ok(())
    }

    fn uses(&self) -> Vec<Use> {
        self.storage.iter().map(|id| Use::new("storage", id, Service::Storage)).collect()
    }
}

macro_rules! receiver {
    ($type:ident, $name:literal, $aliases:expr, $signals:expr, $config:ty) => {
        pub(super) struct $type;

        #[async_trait]
        impl Receiver for $type {
            async fn run(self: Box<Self>, _: Outlets, _: CancellationToken) -> Result<(), ReceiveError> {
                Ok(())
            }
        }

        impl ReceiverSpec for $type {
            const NAME: &'static str = $name;
            const ALIASES: &'static [&'static str] = $aliases;
            const SIGNALS: &'static [Signal] = $signals;
            const ABOUT: &'static str = concat!("receives by ", $name);
            type Config = $config;

            fn build(_: $config, _: &BuildContext) -> Result<Self, ConfigError> {
                Ok(Self)
            }
        }
    };
}

receiver!(HostMetrics, "host_metrics", &["hostmetrics"], &[Signal::Metrics], Empty);
receiver!(Otlp, "otlp", &[], &Signal::ALL, OtlpConfig);

macro_rules! passes {
    ($type:ident) => {
        pub(super) struct $type;

        impl Processor for $type {
            fn process(&mut self, batch: Batch, _: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
                out.emit(batch);
                Ok(())
            }
        }
    };
}

passes!(Batcher);
passes!(Detect);
passes!(Limiter);
passes!(Rates);
passes!(Forward);
passes!(SpanMetrics);

impl ProcessorSpec for Batcher {
    const NAME: &'static str = "batch";
    const ABOUT: &'static str = "joins small batches";
    type Config = BatchConfig;

    fn build(_: BatchConfig, _: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl ProcessorSpec for Detect {
    const NAME: &'static str = "detect";
    const ALIASES: &'static [&'static str] = &["anomaly"];
    const SIGNALS: &'static [Signal] = &[Signal::Metrics];
    const DERIVES: &'static [Signal] = &[Signal::Logs];
    const ABOUT: &'static str = "finds what is unusual";
    type Config = Empty;

    fn build(_: Empty, _: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl ProcessorSpec for Rates {
    const NAME: &'static str = "rates";
    const SIGNALS: &'static [Signal] = &[Signal::Logs, Signal::Metrics];
    const DERIVES: &'static [Signal] = &[Signal::Metrics];
    const ABOUT: &'static str = "counts logs";
    type Config = Empty;

    fn build(_: Empty, _: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl ProcessorSpec for Limiter {
    const STANDS_FIRST: bool = true;
    const NAME: &'static str = "memory_limiter";
    const ABOUT: &'static str = "refuses when memory is short";
    type Config = Empty;

    fn build(_: Empty, _: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl ConnectorSpec for Forward {
    const NAME: &'static str = "forward";
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    const EMITS: &'static [Signal] = &Signal::ALL;
    const ABOUT: &'static str = "leads pipelines into pipelines";
    type Config = Empty;

    fn build(_: Empty, _: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl ConnectorSpec for SpanMetrics {
    const NAME: &'static str = "span_metrics";
    const ALIASES: &'static [&'static str] = &["spanmetrics"];
    const SIGNALS: &'static [Signal] = &[Signal::Traces];
    const EMITS: &'static [Signal] = &[Signal::Metrics];
    const ABOUT: &'static str = "makes metrics of spans";
    type Config = Empty;

    fn build(_: Empty, _: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

/// Settings of `choose`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ChooseConfig {
    /// Pipelines to choose from. Default: none.
    among: Vec<String>,
}

impl ComponentConfig for ChooseConfig {
    fn pipelines(&self) -> Vec<PipelineReference> {
        let reference = |(index, id): (usize, &String)| PipelineReference {
            key: format!("among.{index}"),
            id: id.clone(),
        };
        self.among.iter().enumerate().map(reference).collect()
    }
}

pub(super) struct Choose;

impl Router for Choose {
    fn connect(self: Box<Self>, _: Pipelines) -> Routed {
        unreachable!("the tests of configurations do not run anything")
    }
}

impl RouterSpec for Choose {
    const NAME: &'static str = "choose";
    const ABOUT: &'static str = "chooses a pipeline";
    type Config = ChooseConfig;

    fn build(_: ChooseConfig, _: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

macro_rules! exporter {
    ($type:ident, $name:literal, $aliases:expr, $config:ty) => {
        pub(super) struct $type;

        #[async_trait]
        impl Exporter for $type {
            async fn export(&self, _: &Batch) -> Result<Delivered, ExportError> {
                Ok(Delivered::default())
            }
        }

        impl ExporterSpec for $type {
            const NAME: &'static str = $name;
            const ALIASES: &'static [&'static str] = $aliases;
            const ABOUT: &'static str = concat!("sends by ", $name);
            type Config = $config;

            fn build(_: $config, _: &BuildContext) -> Result<Self, ConfigError> {
                Ok(Self)
            }

            fn delivery(_: &$config) -> Delivery {
                Delivery::local()
            }
        }
    };
}

exporter!(Debug, "debug", &[], Empty);
exporter!(OtlpGrpc, "otlp_grpc", &["otlp"], ClientConfig);

pub(super) struct Disk;

#[async_trait]
impl Extension for Disk {
    async fn run(self: Box<Self>, _: CancellationToken) {}
}

impl ExtensionSpec for Disk {
    const NAME: &'static str = "file_storage";
    const ALIASES: &'static [&'static str] = &["disk"];
    const OFFERS: &'static [Service] = &[Service::Storage];
    const ABOUT: &'static str = "keeps queues on disk";
    type Config = Empty;

    fn build(_: Empty, _: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

pub(super) struct Health;

#[async_trait]
impl Extension for Health {
    async fn run(self: Box<Self>, _: CancellationToken) {}
}

impl ExtensionSpec for Health {
    const NAME: &'static str = "health_check";
    const ABOUT: &'static str = "tells whether the agent works";
    type Config = Empty;

    fn build(_: Empty, _: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}
