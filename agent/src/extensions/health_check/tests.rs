//! What probes see.

use edgewatch_core::extension::Extension;
use edgewatch_core::factory::{ComponentConfig, ExtensionSpec};
use edgewatch_core::health::State;
use edgewatch_core::testing::context;
use tokio_util::sync::CancellationToken;

use super::HealthCheck;
use super::config::{Config, ResponseBody};
use crate::page::testing::get;

#[tokio::test]
async fn the_answer_follows_the_state_of_the_agent() {
    let (context, _) = context("health_check");
    let config = Config { endpoint: "127.0.0.1:0".to_owned(), ..Config::default() };
    let mut extension = HealthCheck::build(config, &context).expect("valid");
    extension.open().await.expect("a free port");
    let address = extension.local_addr().expect("open");
    let stop = CancellationToken::new();
    let task = tokio::spawn(Box::new(extension).run(stop.clone()));

    assert_eq!(get(address, "/").await, (503, r#"{"status":"Server not available"}"#.to_owned()));

    context.health.set(State::Ready);
    let (status, body) = get(address, "/").await;
    assert_eq!(status, 200);
    assert!(body.starts_with(r#"{"status":"Server available","upSince":""#), "{body}");

    context.health.set(State::Stopping);
    assert_eq!(get(address, "/").await.0, 503);
    assert_eq!(get(address, "/elsewhere").await.0, 404);

    stop.cancel();
    task.await.expect("ends");
}

#[test]
fn own_words_replace_the_status() {
    let (context, _) = context("health_check");
    let body = ResponseBody { healthy: "fine".to_owned(), unhealthy: "not yet".to_owned() };
    let shown = super::extension::show(&context.health, Some(&body));
    assert_eq!((shown.status.as_u16(), shown.text.as_str()), (503, "not yet"));
}

#[test]
fn a_path_starts_with_a_slash() {
    let config = Config { path: "health".to_owned(), ..Config::default() };
    assert!(config.validate().is_err());
    assert!(Config::default().validate().is_ok());
}
