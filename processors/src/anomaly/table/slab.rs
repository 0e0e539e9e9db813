//! Items in chunks: they keep their place, and room for more is taken chunk by chunk.

/// Items by number. A number is used again when its item was removed.
#[derive(Debug)]
pub(super) struct Slab<T, const CHUNK: usize> {
    chunks: Vec<Box<[T]>>,
    /// Numbers that are not in use, all of the last chunk's included. Has room for every number.
    free: Vec<u32>,
}

impl<T: Default, const CHUNK: usize> Slab<T, CHUNK> {
    /// What one more chunk takes.
    pub(super) const CHUNK_BYTES: usize = CHUNK * (size_of::<T>() + size_of::<u32>());

    /// A slab for `most` items, without room for any yet.
    pub(super) fn new(most: usize) -> Self {
        Self { chunks: Vec::with_capacity(most.div_ceil(CHUNK)), free: Vec::new() }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.capacity() * size_of::<Box<[T]>>()
            + self.chunks.len() * CHUNK * size_of::<T>()
            + self.free.capacity() * size_of::<u32>()
    }

    /// Whether an item can be added without taking more memory.
    pub(super) const fn has_room(&self) -> bool {
        !self.free.is_empty()
    }

    /// Makes room for more items; `false` when it has as much as it may have.
    pub(super) fn grow(&mut self) -> bool {
        if self.chunks.len() == self.chunks.capacity() {
            return false;
        }
        let first = self.chunks.len() * CHUNK;
        let Ok(end) = u32::try_from(first + CHUNK) else { return false };
        self.chunks.push((0..CHUNK).map(|_| T::default()).collect());
        self.free.reserve_exact(first + CHUNK - self.free.len());
        let first = end - u32::try_from(CHUNK).unwrap_or(0);
        // The lowest number is used first: what comes in one after the other lies side by side.
        self.free.extend((first..end).rev());
        true
    }

    /// Takes a number into use. Its item is a default one.
    pub(super) fn take(&mut self) -> Option<u32> {
        self.free.pop()
    }

    /// Removes an item.
    pub(super) fn release(&mut self, number: u32) -> T {
        let Some(item) = self.get_mut(number) else { return T::default() };
        let item = std::mem::take(item);
        self.free.push(number);
        item
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        let number = number as usize;
        self.chunks.get(number / CHUNK)?.get(number % CHUNK)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let number = number as usize;
        self.chunks.get_mut(number / CHUNK)?.get_mut(number % CHUNK)
    }

    /// How many numbers there are, in use or not.
    pub(super) const fn numbers(&self) -> usize {
        self.chunks.len() * CHUNK
    }
}
