//! Bodies with mistakes.

use std::io::Write as _;

use bytes::{BufMut as _, Bytes, BytesMut};

/// A gRPC message whose prefix says what it likes.
pub(super) fn framed(flag: u8, length: usize, message: &[u8]) -> Bytes {
    let mut framed = BytesMut::new();
    framed.put_u8(flag);
    framed.put_u32(u32::try_from(length).unwrap());
    framed.put_slice(message);
    framed.freeze()
}

pub(super) fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

pub(super) fn zstd(bytes: &[u8]) -> Bytes {
    ::zstd::encode_all(bytes, 3).unwrap().into()
}
