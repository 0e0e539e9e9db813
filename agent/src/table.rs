//! Tables on a terminal.

use std::fmt::Write as _;

use self::Column::{Numbers, Words};

/// A column, by its title.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Column {
    /// Words, to the left.
    Words(&'static str),
    /// Numbers, to the right.
    Numbers(&'static str),
}

/// Columns as wide as what is in them.
pub(crate) fn table(head: &[Column], mut rows: Vec<Vec<String>>) -> String {
    rows.insert(0, head.iter().map(|&(Words(title) | Numbers(title))| title.to_owned()).collect());
    // Words of others are among the cells.
    rows.iter_mut().flatten().for_each(|cell| *cell = cell.replace(char::is_control, " "));
    let length = |cell: &String| cell.chars().count();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(length).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for ((cell, width), column) in row.iter().zip(&widths).zip(head) {
            // Writing to a string does not fail.
            let _ = match column {
                Words(_) => write!(line, "{cell:<width$}  "),
                Numbers(_) => write!(line, "{cell:>width$}  "),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
