//! What a JVM reports about itself.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What the MXBeans of `Probe` say.
#[derive(Clone, Debug, Deserialize)]
pub struct Beans {
    /// Memory pools by name.
    pub pools: BTreeMap<String, Pool>,
    /// Garbage collectors by name.
    pub collectors: BTreeMap<String, Collector>,
    /// Live threads, daemons included.
    pub threads: f64,
    /// Live daemon threads.
    pub daemons: f64,
    /// Classes loaded now.
    pub classes: f64,
    /// Classes loaded since the start.
    pub loaded: f64,
    /// Classes unloaded since the start.
    pub unloaded: f64,
    /// When it started, in milliseconds since the epoch.
    pub start: f64,
    /// Its age in milliseconds.
    pub uptime: f64,
    /// `java.runtime.version`.
    pub version: String,
    /// `java.version`.
    pub release: String,
    /// `java.runtime.name`.
    pub name: String,
    /// Processors that it may use.
    pub processors: f64,
    /// CPU time in nanoseconds.
    pub cpu_nanos: f64,
    /// Open file descriptors.
    pub descriptors: f64,
    /// Most open file descriptors.
    pub descriptor_limit: f64,
}

/// A memory pool.
#[derive(Clone, Debug, Deserialize)]
pub struct Pool {
    /// `HEAP` or `NON_HEAP`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Now.
    pub usage: Usage,
    /// After the last collection.
    pub collection: Option<Usage>,
}

/// Bytes; -1 where there is no such value.
#[derive(Clone, Copy, Debug, Deserialize)]
#[expect(missing_docs, reason = "these are the names of java.lang.management.MemoryUsage")]
pub struct Usage {
    pub init: f64,
    pub used: f64,
    pub committed: f64,
    pub max: f64,
}

/// A garbage collector.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Collector {
    /// Collections so far.
    pub count: u64,
    /// Their time in milliseconds.
    pub millis: f64,
}
