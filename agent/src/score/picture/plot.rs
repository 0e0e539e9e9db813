//! Pictures in a terminal.

use super::canvas::{ACROSS, Canvas};
use super::panel::{Panel, Pictures};
use super::ticks;

/// Rows of characters for values, and for scores.
const VALUES: usize = 10;
const SCORES: usize = 4;
/// Characters left of the axis.
const MARGIN: usize = 10;

const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

/// How it is drawn.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Look {
    /// Characters across.
    pub(in super::super) width: usize,
    /// Events in red.
    pub(in super::super) coloured: bool,
}

/// Draws the series.
pub(in super::super) fn plot(pictures: &Pictures, title: &str, look: Look) -> String {
    let across = look.width.saturating_sub(MARGIN + 1).max(20);
    let (panels, rest) = pictures.panels(title, across * ACROSS);
    let mut text = String::new();
    for panel in &panels {
        text.push_str(&harmless(&panel.title));
        text.push('\n');
        draw(panel, across, look.coloured, &mut text);
        text.push('\n');
    }
    if let Some(rest) = rest {
        text.push_str(&harmless(&rest));
        text.push('\n');
    }
    text
}

fn draw(panel: &Panel, across: usize, coloured: bool, text: &mut String) {
    let events = panel.events();
    let within = |cell| events.iter().any(|event| event.0 / ACROSS <= cell && cell <= event.1 / ACROSS);
    let anomalous: Vec<bool> = (0..across).map(within).collect();
    let mut line = |label: &str, axis: char, cells: &mut dyn Iterator<Item = char>| {
        text.push_str(&format!("{label:>MARGIN$}{axis}"));
        let mut row = String::new();
        let mut red = false;
        for (cell, on) in cells.zip(&anomalous) {
            if coloured && *on != red {
                row.push_str(if *on { RED } else { PLAIN });
                red = *on;
            }
            row.push(cell);
        }
        if red {
            row.push_str(PLAIN);
        }
        text.push_str(row.trim_end_matches(['\u{2800}', ' ']));
        text.push('\n');
    };
    let step = (panel.high - panel.low) / 100.0;
    let label = |row: usize| match row {
        0 => ticks::number(panel.high, step),
        _ if row + 1 == VALUES => ticks::number(panel.low, step),
        _ => String::new(),
    };
    for (row, cells) in values(panel, across).rows().enumerate() {
        let mut cells = cells;
        line(&label(row), if row == 0 || row + 1 == VALUES { '┤' } else { '│' }, &mut cells);
    }
    for (row, mut cells) in scores(panel, across).rows().enumerate() {
        let label = match row {
            0 => format!("score {:.0}", panel.top),
            _ if row + 1 == SCORES => "0".to_owned(),
            _ => String::new(),
        };
        line(&label, if row == 0 || row + 1 == SCORES { '┤' } else { '│' }, &mut cells);
    }
    let mut marks = anomalous.iter().map(|on| if *on { '━' } else { ' ' });
    line("events", '│', &mut marks);
    text.push_str(&axis(panel, across));
}

fn values(panel: &Panel, across: usize) -> Canvas {
    let mut canvas = Canvas::new(across, VALUES);
    for run in panel.runs() {
        let mut before = None;
        for (x, column) in run {
            let level = |value| canvas.level(panel.height(value));
            let (first, last) = (level(column.first), level(column.last));
            let (low, high) = (level(column.low), level(column.high));
            if let Some(before) = before {
                canvas.line(before, (x, first));
            }
            canvas.bar(x, low, high);
            before = Some((x, last));
        }
    }
    canvas
}

fn scores(panel: &Panel, across: usize) -> Canvas {
    let mut canvas = Canvas::new(across, SCORES);
    for (x, column) in panel.columns.iter().enumerate().filter(|(_, column)| column.score > 0.0) {
        canvas.bar(x, 0, canvas.level(f64::from(column.score / panel.top)));
    }
    canvas
}

/// The time axis: first and last time, and round ones between them where there is room.
fn axis(panel: &Panel, across: usize) -> String {
    let mut line: Vec<char> = vec!['─'; across];
    let mut labels: Vec<char> = vec![' '; across];
    let span = u128::from(panel.to - panel.from).max(1);
    let mut free = 0;
    for (time, label) in ticks::times(panel.from, panel.to, (across as u64 / 14).max(2)) {
        let at = u128::from(time - panel.from) * across as u128 / span;
        let at = usize::try_from(at).unwrap_or(usize::MAX).min(across - 1);
        if let Some(mark) = line.get_mut(at) {
            *mark = '┬';
        }
        let from = at.saturating_sub(label.len() / 2).min(across.saturating_sub(label.len()));
        if from < free || label.len() > across {
            continue;
        }
        free = from + label.len() + 1;
        for (place, letter) in labels.iter_mut().skip(from).zip(label.chars()) {
            *place = letter;
        }
    }
    let line: String = line.into_iter().collect();
    let labels: String = labels.into_iter().collect();
    format!("{:MARGIN$}└{line}\n{:>MARGIN$} {}\n", "", "UTC", labels.trim_end())
}

/// Text of others, without what a terminal would obey.
fn harmless(text: &str) -> String {
    text.replace(char::is_control, " ")
}
