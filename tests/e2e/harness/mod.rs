//! The harness itself: backend, clients and agent handle do what the stories rely on.

mod agent;
mod backend;
mod jvms;
mod tomcats;
