use std::io;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_proto::json;

use super::config::{Compression, Format};

/// Level of compression: zstd's own default, which is the Collector's as well.
const LEVEL: i32 = 3;

/// Buffers larger than this are not kept for the next batch.
const KEPT: usize = 1 << 20;

/// How records are told apart in the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Framing {
    /// Each is a line.
    Lines,
    /// Each stands after its length in four bytes, big endian.
    Lengths,
}

impl Framing {
    pub(super) const fn of(format: Format, compression: Compression) -> Self {
        match (format, compression) {
            (Format::Json, Compression::None) => Self::Lines,
            (Format::Json, Compression::Zstd) | (Format::Proto, _) => Self::Lengths,
        }
    }
}

/// Turns batches into records.
pub(super) struct Framer {
    format: Format,
    compressor: Option<zstd::bulk::Compressor<'static>>,
    plain: Vec<u8>,
    compressed: Vec<u8>,
    length: [u8; 4],
}

impl Framer {
    pub(super) fn new(format: Format, compression: Compression) -> io::Result<Self> {
        let compressor = match compression {
            Compression::None => None,
            Compression::Zstd => Some(zstd::bulk::Compressor::new(LEVEL)?),
        };
        Ok(Self { format, compressor, plain: Vec::new(), compressed: Vec::new(), length: [0; 4] })
    }

    /// The parts of the record of a batch, in order.
    ///
    /// # Errors
    ///
    /// `InvalidData` when the batch cannot be written in this format at all.
    pub(super) fn frame<'a>(
        &'a mut self,
        signal: Signal,
        segments: &'a [Bytes],
    ) -> io::Result<Vec<&'a [u8]>> {
        self.forget_large();
        self.plain.clear();
        match (self.format, &mut self.compressor) {
            (Format::Proto, None) => {
                self.length = length(segments.iter().map(Bytes::len).sum())?;
                let segments = segments.iter().map(|segment| &**segment);
                return Ok(std::iter::once(self.length.as_slice()).chain(segments).collect());
            }
            (Format::Json, None) => {
                encode_json(signal, segments, &mut self.plain)?;
                self.plain.push(b'\n');
                return Ok(vec![&self.plain]);
            }
            (Format::Json, Some(_)) => encode_json(signal, segments, &mut self.plain)?,
            (Format::Proto, Some(_)) => {
                segments.iter().for_each(|segment| self.plain.extend_from_slice(segment))
            }
        }
        if let Some(compressor) = &mut self.compressor {
            self.compressed = compressor.compress(&self.plain)?;
        }
        self.length = length(self.compressed.len())?;
        Ok(vec![&self.length, &self.compressed])
    }

    fn forget_large(&mut self) {
        if self.plain.capacity() > KEPT {
            self.plain = Vec::new();
        }
    }
}

fn encode_json(signal: Signal, segments: &[Bytes], out: &mut Vec<u8>) -> io::Result<()> {
    json::encode_segments(signal, segments.iter().map(|segment| &**segment), out)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn length(bytes: usize) -> io::Result<[u8; 4]> {
    let length = u32::try_from(bytes);
    length.map(u32::to_be_bytes).map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "the batch is larger than 4 GiB, which four bytes cannot tell",
        )
    })
}
