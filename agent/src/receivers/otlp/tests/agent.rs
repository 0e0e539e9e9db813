//! A running receiver whose pipelines end in the test's hands.

use std::net::SocketAddr;
use std::sync::Arc;

use edgewatch_core::Signal;
use edgewatch_core::auth::ServerAuth;
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::{Budget, Constraint, Limits};
use edgewatch_core::extension::Offers;
use edgewatch_core::factory::{BuildContext, ComponentConfig, ReceiverSpec};
use edgewatch_core::receiver::{Outlets, ReceiveError, Receiver};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::{self, Recorder};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::super::OtlpReceiver;
use super::super::config::Config;

pub(super) struct Agent {
    pub(super) grpc: Option<SocketAddr>,
    pub(super) http: Option<SocketAddr>,
    pub(super) recorder: Recorder,
    pub(super) registry: Registry,
    pub(super) budget: Budget,
    limits: Option<Constraint>,
    pub(super) stop: CancellationToken,
    pub(super) task: JoinHandle<Result<(), ReceiveError>>,
}

/// Both protocols on free ports, with `grpc` and `http` added to their settings.
pub(super) async fn both(grpc: Value, http: Value) -> Agent {
    let endpoint = |mut settings: Value| {
        let settings_map = settings.as_object_mut().expect("settings are an object");
        settings_map.entry("endpoint").or_insert_with(|| json!("127.0.0.1:0"));
        settings
    };
    start(json!({ "protocols": { "grpc": endpoint(grpc), "http": endpoint(http) } }), |_| {}).await
}

/// Both protocols behind `auth`, under the name `guard`.
pub(super) async fn guarded(auth: impl ServerAuth + 'static) -> Agent {
    let (mut context, registry) = testing::context("otlp");
    context.offered.insert("guard", Offers { server_auth: Some(Arc::new(auth)), ..Offers::default() });
    let port = json!({ "endpoint": "127.0.0.1:0", "auth": { "authenticator": "guard" } });
    start_in(context, registry, json!({ "protocols": { "grpc": port, "http": port } }), |_| {}).await
}

/// Both protocols with their defaults on free ports.
pub(super) async fn default() -> Agent {
    both(json!({}), json!({})).await
}

pub(super) fn config(config: Value) -> Config {
    let config: Config = serde_json::from_value(config).expect("a readable configuration");
    config.validate().expect("a valid configuration");
    config
}

/// A receiver of `settings`, with its outlets changed by `change`.
pub(super) async fn start(settings: Value, change: impl FnOnce(&mut Outlets)) -> Agent {
    let (context, registry) = testing::context("otlp");
    start_in(context, registry, settings, change).await
}

async fn start_in(
    context: BuildContext,
    registry: Registry,
    settings: Value,
    change: impl FnOnce(&mut Outlets),
) -> Agent {
    let budget = Budget::unlimited();
    let context = BuildContext { budget: budget.clone(), ..context };
    let mut receiver = OtlpReceiver::build(config(settings), &context).expect("a receiver");
    receiver.open().await.expect("free ports");
    let address = |listener: Option<&super::super::server::Listener>| listener?.addresses().first().copied();
    let grpc = address(receiver.grpc.as_ref().and_then(|port| port.listener.as_ref()));
    let http = address(receiver.http.as_ref().and_then(|port| port.listener.as_ref()));
    let (mut outlets, recorder) = Recorder::outlets();
    change(&mut outlets);
    let stop = CancellationToken::new();
    let task = tokio::spawn(Box::new(receiver).run(outlets, stop.clone()));
    Agent { grpc, http, recorder, registry, budget, limits: None, stop, task }
}

impl Agent {
    /// The next batch, accepted and delivered: its signal, bytes and items.
    pub(super) async fn deliver(&mut self) -> (Signal, Vec<u8>, usize) {
        let batch = self.recorder.next().await.expect("a batch");
        let parts = parts(&batch);
        batch.deliver();
        parts
    }

    /// Sets both limits on memory to `bytes`.
    pub(super) fn limit(&mut self, bytes: usize) {
        self.limits_at(bytes, bytes);
    }

    /// Sets the limits on memory, in bytes.
    pub(super) fn limits_at(&mut self, soft: usize, hard: usize) {
        // First lifted, since of several the least holds.
        self.limits = None;
        self.limits = Some(self.budget.constrain(Limits { soft, hard }));
    }

    /// The value of the receiver's own metric `name`.
    pub(super) fn reading(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        testing::reading(&self.registry, name, labels)
    }

    pub(super) fn grpc(&self) -> SocketAddr {
        self.grpc.expect("gRPC is on")
    }

    pub(super) fn http(&self) -> SocketAddr {
        self.http.expect("HTTP is on")
    }
}

pub(super) fn parts(batch: &Batch) -> (Signal, Vec<u8>, usize) {
    (batch.signal(), batch.segments().concat(), batch.items())
}
