//! A table of templates.

use super::found::Found;
use crate::table::Column::{Numbers, Words};
use crate::table::table;

/// Every template with its lines, the most frequent first.
pub(super) fn render(found: &Found) -> String {
    if found.count() == 0 {
        return "no lines\n".to_owned();
    }
    let head = [Numbers("LINES"), Numbers("SHARE"), Words("ID"), Words("TEMPLATE"), Words("EXAMPLE")];
    let rows = found.templates().into_iter().map(|(lines, template, example)| {
        vec![
            lines.to_string(),
            share(lines, found.count()),
            template.id.to_string(),
            shortened(&template.text),
            if example == template.text { String::new() } else { shortened(example) },
        ]
    });
    table(&head, rows.collect())
}

/// Per cent, with one place.
fn share(part: usize, whole: usize) -> String {
    let thousandth = part * 1000 / whole.max(1);
    if thousandth == 0 { "<0.1%".to_owned() } else { format!("{}.{}%", thousandth / 10, thousandth % 10) }
}

/// A text that leaves room for others in its row.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 120;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 3).chain("...".chars()).collect()
}
