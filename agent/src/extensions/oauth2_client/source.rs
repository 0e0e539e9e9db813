//! Asking the authorization server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use edgewatch_core::config::{ConfigError, Secret};
use edgewatch_core::factory::BuildContext;
use edgewatch_exporters::web::{Answer, WebClient};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::Instant;

use super::super::fresh_file::FreshFile;
use super::super::header;
use super::config::Config;
use super::token::{Token, refusal};

/// Longest time for one request when the configuration sets none: a server that never answers must not hold up deliveries for ever.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Gets tokens.
pub(super) struct Source {
    client: WebClient,
    id: Text,
    secret: Text,
    /// The parameters that are always the same, encoded.
    parameters: String,
    timeout: Duration,
    buffer: Duration,
    /// Whether the server wants the credentials among the parameters. It has to take them as Basic (RFC 6749 section 2.3.1), and some
    /// do not.
    in_body: AtomicBool,
}

enum Text {
    Written(Secret),
    File(FreshFile<Secret>),
}

impl Text {
    fn new(written: &str, key: &str, file: &str, context: &BuildContext) -> Result<Self, ConfigError> {
        let parse = |text: &str| match text.trim() {
            "" => Err("is empty".to_owned()),
            text => Ok(Secret::new(text)),
        };
        match file {
            "" => Ok(Self::Written(Secret::new(written))),
            file => FreshFile::open(key, file, context, parse).map(Self::File),
        }
    }

    async fn get(&self) -> Secret {
        match self {
            Self::Written(text) => text.clone(),
            // Tokens are fetched so seldom that nothing old needs to be used.
            Self::File(file) => file.get_now().await.as_ref().clone(),
        }
    }
}

impl Source {
    pub(super) fn new(config: &Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let Config { client_id, client_id_file, client_secret, client_secret_file, .. } = config;
        let client = WebClient::new("token_url", &config.token_url, &config.tls, context);
        let timeout = config.timeout.get();
        Ok(Self {
            client: client?,
            id: Text::new(client_id, "client_id_file", client_id_file, context)?,
            secret: Text::new(client_secret.expose(), "client_secret_file", client_secret_file, context)?,
            parameters: parameters(config),
            timeout: if timeout.is_zero() { TIMEOUT } else { timeout },
            buffer: config.expiry_buffer.get(),
            in_body: AtomicBool::new(false),
        })
    }

    /// Gets a token. The error contains no secret.
    pub(super) async fn fetch(&self) -> Result<Token, String> {
        let fetched = tokio::time::timeout(self.timeout, self.ask()).await;
        fetched.unwrap_or_else(|_| {
            Err(format!("the authorization server did not answer within {:?}", self.timeout))
        })
    }

    async fn ask(&self) -> Result<Token, String> {
        let (id, secret) = (self.id.get().await, self.secret.get().await);
        let in_body = self.in_body.load(Ordering::Relaxed);
        let mut answer = self.post(&id, &secret, in_body).await?;
        if matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED) {
            let other = self.post(&id, &secret, !in_body).await?;
            if other.status.is_success() {
                self.in_body.store(!in_body, Ordering::Relaxed);
                answer = other;
            }
        }
        if !answer.status.is_success() {
            return Err(refusal(answer.status.as_u16(), &answer.body));
        }
        Token::read(&answer.body, self.buffer, Instant::now())
    }

    async fn post(&self, id: &Secret, secret: &Secret, in_body: bool) -> Result<Answer, String> {
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut body = self.parameters.clone();
        if in_body {
            push(&mut body, "client_id", id.expose());
            push(&mut body, "client_secret", secret.expose());
        } else {
            let mut pair = String::new();
            encode(&mut pair, id.expose());
            pair.push(':');
            encode(&mut pair, secret.expose());
            headers.insert(AUTHORIZATION, header::value(&format!("Basic {}", STANDARD.encode(pair)))?);
        }
        let answered = self.client.post(&headers, Bytes::from(body)).await;
        answered.map_err(|error| format!("the authorization server cannot be asked: {error}"))
    }
}

fn parameters(config: &Config) -> String {
    let mut text = String::new();
    push(&mut text, "grant_type", "client_credentials");
    if !config.scopes.is_empty() {
        push(&mut text, "scope", &config.scopes.join(" "));
    }
    for (name, values) in &config.endpoint_params {
        values.iter().for_each(|value| push(&mut text, name, value));
    }
    text
}

fn push(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() {
        text.push('&');
    }
    encode(text, name);
    text.push('=');
    encode(text, value);
}

/// As in forms (`application/x-www-form-urlencoded`).
fn encode(text: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                text.push(char::from(byte))
            }
            b' ' => text.push('+'),
            _ => {
                text.push('%');
                for digit in [byte >> 4, byte & 15] {
                    text.extend(
                        char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()),
                    );
                }
            }
        }
    }
}
