use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::auth::{AuthError, ClientAuth};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::testing::reading;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::testing::{file, headers, on_this_machine, printed, problem};
use super::OAuth2Client;
use super::config::Config;
use super::keeper::Keeper;
use super::source::Source;
use super::token::Token;

const MINUTE: Duration = Duration::from_secs(60);

fn token(name: &str, life: Duration) -> Token {
    let answer = json!({"access_token": name, "token_type": "bearer", "expires_in": life.as_secs()});
    Token::read(answer.to_string().as_bytes(), MINUTE, Instant::now()).expect("a token")
}

/// A keeper whose server gives what the script says, and waits when that is used up.
struct Story {
    keeper: Keeper,
    script: RefCell<VecDeque<Result<Duration, String>>>,
    stop: CancellationToken,
    registry: edgewatch_core::telemetry::Registry,
}

impl Story {
    fn new(script: impl IntoIterator<Item = Result<Duration, String>>) -> Self {
        let (context, registry) = on_this_machine();
        let script = RefCell::new(script.into_iter().collect());
        Self { keeper: Keeper::new(&context.telemetry), script, stop: CancellationToken::new(), registry }
    }

    /// Runs `requests` beside the task that fetches.
    async fn run<T>(&self, requests: impl Future<Output = T>) -> T {
        let asked = RefCell::new(0);
        let fetch = || async {
            let next = self.script.borrow_mut().pop_front();
            let number = asked.replace_with(|asked| *asked + 1) + 1;
            // Asking takes a while.
            tokio::time::sleep(Duration::from_millis(100)).await;
            match next {
                Some(Ok(life)) => Ok(token(&format!("t{number}"), life)),
                Some(Err(reason)) => Err(reason),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.keeper.keep(fetch, &self.stop) => panic!("ended"),
            outcome = requests => outcome,
        }
    }

    async fn request(&self) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        self.keeper.authenticate(&mut headers).await.map_err(|AuthError(reason)| reason)?;
        Ok(headers["authorization"].to_str().expect("text").to_owned())
    }

    fn counted(&self) -> (f64, f64) {
        let count = |name| reading(&self.registry, name, &[]);
        (count("edgewatch_oauth2_tokens"), count("edgewatch_oauth2_token_failures"))
    }
}

fn got(token: &str) -> Result<String, String> {
    Ok(format!("Bearer {token}"))
}

#[tokio::test(start_paused = true)]
async fn one_token_serves_all_until_shortly_before_its_end() {
    let story = Story::new([Ok(10 * MINUTE), Ok(10 * MINUTE)]);
    story
        .run(async {
            let first = futures_util::future::join_all((0..20).map(|_| story.request())).await;
            assert!(first.iter().all(|token| *token == got("t1")), "{first:?}");
            tokio::time::advance(8 * MINUTE).await;
            assert_eq!(story.request().await, got("t1"));
            assert_eq!(story.counted(), (1.0, 0.0));

            tokio::time::advance(MINUTE).await;
            assert_eq!(story.request().await, got("t1"), "nobody waits for the next one");
            tokio::time::sleep(Duration::from_millis(101)).await;
            assert_eq!(story.request().await, got("t2"));
        })
        .await;
    assert_eq!(story.counted(), (2.0, 0.0));
}

#[tokio::test(start_paused = true)]
async fn an_idle_agent_asks_for_nothing_and_waits_for_a_token_after_its_end() {
    let story = Story::new([Ok(2 * MINUTE), Ok(2 * MINUTE)]);
    story
        .run(async {
            assert_eq!(story.request().await, got("t1"));
            tokio::time::sleep(60 * MINUTE).await;
            assert_eq!(story.counted(), (1.0, 0.0));
            assert_eq!(story.request().await, got("t2"));
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_is_asked_once_a_second() {
    let down = || Err("down".to_owned());
    let story = Story::new([down(), down(), Ok(MINUTE)]);
    story
        .run(async {
            for _ in 0..5 {
                assert_eq!(story.request().await, Err("down".to_owned()));
            }
            assert_eq!(story.counted(), (0.0, 1.0));
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(story.request().await, Err("down".to_owned()));
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(story.request().await, got("t3"));
        })
        .await;
    assert_eq!(story.counted(), (1.0, 2.0));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_used_to_its_end_while_no_other_can_be_had() {
    let story = Story::new([Ok(4 * MINUTE), Err("down".to_owned())]);
    story
        .run(async {
            assert_eq!(story.request().await, got("t1"));
            tokio::time::advance(3 * MINUTE).await;
            for _ in 0..3 {
                assert_eq!(story.request().await, got("t1"));
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            assert_eq!(story.counted(), (1.0, 1.0));
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once() {
    let story = Story::new([Ok(60 * MINUTE), Ok(60 * MINUTE), Ok(60 * MINUTE)]);
    story
        .run(async {
            assert_eq!(story.request().await, got("t1"));
            let refused = |token| headers(&[("authorization", token)]);
            assert!(story.keeper.refused(&refused("Bearer t1")).await);
            assert!(story.keeper.refused(&refused("Bearer t1")).await, "each of several is sent once more");
            assert_eq!(story.request().await, got("t2"));
            assert!(story.keeper.refused(&refused("Bearer t1")).await);
            assert_eq!(story.request().await, got("t2"));

            assert!(!story.keeper.refused(&refused("Bearer t2")).await, "another one would be refused, too");
            assert_eq!(story.request().await, got("t2"));
            tokio::time::advance(MINUTE).await;
            assert!(story.keeper.refused(&refused("Bearer t2")).await);
            assert_eq!(story.request().await, got("t3"));
        })
        .await;
    assert_eq!(story.counted(), (3.0, 0.0));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_gives_up_does_not_stop_the_fetching() {
    let story = Story::new([Ok(60 * MINUTE)]);
    story
        .run(async {
            let gave_up = tokio::time::timeout(Duration::from_millis(50), story.request()).await;
            assert!(gave_up.is_err());
            tokio::time::sleep(Duration::from_millis(60)).await;
            assert_eq!(story.counted(), (1.0, 0.0));
        })
        .await;
}

#[test]
fn answers_are_read_as_servers_write_them() {
    let now = Instant::now();
    let read = |answer: &str| Token::read(answer.as_bytes(), 5 * MINUTE, now);
    let header = |answer: &str| read(answer).map(|token| token.header.to_str().expect("text").to_owned());
    let ends = |answer: &str| {
        let token = read(answer).expect("a token");
        let since = |at: Option<Instant>| at.map(|at| (at - now).as_secs());
        (since(token.renew_at), since(token.ends_at))
    };

    assert_eq!(header(r#"{"access_token": "a"}"#), got("a"));
    assert_eq!(header(r#"{"access_token": "a", "token_type": "BEARER"}"#), got("a"));
    assert_eq!(header(r#"{"access_token": "a", "token_type": "MAC"}"#), Ok("MAC a".to_owned()));
    assert_eq!(ends(r#"{"access_token": "a"}"#), (None, None));
    assert_eq!(ends(r#"{"access_token": "a", "expires_in": 3600}"#), (Some(3300), Some(3600)));
    assert_eq!(ends(r#"{"access_token": "a", "expires_in": "60"}"#), (Some(30), Some(60)));
    assert_eq!(ends(r#"{"access_token": "a", "expires_in": -1}"#), (None, None));
    for wrong in ["", "[]", r#"{"secret": 1}"#, r#"{"access_token": ""}"#, r#"{"access_token": "a\nb"}"#] {
        let error = read(wrong).expect_err("not a token");
        assert!(!error.contains("secret"), "{error}");
    }
}

/// An authorization server that answers with what `script` says, in order; and what it is asked.
async fn server(
    script: &[(u16, &'static str)],
) -> (SocketAddr, mpsc::UnboundedReceiver<(HeaderMap, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let (sender, asked) = mpsc::unbounded_channel();
    let script = Arc::new(std::sync::Mutex::new(script.iter().copied().collect::<VecDeque<_>>()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (sender, script) = (sender.clone(), Arc::clone(&script));
            let service = service_fn(move |request: Request<Incoming>| {
                let (sender, script) = (sender.clone(), Arc::clone(&script));
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.expect("a body").to_bytes();
                    drop(sender.send((head.headers, String::from_utf8(body.to_vec()).expect("text"))));
                    let next = script.lock().expect("no panic").pop_front();
                    let Some((status, body)) = next else { return std::future::pending().await };
                    let mut response = Response::new(Full::new(Bytes::from(body)));
                    *response.status_mut() = status.try_into().expect("a status");
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (address, asked)
}

fn source(settings: Value) -> Source {
    let config: Config = serde_json::from_value(settings).expect("readable");
    config.validate().expect("valid");
    Source::new(&config, &on_this_machine().0).expect("a source")
}

#[tokio::test]
async fn the_server_is_asked_as_the_specification_says() {
    let (address, mut asked) = server(&[(200, r#"{"access_token": "a"}"#)]).await;
    let (_folder, path) = file("s3cr&t\n");
    let source = source(json!({
        "token_url": format!("http://{address}/token?tenant=1"), "client_id": "my agent", "client_secret_file": path,
        "scopes": ["metrics.write", "logs.write"], "endpoint_params": {"audience": "a/b", "resource": ["x", "y"]},
    }));

    let token = source.fetch().await.expect("a token");

    assert_eq!(token.header, "Bearer a");
    let (headers, body) = asked.recv().await.expect("asked");
    // base64 of `my+agent:s3cr%26t`
    assert_eq!(headers["authorization"], "Basic bXkrYWdlbnQ6czNjciUyNnQ=");
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    let expected =
        "grant_type=client_credentials&scope=metrics.write+logs.write&audience=a%2Fb&resource=x&resource=y";
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_server_that_wants_the_credentials_among_the_parameters_gets_them_there() {
    let no = (401, r#"{"error": "invalid_client"}"#);
    let yes = (200, r#"{"access_token": "a"}"#);
    let (address, mut asked) = server(&[no, yes, yes]).await;
    let source = source(json!({
        "token_url": format!("http://{address}/"), "client_id": "id", "client_secret": "secret"
    }));

    source.fetch().await.expect("a token");
    source.fetch().await.expect("a token");

    for in_body in [false, true, true] {
        let (headers, body) = asked.recv().await.expect("asked");
        assert_eq!(headers.contains_key("authorization"), !in_body);
        assert_eq!(body.ends_with("&client_id=id&client_secret=secret"), in_body, "{body}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_the_servers_words_without_secrets() {
    let no = (400, r#"{"error": "invalid_scope", "error_description": "no such scope", "debug": "secret"}"#);
    let broken = (503, "<html>secret</html>");
    let (address, _asked) = server(&[no, no, broken]).await;
    let settings = json!({
        "token_url": format!("http://{address}/"), "client_id": "id", "client_secret": "secret", "timeout": "100ms"
    });
    let source = source(settings);

    let refused = source.fetch().await.expect_err("refused");
    let broken = source.fetch().await.expect_err("broken");
    let silent = source.fetch().await.expect_err("silent");

    assert_eq!(refused, "the authorization server answered HTTP 400: invalid_scope: no such scope");
    assert_eq!(broken, "the authorization server answered HTTP 503");
    assert_eq!(silent, "the authorization server did not answer within 100ms");
}

#[test]
fn settings_that_cannot_work_are_reported() {
    assert_eq!(
        problem::<OAuth2Client>(json!({"grant_type": "password"})),
        "client_id: is missing; write the name that the authorization server has given, or client_id_file; \
         client_secret: is missing; write client_secret: ${env:CLIENT_SECRET}, or client_secret_file; \
         token_url: is missing; write the URL that issues tokens; \
         grant_type: `password` is not in this build; use client_credentials"
    );
    let settings = |url: &str| json!({"client_id": "a", "client_secret": "b", "token_url": url});
    for (url, expected) in [
        ("example.com", "token_url: begins with neither https:// nor http://; write https://host/path"),
        ("https://a:b@example.com/", "token_url: holds a password; write https://host/path"),
    ] {
        assert_eq!(problem::<OAuth2Client>(settings(url)), expected);
    }
}

#[test]
fn secrets_are_not_printed() {
    let printed = printed::<OAuth2Client>(json!({"client_secret": "very secret"}));
    assert!(!printed.contains("very secret"), "{printed}");
}
