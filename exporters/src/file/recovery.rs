//! Finding the end of the last whole record of a file that a crash may have torn.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::frame::Framing;

/// Bytes that are read at a time, from the end backwards.
const STEP: u64 = 64 << 10;

/// What a file holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Content {
    /// Records up to this offset, and behind it nothing or a part of one.
    Records(u64),
    /// Something else: not even the first record can be made out.
    Foreign,
}

/// Looks for records in a file.
pub(super) fn examine(file: &mut File, framing: Framing) -> io::Result<Content> {
    let size = file.metadata()?.len();
    let end = match framing {
        Framing::Lines if !starts_with_an_object(file)? => 0,
        Framing::Lines => end_of_lines(file, size)?,
        Framing::Lengths => end_of_lengths(file, size)?,
    };
    Ok(if end == 0 && size > 0 { Content::Foreign } else { Content::Records(end) })
}

fn starts_with_an_object(file: &mut File) -> io::Result<bool> {
    let mut first = [0];
    file.seek(SeekFrom::Start(0))?;
    Ok(file.read(&mut first)? == 1 && first == *b"{")
}

/// Offset behind the last line feed.
fn end_of_lines(file: &mut File, size: u64) -> io::Result<u64> {
    let mut end = size;
    let mut buffer = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        buffer.clear();
        file.by_ref().take(end - start).read_to_end(&mut buffer)?;
        if let Some(at) = buffer.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Offset behind the last record whose length fits into the file; goes from length to length without reading
/// between.
fn end_of_lengths(file: &mut File, size: u64) -> io::Result<u64> {
    let mut end = 0;
    while size - end >= 4 {
        let mut length = [0; 4];
        file.seek(SeekFrom::Start(end))?;
        file.read_exact(&mut length)?;
        let next = end + 4 + u64::from(u32::from_be_bytes(length));
        if next > size {
            break;
        }
        end = next;
    }
    Ok(end)
}
