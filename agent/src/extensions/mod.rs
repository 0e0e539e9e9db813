//! Everything that serves the agent itself.

mod basic_auth;
mod bearer_token_auth;
mod file_storage;
mod fresh_file;
mod header;
mod headers_setter;
mod health_check;
mod oauth2_client;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use edgewatch_core::factory::ExtensionFactory;

/// Every extension in this build, in alphabetical order.
pub const EXTENSIONS: &[ExtensionFactory] = &[
    ExtensionFactory::of::<basic_auth::BasicAuth>(),
    ExtensionFactory::of::<bearer_token_auth::BearerTokenAuth>(),
    ExtensionFactory::of::<file_storage::FileStorage>(),
    ExtensionFactory::of::<headers_setter::HeadersSetter>(),
    ExtensionFactory::of::<health_check::HealthCheck>(),
    ExtensionFactory::of::<oauth2_client::OAuth2Client>(),
];
