//! The parts while they are written.

use bytes::Bytes;

use super::dealer::{ELEMENTS, RESOURCES, SCOPES};
use crate::splice::Outgrown;
use crate::split::put_others;
use crate::wire::NestedMessage;
use crate::wire::child::Child;

/// Bytes by which all parts together may exceed what they are made of: a resource of ten megabytes with spans of a hundred traces
/// must not become a gigabyte. As much as an edit may add.
const GROWTH: usize = 20 * 1024 * 1024;

/// One part.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) slices: Vec<Bytes>,
    pub(super) copied: Vec<u8>,
    pub(super) items: usize,
    resource: Option<NestedMessage>,
    scope: Option<NestedMessage>,
}

/// All parts.
#[derive(Debug)]
pub(super) struct Outs {
    pub(super) outs: Vec<Out>,
    /// Bytes that may still be copied.
    left: usize,
    /// Parts with an open resource, and with an open scope.
    in_resource: Vec<usize>,
    in_scope: Vec<usize>,
}

impl Outs {
    pub(super) fn new(parts: usize) -> Self {
        let outs = std::iter::repeat_with(Out::default).take(parts).collect();
        Self { outs, left: GROWTH, in_resource: Vec::new(), in_scope: Vec::new() }
    }

    /// `bytes` more are being dealt.
    pub(super) const fn allow(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(bytes);
    }

    /// Adds a slice of a request.
    pub(super) fn slice(&mut self, part: usize, slice: Bytes, items: usize) {
        if let Some(out) = self.outs.get_mut(part) {
            out.slices.push(slice);
            out.items += items;
        }
    }

    /// Copies fields at the top of a request.
    pub(super) fn copy(&mut self, part: usize, raw: &[u8], items: usize) -> Result<(), Outgrown> {
        self.append(part, items, |out| out.copied.extend_from_slice(raw))
    }

    /// Copies a scope into the resource `group`.
    pub(super) fn scope(
        &mut self,
        part: usize,
        source: &[u8],
        group: Child,
        raw: &[u8],
        items: usize,
    ) -> Result<(), Outgrown> {
        self.open_resource(part, source, group)?;
        self.append(part, items, |out| out.copied.extend_from_slice(raw))
    }

    /// Lets `write` append an element to the scope `scope` of the resource `group`.
    pub(super) fn element(
        &mut self,
        part: usize,
        source: &[u8],
        (group, scope): (Child, Child),
        items: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Outgrown> {
        self.open_resource(part, source, group)?;
        if self.outs.get(part).is_some_and(|out| out.scope.is_none()) {
            self.in_scope.push(part);
            self.append(part, 0, |out| {
                out.scope = Some(NestedMessage::open(&mut out.copied, SCOPES, scope.end - scope.content));
                put_others(&mut out.copied, scope.bytes(source), ELEMENTS);
            })?;
        }
        self.append(part, items, |out| write(&mut out.copied))
    }

    /// The scope is done.
    pub(super) fn close_scope(&mut self) {
        for part in self.in_scope.drain(..) {
            if let Some(out) = self.outs.get_mut(part)
                && let Some(message) = out.scope.take()
            {
                message.close(&mut out.copied);
            }
        }
    }

    /// The resource is done.
    pub(super) fn close_resource(&mut self) {
        for part in self.in_resource.drain(..) {
            if let Some(out) = self.outs.get_mut(part)
                && let Some(message) = out.resource.take()
            {
                message.close(&mut out.copied);
            }
        }
    }

    fn open_resource(&mut self, part: usize, source: &[u8], group: Child) -> Result<(), Outgrown> {
        if self.outs.get(part).is_none_or(|out| out.resource.is_some()) {
            return Ok(());
        }
        self.in_resource.push(part);
        self.append(part, 0, |out| {
            out.resource = Some(NestedMessage::open(&mut out.copied, RESOURCES, group.end - group.content));
            put_others(&mut out.copied, group.bytes(source), SCOPES);
        })
    }

    /// Lets `write` append something that is at most as long as a request.
    fn append(&mut self, part: usize, items: usize, write: impl FnOnce(&mut Out)) -> Result<(), Outgrown> {
        let Some(out) = self.outs.get_mut(part) else { return Ok(()) };
        let before = out.copied.len();
        write(out);
        out.items += items;
        let written = out.copied.len() - before;
        self.left = self.left.checked_sub(written).ok_or(Outgrown)?;
        Ok(())
    }
}
