//! Why a request was refused.

/// A request that does not follow the schema of its signal.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("malformed request at byte {offset}: {fault}")]
pub struct Malformed {
    /// Where the trouble starts.
    pub offset: usize,
    /// What it is.
    pub fault: Fault,
}

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum Fault {
    /// A number that is cut off, has more than ten bytes or more than 64 bits.
    #[error("bad varint")]
    Varint,
    /// A tag with field number 0, more than 32 bits or a wire type that does not exist.
    #[error("bad field tag")]
    Tag,
    /// A field of the schema with a payload of another kind.
    #[error("wrong wire type for field {number} of {message}")]
    WireType {
        /// The message.
        message: &'static str,
        /// The field's number.
        number: u32,
    },
    /// A payload that does not end where its message ends, or before.
    #[error("field runs past the end of its message")]
    Overrun,
    /// Bytes that are not text where the schema says string.
    #[error("string is not UTF-8")]
    Utf8,
    /// A group without end, an end without group, or something bad in it.
    #[error("bad group")]
    Group,
    /// More than 100 messages within each other.
    #[error("messages are nested too deeply")]
    Depth,
}

impl Malformed {
    #[cold]
    pub(super) const fn at(offset: usize, fault: Fault) -> Self {
        Self { offset, fault }
    }
}
