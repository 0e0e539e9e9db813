//! Lines on their way out, written as OTLP.

use std::fs::Metadata;
use std::path::Path;

use bytes::Bytes;
use edgewatch_proto::encode::LogsWriter;

use super::attributes::{Labels, RECORD_NUMBER, RECORD_OFFSET, labels};
use super::config::Config;
use crate::tailing::{Body, Record, Records, Tag};

/// Records of one batch at most. The Collector has 100; a batch costs more than a record, and it is small either way.
const MAX_RECORDS: usize = 1000;

/// Bytes of one batch at most, unless a single record is larger.
const MAX_BYTES: usize = 256 * 1024;

/// Makes log records of lines.
#[derive(Debug)]
pub(super) struct Lines {
    config: Config,
    writer: LogsWriter,
}

impl Lines {
    pub(super) fn new(config: &Config) -> Self {
        let resource = config.resource.clone();
        let describe = |attributes: &mut edgewatch_proto::encode::Attributes<'_>| {
            for (key, value) in &resource {
                attributes.string(key, value);
            }
        };
        // No scope, as in the Collector.
        Self { writer: LogsWriter::new(describe, "", ""), config: config.clone() }
    }
}

impl Records for Lines {
    type Labels = Labels;

    fn labels(&self, _tag: Tag, path: &Path, metadata: &Metadata) -> Labels {
        labels(&self.config, path, metadata)
    }

    #[inline]
    fn record(&mut self, labels: &Labels, Record { number, offset, observed, body }: Record<'_>) {
        let (with_number, with_offset) =
            (self.config.include_file_record_number, self.config.include_file_record_offset);
        self.writer.record(|record| {
            match body {
                Body::Text(text) | Body::Mended(text) => record.body(text),
                Body::Bytes(bytes) => record.body_value(|value| value.bytes(bytes)),
                Body::Empty => {}
            }
            let mut attributes = record.attributes();
            for (key, value) in labels {
                attributes.string(key, value);
            }
            if with_number {
                attributes.int(RECORD_NUMBER, number.cast_signed());
            }
            if with_offset {
                attributes.int(RECORD_OFFSET, offset.cast_signed());
            }
            record.observed_time(observed);
        });
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.writer.records() >= MAX_RECORDS || self.writer.bytes() >= MAX_BYTES
    }

    fn bytes(&self) -> usize {
        self.writer.bytes()
    }

    fn finish(&mut self) -> (Bytes, usize) {
        let items = self.writer.records();
        (self.writer.finish(), items)
    }
}
