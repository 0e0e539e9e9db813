//! The agent's numbers as Prometheus text.
//!
//! Format: text exposition format 0.0.4. Names are those that the Collector shows by default: without unit and type suffixes.

use std::fmt::Write as _;
use std::io;

use edgewatch_core::listeners::Listeners;
use edgewatch_core::telemetry::{Kind, Reading, Registry};
use http::StatusCode;

use crate::page::{Page, Shown};

/// The media type of the text.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Listens on `address`, such as `localhost:8888`, for scrapers of `/metrics`.
///
/// # Errors
///
/// What the system said.
pub async fn page(listeners: &Listeners, address: &str, registry: Registry) -> io::Result<Page> {
    let show =
        move || Shown { status: StatusCode::OK, content_type: CONTENT_TYPE, text: text(&registry.read()) };
    Page::bind(listeners, address, "/metrics", show).await
}

/// Writes `readings`, which are sorted by name.
#[must_use]
pub fn text(readings: &[Reading]) -> String {
    let mut text = String::new();
    for family in readings.chunk_by(|a, b| a.description.name == b.description.name) {
        let Some(first) = family.first() else { continue };
        let name = first.description.name;
        let kind = match first.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {}", escape(first.description.help, false));
        let _ = writeln!(text, "# TYPE {name} {kind}");
        for reading in family {
            text.push_str(name);
            for (index, (key, value)) in reading.labels.iter().enumerate() {
                let separator = if index == 0 { '{' } else { ',' };
                let _ = write!(text, "{separator}{key}=\"{}\"", escape(value, true));
            }
            if !reading.labels.is_empty() {
                text.push('}');
            }
            let _ = writeln!(text, " {}", reading.value);
        }
    }
    text
}

fn escape(text: &str, quotes: bool) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\n', "\\n");
    if quotes { escaped.replace('"', "\\\"") } else { escaped }
}
