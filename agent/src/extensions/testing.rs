//! Extensions as a configuration makes them, and requests for them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::extension::Offers;
use edgewatch_core::factory::{BuildContext, ComponentConfig, ExtensionSpec};
use edgewatch_core::host::RealHost;
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::context;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tempfile::TempDir;

/// A context on the real machine.
pub(super) fn on_this_machine() -> (BuildContext, Registry) {
    let (mut context, registry) = context("extension");
    context.host = Arc::new(RealHost);
    (context, registry)
}

/// What an extension with these settings offers; the error is what a user is told.
pub(super) fn offers<S: ExtensionSpec>(settings: Value, context: &BuildContext) -> Result<Offers, String> {
    let config: S::Config = serde_json::from_value(settings).map_err(|error| error.to_string())?;
    config.validate().map_err(|error| error.to_string())?;
    let extension = S::build(config, context).map_err(|error| error.to_string())?;
    Ok(extension.offers())
}

/// What a user is told of these settings, which cannot work.
pub(super) fn problem<S: ExtensionSpec>(settings: Value) -> String {
    let (context, _) = on_this_machine();
    match offers::<S>(settings, &context) {
        Err(problem) => problem,
        Ok(_) => panic!("accepted"),
    }
}

pub(super) fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::try_from(*value).expect("a value"))
    };
    pairs.iter().map(pair).collect()
}

/// A file with `text`, in a folder of its own.
pub(super) fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::with_prefix("edgewatch-").expect("a folder");
    let path = folder.path().join("file");
    std::fs::write(&path, text).expect("written");
    (folder, path)
}

/// Lets so much time pass that files are looked at again.
pub(super) async fn a_second_later() {
    tokio::time::advance(Duration::from_secs(1)).await;
}

/// What is printed of settings, in every way in which settings are printed.
pub(super) fn printed<S: ExtensionSpec>(settings: Value) -> String
where
    S::Config: std::fmt::Debug,
{
    let config: S::Config = serde_json::from_value(settings).expect("readable");
    format!("{config:?} {}", serde_json::to_string(&config).expect("writable"))
}
