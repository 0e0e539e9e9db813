//! An authorization server in the test's hands.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Issues the tokens `t1`, `t2`, ...
pub(super) struct TokenServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _server: JoinSet<()>,
}

struct State {
    /// Seconds that a token lives.
    life: u64,
    fails: bool,
    issued: u64,
    asked: u64,
}

impl TokenServer {
    /// Issues tokens that live for `life` seconds.
    pub(super) async fn start(life: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State { life, fails: false, issued: 0, asked: 0 }));
        let shared = Arc::clone(&state);
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
                let http = hyper::server::conn::http1::Builder::new();
                connections.spawn(async move {
                    // However it ends, the agent has noticed.
                    drop(http.serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        Ok(Self { address, state, _server: server })
    }

    /// The extension that asks this server.
    pub(super) fn extension(&self) -> String {
        format!(
            "extensions: {{oauth2client: {{client_id: edge, client_secret: very secret, token_url: 'http://{}/token'}}}}",
            self.address
        )
    }

    /// Whether it answers HTTP 503 from now on.
    pub(super) fn fail(&self, fails: bool) {
        self.lock().fails = fails;
    }

    /// How many tokens it has issued, and how many requests it has refused.
    pub(super) fn counted(&self) -> (u64, u64) {
        let state = self.lock();
        (state.issued, state.asked - state.issued)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    // base64 of `edge:very+secret`
    let known =
        head.headers.get("authorization").is_some_and(|value| value == "Basic ZWRnZTp2ZXJ5K3NlY3JldA==");
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.asked += 1;
    let (status, text) = if state.fails {
        (StatusCode::SERVICE_UNAVAILABLE, "down".to_owned())
    } else if !known || body != "grant_type=client_credentials" {
        (StatusCode::UNAUTHORIZED, r#"{"error": "invalid_client"}"#.to_owned())
    } else {
        state.issued += 1;
        let (number, life) = (state.issued, state.life);
        (
            StatusCode::OK,
            format!(r#"{{"access_token": "t{number}", "token_type": "bearer", "expires_in": {life}}}"#),
        )
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    Ok(response)
}
