//! A token, and the answer that it comes in.

use std::time::Duration;

use http::HeaderValue;
use serde::Deserialize;
use tokio::time::Instant;

use super::super::header;

/// Longest text of the server's own that is shown.
const SHOWN: usize = 200;

/// What goes into requests, and for how long.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// The value of `Authorization`.
    pub(super) header: HeaderValue,
    /// When to fetch another one.
    pub(super) renew_at: Option<Instant>,
    /// When it is of no use any more.
    pub(super) ends_at: Option<Instant>,
}

/// A success (RFC 6749 section 5.1).
#[derive(Deserialize)]
struct Issued {
    access_token: String,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    expires_in: Option<Seconds>,
}

/// A number, which some servers write as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

/// A failure (RFC 6749 section 5.2).
#[derive(Default, Deserialize)]
struct Refused {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Token {
    /// Reads the answer of success that came at `now`, for tokens that are replaced `buffer` before their end. The error does not show
    /// the answer.
    pub(super) fn read(answer: &[u8], buffer: Duration, now: Instant) -> Result<Self, String> {
        let issued: Issued = serde_json::from_slice(answer).map_err(|_| {
            "the answer of the authorization server is not JSON with an access_token".to_owned()
        })?;
        if issued.access_token.is_empty() {
            return Err("the authorization server gave an empty access_token".to_owned());
        }
        // Go's clients write the scheme with a capital whatever the server says, and some destinations insist.
        let scheme = match issued.token_type.as_str() {
            "" => "Bearer",
            other if other.eq_ignore_ascii_case("bearer") => "Bearer",
            other => other,
        };
        let header = header::value(&format!("{scheme} {}", issued.access_token))
            .map_err(|fact| format!("the token {fact}"))?;
        let life = issued.expires_in.as_ref().and_then(Seconds::get);
        let at = |life: Duration| now.checked_add(life);
        Ok(Self {
            header,
            renew_at: life.and_then(|life| at(life - buffer.min(life / 2))),
            ends_at: life.and_then(at),
        })
    }
}

impl Seconds {
    /// Zero and what makes no sense count as not said.
    fn get(&self) -> Option<Duration> {
        let seconds = match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.trim().parse().ok()?,
        };
        Duration::try_from_secs_f64(seconds).ok().filter(|life| !life.is_zero())
    }
}

/// What the server says of its refusal: the code of OAuth and its explanation, nothing else of the answer.
pub(super) fn refusal(status: u16, answer: &[u8]) -> String {
    let Refused { error, error_description } = serde_json::from_slice(answer).unwrap_or_default();
    let said = [error, error_description].into_iter().filter(|text| !text.is_empty());
    let said: Vec<String> = said.map(|text| text.chars().take(SHOWN).collect()).collect();
    let separator = if said.is_empty() { "" } else { ": " };
    format!("the authorization server answered HTTP {status}{separator}{}", said.join(": "))
}
