//! Patterns of the `AccessLogValve`, cut into pieces and compiled to the steps that read a line back.

use super::codes::{Release, Tables, What, begins};

/// Bytes of a pattern at most.
const LONGEST: usize = 16 * 1024;

const COMMON: &str = r#"%h %l %u %t "%r" %s %b"#;
const COMBINED: &str = r#"%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-Agent}i""#;

/// A piece of a pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Piece<'p> {
    Text(&'p str),
    Code(Option<&'p str>, char),
}

/// Cuts a pattern as Tomcat does: a brace that is not closed, or with nothing behind it, is a code of its own.
pub(super) fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let pattern = match pattern {
        "common" => COMMON,
        "combined" => COMBINED,
        other => other,
    };
    let mut pieces = Vec::new();
    let mut rest = pattern.get(..LONGEST).unwrap_or(pattern);
    while let Some(at) = rest.find('%') {
        let (text, code) = rest.split_at(at);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        let code = code.get(1..).unwrap_or_default();
        let named = code.strip_prefix('{').and_then(|inside| {
            let (name, after) = inside.split_once('}')?;
            Some((Some(name), after, after.chars().next()?))
        });
        let (name, after, letter) = match (named, code.chars().next()) {
            (Some(named), _) => named,
            (None, Some(letter)) => (None, code, letter),
            (None, None) => return pieces,
        };
        pieces.push(Piece::Code(name, letter));
        rest = after.get(letter.len_utf8()..).unwrap_or_default();
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// How special characters are written in a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) enum Style {
    /// As they are.
    Plain,
    /// With backslashes.
    Backslash,
    /// In quotes, quotes doubled.
    Doubled,
}

/// One step through a line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Passes over this text.
    Text(Vec<u8>),
    /// Takes a value.
    Take(Field),
}

/// A value in a line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Field {
    pub(super) what: What,
    pub(super) style: Style,
    /// What follows it; empty at the end of the line and where it ends by itself.
    pub(super) until: Vec<u8>,
    /// What follows that.
    pub(super) next: Next,
    /// Whether anything follows.
    pub(super) last: bool,
}

/// What the next value is known to look like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    Anything,
    Number,
    /// A time in the format with this index.
    Time(usize),
}

/// Steps and what they refer to.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    pub(super) tables: Tables,
}

/// Compiles a pattern for lines of this release.
pub(super) fn compile(pattern: &str, release: Release) -> Steps {
    let pieces = pieces(pattern);
    let mut tables = Tables::default();
    let ends = pieces.iter().any(|piece| is_end(piece));
    let mut steps = Vec::new();
    for piece in &pieces {
        match *piece {
            Piece::Text(text) => push_text(&mut steps, text.as_bytes()),
            Piece::Code(name, letter) => {
                let what = if ends && begins(name, letter) && letter == 't' {
                    tables.begin(name, letter, release)
                } else {
                    tables.code(name, letter, release)
                };
                push_field(&mut steps, what, style(name, letter));
            }
        }
    }
    finish(&mut steps);
    Steps { steps, tables }
}

impl Tables {
    /// The time of the beginning where that of the end is there too: it is passed over by its shape, if it has one.
    fn begin(&mut self, name: Option<&str>, letter: char, release: Release) -> What {
        if let What::Formatted(at) = self.code(name, letter, release) {
            What::Skipped(at)
        } else {
            What::Ignored
        }
    }
}

fn is_end(piece: &Piece<'_>) -> bool {
    match *piece {
        Piece::Text(_) | Piece::Code(Some("msec_frac" | "end:msec_frac"), 't') => false,
        Piece::Code(name, letter) => letter == 't' && !begins(name, letter),
    }
}

/// Tomcat escapes what it does not check before.
const fn style(name: Option<&str>, letter: char) -> Style {
    match (letter, name) {
        ('i' | 'o' | 'c' | 'r' | 's', Some(_)) | ('u', None) => Style::Backslash,
        _ => Style::Plain,
    }
}

/// Adds text.
pub(super) fn push_text(steps: &mut Vec<Step>, text: &[u8]) {
    match steps.last_mut() {
        Some(Step::Text(last)) => last.extend_from_slice(text),
        _ => steps.push(Step::Text(text.to_vec())),
    }
}

/// Adds a value. Two that follow each other, of which the first does not end by itself, cannot be told apart, except for a path and
/// its query.
pub(super) fn push_field(steps: &mut Vec<Step>, what: What, style: Style) {
    if let Some(Step::Take(last)) = steps.last_mut()
        && !last.what.ends_itself()
    {
        let whole = last.what == What::Path && what == What::Query;
        *last = field(if whole { What::Target } else { What::Ignored }, Style::Plain);
        return;
    }
    steps.push(Step::Take(field(what, style)));
}

const fn field(what: What, style: Style) -> Field {
    Field { what, style, until: Vec::new(), next: Next::Anything, last: false }
}

/// Tells each value what follows it.
pub(super) fn finish(steps: &mut [Step]) {
    for at in 0..steps.len() {
        let text = match steps.get(at + 1) {
            Some(Step::Text(text)) => text.clone(),
            Some(Step::Take(_)) | None => Vec::new(),
        };
        let next = steps.get(at + 2).and_then(|step| match step {
            Step::Take(field) => Some(field.what),
            Step::Text(_) => None,
        });
        let last = at + 1 == steps.len();
        let Some(Step::Take(field)) = steps.get_mut(at) else { continue };
        field.last = last;
        field.until = text;
        field.next = match next {
            Some(What::Formatted(at) | What::Skipped(at)) => Next::Time(at),
            Some(what) if what.is_number() => Next::Number,
            _ => Next::Anything,
        };
        if next == Some(What::Clf) {
            field.until.push(b'[');
        }
    }
}
