mod laws;
mod otlp;
mod pictures;
mod rows;
mod times;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::rc::Rc;

use edgewatch_processors::anomaly::detector::Settings;

use super::cli::Format;
use super::input;
use super::picture::Pictures;
use super::report::Report;
use super::summary::Summary;
use crate::text_file::{Progress, Source};

/// What came of an input.
struct Outcome {
    csv: String,
    report: Report,
    done: anyhow::Result<()>,
}

impl Outcome {
    /// Rows of the CSV below its header.
    fn rows(&self) -> Vec<&str> {
        self.csv.lines().skip(1).collect()
    }

    fn error(&self) -> String {
        self.done.as_ref().expect_err("an error").to_string()
    }
}

fn score(text: &[u8]) -> Outcome {
    let mut source = Source::of(text);
    let format = input::format(&mut source).expect("reads");
    score_as(source, format)
}

fn score_as(mut source: Source, format: Format) -> Outcome {
    let written = Written::default();
    let rows: Option<Box<dyn Write>> = Some(Box::new(written.clone()));
    let mut report = Report { rows, pictures: Some(Pictures::default()), summary: Summary::default() };
    let done = input::score(&mut source, format, &Settings::default(), &mut report, &mut Progress::silent());
    let csv = String::from_utf8_lossy(&written.0.borrow()).into_owned();
    Outcome { csv, report, done }
}

/// What was written, for those who want to see it afterwards.
#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Four days of a daily rhythm with some noise, a point every five minutes; on the last day it falls to a third for half an hour.
fn four_days() -> String {
    let mut text = "timestamp,value\n".to_owned();
    let mut noise = 1_u64;
    for point in 0..4 * 288_u64 {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let rhythm = (point as f64 / 288.0 * std::f64::consts::TAU).sin();
        let mut value = 50.0 + 20.0 * rhythm + (noise >> 40) as f64 / (1 << 24) as f64;
        if (1000..1006).contains(&point) {
            value /= 3.0;
        }
        let (day, minute) = (1 + point / 288, point % 288 * 5);
        let _ = writeln!(text, "2026-03-{day:02} {:02}:{:02}:00,{value:.2}", minute / 60, minute % 60);
    }
    text
}
