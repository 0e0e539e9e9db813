//! Writing a request anew with some of its items left out and some written differently, in one pass.

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_proto::splice::{Item, Outgrown};
use edgewatch_proto::view::{LogRecord, Resource, ResourceItems, Span};
use edgewatch_proto::wire::{Field, Fields, NestedMessage};

/// Field of the request that holds its resources.
const RESOURCES: u32 = 1;
/// Field of `Resource*` that holds its scopes, and of `Scope*` that holds its items.
const BELOW: u32 = 2;
/// Bytes by which a request may grow: as with every other edit.
const GROWTH: usize = 20 * 1024 * 1024;

/// What becomes of an item.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It stays as it is.
    Kept,
    /// It stays; what it is now has been written.
    Written,
    /// It goes.
    Dropped,
}

/// What is left of a request.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Rebuilt {
    /// Items that stayed, and items that went.
    pub(crate) kept: usize,
    pub(crate) dropped: usize,
    /// The new request; `None` if it is as it was.
    pub(crate) request: Option<Bytes>,
}

/// Lets `decide` say what becomes of each span or log record of `request`: it is given the item and a buffer, at whose end it may
/// write the item anew, without tag and length. A scope or resource that loses its last item goes as well; everything else is copied.
///
/// # Errors
///
/// [`Outgrown`] when the request would become much larger.
pub(crate) fn rebuild<'a>(
    signal: Signal,
    request: &'a Bytes,
    decide: &mut impl FnMut(Option<Resource<'a>>, Item<'a>, &mut Vec<u8>) -> Fate,
) -> Result<Rebuilt, Outgrown> {
    let mut copy = Copy {
        out: Vec::new(),
        most: request.len().saturating_add(GROWTH),
        rebuilt: Rebuilt::default(),
        changed: false,
    };
    for field in Fields::new(request) {
        let Some(group) = field.bytes().filter(|_| field.number == RESOURCES) else {
            copy.out.extend_from_slice(field.raw);
            continue;
        };
        let resource = ResourceItems::new(group).resource();
        copy.message(&field, group, |copy, scope| {
            copy.message(scope, scope.bytes().unwrap_or_default(), |copy, element| {
                let bytes = element.bytes().unwrap_or_default();
                let item = match signal {
                    Signal::Traces => Item::Span(Span::new(bytes)),
                    Signal::Logs => Item::LogRecord(LogRecord::new(bytes)),
                    Signal::Metrics => return Ok(copy.keep(element)),
                };
                copy.item(element, bytes.len(), |out| decide(resource, item, out))
            })
        })?;
    }
    let Copy { out, mut rebuilt, changed, .. } = copy;
    rebuilt.request = changed.then(|| Bytes::from(out));
    Ok(rebuilt)
}

struct Copy {
    out: Vec<u8>,
    most: usize,
    rebuilt: Rebuilt,
    changed: bool,
}

impl Copy {
    /// Copies a message, letting `each` deal with what is below it. Goes without when all of that went. Says whether it stayed.
    fn message<'a>(
        &mut self,
        field: &Field<'a>,
        payload: &'a [u8],
        mut each: impl FnMut(&mut Self, &Field<'a>) -> Result<bool, Outgrown>,
    ) -> Result<bool, Outgrown> {
        let (start, mut stayed, mut went) = (self.out.len(), false, false);
        let message = NestedMessage::open(&mut self.out, field.number, payload.len());
        for child in Fields::new(payload) {
            if child.number == BELOW && child.bytes().is_some() {
                let stays = each(self, &child)?;
                stayed |= stays;
                went |= !stays;
            } else {
                self.out.extend_from_slice(child.raw);
            }
        }
        if went && !stayed {
            self.out.truncate(start);
            return Ok(false);
        }
        message.close(&mut self.out);
        Ok(true)
    }

    fn item(
        &mut self,
        field: &Field<'_>,
        length: usize,
        decide: impl FnOnce(&mut Vec<u8>) -> Fate,
    ) -> Result<bool, Outgrown> {
        let start = self.out.len();
        let message = NestedMessage::open(&mut self.out, field.number, length);
        let content = self.out.len();
        match decide(&mut self.out) {
            Fate::Kept => {
                self.out.truncate(start);
                return Ok(self.keep(field));
            }
            Fate::Dropped => {
                self.out.truncate(start);
                self.changed = true;
                self.rebuilt.dropped += 1;
                return Ok(false);
            }
            Fate::Written => {}
        }
        self.changed |= self.out.get(content..) != field.bytes();
        message.close(&mut self.out);
        self.rebuilt.kept += 1;
        if self.out.len() > self.most { Err(Outgrown) } else { Ok(true) }
    }

    fn keep(&mut self, field: &Field<'_>) -> bool {
        self.out.extend_from_slice(field.raw);
        self.rebuilt.kept += 1;
        true
    }
}
