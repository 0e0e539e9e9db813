//! The series that are known, within a limit of bytes.
//!
//! A series has one [`Entry`] in a slab, and a detector for each number that it gives in another one; `index` finds entries by key,
//! `order` finds most of them without it, lists order them by when they were last seen. Nothing is ever moved to grow: memory comes in chunks, each counted before it is taken.
//!
//! Who gives way when there is no room is decided by rank, so that many series that live for minutes cannot push out those that
//! have been there for days:
//!
//! - *Ignored* series are not to be scored; knowing them saves asking the rules again. They give way to whoever is new.
//! - *Newcomers* have neither a detector nor a past. Those two have a sixteenth of the room for themselves. Newcomers give way once
//!   they have been silent for ten steps, so that of more series than there is room for, some get in.
//! - *Young* series have detectors. They give way once they have been silent for ten steps.
//! - *Grown* series have had them for a day. They give way once they have been silent for a day, and after all young ones.

mod ahead;
mod entry;
mod index;
mod known;
mod list;
mod order;
mod saved;
mod slab;

#[cfg(test)]
mod tests;

pub(super) use entry::{Entry, Place, Rank, Stay};
pub(super) use known::{Room, Table};
