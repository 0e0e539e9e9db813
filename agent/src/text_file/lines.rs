//! Reading line after line, whatever their length.

use std::io::{self, BufRead};

/// What of a line is usually kept.
pub(crate) const MAX_LINE: usize = 64 * 1024;

/// Reads the next line into `line`, without its end and what is beyond `most` bytes; returns its bytes in the input, 0 at the end.
///
/// # Errors
///
/// Those of `input`.
pub(crate) fn next(input: &mut impl BufRead, line: &mut Vec<u8>, most: usize) -> io::Result<u64> {
    line.clear();
    let mut read = 0;
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = memchr::memchr(b'\n', available);
        let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
        let room = most.saturating_sub(line.len());
        line.extend_from_slice(part.get(..room).unwrap_or(part));
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        read += used as u64;
        if end.is_some() || used == 0 {
            break;
        }
    }
    line.pop_if(|last| *last == b'\r');
    Ok(read)
}
