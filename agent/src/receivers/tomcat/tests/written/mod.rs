//! What Tomcats write: recorded files of releases 9.0, 10.1 and 11.0, and what is made of them.

mod configuration;
mod counted;
mod encoded;
mod server;
