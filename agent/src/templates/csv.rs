//! A row for each line.

use std::io::{self, Write};

use super::found::Found;

/// Prints the template of each line.
///
/// # Errors
///
/// Those of `out`.
pub(super) fn print(found: &Found, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"line,template_id,template\n")?;
    for (line, template) in (1..).zip(found.lines()) {
        write!(out, "{line},{},", template.id)?;
        field(&template.text, out)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Text, in quotes where RFC 4180 wants them.
fn field(text: &str, out: &mut impl Write) -> io::Result<()> {
    if !text.contains(['"', ',', '\n', '\r']) {
        return out.write_all(text.as_bytes());
    }
    out.write_all(b"\"")?;
    let mut parts = text.split('"');
    out.write_all(parts.next().unwrap_or_default().as_bytes())?;
    for part in parts {
        out.write_all(b"\"\"")?;
        out.write_all(part.as_bytes())?;
    }
    out.write_all(b"\"")
}
