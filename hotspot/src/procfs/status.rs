//! `/proc/<pid>/status`.

use edgewatch_core::kernel::{lines, number, words};

/// What is needed of `status`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Status {
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
    /// Its number in its innermost pid namespace; `None` before Linux 4.1.
    pub ns_pid: Option<u32>,
    /// How many CPUs it may run on.
    pub cpus: Option<u32>,
}

impl Status {
    /// Reads `text`.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut status = Self::default();
        let (mut uid, mut gid) = (None, None);
        let id = |word: Option<&[u8]>| u32::try_from(number(word?)?).ok();
        for line in lines(text) {
            let mut words = words(line);
            match words.next() {
                // Real, effective, saved, of the file system.
                Some(b"Uid:") => uid = id(words.nth(1)),
                Some(b"Gid:") => gid = id(words.nth(1)),
                Some(b"NSpid:") => status.ns_pid = id(words.last()),
                Some(b"Cpus_allowed:") => status.cpus = words.next().and_then(bits),
                _ => {}
            }
        }
        (status.uid, status.gid) = (uid?, gid?);
        Some(status)
    }
}

/// How many bits a mask such as `ff,ffffffff` has.
fn bits(mask: &[u8]) -> Option<u32> {
    let digits = mask.iter().filter(|byte| **byte != b',');
    digits.map(|digit| char::from(*digit).to_digit(16).map(u32::count_ones)).sum()
}
