//! One request and its reply over an open socket.
//!
//! A reply is a line with a status, zero for success, and then text until the JVM closes the connection.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use edgewatch_core::kernel::split_once;

use super::error::Reason;

/// Most bytes of an answer that is held in memory. Those that are asked on a timer have a few thousand; those that can have more are
/// handed on as they come.
pub const LARGEST_REPLY: usize = 4 << 20;

/// Most bytes of a JVM's own words about a failure.
const LONGEST_COMPLAINT: usize = 4 << 10;

/// Longest line of a status.
const LONGEST_STATUS: usize = 16;

/// What a JVM answered to a command that it has carried out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reply {
    /// Its text.
    pub text: Vec<u8>,
}

/// Takes a whole reply apart: status and text.
#[must_use]
pub fn parse_reply(reply: &[u8]) -> Option<(i32, &[u8])> {
    let (status, text) = split_once(reply, b'\n')?;
    let status = std::str::from_utf8(status).ok().filter(|status| status.len() <= LONGEST_STATUS)?;
    Some((status.trim().parse().ok()?, text))
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    /// For all of it.
    Until(Instant),
    /// For each next piece.
    Each(Duration),
}

/// Why an exchange did not end well.
#[derive(Debug)]
pub(super) enum Fault {
    /// Something that the agent has a word for.
    Reason(Reason),
    /// The JVM said no.
    Rejected(String),
    /// A system call failed.
    Io(&'static str, io::Error),
}

/// Sends `request` and hands the text of the reply to `sink`, piece by piece.
pub(super) fn exchange(
    mut stream: &UnixStream,
    request: &[u8],
    patience: Patience,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let write = |error| Fault::Io("asking it", error);
    stream.set_write_timeout(Some(patience.left()?)).map_err(write)?;
    stream.write_all(request).map_err(write)?;
    let mut status = None;
    let mut head = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        stream
            .set_read_timeout(Some(patience.left()?))
            .map_err(|error| Fault::Io("reading its answer", error))?;
        let piece = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Fault::Io("reading its answer", error)),
        };
        if status == Some(0) {
            sink(piece)?;
            continue;
        }
        let room = LONGEST_COMPLAINT.saturating_sub(head.len());
        let (kept, more) = piece.split_at(piece.len().min(room));
        head.extend_from_slice(kept);
        if status.is_none() {
            status = parse_reply(&head).map(|(status, _)| status);
            match status {
                Some(0) => {
                    let (_, text) = parse_reply(&head).unwrap_or_default();
                    sink(text)?;
                    sink(more)?;
                }
                None if head.len() > LONGEST_STATUS => return Err(Fault::Reason(Reason::Garbled)),
                Some(_) | None => {}
            }
        }
    }
    match status {
        Some(0) => Ok(()),
        Some(status) => {
            let (_, said) = parse_reply(&head).unwrap_or_default();
            let said = String::from_utf8_lossy(said.trim_ascii());
            Err(Fault::Rejected(if said.is_empty() { format!("status {status}") } else { said.into_owned() }))
        }
        None => Err(Fault::Reason(Reason::Garbled)),
    }
}

impl Patience {
    pub(super) fn left(self) -> Result<Duration, Fault> {
        let left = match self {
            Self::Each(left) => left,
            Self::Until(end) => end.saturating_duration_since(Instant::now()),
        };
        if left.is_zero() { Err(Fault::Reason(Reason::Timeout)) } else { Ok(left) }
    }
}
