//! Writes telemetry to a file: OTLP/JSON, one batch to a line, or protobuf with the length before each batch.
//!
//! Encoding, compression and writing happen on a helper thread. A batch counts as delivered when the system
//! has taken all of it. When only a part could be written, the file is cut back to where it was, so that a
//! full disk leaves no broken line behind; what a crash left broken is cut off when the file is opened again.

mod appender;
mod config;
mod exporter;
mod frame;
mod probe;
mod recovery;
mod rotation;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use exporter::FileExporter;
