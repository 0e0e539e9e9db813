//! The token that all requests share, and when another one is fetched.

use std::time::Duration;

use async_trait::async_trait;
use edgewatch_core::auth::{AuthError, ClientAuth};
use edgewatch_core::telemetry::{Counter, Telemetry};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::token::Token;

/// Pause after a failure, in which requests are told of it instead of asking the server again.
const PAUSE: Duration = Duration::from_secs(1);

/// Between two tokens that are replaced because they were refused: a destination that refuses everything must not make a flood of
/// requests for tokens.
const RENEWAL: Duration = Duration::from_secs(10);

/// Shared by those who use tokens and the task that fetches them.
pub(super) struct Keeper {
    state: watch::Sender<State>,
    wanted: Notify,
    fetched: Counter,
    failed: Counter,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    failure: Option<Failure>,
    /// When a token was replaced last because it was refused.
    renewed_at: Option<Instant>,
    /// How many times the server has been asked.
    attempts: u64,
}

struct Failure {
    reason: String,
    at: Instant,
}

/// What a request finds.
enum Standing {
    Fresh(HeaderValue),
    /// To be used, and to be replaced.
    Aging(HeaderValue),
    Failed(String),
    /// Nothing yet, after so many attempts.
    Missing(u64),
}

impl Keeper {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            state: watch::Sender::default(),
            wanted: Notify::new(),
            fetched: telemetry.counter(
                "edgewatch_oauth2_tokens",
                "{tokens}",
                "Tokens that the authorization server has issued.",
            ),
            failed: telemetry.counter(
                "edgewatch_oauth2_token_failures",
                "{requests}",
                "Requests for a token that failed.",
            ),
        }
    }

    /// Fetches tokens when they are wanted, until `stop` fires.
    pub(super) async fn keep<F>(&self, fetch: impl Fn() -> F, stop: &CancellationToken)
    where
        F: Future<Output = Result<Token, String>>,
    {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wanted.notified() => {}
            }
            if !self.needs_one() {
                continue;
            }
            let outcome = tokio::select! {
                () = stop.cancelled() => return,
                outcome = fetch() => outcome,
            };
            self.settle(outcome);
        }
    }

    /// What was wanted may have come meanwhile.
    fn needs_one(&self) -> bool {
        let state = self.state.borrow();
        let now = Instant::now();
        let fresh = matches!(state.standing(now), Standing::Fresh(_));
        !fresh && !state.failure.as_ref().is_some_and(|failure| failure.is_recent(now))
    }

    fn settle(&self, outcome: Result<Token, String>) {
        match outcome {
            Ok(token) => {
                self.fetched.add(1);
                self.state.send_modify(|state| {
                    state.token = Some(token);
                    state.failure = None;
                    state.attempts += 1;
                });
            }
            Err(reason) => {
                self.failed.add(1);
                warn!(reason, "no token could be fetched");
                self.state.send_modify(|state| {
                    state.failure = Some(Failure { reason, at: Instant::now() });
                    state.attempts += 1;
                });
            }
        }
    }
}

impl State {
    fn standing(&self, now: Instant) -> Standing {
        let past = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        match (&self.token, &self.failure) {
            (Some(token), _) if !past(token.ends_at) => match past(token.renew_at) {
                true => Standing::Aging(token.header.clone()),
                false => Standing::Fresh(token.header.clone()),
            },
            (_, Some(failure)) if failure.is_recent(now) => Standing::Failed(failure.reason.clone()),
            (_, _) => Standing::Missing(self.attempts),
        }
    }
}

impl Failure {
    fn is_recent(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) < PAUSE
    }
}

#[async_trait]
impl ClientAuth for Keeper {
    async fn authenticate(&self, headers: &mut HeaderMap) -> Result<(), AuthError> {
        let standing = self.state.borrow().standing(Instant::now());
        let value = match standing {
            Standing::Fresh(value) => value,
            Standing::Aging(value) => {
                self.wanted.notify_one();
                value
            }
            Standing::Failed(reason) => return Err(AuthError(reason)),
            Standing::Missing(attempts) => self.next(attempts).await?,
        };
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    async fn refused(&self, sent: &HeaderMap) -> bool {
        let sent = sent.get(AUTHORIZATION);
        let mut renews = true;
        self.state.send_if_modified(|state| {
            match &state.token {
                Some(token) if Some(&token.header) == sent => {
                    renews = state.renewed_at.is_none_or(|at| at.elapsed() >= RENEWAL);
                    if renews {
                        state.token = None;
                        state.renewed_at = Some(Instant::now());
                    }
                }
                // Another request has seen to it.
                Some(_) | None => {}
            }
            // Nobody waits for a token to go.
            false
        });
        renews
    }
}

impl Keeper {
    /// The outcome of the next attempt.
    async fn next(&self, attempts: u64) -> Result<HeaderValue, AuthError> {
        let mut news = self.state.subscribe();
        self.wanted.notify_one();
        let state = news.wait_for(|state| state.attempts > attempts).await;
        let stopped = || AuthError("the agent stops".to_owned());
        match state.map_err(|_| stopped())?.standing(Instant::now()) {
            Standing::Fresh(value) | Standing::Aging(value) => Ok(value),
            Standing::Failed(reason) => Err(AuthError(reason)),
            Standing::Missing(_) => Err(AuthError("the token that was issued has ended already".to_owned())),
        }
    }
}
