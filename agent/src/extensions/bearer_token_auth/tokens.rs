//! Tokens as they stand in headers.

use http::HeaderValue;
use subtle::{Choice, ConstantTimeEq};

use super::super::header;

/// At least one token.
pub(super) struct Tokens {
    /// Empty: the value of the header is the token.
    scheme: String,
    /// The value of the header with the first token.
    first: HeaderValue,
    all: Vec<Vec<u8>>,
}

impl Tokens {
    /// The tokens that are not empty, behind `scheme`.
    pub(super) fn new<'a>(scheme: &str, tokens: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let tokens: Vec<&str> = tokens.map(str::trim).filter(|token| !token.is_empty()).collect();
        let value = |token: &str| match scheme {
            "" => header::value(token),
            scheme => header::value(&format!("{scheme} {token}")),
        };
        let values: Result<Vec<_>, _> = tokens.iter().map(|token| value(token)).collect();
        let first = values?.into_iter().next().ok_or("holds no token")?;
        let all = tokens.iter().map(|token| token.as_bytes().to_vec()).collect();
        Ok(Self { scheme: scheme.to_owned(), first, all })
    }

    /// What to send.
    pub(super) fn first(&self) -> &HeaderValue {
        &self.first
    }

    /// Whether `value` carries one of the tokens. Takes the same time for each of them.
    pub(super) fn contain(&self, value: &HeaderValue) -> bool {
        let Some(token) = self.token(value.as_bytes()) else { return false };
        let none = Choice::from(0);
        self.all.iter().fold(none, |found, known| found | known.as_slice().ct_eq(token)).into()
    }

    fn token<'a>(&self, value: &'a [u8]) -> Option<&'a [u8]> {
        if self.scheme.is_empty() {
            return Some(value);
        }
        // Schemes are compared without case (RFC 9110 section 11.1).
        let (scheme, rest) = value.split_at_checked(self.scheme.len())?;
        let token = rest.strip_prefix(b" ")?;
        scheme.eq_ignore_ascii_case(self.scheme.as_bytes()).then(|| token.trim_ascii_start())
    }
}
