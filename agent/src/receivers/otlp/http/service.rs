//! One request, from its headers to its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::budget::Lease;
use edgewatch_core::config::ConfigError;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use hyper::body::Incoming;

use super::super::body;
use super::super::config::{Compression, HttpConfig};
use super::super::decompress::{ASIDE_FROM, aside, decompress};
use super::super::intake::Intake;
use super::super::rejection::{Kind, Rejection};
use super::super::server::{Answer, within};
use super::cors::Cors;
use super::encoding::{Encoding, compression};
use super::reply::{self, Reply};

/// The three paths.
pub(in super::super) struct Service {
    intake: Intake,
    /// Of traces, metrics and logs.
    paths: [String; 3],
    cors: Option<Cors>,
    compressions: Vec<Compression>,
    headers: Vec<(HeaderName, HeaderValue)>,
    max_body: usize,
    read_timeout: Duration,
}

impl Answer for Service {
    type Body = Reply;

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Reply> {
        let mut response = self.call(request).await;
        for (name, value) in &self.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }
}

impl Service {
    pub(in super::super) fn new(intake: Intake, config: &HttpConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            intake,
            paths: config.paths(),
            cors: config.cors.as_ref().and_then(Cors::new),
            compressions: config.compression_algorithms.clone(),
            headers: config.headers()?,
            max_body: config.max_request_body_size.get(),
            read_timeout: config.read_timeout.get(),
        })
    }

    async fn call(&self, request: Request<Incoming>) -> Response<Reply> {
        let (head, body) = request.into_parts();
        let mut origin = None;
        if let Some(cors) = &self.cors {
            if let Some(answer) = cors.preflight(&head.method, &head.headers) {
                return answer;
            }
            origin = cors.allowed_origin(&head.headers);
        }
        let encoding = Encoding::of(&head.headers);
        let mut response = match self.export(&head, encoding, body).await {
            Ok(encoding) => reply::success(encoding),
            Err(rejection) => {
                self.intake.telemetry.rejected(rejection.kind);
                reply::failure(&rejection, encoding)
            }
        };
        if let Some(cors) = &self.cors {
            cors.permit(origin, response.headers_mut());
        }
        response
    }

    async fn export(
        &self,
        head: &Parts,
        encoding: Option<Encoding>,
        mut body: Incoming,
    ) -> Result<Encoding, Rejection> {
        self.intake.authenticate(&head.headers).await?;
        let signal = self.signal_of(head.uri.path())?;
        if head.method != Method::POST {
            let fact = format!("method {} is not allowed; use POST", head.method);
            return Err(Rejection::new(Kind::Method, fact));
        }
        let encoding = encoding.ok_or_else(|| {
            let fact = "the content type must be application/x-protobuf or application/json";
            Rejection::new(Kind::ContentType, fact)
        })?;
        let codec = compression(&head.headers, &self.compressions)?;
        let outlet = self.intake.admit(signal)?;
        let length = content_length(&head.headers);
        let arrival = body::all(&mut body, length, self.max_body, &self.intake.budget);
        let (body, lease) = within(self.read_timeout, arrival).await?;
        let (body, lease) = match codec {
            None => (body, lease),
            Some(codec) => decompress(codec, body, lease, self.max_body).await?,
        };
        let (request, lease) = match encoding {
            Encoding::Protobuf => (body, lease),
            Encoding::Json => from_json(signal, body, lease).await?,
        };
        self.intake.take(signal, outlet, request, lease).await?;
        Ok(encoding)
    }

    fn signal_of(&self, path: &str) -> Result<Signal, Rejection> {
        let mut pairs = Signal::ALL.into_iter().zip(&self.paths);
        let found = pairs.find(|(_, expected)| *expected == path).map(|(signal, _)| signal);
        found.ok_or_else(|| {
            let fact = format!("nothing is served at {path}; send to one of: {}", self.paths.join(", "));
            Rejection::new(Kind::NotFound, fact)
        })
    }
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Converts OTLP/JSON to protobuf. What comes out is smaller than what goes in, as a rule: a list of small numbers grows to
/// four times its size. Both exist for a moment.
async fn from_json(signal: Signal, json: Bytes, mut lease: Lease) -> Result<(Bytes, Lease), Rejection> {
    if !lease.grow(json.len()) {
        return Err(Rejection::no_memory());
    }
    let small = json.len() < ASIDE_FROM;
    let convert = move || {
        let request = edgewatch_proto::json::decode(signal, &json)
            .map_err(|error| Rejection::new(Kind::Invalid, format!("malformed JSON: {error}")))?;
        drop(json);
        lease.shrink_to(request.capacity());
        if !lease.grow(request.capacity() - lease.bytes()) {
            return Err(Rejection::no_memory());
        }
        Ok((Bytes::from(request), lease))
    };
    if small { convert() } else { aside(convert).await }
}
