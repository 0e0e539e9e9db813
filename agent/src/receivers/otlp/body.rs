//! Collecting a request's body: bounded, leased from the budget as it grows, and without a copy where that is
//! cheap.

use bytes::{Buf, Bytes};
use edgewatch_core::budget::{Budget, Lease};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::rejection::{Kind, Rejection};
use super::server::HTTP1_BUFFER;

/// Bodies below this are copied out of the connection's read buffer: a slice would keep all of that buffer
/// alive, which costs more memory than the copy costs time (a microsecond).
const KEEP_FROM: usize = 16 * 1024;

/// Most that a slice keeps alive beyond itself: the rest of the buffer that it was read into. One of HTTP/1 is no
/// larger than [`HTTP1_BUFFER`], one of HTTP/2 holds a frame and what was read with it.
const KEPT_BESIDE: usize = HTTP1_BUFFER;

/// How much is leased and allocated ahead of what has arrived, so that a promise alone holds no memory.
const STEP: usize = 256 * 1024;

/// The next bytes of `body`; `None` at its end. Trailers are of no interest to OTLP.
pub(super) async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Rejection> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Rejection::cut_off())?;
        if let Ok(data) = frame.into_data()
            && data.has_remaining()
        {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Waits for the end of `body`.
pub(super) async fn end(body: &mut Incoming) -> Result<(), Rejection> {
    if body.is_end_stream() {
        return Ok(());
    }
    match next(body).await? {
        None => Ok(()),
        Some(_) => Err(Rejection::new(Kind::Cardinality, "more than one message in a unary call")),
    }
}

/// Reads exactly `length` bytes, which are not more than the limit, of which `first` has already arrived.
pub(super) async fn exactly(
    body: &mut Incoming,
    mut first: Bytes,
    length: usize,
    budget: &Budget,
) -> Result<(Bytes, Lease), Rejection> {
    if first.is_empty() && length > 0 {
        first = next(body).await?.ok_or_else(Rejection::cut_off)?;
    }
    if first.len() > length {
        return Err(Rejection::new(Kind::Cardinality, "more than one message in a unary call"));
    }
    let mut gathered = Gathered::new(length, budget)?;
    if first.len() == length {
        return gathered.whole(first);
    }
    gathered.add(&first)?;
    drop(first);
    while gathered.len() < length {
        let data = next(body).await?.ok_or_else(Rejection::cut_off)?;
        if gathered.len() + data.len() > length {
            return Err(Rejection::new(Kind::Cardinality, "more than one message in a unary call"));
        }
        gathered.add(&data)?;
    }
    gathered.finish()
}

/// Reads all of `body`, which promises `length` bytes when it says so, up to `limit`.
pub(super) async fn all(
    body: &mut Incoming,
    length: Option<usize>,
    limit: usize,
    budget: &Budget,
) -> Result<(Bytes, Lease), Rejection> {
    if length.is_some_and(|length| length > limit) {
        return Err(Rejection::too_large(limit));
    }
    let Some(first) = next(body).await? else {
        return Gathered::new(0, budget)?.finish();
    };
    if first.len() > limit {
        return Err(Rejection::too_large(limit));
    }
    let mut gathered = Gathered::new(length.unwrap_or(first.len()).max(first.len()), budget)?;
    if length == Some(first.len()) || body.is_end_stream() {
        return gathered.whole(first);
    }
    gathered.add(&first)?;
    drop(first);
    while let Some(data) = next(body).await? {
        if gathered.len() + data.len() > limit {
            return Err(Rejection::too_large(limit));
        }
        gathered.add(&data)?;
    }
    gathered.finish()
}

/// A body in the making and the lease that covers its allocation.
struct Gathered {
    bytes: Vec<u8>,
    expected: usize,
    lease: Lease,
}

impl Gathered {
    fn new(expected: usize, budget: &Budget) -> Result<Self, Rejection> {
        let lease = budget.lease(expected.min(STEP)).ok_or_else(Rejection::no_memory)?;
        Ok(Self { bytes: Vec::new(), expected, lease })
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The body came in one piece. It is kept as a slice of the buffer that it was read into, with all of that on the
    /// account, or copied when it is small.
    fn whole(mut self, body: Bytes) -> Result<(Bytes, Lease), Rejection> {
        let copy = body.len() < KEEP_FROM;
        let kept = if copy { body.len() } else { body.len() + KEPT_BESIDE };
        let missing = kept.saturating_sub(self.lease.bytes());
        if !self.lease.grow(missing) {
            return Err(Rejection::no_memory());
        }
        self.lease.shrink_to(kept);
        let body = if copy { Bytes::copy_from_slice(&body) } else { body };
        Ok((body, self.lease))
    }

    fn add(&mut self, data: &[u8]) -> Result<(), Rejection> {
        // What is leased already was promised below the limit; above it nobody reads on.
        if self.lease.is_over() {
            return Err(Rejection::no_memory());
        }
        let needed = self.bytes.len() + data.len();
        if needed > self.bytes.capacity() {
            // Doubling keeps the copies linear; the promise caps it, since most often it is true.
            let ahead = (needed * 2).max(STEP).min(self.expected.max(needed));
            if ahead > self.lease.bytes() && !self.lease.grow(ahead - self.lease.bytes()) {
                return Err(Rejection::no_memory());
            }
            // Exactly, since more would not be leased.
            self.bytes.reserve_exact(ahead - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    fn finish(mut self) -> Result<(Bytes, Lease), Rejection> {
        // What was reserved and not used goes back when it is worth a copy; otherwise it stays on the account.
        if self.bytes.capacity() > self.bytes.len() * 2 {
            let bytes = Bytes::copy_from_slice(&self.bytes);
            self.lease.shrink_to(bytes.len());
            return Ok((bytes, self.lease));
        }
        self.lease.shrink_to(self.bytes.capacity());
        Ok((self.bytes.into(), self.lease))
    }
}
