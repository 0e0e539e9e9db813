//! Writing CSV, as RFC 4180 has it.

use std::io::{self, Write};

/// Writes a field, in quotes where it needs them.
///
/// # Errors
///
/// Those of `out`.
pub(crate) fn field(text: &[u8], out: &mut impl Write) -> io::Result<()> {
    if memchr::memchr3(b'"', b',', b'\n', text).is_none() && !text.contains(&b'\r') {
        return out.write_all(text);
    }
    out.write_all(b"\"")?;
    let mut parts = text.split(|byte| *byte == b'"');
    out.write_all(parts.next().unwrap_or_default())?;
    for part in parts {
        out.write_all(b"\"\"")?;
        out.write_all(part)?;
    }
    out.write_all(b"\"")
}
