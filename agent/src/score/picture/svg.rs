//! Pictures in a file: SVG that needs nothing else.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::super::rows::instant;
use super::super::summary::Found;
use super::panel::{Panel, Pictures};
use super::ticks;

/// The plot, in pixels; a column for each.
const WIDTH: usize = 960;
const VALUES: f64 = 220.0;
const SCORES: f64 = 70.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 20.0;
/// Above the values, between them and the scores, and below those.
const TITLE: f64 = 36.0;
const BETWEEN: f64 = 16.0;
const AXIS: f64 = 52.0;
const PANEL: f64 = TITLE + VALUES + BETWEEN + SCORES + AXIS;

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#333}\
.title{font-size:15px;font-weight:600}\
.grid{stroke:#e4e4e4}.frame{fill:none;stroke:#999}\
.value{fill:none;stroke:#1f5fa8;stroke-width:1.2;stroke-linejoin:round}\
.score{fill:none;stroke:#555}\
.event{fill:#d6336c;fill-opacity:.22}";

/// Writes the series to `out`.
pub(in super::super) fn svg(
    pictures: &Pictures,
    title: &str,
    events: &[Found],
    out: &mut impl Write,
) -> io::Result<()> {
    let (panels, rest) = pictures.panels(title, WIDTH);
    let (width, height) = (LEFT + WIDTH as f64 + RIGHT, PANEL * panels.len().max(1) as f64 + 24.0);
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">"#
    )?;
    writeln!(out, "<title>{}</title>\n<style>{STYLE}</style>", escaped(title))?;
    writeln!(out, r##"<rect width="{width}" height="{height}" fill="#fff"/>"##)?;
    for (at, panel) in panels.iter().enumerate() {
        writeln!(out, r#"<g transform="translate({LEFT},{:.1})">"#, at as f64 * PANEL + TITLE)?;
        out.write_all(draw(panel, events).as_bytes())?;
        out.write_all(b"</g>\n")?;
    }
    if let Some(rest) = rest {
        writeln!(out, r#"<text x="10" y="{:.1}">{}</text>"#, height - 8.0, escaped(&rest))?;
    }
    out.write_all(b"</svg>\n")?;
    out.flush()
}

/// A panel; writing to a string does not fail.
fn draw(panel: &Panel, events: &[Found]) -> String {
    let mut text = format!("<text class=\"title\" x=\"0\" y=\"-12\">{}</text>\n", escaped(&panel.title));
    shade(panel, events, &mut text);
    value_axis(panel, &mut text);
    time_axis(panel, &mut text);
    score_axis(panel, &mut text);
    for run in panel.runs() {
        let mut path = String::new();
        for (x, column) in run {
            let x = x as f64 + 0.5;
            let mut last = None;
            for value in [column.first, column.low, column.high, column.last] {
                let y = (1.0 - panel.height(value)) * VALUES;
                if last != Some(y) {
                    let _ = write!(path, "{}{x},{y:.1}", if path.is_empty() { "M" } else { "L" });
                }
                last = Some(y);
            }
        }
        // A point without neighbours is a dot.
        let _ = writeln!(text, r#"<path class="value" stroke-linecap="round" d="{path}h0.1"/>"#);
    }
    let bottom = VALUES + BETWEEN + SCORES;
    let mut path = String::new();
    for (x, column) in panel.columns.iter().enumerate().filter(|(_, column)| column.score > 0.0) {
        let _ = write!(path, "M{}.5,{bottom}v-{:.1}", x, f64::from(column.score / panel.top) * SCORES);
    }
    if !path.is_empty() {
        let _ = writeln!(text, r#"<path class="score" d="{path}"/>"#);
    }
    text
}

fn shade(panel: &Panel, events: &[Found], text: &mut String) {
    const NARROWEST: usize = 3;
    for (from, to) in panel.events() {
        let (start, end) = (panel.time(from), panel.time(to + 1));
        let width = (to + 1 - from).max(NARROWEST);
        let height = VALUES + BETWEEN + SCORES;
        let _ =
            write!(text, r#"<rect class="event" x="{from}" y="0" width="{width}" height="{height}"><title>"#);
        let found =
            events.iter().find(|event| event.series == panel.series && (start..=end).contains(&event.from));
        let _ = match found {
            Some(event) => write!(text, "{}", escaped(&event.line())),
            None => write!(text, "{} to {}", instant(start), instant(end)),
        };
        text.push_str("</title></rect>\n");
    }
}

fn value_axis(panel: &Panel, text: &mut String) {
    for (value, label) in ticks::numbers(panel.low, panel.high, 5.0) {
        let y = (1.0 - panel.height(value)) * VALUES;
        let _ = writeln!(text, r#"<path class="grid" d="M0,{y:.1}h{WIDTH}"/>"#);
        let _ = writeln!(text, r#"<text x="-6" y="{:.1}" text-anchor="end">{label}</text>"#, y + 4.0);
    }
    let _ = writeln!(text, r#"<rect class="frame" x="0" y="0" width="{WIDTH}" height="{VALUES}"/>"#);
    upright("value", VALUES / 2.0, text);
}

fn score_axis(panel: &Panel, text: &mut String) {
    let top = VALUES + BETWEEN;
    let _ = writeln!(text, r#"<rect class="frame" x="0" y="{top}" width="{WIDTH}" height="{SCORES}"/>"#);
    for (share, label) in [(0.0, format!("{:.0}", panel.top)), (1.0, "0".to_owned())] {
        let y = top + share * SCORES + 4.0;
        let _ = writeln!(text, r#"<text x="-6" y="{y}" text-anchor="end">{label}</text>"#);
    }
    upright("score", top + SCORES / 2.0, text);
}

/// What an axis shows.
fn upright(words: &str, y: f64, text: &mut String) {
    let _ = writeln!(
        text,
        r#"<text transform="translate(-66,{y})rotate(-90)" text-anchor="middle">{words}</text>"#
    );
}

fn time_axis(panel: &Panel, text: &mut String) {
    let bottom = VALUES + BETWEEN + SCORES;
    let span = panel.to.saturating_sub(panel.from).max(1) as f64;
    for (time, label) in ticks::times(panel.from, panel.to, 9) {
        let x = (time - panel.from) as f64 / span * WIDTH as f64;
        let _ = writeln!(
            text,
            r#"<path class="grid" d="M{x:.1},0v{VALUES}M{x:.1},{:.1}v{SCORES}"/>"#,
            VALUES + BETWEEN
        );
        let _ =
            writeln!(text, r#"<text x="{x:.1}" y="{}" text-anchor="middle">{label}</text>"#, bottom + 16.0);
    }
    let (x, y) = (WIDTH / 2, bottom + 34.0);
    let words = format!("time (UTC), {} to {}", instant(panel.from), instant(panel.to));
    let _ = writeln!(text, r#"<text x="{x}" y="{y}" text-anchor="middle">{words}</text>"#);
}

/// Text as XML may hold it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
