//! Edits of attributes.

use bytes::Bytes;

use super::attributes::Buffers;
use super::located::{Element, point};
use super::rewriter::{Outgrown, Rewriter};
use super::{Attributes, Located};
use crate::Signal;
use crate::view::{Data, InstrumentationScope, Resource, ResourceItems, ScopeItems};
use crate::wire::child::Child;
use crate::wire::put_bytes;

/// Field of the request that holds its resources.
pub(super) const RESOURCES: u32 = 1;
/// Field of `Resource*` that holds the resource, and of `Scope*` that holds the scope.
const SUBJECT: u32 = 1;
/// Field of `Resource*` that holds its scopes.
pub(super) const SCOPES: u32 = 2;
/// Field of `Scope*` that holds spans, metrics or log records.
pub(super) const ELEMENTS: u32 = 2;
/// Field of `Resource` that holds its attributes.
const RESOURCE_ATTRIBUTES: u32 = 1;
/// Field of `Gauge`, `Sum` and the others that holds the data points.
pub(super) const POINTS: u32 = 1;

/// Edits requests, reusing its buffers.
#[derive(Debug, Default)]
pub struct Editor {
    buffers: Buffers,
    subjects: Vec<Child>,
}

/// Edits the attributes of every resource; see [`Editor::resources`].
///
/// # Errors
///
/// [`Outgrown`].
pub fn resources(
    signal: Signal,
    request: &Bytes,
    edit: &mut impl FnMut(Option<Resource<'_>>, &mut Attributes<'_>),
) -> Result<Option<Bytes>, Outgrown> {
    Editor::default().resources(signal, request, edit)
}

/// Edits the attributes of every item; see [`Editor::items`].
///
/// # Errors
///
/// [`Outgrown`].
pub fn items(
    signal: Signal,
    request: &Bytes,
    edit: &mut impl FnMut(&Located<'_>, &mut Attributes<'_>),
) -> Result<Option<Bytes>, Outgrown> {
    Editor::default().items(signal, request, edit)
}

impl Editor {
    /// Lets `edit` change the attributes of every resource in `request`. A resource that is missing is offered
    /// without attributes, and exists afterwards if it was given some. Returns `None` if nothing changed.
    ///
    /// # Errors
    ///
    /// [`Outgrown`] when the request would become much larger.
    pub fn resources(
        &mut self,
        _signal: Signal,
        request: &Bytes,
        edit: &mut impl FnMut(Option<Resource<'_>>, &mut Attributes<'_>),
    ) -> Result<Option<Bytes>, Outgrown> {
        let source: &[u8] = request;
        let mut rewriter = Rewriter::new(source);
        let mut attributes = Attributes::new(source, std::mem::take(&mut self.buffers));
        for group in Child::whole(source).children(source).filter(|field| field.number == RESOURCES) {
            self.subjects.clear();
            self.subjects.extend(group.children(source).filter(|field| field.number == SUBJECT));
            attributes.reset(RESOURCE_ATTRIBUTES);
            for resource in &self.subjects {
                attributes.load(*resource);
            }
            edit(self.subjects.last().map(|last| Resource::new(last.bytes(source))), &mut attributes);
            if attributes.is_changed() {
                rewriter.enter(group);
                self.write_resource(&mut rewriter, group, &attributes);
                rewriter.leave();
            }
        }
        self.buffers = attributes.into_buffers();
        rewriter.finish()
    }

    fn write_resource(&self, rewriter: &mut Rewriter<'_>, group: Child, attributes: &Attributes<'_>) {
        if self.subjects.is_empty() {
            let mut resource = Vec::new();
            attributes.put_new(&mut resource);
            rewriter.replace(group.content, group.content, |out| put_bytes(out, SUBJECT, &resource));
            return;
        }
        for (index, resource) in self.subjects.iter().enumerate() {
            rewriter.enter(*resource);
            attributes.write(rewriter, *resource, index + 1 == self.subjects.len());
            rewriter.leave();
        }
    }

    /// Lets `edit` change the attributes of every span, log record or data point in `request`. Returns `None` if
    /// nothing changed.
    ///
    /// # Errors
    ///
    /// [`Outgrown`] when the request would become much larger.
    pub fn items(
        &mut self,
        signal: Signal,
        request: &Bytes,
        edit: &mut impl FnMut(&Located<'_>, &mut Attributes<'_>),
    ) -> Result<Option<Bytes>, Outgrown> {
        let source: &[u8] = request;
        let attributes = Attributes::new(source, std::mem::take(&mut self.buffers));
        let mut walk = ItemWalk { source, rewriter: Rewriter::new(source), attributes, edit };
        for group in Child::whole(source).children(source).filter(|field| field.number == RESOURCES) {
            let resource = ResourceItems::new(group.bytes(source)).resource();
            walk.rewriter.enter(group);
            for scope in group.children(source).filter(|field| field.number == SCOPES) {
                walk.scope(signal, resource, scope);
            }
            walk.rewriter.leave();
        }
        self.buffers = walk.attributes.into_buffers();
        walk.rewriter.finish()
    }
}

/// The walk of [`Editor::items`].
struct ItemWalk<'a, 'e, E> {
    source: &'a [u8],
    rewriter: Rewriter<'a>,
    attributes: Attributes<'a>,
    edit: &'e mut E,
}

impl<'a, E: FnMut(&Located<'_>, &mut Attributes<'_>)> ItemWalk<'a, '_, E> {
    fn scope(&mut self, signal: Signal, resource: Option<Resource<'a>>, group: Child) {
        let scope = ScopeItems::new(group.bytes(self.source)).scope();
        self.rewriter.enter(group);
        for element in group.children(self.source).filter(|field| field.number == ELEMENTS) {
            match Element::new(signal, element.bytes(self.source)) {
                Element::Item(item) => self.item(element, &Located { resource, scope, item }),
                Element::Metric(metric) => {
                    self.rewriter.enter(element);
                    for field in element.children(self.source) {
                        let Some(data) = Data::of_field(field.number, field.bytes(self.source)) else {
                            continue;
                        };
                        self.data(resource, scope, field, |bytes| point(metric, data, bytes));
                    }
                    self.rewriter.leave();
                }
            }
        }
        self.rewriter.leave();
    }

    fn data(
        &mut self,
        resource: Option<Resource<'a>>,
        scope: Option<InstrumentationScope<'a>>,
        data: Child,
        point: impl Fn(&'a [u8]) -> Option<super::Item<'a>>,
    ) {
        self.rewriter.enter(data);
        for field in data.children(self.source).filter(|field| field.number == POINTS) {
            if let Some(item) = point(field.bytes(self.source)) {
                self.item(field, &Located { resource, scope, item });
            }
        }
        self.rewriter.leave();
    }

    fn item(&mut self, field: Child, located: &Located<'a>) {
        self.attributes.reset(located.item.attributes());
        self.attributes.load(field);
        (self.edit)(located, &mut self.attributes);
        if self.attributes.is_changed() {
            self.rewriter.enter(field);
            self.attributes.write(&mut self.rewriter, field, true);
            self.rewriter.leave();
        }
    }
}
