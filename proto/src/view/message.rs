//! What all views share: the trait, the repeated fields and the macro that writes the accessors.

use std::marker::PhantomData;

use crate::wire::{self, Field, Fields, Payload};

/// A borrowed reader over one encoded message.
pub trait View<'a>: Copy {
    /// The view of the message encoded in `bytes`. Nothing is read yet.
    fn new(bytes: &'a [u8]) -> Self;

    /// The encoded message, without tag and length.
    fn as_bytes(self) -> &'a [u8];
}

/// The elements of a repeated message field.
#[derive(Clone, Copy, Debug)]
pub struct Repeated<'a, T> {
    fields: Fields<'a>,
    number: u32,
    element: PhantomData<T>,
}

impl<'a, T: View<'a>> Repeated<'a, T> {
    /// The elements of field `number` of the message encoded in `bytes`.
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8], number: u32) -> Self {
        Self { fields: Fields::new(bytes), number, element: PhantomData }
    }

    /// Starts at `field` of `message` unless an earlier field was seen: the first element of a single-pass read.
    #[inline]
    pub(crate) fn seen(&mut self, message: &'a [u8], field: &Field<'a>) {
        if self.number == 0 {
            *self = Self::new(message.get(field.start..).unwrap_or_default(), field.number);
        }
    }
}

impl<T> Default for Repeated<'_, T> {
    fn default() -> Self {
        Self { fields: Fields::new(&[]), number: 0, element: PhantomData }
    }
}

impl<'a, T: View<'a>> Iterator for Repeated<'a, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let number = self.number;
        self.fields.find(|field| field.number == number).and_then(|field| field.bytes()).map(T::new)
    }
}

/// The elements of a repeated string field.
#[derive(Clone, Copy, Debug)]
pub struct RepeatedStr<'a> {
    fields: Fields<'a>,
    number: u32,
}

impl<'a> RepeatedStr<'a> {
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8], number: u32) -> Self {
        Self { fields: Fields::new(bytes), number }
    }
}

impl<'a> Iterator for RepeatedStr<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let number = self.number;
        self.fields.find(|field| field.number == number).and_then(|field| field.bytes()).map(text)
    }
}

/// Writes an iterator over a repeated scalar that may be packed, unpacked or both.
macro_rules! packable {
    ($(#[$meta:meta])* $name:ident: $item:ty, $unpacked:path => $decode:expr, $next:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a> {
            fields: Fields<'a>,
            number: u32,
            packed: &'a [u8],
        }

        impl<'a> $name<'a> {
            #[inline]
            pub(crate) const fn new(bytes: &'a [u8], number: u32) -> Self {
                Self { fields: Fields::new(bytes), number, packed: &[] }
            }
        }

        impl Iterator for $name<'_> {
            type Item = $item;

            #[inline]
            fn next(&mut self) -> Option<$item> {
                loop {
                    if let Some((value, rest)) = $next(self.packed) {
                        self.packed = rest;
                        return Some($decode(value));
                    }
                    let number = self.number;
                    match self.fields.find(|field| field.number == number)?.payload {
                        Payload::Len(packed) => self.packed = packed,
                        $unpacked(value) => return Some($decode(value)),
                        _other => {}
                    }
                }
            }
        }
    };
}

packable! {
    /// The elements of a repeated `double` field.
    Doubles: f64, Payload::Fixed64 => f64::from_bits, next_fixed64
}
packable! {
    /// The elements of a repeated `fixed64` field.
    Fixed64s: u64, Payload::Fixed64 => std::convert::identity::<u64>, next_fixed64
}
packable! {
    /// The elements of a repeated `uint64` field.
    Varints: u64, Payload::Varint => std::convert::identity::<u64>, next_varint
}

#[inline]
fn next_fixed64(packed: &[u8]) -> Option<(u64, &[u8])> {
    packed.split_first_chunk().map(|(eight, rest)| (u64::from_le_bytes(*eight), rest))
}

#[inline]
fn next_varint(packed: &[u8]) -> Option<(u64, &[u8])> {
    let (value, next) = wire::varint(packed, 0)?;
    Some((value, packed.get(next..)?))
}

/// The fields with this number.
#[inline]
pub(super) fn occurrences(bytes: &[u8], number: u32) -> impl Iterator<Item = Field<'_>> {
    Fields::new(bytes).filter(move |field| field.number == number)
}

/// The text of a string field; empty if it is not UTF-8.
#[inline]
pub(super) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// The signed 32-bit reading of a varint, as protobuf truncates it.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "protobuf keeps the low 32 bits of an overlong int32")]
pub(super) const fn int32(value: u64) -> i32 {
    value as i32
}

/// The unsigned 32-bit reading of a varint, as protobuf truncates it.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "protobuf keeps the low 32 bits of an overlong uint32")]
pub(super) const fn uint32(value: u64) -> u32 {
    value as u32
}

/// The zigzag reading of a varint.
#[inline]
pub(super) const fn sint32(value: u64) -> i32 {
    let value = uint32(value);
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// The Rust type of a field kind.
macro_rules! field_type {
    (str) => { &'a str };
    (bytes) => { &'a [u8] };
    (int32) => { i32 };
    (sint32) => { i32 };
    (uint32) => { u32 };
    (bool) => { bool };
    (fixed32) => { u32 };
    (fixed64) => { u64 };
    (double) => { f64 };
    (optional_double) => { Option<f64> };
    (message $inner:ident) => { Option<$inner<'a>> };
    (repeated $inner:ident) => { $crate::view::Repeated<'a, $inner<'a>> };
    (repeated_str) => { $crate::view::RepeatedStr<'a> };
    (doubles) => { $crate::view::Doubles<'a> };
    (fixed64s) => { $crate::view::Fixed64s<'a> };
    (varints) => { $crate::view::Varints<'a> };
}

/// The value of one singular field of a kind, if its wire type fits.
macro_rules! field_value {
    ($field:expr, str) => {
        $field.bytes().map($crate::view::message::text)
    };
    ($field:expr, bytes) => {
        $field.bytes()
    };
    ($field:expr, int32) => {
        $field.varint().map($crate::view::message::int32)
    };
    ($field:expr, sint32) => {
        $field.varint().map($crate::view::message::sint32)
    };
    ($field:expr, uint32) => {
        $field.varint().map($crate::view::message::uint32)
    };
    ($field:expr, bool) => {
        $field.varint().map(|value| value != 0)
    };
    ($field:expr, fixed32) => {
        $field.fixed32()
    };
    ($field:expr, fixed64) => {
        $field.fixed64()
    };
    ($field:expr, double) => {
        $field.fixed64().map(f64::from_bits)
    };
    ($field:expr, optional_double) => {
        $field.fixed64().map(|bits| Some(f64::from_bits(bits)))
    };
    ($field:expr, message $inner:ident) => {
        $field.bytes().map(|bytes| Some($inner { bytes }))
    };
}

/// Reads one field by walking the message.
macro_rules! read_field {
    ($bytes:expr, $number:expr, repeated $inner:ident) => { $crate::view::Repeated::new($bytes, $number) };
    ($bytes:expr, $number:expr, repeated_str) => { $crate::view::RepeatedStr::new($bytes, $number) };
    ($bytes:expr, $number:expr, doubles) => { $crate::view::Doubles::new($bytes, $number) };
    ($bytes:expr, $number:expr, fixed64s) => { $crate::view::Fixed64s::new($bytes, $number) };
    ($bytes:expr, $number:expr, varints) => { $crate::view::Varints::new($bytes, $number) };
    ($bytes:expr, $number:expr, $($kind:ident)+) => {
        $crate::view::message::occurrences($bytes, $number)
            .filter_map(|field| field_value!(field, $($kind)+))
            .last()
            .unwrap_or_default()
    };
}

/// Takes one field of a single-pass read.
macro_rules! fill_field {
    ($target:expr, $message:expr, $field:expr, repeated $inner:ident) => { $target.seen($message, &$field) };
    ($target:expr, $message:expr, $field:expr, $($kind:ident)+) => {
        if let Some(value) = field_value!($field, $($kind)+) {
            $target = value;
        }
    };
}

/// Writes a view: the wrapper, its accessors and, after `fields`, the struct that one pass fills.
macro_rules! view {
    (
        $(#[$meta:meta])*
        $name:ident {
            $($(#[$field_meta:meta])* $field:ident: $kind:ident $($inner:ident)? = $number:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
        pub struct $name<'a> {
            pub(super) bytes: &'a [u8],
        }

        impl<'a> $crate::view::View<'a> for $name<'a> {
            #[inline]
            fn new(bytes: &'a [u8]) -> Self {
                Self { bytes }
            }

            #[inline]
            fn as_bytes(self) -> &'a [u8] {
                self.bytes
            }
        }

        impl<'a> $name<'a> {
            /// The view of the message encoded in `bytes`. Nothing is read yet.
            #[must_use]
            #[inline]
            pub const fn new(bytes: &'a [u8]) -> Self {
                Self { bytes }
            }

            /// The encoded message, without tag and length.
            #[must_use]
            #[inline]
            pub const fn as_bytes(self) -> &'a [u8] {
                self.bytes
            }

            $(
                $(#[$field_meta])*
                #[must_use]
                #[inline]
                pub fn $field(self) -> field_type!($kind $($inner)?) {
                    read_field!(self.bytes, $number, $kind $($inner)?)
                }
            )*
        }
    };
    (
        $(#[$meta:meta])*
        $name:ident, fields $fields:ident {
            $($(#[$field_meta:meta])* $field:ident: $kind:ident $($inner:ident)? = $number:literal,)*
        }
    ) => {
        view! {
            $(#[$meta])*
            $name { $($(#[$field_meta])* $field: $kind $($inner)? = $number,)* }
        }

        #[doc = concat!("The fields of a [`", stringify!($name), "`], read in one pass.")]
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $fields<'a> {
            $($(#[$field_meta])* pub $field: field_type!($kind $($inner)?),)*
        }

        impl<'a> $name<'a> {
            /// Reads the fields in one pass: the way to go where more than one of them is needed.
            #[must_use]
            #[inline]
            pub fn fields(self) -> $fields<'a> {
                let mut fields = $fields::default();
                for field in $crate::wire::Fields::new(self.bytes) {
                    match field.number {
                        $($number => { fill_field!(fields.$field, self.bytes, field, $kind $($inner)?) })*
                        _unknown => {}
                    }
                }
                fields
            }
        }
    };
}

pub(super) use {field_type, field_value, fill_field, read_field, view};
