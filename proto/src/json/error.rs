//! Why a conversion failed.

use std::fmt::Write as _;

/// Why a conversion from or to OTLP/JSON failed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JsonError {
    /// The JSON is not well formed, or not what OTLP has at that place.
    #[error("line {line}, column {column}{}: {reason}", within(path))]
    Invalid {
        /// Where, from 1 on.
        line: usize,
        /// Where in the line, from 1 on, in bytes.
        column: usize,
        /// The field that was being read, like `resourceSpans[0].scopeSpans[0].spans[3].traceId`; empty at the top.
        path: String,
        /// What is wrong there.
        reason: String,
    },
    /// The bytes to be shown as JSON are not well-formed protobuf.
    #[error("the protobuf message to be written as JSON is malformed")]
    Malformed,
}

fn within(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(", {path}") }
}

/// The way from the request to the field that is being read.
#[derive(Debug, Default)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug)]
enum Step {
    Field(&'static str),
    Element(usize),
}

impl Path {
    pub(super) fn enter_field(&mut self, name: &'static str) {
        self.0.push(Step::Field(name));
    }

    pub(super) fn enter_element(&mut self, index: usize) {
        self.0.push(Step::Element(index));
    }

    pub(super) fn leave(&mut self) {
        self.0.pop();
    }
}

impl JsonError {
    pub(super) fn invalid(error: &serde_json::Error, path: &Path) -> Self {
        let text = error.to_string();
        let position = format!(" at line {} column {}", error.line(), error.column());
        Self::Invalid {
            line: error.line(),
            column: error.column(),
            path: path.show(),
            reason: text.strip_suffix(&position).unwrap_or(&text).to_owned(),
        }
    }
}

impl Path {
    fn show(&self) -> String {
        let mut text = String::new();
        for step in &self.0 {
            match step {
                Step::Field(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                }
                // Writing to a string cannot fail.
                Step::Element(index) => drop(write!(text, "[{index}]")),
            }
        }
        text
    }
}
