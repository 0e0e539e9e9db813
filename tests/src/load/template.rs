//! One encoded request and the places where its numbers stand.

use bytes::{Bytes, BytesMut};
use prost::Message as _;

use super::{messages, numbers};
use crate::Signal;

/// Items in every request.
pub const ITEMS_PER_REQUEST: u64 = 100;

/// A request that is encoded once and then only renumbered.
#[derive(Clone, Debug)]
pub struct Template {
    signal: Signal,
    bytes: Bytes,
    /// Where the eight bytes of each item's number start.
    places: Vec<usize>,
}

impl Template {
    /// The template for one signal.
    #[must_use]
    pub fn new(signal: Signal) -> Self {
        // Encoded twice with different numbers: a number stands where its bytes are found in both.
        let [one, other] = [MARKS, MARKS + ITEMS_PER_REQUEST].map(|first| match signal {
            Signal::Traces => messages::traces(first, ITEMS_PER_REQUEST).encode_to_vec(),
            Signal::Logs => messages::logs(first, ITEMS_PER_REQUEST).encode_to_vec(),
            Signal::Metrics => messages::metrics(first, ITEMS_PER_REQUEST).encode_to_vec(),
        });
        let places = (0..ITEMS_PER_REQUEST)
            .flat_map(|item| {
                let marks = [MARKS + item, MARKS + ITEMS_PER_REQUEST + item].map(|n| number_bytes(signal, n));
                let [in_one, in_other] = marks;
                positions(&one, in_one)
                    .filter(|at| other.get(*at..*at + 8) == Some(&in_other))
                    .collect::<Vec<_>>()
            })
            .collect();
        Self { signal, bytes: one.into(), places }
    }

    /// The signal that it is a request of.
    #[must_use]
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// The request whose items have the numbers from `first` on, which is 1 or more.
    #[must_use]
    pub fn request(&self, first: u64) -> Bytes {
        let mut bytes = BytesMut::from(self.bytes.as_ref());
        self.renumber(&mut bytes, first);
        bytes.freeze()
    }

    /// Gives new numbers to the items in `bytes`, a copy of [`Template::request`].
    pub fn renumber(&self, bytes: &mut [u8], first: u64) {
        for (number, place) in (first..).zip(&self.places) {
            if let Some(target) = bytes.get_mut(*place..*place + 8) {
                target.copy_from_slice(&number_bytes(self.signal, number));
            }
        }
    }

    /// Bytes of every request.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    #[cfg(test)]
    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }
}

/// Numbers that no other field of the messages resembles.
const MARKS: u64 = 0x00de_5b1a_7d00_0001;

fn number_bytes(signal: Signal, number: u64) -> [u8; 8] {
    match signal {
        Signal::Traces | Signal::Logs => numbers::id(number),
        Signal::Metrics => number.to_le_bytes(),
    }
}

fn positions(bytes: &[u8], wanted: [u8; 8]) -> impl Iterator<Item = usize> {
    bytes.windows(8).enumerate().filter(move |(_, window)| *window == wanted).map(|(at, _)| at)
}
