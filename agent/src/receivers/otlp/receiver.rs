//! The receiver: built from its settings, opened, run.

use std::sync::Arc;

use async_trait::async_trait;
use edgewatch_core::Signal;
use edgewatch_core::auth::ServerAuth;
use edgewatch_core::budget::Budget;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ReceiverSpec};
use edgewatch_core::listeners::Listeners;
use edgewatch_core::receiver::{Outlets, ReceiveError, Receiver};
use edgewatch_core::telemetry::Telemetry;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::config::{AuthConfig, Config, GrpcConfig, HttpConfig, Place, TlsConfig, Transport};
use super::grpc;
use super::http;
use super::intake::Intake;
use super::server::{Answer, Listener, Server, Tls};
use super::telemetry::ReceiverTelemetry;

/// Takes OTLP over gRPC and HTTP.
pub(crate) struct OtlpReceiver {
    id: String,
    budget: Budget,
    listeners: Listeners,
    telemetry: Telemetry,
    pub(super) grpc: Option<Port<GrpcConfig>>,
    pub(super) http: Option<Port<HttpConfig>>,
}

/// One protocol: its settings and its sockets.
pub(super) struct Port<C> {
    config: C,
    place: Place,
    tls: Option<Arc<Tls>>,
    auth: Option<Arc<dyn ServerAuth>>,
    /// Open after [`Receiver::open`].
    pub(super) listener: Option<Listener>,
}

impl<C> Port<C> {
    fn build(
        config: C,
        endpoint: &str,
        transport: Transport,
        tls: Option<&TlsConfig>,
        auth: Option<&AuthConfig>,
        (protocol, context): (&str, &BuildContext),
    ) -> Result<Self, ConfigError> {
        let place = Place::parse(endpoint, transport)?;
        let telemetry = context.telemetry.with("transport", protocol);
        let tls = tls.map(|tls| Tls::load(tls, &telemetry)).transpose()?.map(Arc::new);
        let auth = auth.map(|auth| context.offered.server_auth("auth.authenticator", &auth.authenticator));
        Ok(Self { config, place, tls, auth: auth.transpose()?, listener: None })
    }

    async fn open(&mut self, id: &str, protocol: &str, listeners: &Listeners) -> Result<(), ReceiveError> {
        let listener = Listener::open(&self.place, listeners).await?;
        info!(receiver = id, protocol, address = %listener, tls = self.tls.is_some(), "listening");
        self.listener = Some(listener);
        Ok(())
    }
}

impl ReceiverSpec for OtlpReceiver {
    const NAME: &'static str = "otlp";
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    const ABOUT: &'static str = "takes OTLP from SDKs, agents and collectors over gRPC and HTTP";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let grpc = config.protocols.grpc.map(|grpc| {
            let (tls, auth) = (grpc.tls.as_ref(), grpc.auth.as_ref());
            Port::build(grpc.clone(), &grpc.endpoint, grpc.transport, tls, auth, ("grpc", context))
                .map_err(|error| error.under("protocols.grpc"))
        });
        let http = config.protocols.http.map(|http| {
            let (tls, auth) = (http.tls.as_ref(), http.auth.as_ref());
            Port::build(http.clone(), &http.endpoint, http.transport, tls, auth, ("http", context))
                .map_err(|error| error.under("protocols.http"))
        });
        Ok(Self {
            id: context.id.clone(),
            budget: context.budget.clone(),
            listeners: context.listeners.clone(),
            telemetry: context.telemetry.clone(),
            grpc: grpc.transpose()?,
            http: http.transpose()?,
        })
    }
}

#[async_trait]
impl Receiver for OtlpReceiver {
    async fn open(&mut self) -> Result<(), ReceiveError> {
        if let Some(grpc) = &mut self.grpc {
            grpc.open(&self.id, "grpc", &self.listeners).await?;
        }
        if let Some(http) = &mut self.http {
            http.open(&self.id, "http", &self.listeners).await?;
        }
        Ok(())
    }

    async fn run(mut self: Box<Self>, outlets: Outlets, stop: CancellationToken) -> Result<(), ReceiveError> {
        let grpc = self.grpc.take();
        let http = self.http.take();
        // Requests keep their service, which holds the outlets and this sender, alive: when the channel is
        // closed, the last of them has ended, also those whose connection ended before.
        let (alive, mut ended) = mpsc::channel(1);
        let grpc = grpc.and_then(|port| {
            let telemetry = Arc::new(ReceiverTelemetry::new(&self.telemetry, "grpc"));
            let (outlets, budget, alive) = (outlets.clone(), self.budget.clone(), alive.clone());
            let intake = Intake::new(outlets, budget, Arc::clone(&telemetry), port.auth.clone(), alive);
            let service = grpc::Service::new(intake, &port.config);
            server(port.listener, port.tls, port.config.limits(), telemetry, service)
        });
        let http = http.map(|port| {
            let telemetry = Arc::new(ReceiverTelemetry::new(&self.telemetry, "http"));
            let (outlets, budget, alive) = (outlets.clone(), self.budget.clone(), alive.clone());
            let intake = Intake::new(outlets, budget, Arc::clone(&telemetry), port.auth.clone(), alive);
            let service = http::Service::new(intake, &port.config).map_err(setup)?;
            Ok(server(port.listener, port.tls, port.config.limits(), telemetry, service))
        });
        let http = http.transpose()?.flatten();
        drop((alive, outlets));
        let serve_grpc = async {
            if let Some(server) = grpc {
                server.run(stop.clone()).await
            }
        };
        let serve_http = async {
            if let Some(server) = http {
                server.run(stop.clone()).await
            }
        };
        tokio::join!(serve_grpc, serve_http);
        // Nobody sends; this ends when the last sender is gone.
        let _none: Option<()> = ended.recv().await;
        Ok(())
    }
}

fn setup(error: ConfigError) -> ReceiveError {
    ReceiveError::Setup(error.to_string())
}

fn server<S: Answer>(
    listener: Option<Listener>,
    tls: Option<Arc<Tls>>,
    limits: super::server::Limits,
    telemetry: Arc<ReceiverTelemetry>,
    service: S,
) -> Option<Server<S>> {
    Some(Server { listener: listener?, limits, tls, telemetry, service: Arc::new(service) })
}
