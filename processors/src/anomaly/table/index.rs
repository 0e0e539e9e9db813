//! From keys to the numbers of entries: open addressing in a table whose size never changes.

/// Keys are hashes already, but not every bit of them need be good.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Numbers by key.
#[derive(Debug)]
pub(super) struct Index {
    buckets: Vec<Bucket>,
    /// The home of a key is its tag shifted by so much.
    shift: u32,
}

/// A part of the key's hash, and the number of the entry.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    tag: u32,
    /// Above the number by one; zero: the bucket is empty.
    number: u32,
}

impl Index {
    /// How many buckets an index for `most` entries has.
    const fn buckets_for(most: usize) -> usize {
        // At most four in five are in use.
        let wanted = most + most / 4 + 1;
        let buckets = if wanted < 16 { 16 } else { wanted.next_power_of_two() };
        if buckets > 1 << 31 { 1 << 31 } else { buckets }
    }

    /// An index for `most` entries.
    pub(super) fn new(most: usize) -> Self {
        let buckets = Self::buckets_for(most);
        Self { shift: 32 - buckets.ilog2(), buckets: vec![Bucket::default(); buckets] }
    }

    pub(super) fn bytes(&self) -> usize {
        self.buckets.capacity() * size_of::<Bucket>()
    }

    /// The number of `key`, if `is` confirms that it is that of an entry with this key.
    #[inline]
    pub(super) fn find(&self, key: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let (tag, mut at) = self.start(key);
        loop {
            let bucket = *self.buckets.get(at)?;
            let number = bucket.number.checked_sub(1)?;
            if bucket.tag == tag && is(number) {
                return Some(number);
            }
            at = self.after(at);
        }
    }

    /// Adds a key that is not there yet. The caller sees to it that there are no more than what it was made for.
    pub(super) fn insert(&mut self, key: u64, number: u32) {
        let (tag, mut at) = self.start(key);
        while let Some(bucket) = self.buckets.get_mut(at) {
            if bucket.number == 0 {
                *bucket = Bucket { tag, number: number.saturating_add(1) };
                return;
            }
            at = self.after(at);
        }
    }

    /// Removes a key. Those behind it move up, so that every key is found from its home on without a gap.
    pub(super) fn remove(&mut self, key: u64, number: u32) {
        let (_tag, mut gap) = self.start(key);
        loop {
            match self.buckets.get(gap) {
                Some(bucket) if bucket.number == number.saturating_add(1) => break,
                Some(bucket) if bucket.number != 0 => gap = self.after(gap),
                Some(_) | None => return,
            }
        }
        let mut at = gap;
        loop {
            at = self.after(at);
            let Some(bucket) = self.buckets.get(at).copied().filter(|bucket| bucket.number != 0) else {
                break;
            };
            let home = self.home(bucket.tag);
            // Whether the gap lies on the bucket's way from its home to where it is.
            if self.distance(home, gap) < self.distance(home, at) {
                self.put(gap, bucket);
                gap = at;
            }
        }
        self.put(gap, Bucket::default());
    }

    fn put(&mut self, at: usize, value: Bucket) {
        if let Some(bucket) = self.buckets.get_mut(at) {
            *bucket = value;
        }
    }

    #[inline]
    fn start(&self, key: u64) -> (u32, usize) {
        let tag = (key.wrapping_mul(FACTOR) >> 32) as u32;
        (tag, self.home(tag))
    }

    #[inline]
    fn home(&self, tag: u32) -> usize {
        (u64::from(tag) >> self.shift) as usize
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.buckets.len() - 1)
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.buckets.len() - 1)
    }
}
