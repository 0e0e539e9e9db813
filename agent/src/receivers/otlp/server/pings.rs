//! Clients of HTTP/2 that ping more often than they may: each ping is answered, and a flood of them keeps a connection and its
//! buffers busy for nothing. The rules are those of gRPC's keepalive enforcement.

use std::time::{Duration, Instant};

/// What an HTTP/2 client sends first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Length (3 bytes), type, flags, stream (4 bytes).
const HEADER: usize = 9;

/// The type of a ping, and the flag of an answer to one of ours.
const PING: u8 = 0x6;
const ACK: u8 = 0x1;

/// Pings that may come too early before the connection is closed.
const STRIKES: u32 = 2;

/// Shortest time between pings of a connection that nothing is asked of, unless those are permitted as others are.
const WITHOUT_STREAM: Duration = Duration::from_secs(2 * 60 * 60);

/// How often a client may ping.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct PingPolicy {
    /// Shortest time between two pings.
    pub(in super::super) min_time: Duration,
    /// Whether that also holds while no request is in progress.
    pub(in super::super) permit_without_stream: bool,
}

/// Watches what one client sends.
#[derive(Debug)]
pub(super) struct Pings {
    policy: PingPolicy,
    state: State,
    last: Option<Instant>,
    strikes: u32,
    /// Answers that had been sent at the last ping.
    answered: u64,
}

#[derive(Debug)]
enum State {
    /// So many bytes of the preface have come.
    Preface(usize),
    /// The header of a frame, as far as it has come.
    Header([u8; HEADER], usize),
    /// So many bytes of a frame are still to come.
    Payload(usize),
    /// Not HTTP/2.
    Other,
}

impl Pings {
    pub(super) fn new(policy: PingPolicy) -> Self {
        Self { policy, state: State::Preface(0), last: None, strikes: 0, answered: 0 }
    }

    /// Looks at `bytes` that have come; `in_use` is whether requests are in progress, `answered` how many ever were. Returns
    /// whether the client has pinged too often.
    pub(super) fn receive(&mut self, mut bytes: &[u8], in_use: bool, answered: u64) -> bool {
        let mut too_often = false;
        while !bytes.is_empty() {
            let (state, rest, ping) = self.state.advance(bytes);
            (self.state, bytes) = (state, rest);
            too_often |= ping && self.strike(in_use, answered, Instant::now());
        }
        too_often
    }

    fn strike(&mut self, in_use: bool, answered: u64, now: Instant) -> bool {
        let last = self.last.replace(now);
        // Who sends something useful between its pings is forgiven.
        if answered != self.answered {
            (self.answered, self.strikes) = (answered, 0);
            return false;
        }
        let shortest =
            if in_use || self.policy.permit_without_stream { self.policy.min_time } else { WITHOUT_STREAM };
        if last.is_some_and(|last| now.duration_since(last) < shortest) {
            self.strikes += 1;
        }
        self.strikes > STRIKES
    }
}

impl State {
    /// The state after some of `bytes`, the rest of them, and whether a ping has begun.
    fn advance<'a>(&mut self, bytes: &'a [u8]) -> (Self, &'a [u8], bool) {
        match *self {
            Self::Preface(seen) => {
                let expected = PREFACE.get(seen..).unwrap_or_default();
                let (now, rest) = bytes.split_at(expected.len().min(bytes.len()));
                if !expected.starts_with(now) {
                    (Self::Other, &[], false)
                } else if now.len() == expected.len() {
                    (Self::Header([0; HEADER], 0), rest, false)
                } else {
                    (Self::Preface(seen + now.len()), rest, false)
                }
            }
            Self::Header(mut header, seen) => {
                let missing = header.get_mut(seen..).unwrap_or_default();
                let (now, rest) = bytes.split_at(missing.len().min(bytes.len()));
                missing.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
                if seen + now.len() < HEADER {
                    return (Self::Header(header, seen + now.len()), rest, false);
                }
                let [a, b, c, kind, flags, ..] = header;
                let length = u32::from_be_bytes([0, a, b, c]) as usize;
                (Self::Payload(length), rest, kind == PING && flags & ACK == 0)
            }
            Self::Payload(missing) => {
                let rest = bytes.get(missing.min(bytes.len())..).unwrap_or_default();
                match missing.saturating_sub(bytes.len()) {
                    0 => (Self::Header([0; HEADER], 0), rest, false),
                    missing => (Self::Payload(missing), rest, false),
                }
            }
            Self::Other => (Self::Other, &[], false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFTEN: PingPolicy = PingPolicy { min_time: Duration::from_secs(3600), permit_without_stream: true };

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, 0], payload].concat()
    }

    /// The preface and frames of a usual client, with `pings` pings.
    fn client(pings: usize) -> Vec<u8> {
        let mut bytes = PREFACE.to_vec();
        bytes.extend(frame(0x4, 0, b""));
        for _ in 0..pings {
            // Data that looks like a ping is none.
            bytes.extend(frame(0x0, 0, &frame(PING, 0, &[0; 8])));
            bytes.extend(frame(PING, 0, &[0; 8]));
            bytes.extend(frame(PING, ACK, &[0; 8]));
        }
        bytes
    }

    #[test]
    fn pings_are_found_however_the_bytes_come() {
        let bytes = client(4);
        for size in [1, 2, 7, 9, 17, bytes.len()] {
            let mut pings = Pings::new(OFTEN);
            let struck: Vec<bool> = bytes.chunks(size).map(|chunk| pings.receive(chunk, true, 0)).collect();
            assert_eq!(pings.strikes, 3, "the first is free");
            assert_eq!(struck.iter().filter(|struck| **struck).count(), 1);
        }
    }

    #[test]
    fn what_is_not_http_2_is_not_looked_at() {
        let mut pings = Pings::new(OFTEN);
        let http1 = [b"POST /v1/logs HTTP/1.1\r\n\r\n".to_vec(), client(10)].concat();
        assert!(!pings.receive(&http1, true, 0));
        assert!(matches!(pings.state, State::Other));
    }

    #[test]
    fn a_ping_is_too_early_by_the_rules_of_its_moment() {
        let start = Instant::now();
        let minute = Duration::from_secs(60);
        let policy = PingPolicy { min_time: minute, permit_without_stream: false };
        let at = |in_use: bool, times: &[u32]| {
            let mut pings = Pings::new(policy);
            times.iter().filter(|time| pings.strike(in_use, 0, start + minute * **time)).count()
        };
        assert_eq!(at(true, &[0, 1, 2, 3, 4, 5]), 0);
        assert_eq!(at(true, &[0, 0, 0, 0]), 1);
        assert_eq!(at(false, &[0, 1, 2, 3]), 1, "nothing is asked of the connection");
        assert_eq!(at(false, &[0, 120, 240, 360]), 0);
    }

    #[test]
    fn requests_between_pings_make_them_good() {
        let mut pings = Pings::new(OFTEN);
        let now = Instant::now();
        for answered in 1..100 {
            assert!(!pings.strike(true, answered, now));
            assert!(!pings.strike(true, answered, now));
        }
    }
}
