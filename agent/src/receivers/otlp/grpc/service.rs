//! One call, from its headers to its answer.

use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::Signal;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;

use super::super::config::GrpcConfig;
use super::super::decompress::{Codec, decompress};
use super::super::intake::Intake;
use super::super::rejection::{Kind, Rejection};
use super::super::server::{Answer, within};
use super::message;
use super::reply::{self, Reply};

/// The three OTLP services.
pub(in super::super) struct Service {
    intake: Intake,
    max_message: usize,
    read_timeout: Duration,
}

/// What `grpc-encoding` says about compressed messages.
#[derive(Clone, Copy)]
enum Encoding {
    Identity,
    Known(Codec),
}

impl Answer for Service {
    type Body = Reply;

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Reply> {
        self.call(request).await
    }
}

impl Service {
    pub(in super::super) fn new(intake: Intake, config: &GrpcConfig) -> Self {
        Self { intake, max_message: config.max_message(), read_timeout: config.read_timeout.get() }
    }

    async fn call(&self, request: Request<Incoming>) -> Response<Reply> {
        if let Some(response) = not_grpc(&request) {
            self.intake.telemetry.rejected(Kind::ContentType);
            return response;
        }
        match self.export(request).await {
            Ok(()) => reply::success(),
            Err(rejection) => {
                self.intake.telemetry.rejected(rejection.kind);
                reply::failure(&rejection)
            }
        }
    }

    async fn export(&self, request: Request<Incoming>) -> Result<(), Rejection> {
        let (head, mut body) = request.into_parts();
        self.intake.authenticate(&head.headers).await?;
        let signal = signal_of(head.uri.path())?;
        if head.method != Method::POST {
            return Err(Rejection::new(Kind::Method, "gRPC calls are POST requests"));
        }
        let encoding = encoding_of(&head.headers)?;
        let outlet = self.intake.admit(signal)?;
        let budget = &self.intake.budget;
        let message = within(self.read_timeout, message::read(&mut body, self.max_message, budget)).await?;
        let (payload, lease) = match (message.compressed, encoding) {
            (false, _) => (message.payload, message.lease),
            (true, Encoding::Known(codec)) => {
                decompress(codec, message.payload, message.lease, self.max_message).await?
            }
            (true, Encoding::Identity) => {
                let fact = "the message is flagged as compressed and grpc-encoding names no compression";
                return Err(Rejection::new(Kind::Framing, fact));
            }
        };
        self.intake.take(signal, outlet, payload, lease).await
    }
}

/// The answer to a request that is not gRPC at all.
fn not_grpc(request: &Request<Incoming>) -> Option<Response<Reply>> {
    if request.version() != Version::HTTP_2 {
        let text =
            "this port takes OTLP/gRPC, which needs HTTP/2; OTLP/HTTP is on another port, 4318 by default\n";
        return Some(reply::text(StatusCode::HTTP_VERSION_NOT_SUPPORTED, text));
    }
    let content_type = request.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let grpc = match content_type.strip_prefix(b"application/grpc") {
        Some([]) | Some([b';', ..]) => true,
        Some(rest) => rest.strip_prefix(b"+proto").is_some_and(|rest| matches!(rest, [] | [b';', ..])),
        None => false,
    };
    let text = "this port takes OTLP/gRPC: the content type must be application/grpc\n";
    (!grpc).then(|| reply::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, text))
}

fn signal_of(path: &str) -> Result<Signal, Rejection> {
    let found = Signal::ALL.into_iter().find(|signal| signal.grpc_path() == path);
    found.ok_or_else(|| Rejection::new(Kind::NotFound, format!("unknown method {path}")))
}

fn encoding_of(headers: &HeaderMap) -> Result<Encoding, Rejection> {
    match headers.get("grpc-encoding").map(|value| value.as_bytes()) {
        None | Some(b"identity") => Ok(Encoding::Identity),
        Some(b"gzip") => Ok(Encoding::Known(Codec::Gzip)),
        Some(b"zstd") => Ok(Encoding::Known(Codec::Zstd)),
        Some(other) => {
            let name = String::from_utf8_lossy(other);
            Err(Rejection::new(
                Kind::Compression,
                format!("grpc-encoding {name} is not supported; use gzip or zstd"),
            ))
        }
    }
}
