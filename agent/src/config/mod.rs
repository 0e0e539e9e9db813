//! From the texts of a configuration to a plan of typed components, every problem reported in one run.
//!
//! [`load()`] is the way in: [`edgewatch_core::config`] reads the texts into one tree; [`sections`](self) looks up and reads every
//! component, used or not; [`pipelines`](self) connects them by their ids, processors with what they [derive](self) included; [`uses`](self)
//! checks the extensions that components name. [`example()`] and [`schema()`] describe what may be written;
//! they are made from the same component types.

mod collector;
mod components;
mod derived;
mod example;
mod id;
mod load;
mod order;
mod pipelines;
mod routers;
mod schema;
mod sections;
mod service;
pub mod telemetry;
#[cfg(test)]
mod tests;
mod uses;

pub use components::{Components, listing};
pub use example::example;
pub use load::{Config, Outcome, load};
pub use schema::schema;
