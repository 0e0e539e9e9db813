//! Who may talk to whom: certificates that change under load, and every way to prove who one is.

mod authenticators;
mod certificates;
mod oauth2;
mod scene;
mod token_server;
