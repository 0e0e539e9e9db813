//! Undoing compression within a limit.
//!
//! Output grows step by step, each step leased from the budget before it is allocated, so that a bomb costs
//! no more than the limit on requests; the window of zstd is leased before its decoder is made. Bodies below [`ASIDE_FROM`] are decompressed where they are, which
//! takes less time than handing them to a thread and back; larger ones go to a helper thread, at most
//! [`ASIDE_AT_ONCE`] at a time.

use std::io::{self, Read};

use bytes::Bytes;
use edgewatch_core::budget::Lease;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use tokio::sync::Semaphore;

use super::rejection::{Kind, Rejection};
use super::zstd_window;

/// Compressed size from which a helper thread does the work: about half a millisecond of it.
pub(super) const ASIDE_FROM: usize = 64 * 1024;

/// Bodies that helper threads decompress at once.
const ASIDE_AT_ONCE: usize = 2;

static ASIDE: Semaphore = Semaphore::const_new(ASIDE_AT_ONCE);

/// First size of the output, as a multiple of the input: telemetry shrinks to a tenth or less.
const LIKELY_RATIO: usize = 8;

/// Largest window that zstd encoders use up to level 19, as a power of two: 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Largest window that the zstd format recommends to support anywhere: 128 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Smallest window that the format has: 1 KiB.
const ZSTD_WINDOW_LOG_MIN: u32 = 10;

/// What a decoder takes beside its window: tables, and two blocks of at most 128 KiB.
const ZSTD_STATE: usize = 512 * 1024;

/// A compression that both protocols know, apart from none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Codec {
    Gzip,
    Zstd,
    Zlib,
}

/// Decompresses `body` to at most `limit` bytes; `lease` then covers the result.
pub(super) async fn decompress(
    codec: Codec,
    body: Bytes,
    lease: Lease,
    limit: usize,
) -> Result<(Bytes, Lease), Rejection> {
    if body.len() < ASIDE_FROM {
        return inflate(codec, &body, lease, limit);
    }
    aside(move || inflate(codec, &body, lease, limit)).await
}

/// Runs `work` on a helper thread.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Rejection> + Send + 'static,
) -> Result<T, Rejection> {
    let stopping = || Rejection::new(Kind::Unavailable, "the agent is stopping");
    // The semaphore is never closed and the work does not panic; a runtime that ends cancels it.
    let permit = ASIDE.acquire().await.map_err(|_| stopping())?;
    let work = move || {
        // A client that goes away drops the future, but the work goes on and keeps its place.
        let _permit = permit;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| stopping())?
}

fn inflate(codec: Codec, body: &[u8], mut lease: Lease, limit: usize) -> Result<(Bytes, Lease), Rejection> {
    let outcome = match codec {
        Codec::Gzip => drain(MultiGzDecoder::new(body), body.len(), lease, limit),
        Codec::Zlib => drain(ZlibDecoder::new(body), body.len(), lease, limit),
        Codec::Zstd => match zstd_decoder(body, &mut lease, limit) {
            Ok(decoder) => drain(decoder, body.len(), lease, limit),
            Err(stop) => Err(stop),
        },
    };
    outcome.map_err(|stop| match stop {
        Stop::Corrupt(error) => {
            Rejection::new(Kind::Corrupt, format!("the body does not decompress: {error}"))
        }
        Stop::TooLarge => Rejection::too_large(limit),
        Stop::NoMemory => Rejection::no_memory(),
    })
}

/// A decoder whose memory beside the output is leased: the window that the body asks for, and its state.
fn zstd_decoder<'a>(
    body: &'a [u8],
    lease: &mut Lease,
    limit: usize,
) -> Result<zstd::stream::read::Decoder<'static, &'a [u8]>, Stop> {
    let log = |size: usize| usize::BITS - size.saturating_sub(1).leading_zeros();
    let allowed = log(limit).clamp(ZSTD_WINDOW_LOG, ZSTD_WINDOW_LOG_MAX);
    // What asks for more is turned away by the decoder before it takes any memory.
    let window = usize::try_from(zstd_window::largest(body)).ok().filter(|window| *window <= 1 << allowed);
    if !lease.grow(window.map_or(0, |window| window + ZSTD_STATE)) {
        return Err(Stop::NoMemory);
    }
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(Stop::Corrupt)?;
    let window_log = window.map_or(ZSTD_WINDOW_LOG_MIN, |window| log(window).max(ZSTD_WINDOW_LOG_MIN));
    decoder.window_log_max(window_log).map_err(Stop::Corrupt)?;
    Ok(decoder)
}

enum Stop {
    Corrupt(io::Error),
    TooLarge,
    NoMemory,
}

/// Reads `source` to its end. `lease` covers the `input` bytes of the body and what the decoder takes at first,
/// and in the end the output only.
fn drain(
    mut source: impl Read,
    input: usize,
    mut lease: Lease,
    limit: usize,
) -> Result<(Bytes, Lease), Stop> {
    let mut output = Vec::new();
    let mut filled = 0;
    // One byte beyond the limit, to see whether the output ends there.
    let most = limit.saturating_add(1);
    let mut target = input.saturating_mul(LIKELY_RATIO).clamp(4 * 1024, most.max(4 * 1024));
    loop {
        if filled == output.len() {
            if filled >= most {
                return Err(Stop::TooLarge);
            }
            let size = target.min(most);
            if !lease.grow(size - output.len()) {
                return Err(Stop::NoMemory);
            }
            output.reserve_exact(size - output.len());
            output.resize(size, 0);
            target = size.saturating_mul(2);
        }
        let room = output.get_mut(filled..).unwrap_or_default();
        match source.read(room) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Stop::Corrupt(error)),
        }
    }
    if filled > limit {
        return Err(Stop::TooLarge);
    }
    output.truncate(filled);
    if output.capacity() / 2 > filled {
        output.shrink_to_fit();
    }
    lease.shrink_to(output.capacity());
    Ok((output.into(), lease))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_for_a_client_that_has_gone_keeps_its_place() {
        let (begun, has_begun) = mpsc::channel();
        let mut ends = Vec::new();
        for _ in 0..ASIDE_AT_ONCE {
            let (end, ended) = mpsc::channel::<()>();
            let begun = begun.clone();
            let client = tokio::spawn(aside(move || {
                begun.send(()).expect("the test waits");
                // Ends with the sender.
                let _ = ended.recv();
                Ok(())
            }));
            while has_begun.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
            client.abort();
            assert!(client.await.is_err());
            ends.push(end);
        }

        assert_eq!(ASIDE.available_permits(), 0);
    }
}
