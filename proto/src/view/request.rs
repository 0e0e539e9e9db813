//! Requests, of one signal or of any.

use super::message::{field_type, field_value, read_field, view};
use super::{InstrumentationScope, Resource, ResourceLogs, ResourceMetrics, ResourceSpans};

view! {
    /// What `TraceService/Export` takes.
    ExportTraceServiceRequest {
        /// Spans by resource.
        resource_spans: repeated ResourceSpans = 1,
    }
}

view! {
    /// What `MetricsService/Export` takes.
    ExportMetricsServiceRequest {
        /// Metrics by resource.
        resource_metrics: repeated ResourceMetrics = 1,
    }
}

view! {
    /// What `LogsService/Export` takes.
    ExportLogsServiceRequest {
        /// Log records by resource.
        resource_logs: repeated ResourceLogs = 1,
    }
}

view! {
    /// A request of any signal, down to its scopes: so far they all look alike.
    Request {
        /// The items by resource.
        resources: repeated ResourceItems = 1,
    }
}

view! {
    /// A `ResourceSpans`, `ResourceMetrics` or `ResourceLogs`.
    ResourceItems {
        /// The resource, if known.
        resource: message Resource = 1,
        /// Its items by scope.
        scopes: repeated ScopeItems = 2,
        /// Schema of the resource.
        schema_url: str = 3,
    }
}

view! {
    /// A `ScopeSpans`, `ScopeMetrics` or `ScopeLogs`.
    ScopeItems {
        /// The scope, if known.
        scope: message InstrumentationScope = 1,
        /// Schema of the scope and its items.
        schema_url: str = 3,
    }
}
