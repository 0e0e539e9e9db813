//! The message of a unary call: five bytes of prefix, then the payload.

use bytes::{Buf, Bytes};
use edgewatch_core::budget::{Budget, Lease};
use hyper::body::Incoming;

use super::super::body;
use super::super::rejection::{Kind, Rejection};

/// Compressed flag (1 byte) and length (4 bytes, big endian).
const PREFIX: usize = 5;

/// A received message, still compressed when the flag says so.
pub(super) struct Message {
    pub(super) compressed: bool,
    pub(super) payload: Bytes,
    pub(super) lease: Lease,
}

/// Reads the one message of a unary call, of at most `limit` bytes.
pub(super) async fn read(body: &mut Incoming, limit: usize, budget: &Budget) -> Result<Message, Rejection> {
    let ([flag, length @ ..], first) = prefix(body).await?;
    let length = u32::from_be_bytes(length) as usize;
    let compressed = match flag {
        0 => false,
        1 => true,
        2.. => {
            return Err(Rejection::new(
                Kind::Framing,
                format!("{flag} is not a compressed flag; it is 0 or 1"),
            ));
        }
    };
    if length > limit {
        return Err(Rejection::too_large(limit));
    }
    let (payload, lease) = body::exactly(body, first, length, budget).await?;
    body::end(body).await?;
    Ok(Message { compressed, payload, lease })
}

/// The prefix and what has arrived with its end. Some clients send the first byte alone, so the payload is
/// not joined with the prefix.
async fn prefix(body: &mut Incoming) -> Result<([u8; PREFIX], Bytes), Rejection> {
    let mut prefix = [0; PREFIX];
    let mut missing = &mut prefix[..];
    let mut piece = body::next(body).await?.ok_or_else(|| {
        let fact = "a unary call without a message";
        Rejection::new(Kind::Cardinality, fact)
    })?;
    loop {
        let (filled, rest) = missing.split_at_mut(missing.len().min(piece.len()));
        piece.copy_to_slice(filled);
        if rest.is_empty() {
            return Ok((prefix, piece));
        }
        missing = rest;
        piece = body::next(body).await?.ok_or_else(Rejection::cut_off)?;
    }
}
