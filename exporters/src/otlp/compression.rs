//! Compressing request bodies without holding up the lane.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use edgewatch_core::config::ConfigError;
use flate2::{Compress, FlushCompress, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use zstd::stream::raw::{self, CParameter, InBuffer, Operation, OutBuffer};

/// Bodies below this size are compressed at once: a thread would cost more than the compression.
const INLINE_BELOW: usize = 8 * 1024;

/// Bodies that are compressed at the same time by one exporter, and compression contexts that it keeps.
const PARALLEL: usize = 2;

/// Levels where the configuration has none. On batches of spans with ten attributes, level 2 of deflate took
/// a third of the time of level 6, the usual one, for a tenth more bytes; level 1 of zstd took a ninth of it
/// for as many bytes.
const DEFLATE_LEVEL: u32 = 2;
const ZSTD_LEVEL: u32 = 1;

/// 256 KiB: enough to find the repetitions of a batch, and half of what zstd takes by itself at level 1.
const ZSTD_WINDOW_LOG: u32 = 18;

/// Window and header of gzip and zlib: 32 KiB, the largest that all readers know.
const DEFLATE_WINDOW_BITS: u8 = 15;

/// How request bodies are compressed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Compression {
    /// gzip.
    #[default]
    Gzip,
    /// Zstandard: smaller than gzip at a third of its cost, where the destination reads it.
    Zstd,
    /// zlib (RFC 1950). Only over HTTP.
    Zlib,
    /// What HTTP calls deflate, which is zlib as well. Only over HTTP.
    Deflate,
    /// Not in this build.
    Snappy,
    /// Not in this build.
    XSnappyFramed,
    /// Not in this build.
    Lz4,
    /// No compression.
    #[serde(alias = "")]
    None,
}

/// Settings of `compression_params`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CompressionParams {
    /// Effort, from 1 (fast) to 9 (small) for gzip, zlib and deflate, and to 22 for zstd. Zero: what costs
    /// little for most of the effect, which is 2 for gzip, zlib and deflate, and 1 for zstd. Default: 0.
    pub(crate) level: u32,
}

/// Compresses bodies; shared by the exports of one exporter.
#[derive(Clone)]
pub(crate) struct Compressor {
    shared: Arc<Shared>,
}

struct Shared {
    codec: Codec,
    level: u32,
    contexts: Mutex<Vec<Context>>,
    permits: Arc<Semaphore>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Codec {
    Gzip,
    Zlib,
    Zstd,
}

/// What a compression needs again and again.
enum Context {
    Deflate(Box<Compress>),
    Zstd(raw::Encoder<'static>),
}

impl Compression {
    /// The name in `content-encoding` and `grpc-encoding`; `None` without compression.
    pub(crate) const fn encoding(self) -> Option<&'static str> {
        match self {
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
            Self::Zlib => Some("zlib"),
            Self::Deflate => Some("deflate"),
            Self::Snappy => Some("snappy"),
            Self::XSnappyFramed => Some("x-snappy-framed"),
            Self::Lz4 => Some("lz4"),
            Self::None => None,
        }
    }

    /// Checks that this build can do it at `level`.
    pub(crate) fn validate(self, params: &CompressionParams) -> Result<(), ConfigError> {
        let (name, most) = match self {
            Self::Gzip => ("gzip", 9),
            Self::Zlib => ("zlib", 9),
            Self::Deflate => ("deflate", 9),
            Self::Zstd => ("zstd", 22),
            Self::None => ("none", 0),
            Self::Snappy | Self::XSnappyFramed | Self::Lz4 => {
                let name = self.encoding().unwrap_or_default();
                let message = format!("{name} is not in this build; use zstd, gzip or none");
                return Err(ConfigError::new("compression", message));
            }
        };
        if params.level > most {
            let message = format!("{} is above {most}, the highest level of {name}", params.level);
            return Err(ConfigError::new("compression_params.level", message));
        }
        Ok(())
    }
}

impl Compressor {
    /// A compressor; `None` when nothing is to be compressed.
    pub(crate) fn new(compression: Compression, params: &CompressionParams) -> Option<Self> {
        let codec = match compression {
            Compression::Gzip => Codec::Gzip,
            Compression::Zstd => Codec::Zstd,
            Compression::Zlib | Compression::Deflate => Codec::Zlib,
            Compression::None | Compression::Snappy | Compression::XSnappyFramed | Compression::Lz4 => {
                return None;
            }
        };
        let level = match (params.level, codec) {
            (0, Codec::Gzip | Codec::Zlib) => DEFLATE_LEVEL,
            (0, Codec::Zstd) => ZSTD_LEVEL,
            (level, _) => level,
        };
        let shared =
            Shared { codec, level, contexts: Mutex::default(), permits: Arc::new(Semaphore::new(PARALLEL)) };
        Some(Self { shared: Arc::new(shared) })
    }

    /// `pieces` as one compressed body, made on another thread unless they are small.
    pub(crate) async fn compress(&self, pieces: &[Bytes]) -> io::Result<Bytes> {
        let size: usize = pieces.iter().map(Bytes::len).sum();
        if size < INLINE_BELOW {
            return self.shared.compress(pieces, size);
        }
        let permit = Arc::clone(&self.shared.permits).acquire_owned().await.map_err(io::Error::other)?;
        let shared = Arc::clone(&self.shared);
        let pieces = pieces.to_vec();
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            shared.compress(&pieces, size)
        });
        work.await.map_err(io::Error::other)?
    }
}

impl Shared {
    fn compress(&self, pieces: &[Bytes], size: usize) -> io::Result<Bytes> {
        let kept = self.contexts.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut context = match kept {
            Some(context) => context,
            None => self.context()?,
        };
        // A quarter is what telemetry usually shrinks to, at most.
        let mut output = Vec::with_capacity(size / 4 + 64);
        match &mut context {
            Context::Deflate(stream) => deflate(stream, pieces, &mut output)?,
            Context::Zstd(stream) => zstd(stream, pieces, &mut output)?,
        }
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        if contexts.len() < PARALLEL {
            contexts.push(context);
        }
        Ok(output.into())
    }

    fn context(&self) -> io::Result<Context> {
        let level = flate2::Compression::new(self.level);
        Ok(match self.codec {
            Codec::Gzip => Context::Deflate(Box::new(Compress::new_gzip(level, DEFLATE_WINDOW_BITS))),
            Codec::Zlib => {
                Context::Deflate(Box::new(Compress::new_with_window_bits(level, true, DEFLATE_WINDOW_BITS)))
            }
            Codec::Zstd => {
                let mut encoder = raw::Encoder::new(i32::try_from(self.level).unwrap_or(i32::MAX))?;
                encoder.set_parameter(CParameter::WindowLog(ZSTD_WINDOW_LOG))?;
                Context::Zstd(encoder)
            }
        })
    }
}

/// One stream over all pieces: many readers stop after the first of several gzip members.
fn deflate(stream: &mut Compress, pieces: &[Bytes], output: &mut Vec<u8>) -> io::Result<()> {
    stream.reset();
    for piece in pieces {
        let start = stream.total_in();
        loop {
            let used = usize::try_from(stream.total_in() - start).unwrap_or(usize::MAX);
            let rest = piece.get(used..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            make_room(output);
            stream.compress_vec(rest, output, FlushCompress::None).map_err(io::Error::other)?;
        }
    }
    loop {
        make_room(output);
        if stream.compress_vec(&[], output, FlushCompress::Finish).map_err(io::Error::other)?
            == Status::StreamEnd
        {
            return Ok(());
        }
    }
}

fn zstd(stream: &mut raw::Encoder<'static>, pieces: &[Bytes], output: &mut Vec<u8>) -> io::Result<()> {
    stream.reinit()?;
    for piece in pieces {
        let mut input = InBuffer::around(piece);
        while input.pos() < piece.len() {
            make_room(output);
            let end = output.len();
            stream.run(&mut input, &mut OutBuffer::around_pos(output, end))?;
        }
    }
    loop {
        make_room(output);
        let end = output.len();
        if stream.finish(&mut OutBuffer::around_pos(output, end), true)? == 0 {
            return Ok(());
        }
    }
}

/// Room for more output, growing by halves.
fn make_room(output: &mut Vec<u8>) {
    if output.capacity() - output.len() < 64 {
        output.reserve(1024.max(output.len() / 2));
    }
}

#[cfg(test)]
#[path = "compression_tests.rs"]
mod tests;
