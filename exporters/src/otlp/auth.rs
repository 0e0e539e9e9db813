//! Credentials of requests, from an extension.

use std::borrow::Cow;
use std::sync::Arc;

use edgewatch_core::auth::ClientAuth;
use edgewatch_core::config::ConfigError;
use edgewatch_core::exporter::ExportError;
use edgewatch_core::extension::{Service, Use};
use edgewatch_core::factory::BuildContext;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::unreachable;

/// Settings of `auth`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Auth {
    /// Id of the extension that authenticates requests, such as `oauth2_client`.
    authenticator: String,
}

impl Auth {
    /// The extension that it names.
    pub(crate) fn uses(auth: Option<&Self>) -> Vec<Use> {
        let named = auth.filter(|auth| !auth.authenticator.is_empty());
        let used = |auth: &Self| Use::new("auth.authenticator", &auth.authenticator, Service::ClientAuth);
        named.map(used).into_iter().collect()
    }
}

/// Puts credentials into the headers of requests; without an authenticator leaves them as they are.
#[derive(Clone, Default)]
pub(crate) struct Credentials(Option<Arc<dyn ClientAuth>>);

impl Credentials {
    /// Those of the extension that `auth` names.
    pub(crate) fn of(auth: Option<&Auth>, context: &BuildContext) -> Result<Self, ConfigError> {
        let Some(Auth { authenticator }) = auth.filter(|auth| !auth.authenticator.is_empty()) else {
            return Ok(Self::default());
        };
        context.offered.client_auth("auth.authenticator", authenticator).map(|auth| Self(Some(auth)))
    }

    /// The headers of a request to `destination` that is made now: `headers`, or what the authenticator makes of them.
    pub(crate) async fn add_to<'a>(
        &self,
        headers: &'a HeaderMap,
        destination: &str,
    ) -> Result<Cow<'a, HeaderMap>, ExportError> {
        let Some(auth) = &self.0 else { return Ok(Cow::Borrowed(headers)) };
        let mut headers = headers.clone();
        let authenticated = auth.authenticate(&mut headers).await;
        authenticated.map_err(|error| unreachable(destination, format!("no credentials for it: {error}")))?;
        Ok(Cow::Owned(headers))
    }

    /// The destination refused a request with the headers `sent`. Whether to try with other credentials.
    pub(crate) async fn renew(&self, sent: &HeaderMap) -> bool {
        match &self.0 {
            Some(auth) => auth.refused(sent).await,
            None => false,
        }
    }
}
