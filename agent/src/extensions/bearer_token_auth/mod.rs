//! Authenticates by a token that both sides know: puts it into requests that go out, wants it in those that come in. A token in a
//! file is read again when the file changes.

mod config;
mod extension;
#[cfg(test)]
mod tests;
mod tokens;

pub(super) use extension::BearerTokenAuth;
