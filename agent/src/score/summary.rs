//! What was found, in numbers and events.

use edgewatch_processors::anomaly::detector::{Edge, Scored};

use super::report::Row;
use super::rows::{Probability, instant};
use super::scorer::Verdict;
use crate::table::Column::{Numbers, Words};
use crate::table::table;

/// Events that are kept; of further ones it is known how many there were.
const MOST_EVENTS: usize = 1000;

/// What there was, counted.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) rows: u64,
    pub(super) refused: u64,
    /// The first row that could not be scored: its line, and why.
    pub(super) first: Option<(u64, String)>,
    pub(super) events: Vec<Found>,
    further: u64,
}

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) series: usize,
    label: Option<String>,
    /// Nanoseconds since 1970.
    pub(super) from: u64,
    /// `None` when it was on at the end.
    pub(super) to: Option<u64>,
    probability: f64,
    reason: String,
}

impl Found {
    /// All that is known of it in a line.
    pub(super) fn line(&self) -> String {
        let until = self.to.map_or_else(|| "the end".to_owned(), instant);
        format!("{} to {until}, p {}: {}", instant(self.from), Probability(self.probability), self.reason)
    }
}

impl Summary {
    /// Takes in a row.
    pub(super) fn note(&mut self, row: &Row<'_>) {
        self.rows += 1;
        match &row.verdict {
            Verdict::Refused(why) => {
                self.refused += 1;
                self.first.get_or_insert_with(|| (row.line, why.clone().into_owned()));
            }
            Verdict::Open => {}
            Verdict::Scored(scored) => self.scored(row, scored),
        }
    }

    fn scored(&mut self, row: &Row<'_>, scored: &Scored) {
        match scored.event {
            Some(Edge::Start) if self.events.len() < MOST_EVENTS => self.events.push(Found {
                series: row.series,
                label: row.label.map(str::to_owned),
                from: scored.time,
                to: None,
                probability: scored.probability(),
                reason: scored.reason.to_string(),
            }),
            Some(Edge::Start) => self.further += 1,
            Some(Edge::End) => {
                let open = self.events.iter_mut().rev().find(|event| event.series == row.series);
                // None is open when its start was not kept.
                if let Some(event) = open.filter(|event| event.to.is_none()) {
                    event.to = Some(scored.time);
                }
            }
            None => {}
        }
    }

    /// A table of the events under a line of numbers.
    pub(super) fn render(&self) -> String {
        let events = self.events.len() as u64 + self.further;
        let mut text = format!("rows: {}, not scored: {}, events: {events}\n", self.rows, self.refused);
        if self.events.is_empty() {
            return text;
        }
        let mut head = vec![Words("FROM"), Words("TO"), Numbers("P"), Words("REASON")];
        let labels = self.events.iter().any(|event| event.label.is_some());
        if labels {
            head.push(Words("SERIES"));
        }
        let rows = self.events.iter().map(|event| {
            let mut row = vec![
                instant(event.from),
                event.to.map_or_else(|| "-".to_owned(), instant),
                Probability(event.probability).to_string(),
                event.reason.clone(),
            ];
            row.extend(event.label.clone().filter(|_| labels));
            row
        });
        text.push_str(&table(&head, rows.collect()));
        if self.further > 0 {
            text.push_str(&format!("and {} more\n", self.further));
        }
        text
    }
}
