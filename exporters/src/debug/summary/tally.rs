use std::collections::HashMap;
use std::fmt::{self, Write};

/// Most different names that are told apart; more count as others.
const MAX_NAMES: usize = 1024;

/// Counts how often names occur.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    /// How often, and as which in the order of first occurrence.
    names: HashMap<&'a str, (usize, usize)>,
    /// Names beyond [`MAX_NAMES`].
    beyond: usize,
}

impl<'a> Tally<'a> {
    pub(super) fn add(&mut self, name: &'a str) {
        let order = self.names.len();
        if order >= MAX_NAMES && !self.names.contains_key(name) {
            self.beyond += 1;
        } else {
            self.names.entry(name).or_insert((0, order)).0 += 1;
        }
    }

    /// Writes the most frequent names: `GET /cart ×12, SELECT ×9, +4 others`.
    pub(super) fn write_most(&self, out: &mut impl Write, most: usize) -> fmt::Result {
        let mut sorted: Vec<(&str, usize, usize)> =
            self.names.iter().map(|(name, (count, order))| (*name, *count, *order)).collect();
        sorted.sort_unstable_by_key(|(_, count, order)| (std::cmp::Reverse(*count), *order));
        let others = sorted.len().saturating_sub(most) + self.beyond;
        for (index, (name, count, _)) in sorted.into_iter().take(most).enumerate() {
            out.write_str(if index == 0 { "" } else { ", " })?;
            out.write_str(if name.is_empty() { "(no name)" } else { name })?;
            if count > 1 {
                write!(out, " ×{count}")?;
            }
        }
        match others {
            0 => Ok(()),
            1 => out.write_str(", +1 other"),
            many => write!(out, ", +{many} others"),
        }
    }
}
