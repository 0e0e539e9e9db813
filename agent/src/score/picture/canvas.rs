//! Dots in a terminal: eight in each character.

/// Dots of a character across, and down.
pub(super) const ACROSS: usize = 2;
pub(super) const DOWN: usize = 4;
/// The character without dots.
const BLANK: u32 = 0x2800;

/// A grid of dots.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    width: usize,
    height: usize,
    cells: Vec<u8>,
}

impl Canvas {
    /// `width` by `height` characters.
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, cells: vec![0; width * height] }
    }

    /// The dot at `x` from the left for a share of the height, from the bottom.
    pub(super) fn level(&self, share: f64) -> usize {
        (share.clamp(0.0, 1.0) * (self.height * DOWN - 1) as f64).round() as usize
    }

    /// Sets a dot, counted from the bottom left.
    fn dot(&mut self, x: usize, y: usize) {
        let down = (self.height * DOWN).saturating_sub(y + 1);
        let bit = match (x % ACROSS, down % DOWN) {
            (0, 3) => 0x40,
            (_, 3) => 0x80,
            (0, row) => 1 << row,
            (_, row) => 8 << row,
        };
        if x / ACROSS < self.width
            && let Some(cell) = self.cells.get_mut(down / DOWN * self.width + x / ACROSS)
        {
            *cell |= bit;
        }
    }

    /// Sets dots one above the other.
    pub(super) fn bar(&mut self, x: usize, low: usize, high: usize) {
        (low..=high).for_each(|y| self.dot(x, y));
    }

    /// Joins two dots.
    pub(super) fn line(&mut self, from: (usize, usize), to: (usize, usize)) {
        let across = to.0.saturating_sub(from.0).max(1);
        let mut before = from.1;
        for step in 1..=across {
            let share = step as f64 / across as f64;
            let y = (from.1 as f64 + (to.1 as f64 - from.1 as f64) * share).round() as usize;
            let x = from.0 + step;
            // Half of a steep piece stands in either column.
            let middle = before.midpoint(y);
            self.bar(x - 1, before.min(middle), before.max(middle));
            self.bar(x, y.min(middle), y.max(middle));
            before = y;
        }
    }

    /// The characters of each row, from the top.
    pub(super) fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = char> + '_> + '_ {
        let character = |cell: &u8| char::from_u32(BLANK + u32::from(*cell)).unwrap_or(' ');
        self.cells.chunks(self.width.max(1)).map(move |row| row.iter().map(character))
    }
}
