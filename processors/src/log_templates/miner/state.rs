//! What a miner knows, as bytes: so that it goes on after a restart as if there had been none.
//!
//! Layout: version, lines, forgotten; templates in their order, by shape; what else is known by hash; a hash of it all. Numbers are
//! written as in protobuf, seven bits to a byte.

use super::code::Code;
use super::hash;
use super::limits::Limits;
use super::mining::{Learned, Miner};
use super::nodes::Node;
use super::template::Template;
use super::thresholds::Thresholds;

const VERSION: u64 = 1;

const VARIABLE: u64 = 0;
const SEPARATOR: u64 = 1;
const WORD: u64 = 2;
const MASKED: u64 = 3;

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

impl Miner {
    /// All that it knows, but for its limits and thresholds. Events that were not taken are not part of it.
    #[must_use]
    pub fn state(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.learned.write(&mut out);
        let sum = hash::bytes(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// A miner that goes on where the one that wrote `state` stopped.
    ///
    /// # Errors
    ///
    /// [`StateError`].
    pub fn restored(limits: Limits, state: &[u8]) -> Result<Self, StateError> {
        let (mut bytes, sum) = state.split_last_chunk::<8>().ok_or(StateError::Damaged)?;
        if hash::bytes(bytes) != u64::from_le_bytes(*sum) {
            return Err(StateError::Damaged);
        }
        let mut miner = Self::with_thresholds(limits, Thresholds::default());
        miner.learned.read(&mut bytes).ok_or(StateError::Damaged)??;
        if !bytes.is_empty() {
            return Err(StateError::Damaged);
        }
        miner.learned.events.clear();
        Ok(miner)
    }
}

impl Learned {
    fn write(&self, out: &mut Vec<u8>) {
        put(out, VERSION);
        put(out, self.lines);
        put(out, self.forgotten);
        put(out, self.nodes.len() as u64);
        let mut shapes: Vec<_> = self.shapes.iter().collect();
        shapes.sort_unstable();
        let mut numbers = hash::HashedMap::default();
        for &index in shapes.into_iter().flat_map(|(_shape, nodes)| nodes) {
            let Some(node) = self.nodes.get(index) else { continue };
            numbers.insert(u64::from(index), numbers.len() as u64);
            put(out, node.last);
            put(out, node.lines);
            put_template(out, &node.template);
        }
        let mut signatures: Vec<(u64, u64)> = self
            .signatures
            .iter()
            .filter_map(|(signature, node)| {
                Some((*signature, *numbers.get(&u64::from(self.nodes.root(*node)))?))
            })
            .collect();
        signatures.sort_unstable();
        put(out, signatures.len() as u64);
        for (signature, number) in signatures {
            out.extend_from_slice(&signature.to_le_bytes());
            put(out, number);
        }
        let values = self.values.sorted();
        put(out, values.len() as u64);
        for value in values {
            out.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// `None`: damaged.
    fn read(&mut self, from: &mut &[u8]) -> Option<Result<(), StateError>> {
        let version = take(from)?;
        if version != VERSION {
            return Some(Err(StateError::Version(version)));
        }
        self.lines = take(from)?;
        self.forgotten = take(from)?;
        let mut nodes = Vec::new();
        for _ in 0..take(from)? {
            let (last, lines) = (take(from)?, take(from)?);
            let mut node = Node::new(take_template(from)?);
            (node.last, node.lines) = (last, lines);
            let (shape, folded) = (node.template.shape(), node.template.folded_signature());
            let index = self.nodes.insert(node);
            self.shapes.entry(shape).or_default().push(index);
            self.folds.entry(folded).or_default().push(index);
            nodes.push(index);
        }
        for _ in 0..take(from)? {
            let signature = take_hash(from)?;
            let node = nodes.get(usize::try_from(take(from)?).ok()?)?;
            self.signatures.insert(signature, *node);
        }
        for _ in 0..take(from)? {
            self.values.note(Code::from_bits(take_hash(from)?));
        }
        Some(Ok(()))
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
    for _ in 0..take(from)? {
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
