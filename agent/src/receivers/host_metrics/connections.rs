//! How many TCP connections are in which state.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use edgewatch_core::kernel::read_file;
use edgewatch_core::kernel::{hexadecimal, lines, number, words};

/// The values of the attribute `state`, in the order of the kernel's numbers for them
/// (`include/net/tcp_states.h`), which begin at 1.
pub(super) const STATES: [&str; 11] = [
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT_1",
    "FIN_WAIT_2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
];
/// A connection request that has no socket of its own yet: for users the same as `SYN_RECV`.
const NEW_SYN_RECV: u64 = 12;
const SYN_RECV: u64 = 3;

/// The places of `TIME_WAIT` and `FIN_WAIT_2` among the states.
const WAITING: [usize; 2] = [5, 4];

/// How many connections are in each of [`STATES`].
pub(super) type Connections = [u64; STATES.len()];

/// Counts the sockets of `net/tcp` or `net/tcp6` by their state. The table is read in pieces, because it has
/// a line of 150 bytes for each socket of the host.
pub(super) fn count_connections(
    mut table: impl Read,
    buffer: &mut Vec<u8>,
    counts: &mut Connections,
) -> io::Result<()> {
    const PIECE: usize = 64 << 10;
    buffer.resize(PIECE.max(buffer.len()), 0);
    let mut held = 0;
    loop {
        let count = match table.read(buffer.get_mut(held..).unwrap_or_default()) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let filled = buffer.get(..held + count).unwrap_or_default();
        if count == 0 {
            count_lines(filled, counts);
            return Ok(());
        }
        let complete = memchr::memrchr(b'\n', filled).map_or(0, |end| end + 1);
        count_lines(filled.get(..complete).unwrap_or_default(), counts);
        let end = held + count;
        held = end - complete;
        if held == buffer.len() {
            // A line longer than the whole piece is not a line of this table.
            held = 0;
        } else {
            buffer.copy_within(complete..end, 0);
        }
    }
}

fn count_lines(text: &[u8], counts: &mut Connections) {
    for line in lines(text) {
        let Some(state) = words(line).nth(3).and_then(hexadecimal) else { continue };
        let state = if state == NEW_SYN_RECV { SYN_RECV } else { state };
        let count = usize::try_from(state).ok().and_then(|state| counts.get_mut(state.checked_sub(1)?));
        if let Some(count) = count {
            *count += 1;
        }
    }
}

/// The tables of TCP sockets of a network.
///
/// Reading one makes the kernel walk all buckets of its hash table, of which there are hundreds of thousands
/// on hosts with much memory: 5 ms, however few sockets there are. The table of IPv6 is therefore left alone
/// while the summaries say that it is empty.
pub(super) struct Sockets {
    net: PathBuf,
    buffer: Vec<u8>,
}

impl Sockets {
    /// The tables in the directory `net`.
    pub(super) fn new(net: &Path) -> Self {
        Self { net: net.to_owned(), buffer: Vec::new() }
    }

    /// Counts the sockets by state.
    pub(super) fn count(&mut self) -> io::Result<Connections> {
        let mut counts = [0; STATES.len()];
        count_connections(File::open(self.net.join("tcp"))?, &mut self.buffer, &mut counts)?;
        if self.has_none_of_ipv6(&counts) {
            return Ok(counts);
        }
        match File::open(self.net.join("tcp6")) {
            Ok(table) => count_connections(table, &mut self.buffer, &mut counts)?,
            // Without IPv6 in the kernel.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(counts)
    }

    /// Whether no socket uses IPv6 and all that only wait for their end are among the `counted` ones of IPv4.
    /// The summaries tell the latter for both together.
    fn has_none_of_ipv6(&mut self, counted: &Connections) -> bool {
        let mut summary = |file: &str, line: &[u8], key: &[u8]| {
            let text = read_file(&self.net.join(file), &mut self.buffer).ok()?;
            parse_summary(text, line, key)
        };
        let in_use = summary("sockstat6", b"TCP6:", b"inuse");
        let waiting = summary("sockstat", b"TCP:", b"tw");
        let waiting_counted = WAITING.iter().filter_map(|state| counted.get(*state)).sum::<u64>();
        in_use == Some(0) && waiting.is_some_and(|waiting| waiting <= waiting_counted)
    }
}

/// The number behind `key` in a line of `sockstat` such as `TCP: inuse 1 orphan 0 tw 40`.
pub(super) fn parse_summary(text: &[u8], line: &[u8], key: &[u8]) -> Option<u64> {
    let columns = lines(text).find_map(|text| text.strip_prefix(line))?;
    let mut columns = words(columns);
    columns.find(|column| *column == key)?;
    number(columns.next()?)
}
