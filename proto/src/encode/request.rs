//! What the requests of all signals have in common: resources and scopes around items.

use std::marker::PhantomData;

use super::Attributes;
use super::buffer::{close, open, put_bytes_unless_empty, put_message};

/// Field of the requests: `resource_spans`, `resource_metrics` and `resource_logs`.
pub(super) const RESOURCES: u32 = 1;
/// Field of `ResourceSpans`, `ResourceMetrics` and `ResourceLogs`.
const RESOURCE: u32 = 1;
/// Field of the same: `scope_spans`, `scope_metrics` and `scope_logs`.
pub(super) const SCOPES: u32 = 2;
/// Field of the same and of `ScopeSpans`, `ScopeMetrics` and `ScopeLogs`.
const SCHEMA_URL: u32 = 3;
const RESOURCE_ATTRIBUTES: u32 = 1;
/// Field of `ScopeSpans`, `ScopeMetrics` and `ScopeLogs`.
const SCOPE: u32 = 1;
const SCOPE_NAME: u32 = 1;
const SCOPE_VERSION: u32 = 2;
const SCOPE_ATTRIBUTES: u32 = 3;

/// Which items a request carries: [`Metrics`], [`Logs`] or [`Traces`].
pub trait Kind: sealed::Items {}

/// Requests of metrics.
#[derive(Clone, Copy, Debug)]
pub enum Metrics {}

/// Requests of log records.
#[derive(Clone, Copy, Debug)]
pub enum Logs {}

/// Requests of spans.
#[derive(Clone, Copy, Debug)]
pub enum Traces {}

impl<T: sealed::Items> Kind for T {}

pub(super) mod sealed {
    /// How the items of a scope are written.
    pub trait Items {
        /// Writes items into a scope, for as long as the buffer is lent to it.
        type Scope<'a>;

        /// A writer for the scope that is open at the end of `buf`; it adds what it writes to `items`.
        fn scope<'a>(buf: &'a mut Vec<u8>, items: &'a mut usize) -> Self::Scope<'a>;
    }
}

/// A request that is being written.
#[derive(Debug)]
pub struct Request<'a, K> {
    buf: &'a mut Vec<u8>,
    items: usize,
    kind: PhantomData<K>,
}

impl<'a, K: Kind> Request<'a, K> {
    /// Writes one request and returns how many items it holds.
    pub(super) fn write(buf: &'a mut Vec<u8>, write: impl FnOnce(&mut Self)) -> usize {
        let mut request = Self { buf, items: 0, kind: PhantomData };
        write(&mut request);
        request.items
    }

    /// Adds a resource: its attributes (`describe`), its schema URL (empty: none) and its scopes (`fill`).
    pub fn resource(
        &mut self,
        schema_url: &str,
        describe: impl FnOnce(&mut Attributes<'_>),
        fill: impl FnOnce(&mut Resource<'_, K>),
    ) {
        let before = self.items;
        unless_empty(self.buf, RESOURCES, |buf| {
            put_resource(buf, describe);
            fill(&mut Resource { buf, items: &mut self.items, kind: PhantomData });
            put_bytes_unless_empty(buf, SCHEMA_URL, schema_url.as_bytes());
            self.items > before
        });
    }
}

/// A resource that is being written: holds scopes.
#[derive(Debug)]
pub struct Resource<'a, K> {
    buf: &'a mut Vec<u8>,
    items: &'a mut usize,
    kind: PhantomData<K>,
}

impl<K: Kind> Resource<'_, K> {
    /// Adds an instrumentation scope (the part of a program that speaks) and its items (`fill`).
    pub fn scope(&mut self, name: &str, version: &str, fill: impl FnOnce(&mut K::Scope<'_>)) {
        self.scope_with(name, version, "", |_| {}, fill);
    }

    /// Adds an instrumentation scope that has a schema URL (empty: none) or attributes (`describe`).
    pub fn scope_with(
        &mut self,
        name: &str,
        version: &str,
        schema_url: &str,
        describe: impl FnOnce(&mut Attributes<'_>),
        fill: impl FnOnce(&mut K::Scope<'_>),
    ) {
        let before = *self.items;
        unless_empty(self.buf, SCOPES, |buf| {
            put_scope(buf, name, version, describe);
            fill(&mut K::scope(buf, self.items));
            put_bytes_unless_empty(buf, SCHEMA_URL, schema_url.as_bytes());
            *self.items > before
        });
    }
}

/// Appends a `Resource` message as field 1.
pub(super) fn put_resource(buf: &mut Vec<u8>, describe: impl FnOnce(&mut Attributes<'_>)) {
    put_message(buf, RESOURCE, |buf| describe(&mut Attributes::new(buf, RESOURCE_ATTRIBUTES)));
}

/// Appends an `InstrumentationScope` message as field 1.
pub(super) fn put_scope(
    buf: &mut Vec<u8>,
    name: &str,
    version: &str,
    describe: impl FnOnce(&mut Attributes<'_>),
) {
    put_message(buf, SCOPE, |buf| {
        put_bytes_unless_empty(buf, SCOPE_NAME, name.as_bytes());
        put_bytes_unless_empty(buf, SCOPE_VERSION, version.as_bytes());
        describe(&mut Attributes::new(buf, SCOPE_ATTRIBUTES));
    });
}

/// Appends a message field, and takes it back if `write` says that there is nothing in it.
pub(super) fn unless_empty(buf: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>) -> bool) {
    let before = buf.len();
    let start = open(buf, field);
    if write(buf) {
        close(buf, start);
    } else {
        buf.truncate(before);
    }
}
