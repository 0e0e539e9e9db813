//! Tests of the receiver as a whole.

mod decoded;
mod logged;
mod receiver;
mod resource;
mod rounds;
mod settings;
mod world;
