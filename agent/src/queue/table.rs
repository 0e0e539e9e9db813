//! Tables on a terminal.

use std::fmt::Write as _;

/// Columns as wide as what is in them: words to the left, numbers to the right.
pub(super) fn table(head: &[&str], mut rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return "no queues\n".to_owned();
    }
    rows.insert(0, head.iter().map(|&title| title.to_owned()).collect());
    // The words of destinations are among the cells.
    rows.iter_mut().flatten().for_each(|cell| *cell = cell.replace(char::is_control, " "));
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for ((cell, width), title) in row.iter().zip(&widths).zip(head) {
            let words = matches!(*title, "EXPORTER" | "SIGNAL" | "REASON" | "");
            // Writing to a string does not fail.
            let _ = if words { write!(line, "{cell:<width$}  ") } else { write!(line, "{cell:>width$}  ") };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
