//! The message of a unary call: five bytes of prefix, then the payload.

use bytes::{Buf, Bytes, BytesMut};
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
    let mut first = at_least_prefix(body).await?;
    let flag = first.get_u8();
    let length = first.get_u32() as usize;
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

/// The first bytes of the body, joined until the prefix is complete.
async fn at_least_prefix(body: &mut Incoming) -> Result<Bytes, Rejection> {
    let Some(first) = body::next(body).await? else {
        return Err(Rejection::new(Kind::Cardinality, "a unary call without a message"));
    };
    if first.len() >= PREFIX {
        return Ok(first);
    }
    let mut joined = BytesMut::from(&first[..]);
    while joined.len() < PREFIX {
        let more = body::next(body).await?.ok_or_else(Rejection::cut_off)?;
        joined.extend_from_slice(&more);
    }
    Ok(joined.freeze())
}
