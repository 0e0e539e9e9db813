//! The five bytes in front of every gRPC message.

use bytes::{BufMut, Bytes, BytesMut};

/// Bytes of the prefix: the compressed flag and the length.
pub const PREFIX: usize = 5;

/// The prefix of a message of `length` bytes.
///
/// # Errors
/// When the length does not fit in the prefix.
pub fn prefix(length: usize, compressed: bool) -> anyhow::Result<[u8; PREFIX]> {
    let [a, b, c, d] = u32::try_from(length)?.to_be_bytes();
    Ok([u8::from(compressed), a, b, c, d])
}

/// One uncompressed message with its prefix.
///
/// # Errors
/// When the length does not fit in the prefix.
pub fn frame(message: &[u8]) -> anyhow::Result<Bytes> {
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_slice(&prefix(message.len(), false)?);
    framed.put_slice(message);
    Ok(framed.freeze())
}

/// The message behind a prefix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// The compressed flag.
    pub compressed: bool,
    /// The bytes behind the prefix.
    pub bytes: Bytes,
}

/// Takes the one message of a unary call's body.
///
/// # Errors
/// When the body is not exactly one message.
pub fn unframe(mut body: Bytes) -> anyhow::Result<Message> {
    let Some((&[flag, a, b, c, d], _)) = body.split_first_chunk::<PREFIX>() else {
        anyhow::bail!("a body of {} bytes has no room for a prefix", body.len());
    };
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d]))?;
    let bytes = body.split_off(PREFIX);
    anyhow::ensure!(bytes.len() == length, "the prefix says {length} bytes, {} follow", bytes.len());
    anyhow::ensure!(flag <= 1, "the compressed flag is {flag}");
    Ok(Message { compressed: flag == 1, bytes })
}
