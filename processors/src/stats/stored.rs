//! State as bytes: little endian, bit for bit, so that restored state scores exactly the same.

/// Something that is written to and read from a state file.
pub(crate) trait Stored: Sized {
    /// Appends the bytes of this value.
    fn store(&self, out: &mut Vec<u8>);

    /// Takes a value off the front of `bytes`; nothing when they end too soon or hold what no state holds.
    fn load(bytes: &mut &[u8]) -> Option<Self>;
}

macro_rules! stored_numbers {
    ($($number:ty: $valid:expr),* $(,)?) => { $(
        impl Stored for $number {
            fn store(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn load(bytes: &mut &[u8]) -> Option<Self> {
                let (head, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                let valid: fn(&Self) -> bool = $valid;
                Some(Self::from_le_bytes(*head)).filter(valid)
            }
        }
    )* };
}

stored_numbers!(u8: |_| true, u32: |_| true, u64: |_| true, f32: |x| x.is_finite(), f64: |x| x.is_finite());

impl Stored for bool {
    fn store(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn load(bytes: &mut &[u8]) -> Option<Self> {
        match u8::load(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<T: Stored + Copy + Default, const N: usize> Stored for [T; N] {
    fn store(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|item| item.store(out));
    }

    fn load(bytes: &mut &[u8]) -> Option<Self> {
        let mut items = [T::default(); N];
        for item in &mut items {
            *item = T::load(bytes)?;
        }
        Some(items)
    }
}

/// Stores a struct field by field, in the order given. Every field must be named, or it does not compile.
macro_rules! stored_fields {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::stats::Stored for $name {
            fn store(&self, out: &mut Vec<u8>) {
                $( $crate::stats::Stored::store(&self.$field, out); )*
            }

            fn load(bytes: &mut &[u8]) -> Option<Self> {
                $( let $field = $crate::stats::Stored::load(bytes)?; )*
                Some(Self { $($field),* })
            }
        }
    };
}

pub(crate) use stored_fields;
