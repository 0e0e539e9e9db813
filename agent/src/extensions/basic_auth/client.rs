//! Requests that go out.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgewatch_core::auth::{AuthError, ClientAuth};
use edgewatch_core::config::{ConfigError, Secret};
use edgewatch_core::factory::BuildContext;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::super::fresh_file::FreshFile;
use super::super::header;
use super::config;

/// One user.
pub(super) struct Client {
    username: Source,
    password: Source,
    /// The header, when nothing of it stands in a file.
    written: Option<HeaderValue>,
}

enum Source {
    Written(Secret),
    File(FreshFile<Secret>),
}

impl Client {
    pub(super) fn new(settings: &config::ClientAuth, context: &BuildContext) -> Result<Self, ConfigError> {
        let username = match settings.username_file.as_str() {
            "" => Source::Written(Secret::new(settings.username.as_str())),
            file => Source::File(FreshFile::open("username_file", file, context, name)?),
        };
        let password = match settings.password_file.as_str() {
            "" => Source::Written(settings.password.clone()),
            file => Source::File(FreshFile::open("password_file", file, context, |text| Ok(line(text)))?),
        };
        let written = match (&username, &password) {
            (Source::Written(username), Source::Written(password)) => {
                Some(header_of(username, password).map_err(|error| ConfigError::new("password", error.0))?)
            }
            (Source::File(_), _) | (_, Source::File(_)) => None,
        };
        Ok(Self { username, password, written })
    }
}

/// The text of a file without the end of its line.
fn line(text: &str) -> Secret {
    Secret::new(text.trim_end_matches(['\r', '\n']))
}

fn name(text: &str) -> Result<Secret, String> {
    let name = line(text);
    match name.expose() {
        "" => Err("holds no name".to_owned()),
        name if name.contains(':') => Err("holds a colon, which would end the name".to_owned()),
        _ => Ok(name),
    }
}

fn header_of(username: &Secret, password: &Secret) -> Result<HeaderValue, AuthError> {
    let pair = STANDARD.encode(format!("{}:{}", username.expose(), password.expose()));
    header::value(&format!("Basic {pair}")).map_err(AuthError)
}

impl Source {
    async fn get(&self) -> Secret {
        match self {
            Self::Written(text) => text.clone(),
            Self::File(file) => file.get().await.as_ref().clone(),
        }
    }

    async fn get_now(&self) -> Secret {
        match self {
            Self::Written(text) => text.clone(),
            Self::File(file) => file.get_now().await.as_ref().clone(),
        }
    }
}

#[async_trait]
impl ClientAuth for Client {
    async fn authenticate(&self, headers: &mut HeaderMap) -> Result<(), AuthError> {
        let value = match &self.written {
            Some(value) => value.clone(),
            None => header_of(&self.username.get().await, &self.password.get().await)?,
        };
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    async fn refused(&self, sent: &HeaderMap) -> bool {
        if self.written.is_some() {
            return false;
        }
        let now = header_of(&self.username.get_now().await, &self.password.get_now().await);
        now.is_ok_and(|now| sent.get(AUTHORIZATION) != Some(&now))
    }
}
