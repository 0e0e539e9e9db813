//! Names of OpenTelemetry's semantic conventions that this repository uses.
//!
//! Attribute names are constants in modules that are named as their first part: [`resource::host::NAME`] is `host.name`.
//! [`metric`] has the metrics about hosts and processes with unit and kind. All are from the registry
//! (<https://github.com/open-telemetry/semantic-conventions/tree/main/model>); what is the Collector's own says so.

pub mod item;
pub mod metric;
pub mod resource;

#[cfg(test)]
mod tests;
