//! A row for each line.

use std::io::{self, Write};

use super::found::Found;
use crate::text_file::csv::field;

/// Prints the template of each line.
///
/// # Errors
///
/// Those of `out`.
pub(super) fn print(found: &Found, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"line,template_id,template\n")?;
    for (line, template) in (1..).zip(found.lines()) {
        write!(out, "{line},{},", template.id)?;
        field(template.text.as_bytes(), out)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
