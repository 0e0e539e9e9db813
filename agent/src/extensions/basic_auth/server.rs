//! Requests that come in.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgewatch_core::auth::{Denied, ServerAuth};
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::BuildContext;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio::sync::Semaphore;

use super::super::fresh_file::FreshFile;
use super::config::Htpasswd;
use super::memory::{Mark, Memory};
use super::users::Users;

/// Requests that may wait for their credentials to be checked. More are told to come back: somebody is guessing, and those whose
/// credentials are known pass by.
const WAITING: usize = 32;

/// The users who may send.
pub(super) struct Server {
    users: Source,
    memory: Memory,
    /// Of those who wait, the one being checked included.
    queue: Semaphore,
    /// One at a time: guessing shall not take more than one core.
    turn: Semaphore,
}

enum Source {
    Written(Arc<Users>),
    File(FreshFile<Users>),
}

impl Server {
    pub(super) fn new(settings: &Htpasswd, context: &BuildContext) -> Result<Self, ConfigError> {
        let inline = settings.inline.clone();
        let users = if settings.file.is_empty() {
            let users = Users::read(inline.expose(), "").map_err(|fact| ConfigError::new("inline", fact))?;
            Source::Written(Arc::new(users))
        } else {
            let parse = move |text: &str| Users::read(text, inline.expose());
            Source::File(FreshFile::open("file", &settings.file, context, parse)?)
        };
        let memory = Memory::new();
        let memory = memory.ok_or_else(|| ConfigError::new("", "the system gives no random numbers"))?;
        Ok(Self { users, memory, queue: Semaphore::new(WAITING), turn: Semaphore::new(1) })
    }

    async fn check(
        &self,
        users: Arc<Users>,
        mark: Mark,
        user: &str,
        password: Vec<u8>,
    ) -> Result<bool, Denied> {
        let found = users.find(user);
        let Some(known) = found.or(users.decoy()) else { return Ok(false) };
        let exists = found.is_some();
        if !known.is_slow() {
            return Ok(known.is(&password));
        }
        let _place = self.queue.try_acquire().map_err(|_| Denied::Busy)?;
        let _turn = self.turn.acquire().await.map_err(|_| Denied::Busy)?;
        // Requests with the same credentials may have waited for the same answer.
        if let Some(right) = self.memory.recall(&users, mark) {
            return Ok(right);
        }
        let known = known.clone();
        let checked = tokio::task::spawn_blocking(move || known.is(&password)).await;
        let right = checked.map_err(|_| Denied::Busy)? && exists;
        self.memory.keep(&users, mark, right);
        Ok(right)
    }
}

#[async_trait]
impl ServerAuth for Server {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let Some(header) = headers.get(AUTHORIZATION) else {
            return Err(Denied::Credentials("no credentials were sent"));
        };
        let users = match &self.users {
            Source::Written(users) => Arc::clone(users),
            Source::File(file) => file.get().await,
        };
        let mark = self.memory.mark(header.as_bytes());
        let right = match self.memory.recall(&users, mark) {
            Some(right) => right,
            None => {
                let (user, password) = pair(header.as_bytes())
                    .ok_or(Denied::Credentials("the header is not of the form that Basic has"))?;
                self.check(users, mark, &user, password).await?
            }
        };
        if right { Ok(()) } else { Err(Denied::Credentials("user and password do not fit")) }
    }

    fn challenge(&self) -> &'static str {
        "Basic realm=\"edgewatch\", charset=\"UTF-8\""
    }
}

/// User and password out of `Basic <base64>` (RFC 7617).
fn pair(header: &[u8]) -> Option<(String, Vec<u8>)> {
    let (scheme, encoded) = header.split_at_checked("Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim_ascii()).ok()?;
    let colon = decoded.iter().position(|&byte| byte == b':')?;
    let (user, password) = decoded.split_at_checked(colon)?;
    Some((String::from_utf8(user.to_vec()).ok()?, password.get(1..)?.to_vec()))
}
