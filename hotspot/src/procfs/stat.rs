//! `/proc/<pid>/stat`.

use edgewatch_core::kernel::{number, rsplit_once, split_once, words};

/// `PF_KTHREAD` of `include/linux/sched.h`.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// What is needed of `stat`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stat<'a> {
    /// The name of the first thread, cut after 15 bytes.
    pub name: &'a [u8],
    /// `R`, `S`, ... `Z` for a process that has ended and not been waited for.
    pub state: u8,
    /// Whether it is a thread of the kernel.
    pub kernel: bool,
    /// Clock ticks spent in user mode.
    pub user: u64,
    /// Clock ticks spent in the kernel.
    pub system: u64,
    /// When it started, in clock ticks since the boot of the host.
    pub start: u64,
    /// Bytes of address space.
    pub size: u64,
    /// Pages in memory.
    pub resident: u64,
    /// Where its program and its stack begin: another program begins elsewhere. Zero or one when it may not be known.
    pub image: (u64, u64),
}

impl<'a> Stat<'a> {
    /// Reads `text`.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        // The name may hold anything, parentheses and line ends included.
        let (before, after) = rsplit_once(text, b')')?;
        let (_, name) = split_once(before, b'(')?;
        let after = split_once(after, b'\n').map_or(after, |(line, _)| line);
        let mut words = words(after);
        let mut stat = Self { name, state: *words.next()?.first()?, ..Self::default() };
        // The columns are those of proc_pid_stat(5), counted from one; the state is the third.
        for (column, word) in (4..).zip(words).take(25) {
            let value = number(word).unwrap_or(0);
            match column {
                9 => stat.kernel = value & KERNEL_THREAD != 0,
                14 => stat.user = value,
                15 => stat.system = value,
                22 => stat.start = number(word)?,
                23 => stat.size = value,
                24 => {
                    stat.resident = value;
                }
                26 => stat.image.0 = value,
                28 => {
                    stat.image.1 = value;
                    return Some(stat);
                }
                _ => {}
            }
        }
        None
    }

    /// Whether it has ended.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }
}
