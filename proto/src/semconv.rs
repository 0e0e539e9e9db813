//! semconv.
