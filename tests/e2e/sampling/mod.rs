//! Which traces reach the backend, and which do not.

mod consistent;
mod tail;

use std::collections::{BTreeMap, BTreeSet};

use edgewatch_tests::sink::Receipts;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

/// A trace id in hexadecimal.
type Id = String;

/// The spans that arrived, by trace.
fn arrived(receipts: &Receipts) -> BTreeMap<Id, Vec<Span>> {
    let mut traces = BTreeMap::<Id, Vec<Span>>::new();
    let requests = receipts.traces().unwrap_or_default().into_iter();
    let scopes =
        requests.flat_map(|request| request.resource_spans).flat_map(|resource| resource.scope_spans);
    for span in scopes.flat_map(|scope| scope.spans) {
        traces.entry(hexadecimal(&span.trace_id)).or_default().push(span);
    }
    traces
}

fn ids(receipts: &Receipts) -> BTreeSet<Id> {
    arrived(receipts).into_keys().collect()
}

fn hexadecimal(id: &[u8]) -> Id {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The id of trace `number`: random, and the same in each run.
fn id(number: u64) -> Vec<u8> {
    let mixed = |number: u64| {
        let mut bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    };
    [mixed(2 * number + 1), mixed(2 * number + 2)].map(u64::to_be_bytes).concat()
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }],
    }
}

fn span(trace: u64, name: &str) -> Span {
    Span { trace_id: id(trace), span_id: vec![2; 8], name: name.to_owned(), ..Span::default() }
}
