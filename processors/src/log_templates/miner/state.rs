//! What a miner knows, as bytes: so that it goes on after a restart as if there had been none.
//!
//! It is written part by part, and lines may be mined between two parts: each holds some templates, the oldest first, with the masked
//! lines that lead to them, and means something without the others. The last one holds the words that are known to be values. Layout of a
//! part: version; lines, forgotten, templates born; templates, each behind a 1; a 0; values. Numbers are written as in protobuf, seven
//! bits to a byte. Checksums are left to whoever keeps the bytes.

use std::collections::BTreeSet;

use super::code::Code;
use super::limits::Limits;
use super::mining::{Learned, Miner};
use super::nodes::Node;
use super::template::Template;

const VERSION: u64 = 2;

const VARIABLE: u64 = 0;
const SEPARATOR: u64 = 1;
const WORD: u64 = 2;
const MASKED: u64 = 3;

/// Most parts that a template can have: the lexer cuts lines before.
const MAX_PARTS: u64 = 4096;

/// Why bytes are no state of a miner.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StateError {
    /// Another version wrote them.
    #[error("written by another version of the miner ({0}); begin anew")]
    Version(u64),
    /// They are cut off or changed.
    #[error("damaged; begin anew")]
    Damaged,
}

/// What a part holds.
#[derive(Debug, Default)]
struct Part {
    lines: u64,
    forgotten: u64,
    born: u64,
    /// Templates, and the hashes of the masked lines that lead to them.
    nodes: Vec<(Node, Vec<u64>)>,
    values: Vec<u64>,
}

impl Miner {
    /// Appends the part of what it knows that begins at `position`, of about `size` bytes at most, and says where the next one
    /// begins; `None` after the last. The first is at position 0. Limits, thresholds and events that were not taken are not part of it.
    #[must_use]
    pub fn save(&self, position: usize, size: usize, out: &mut Vec<u8>) -> Option<usize> {
        self.learned.write(position, size, out)
    }

    /// Takes in a part that a miner has saved, beside what it knows already.
    ///
    /// # Errors
    ///
    /// [`StateError`]; nothing has changed then.
    pub fn restore(&mut self, mut part: &[u8]) -> Result<(), StateError> {
        let read = Part::read(&mut part).ok_or(StateError::Damaged)??;
        if !part.is_empty() {
            return Err(StateError::Damaged);
        }
        self.learned.take_in(read);
        Ok(())
    }

    /// All that it knows.
    #[must_use]
    pub fn state(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // One part of any size is the last.
        let _none = self.save(0, usize::MAX, &mut out);
        out
    }

    /// A miner that goes on where the one that wrote `state` stopped.
    ///
    /// # Errors
    ///
    /// [`StateError`].
    pub fn restored(limits: Limits, state: &[u8]) -> Result<Self, StateError> {
        let mut miner = Self::new(limits);
        miner.restore(state)?;
        Ok(miner)
    }
}

impl Learned {
    fn write(&self, position: usize, size: usize, out: &mut Vec<u8>) -> Option<usize> {
        let from = out.len();
        put(out, VERSION);
        put(out, self.lines);
        put(out, self.forgotten);
        put(out, self.nodes.born);
        let mut leading: Vec<(u32, u64)> =
            self.signatures.iter().map(|(signature, node)| (self.nodes.root(*node), *signature)).collect();
        leading.sort_unstable();
        let mut next = None;
        for index in self.nodes.by_age() {
            let Some(node) = self.nodes.get(index) else { continue };
            let born = usize::try_from(node.born).unwrap_or(usize::MAX);
            if born < position {
                continue;
            }
            // At least one, so that there is an end.
            if next.is_some() && out.len() - from >= size {
                put(out, 0);
                put(out, 0);
                return Some(born);
            }
            next = Some(born);
            put(out, 1);
            put(out, node.born);
            put(out, node.last);
            put(out, node.lines);
            put_template(out, &node.template);
            let begin = leading.partition_point(|(root, _)| *root < index);
            let own = || leading.iter().skip(begin).take_while(|(root, _)| *root == index);
            put(out, own().count() as u64);
            own().for_each(|(_, signature)| out.extend_from_slice(&signature.to_le_bytes()));
        }
        put(out, 0);
        let values = self.values.sorted();
        if next.is_some() && (out.len() - from).saturating_add(values.len() * size_of::<u64>()) > size {
            put(out, 0);
            return Some(usize::try_from(self.nodes.born).unwrap_or(usize::MAX));
        }
        put(out, values.len() as u64);
        values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
        None
    }

    fn take_in(&mut self, part: Part) {
        self.lines = self.lines.max(part.lines);
        self.forgotten = self.forgotten.max(part.forgotten);
        self.nodes.born = self.nodes.born.max(part.born);
        for (node, leading) in part.nodes {
            let known = self.signatures.get(&node.template.signature()).map(|known| self.nodes.root(*known));
            let index = match known.and_then(|known| Some((known, self.nodes.get_mut(known)?))) {
                Some((index, known)) => {
                    known.last = known.last.max(node.last);
                    known.lines = known.lines.max(node.lines);
                    index
                }
                None => {
                    let (shape, folded) = (node.template.shape(), node.template.folded_signature());
                    let index = self.nodes.insert_again(node);
                    self.list(index, shape, folded);
                    index
                }
            };
            self.signatures.extend(leading.into_iter().map(|signature| (signature, index)));
        }
        part.values.into_iter().for_each(|value| self.values.note(Code::from_bits(value)));
        self.keep_within();
        self.events.clear();
    }
}

impl Part {
    /// `None`: damaged.
    fn read(from: &mut &[u8]) -> Option<Result<Self, StateError>> {
        let version = take(from)?;
        if version != VERSION {
            return Some(Err(StateError::Version(version)));
        }
        let mut part =
            Self { lines: count(from)?, forgotten: count(from)?, born: count(from)?, ..Self::default() };
        let mut numbers = BTreeSet::new();
        loop {
            match take(from)? {
                0 => break,
                1 => {}
                _ => return None,
            }
            let (born, last, lines) = (take(from)?, take(from)?, count(from)?);
            let node = Node { born, last, lines, ..Node::new(take_template(from)?) };
            if born >= part.born || last > part.lines || !numbers.insert(born) {
                return None;
            }
            let mut leading = Vec::new();
            for _ in 0..take(from)? {
                leading.push(take_hash(from)?);
            }
            part.nodes.push((node, leading));
        }
        for _ in 0..take(from)? {
            part.values.push(take_hash(from)?);
        }
        Some(Ok(part))
    }
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn take(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *from.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// A number that can be counted on without an end.
fn count(from: &mut &[u8]) -> Option<u64> {
    take(from).filter(|count| *count < 1 << 60)
}

fn take_hash(from: &mut &[u8]) -> Option<u64> {
    let (hash, rest) = from.split_first_chunk::<8>()?;
    *from = rest;
    Some(u64::from_le_bytes(*hash))
}

fn put_template(out: &mut Vec<u8>, template: &Template) {
    put(out, template.codes().len() as u64);
    for (code, text) in template.parts() {
        let text_of = |out: &mut Vec<u8>| {
            put(out, text.len() as u64);
            out.extend_from_slice(text);
        };
        if code.is_variable() {
            put(out, VARIABLE);
        } else if code.is_masked() {
            put(out, MASKED);
            out.extend_from_slice(&code.bits().to_le_bytes());
            text_of(out);
        } else if code.is_word() {
            put(out, WORD);
            text_of(out);
        } else {
            put(out, SEPARATOR);
            put(out, code.bits());
        }
    }
}

fn take_template(from: &mut &[u8]) -> Option<Template> {
    let mut parts = Vec::new();
    for _ in 0..Some(take(from)?).filter(|count| *count <= MAX_PARTS)? {
        parts.push(match take(from)? {
            VARIABLE => (Code::VARIABLE, Vec::new()),
            SEPARATOR => {
                let byte = u8::try_from(take(from)?).ok()?;
                (Code::separator(byte), vec![byte])
            }
            WORD => {
                let text = take_text(from)?;
                (Code::word(&text), text)
            }
            MASKED => {
                let code = Code::from_bits(take_hash(from)?);
                (code.is_masked().then_some(code)?, take_text(from)?)
            }
            _ => return None,
        });
    }
    Some(Template::of_parts(&parts))
}

fn take_text(from: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(take(from)?).ok()?;
    let (text, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(text.to_vec())
}
