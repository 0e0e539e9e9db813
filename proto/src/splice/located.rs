//! Items together with where they stand.

use crate::Signal;
use crate::view::{Data, InstrumentationScope, LogRecord, Metric, Point, Resource, Span};

/// One item of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Item<'a> {
    /// A span.
    Span(Span<'a>),
    /// A log record.
    LogRecord(LogRecord<'a>),
    /// A data point and its metric.
    Point(Metric<'a>, Point<'a>),
}

/// An item with the resource and scope that it belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Located<'a> {
    /// The resource, if there is one.
    pub resource: Option<Resource<'a>>,
    /// The scope, if there is one.
    pub scope: Option<InstrumentationScope<'a>>,
    /// The item.
    pub item: Item<'a>,
}

impl Item<'_> {
    /// The field number of the attributes of this item.
    pub(super) const fn attributes(&self) -> u32 {
        match self {
            Self::Span(_) => 9,
            Self::LogRecord(_) => 6,
            Self::Point(_, Point::Number(_) | Point::Summary(_)) => 7,
            Self::Point(_, Point::Histogram(_)) => 9,
            Self::Point(_, Point::ExponentialHistogram(_)) => 1,
        }
    }
}

/// What the elements of a scope are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Element<'a> {
    /// An item.
    Item(Item<'a>),
    /// A metric, which holds items.
    Metric(Metric<'a>),
}

impl<'a> Element<'a> {
    #[inline]
    pub(super) const fn new(signal: Signal, bytes: &'a [u8]) -> Self {
        match signal {
            Signal::Traces => Self::Item(Item::Span(Span::new(bytes))),
            Signal::Logs => Self::Item(Item::LogRecord(LogRecord::new(bytes))),
            Signal::Metrics => Self::Metric(Metric::new(bytes)),
        }
    }
}

/// The data point encoded in `bytes`, of a metric whose data is `data`.
#[inline]
pub(super) fn point<'a>(metric: Metric<'a>, data: Data<'a>, bytes: &'a [u8]) -> Option<Item<'a>> {
    data.point(bytes).map(|point| Item::Point(metric, point))
}
