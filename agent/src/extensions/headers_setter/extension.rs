//! The behaviour.

use std::sync::Arc;

use async_trait::async_trait;
use edgewatch_core::auth::{AuthError, ClientAuth};
use edgewatch_core::config::{ConfigError, Secret};
use edgewatch_core::extension::{Extension, Offers, Service};
use edgewatch_core::factory::{BuildContext, ExtensionSpec};
use http::header::Entry;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio_util::sync::CancellationToken;

use super::super::fresh_file::FreshFile;
use super::super::header;
use super::config::{Action, Config, Edit};

/// The `headers_setter` extension.
pub(crate) struct HeadersSetter(Arc<Setter>);

struct Setter {
    steps: Vec<Step>,
    then: Option<Arc<dyn ClientAuth>>,
}

struct Step {
    action: Action,
    name: HeaderName,
    value: Source,
}

enum Source {
    Nothing,
    Written(HeaderValue),
    File(FreshFile<HeaderValue>),
}

impl ExtensionSpec for HeadersSetter {
    const NAME: &'static str = "headers_setter";
    const ALIASES: &'static [&'static str] = &["headerssetter"];
    const OFFERS: &'static [Service] = &[Service::ClientAuth];
    const ABOUT: &'static str = "sets headers of requests to destinations";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let step = |(index, edit): (usize, &Edit)| {
            Step::build(edit, context).map_err(|error| error.under(&format!("headers.{index}")))
        };
        let steps: Result<Vec<_>, _> = config.headers.iter().enumerate().map(step).collect();
        let then = match config.additional_auth.as_str() {
            "" => None,
            extension => Some(context.offered.client_auth("additional_auth", extension)?),
        };
        Ok(Self(Arc::new(Setter { steps: steps?, then })))
    }
}

#[async_trait]
impl Extension for HeadersSetter {
    fn offers(&self) -> Offers {
        let setter = Arc::clone(&self.0);
        Offers { client_auth: Some(setter), ..Offers::default() }
    }

    async fn run(self: Box<Self>, stop: CancellationToken) {
        stop.cancelled().await;
    }
}

impl Step {
    fn build(edit: &Edit, context: &BuildContext) -> Result<Self, ConfigError> {
        let value = match (&edit.value, edit.value_file.as_str()) {
            (_, file) if !file.is_empty() => {
                let parse = |text: &str| header::value(text.trim());
                Source::File(FreshFile::open("value_file", file, context, parse)?)
            }
            (Some(value), _) => {
                let value = header::value(Secret::expose(value));
                Source::Written(value.map_err(|fact| ConfigError::new("value", fact))?)
            }
            (None, _) => Source::Nothing,
        };
        Ok(Self { action: edit.action, name: header::name("key", &edit.key)?, value })
    }

    async fn apply(&self, headers: &mut HeaderMap) {
        let value = match &self.value {
            Source::Written(value) => Some(value.clone()),
            Source::File(file) => Some(file.get().await.as_ref().clone()),
            Source::Nothing => None,
        };
        match (self.action, value, headers.entry(self.name.clone())) {
            (Action::Insert | Action::Upsert, Some(value), Entry::Vacant(entry)) => {
                entry.insert(value);
            }
            (Action::Update | Action::Upsert, Some(value), Entry::Occupied(mut entry)) => {
                entry.insert(value);
            }
            (Action::Delete, _, Entry::Occupied(entry)) => {
                entry.remove_entry_mult();
            }
            (Action::Insert | Action::Update | Action::Upsert | Action::Delete, _, _) => {}
        }
    }
}

#[async_trait]
impl ClientAuth for Setter {
    async fn authenticate(&self, headers: &mut HeaderMap) -> Result<(), AuthError> {
        for step in &self.steps {
            step.apply(headers).await;
        }
        match &self.then {
            Some(then) => then.authenticate(headers).await,
            None => Ok(()),
        }
    }

    async fn refused(&self, sent: &HeaderMap) -> bool {
        let mut changed = false;
        for step in &self.steps {
            if let Source::File(file) = &step.value {
                changed |= sent.get(&step.name) != Some(file.get_now().await.as_ref());
            }
        }
        match &self.then {
            Some(then) => then.refused(sent).await || changed,
            None => changed,
        }
    }
}
