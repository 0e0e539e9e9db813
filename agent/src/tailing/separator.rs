//! Records that begin or end where a regular expression matches, as the Collector cuts them.
//!
//! The expression is looked for in the text from the beginning of a record on, over lines, wherever it matches; `^` and `$` mean lines. The
//! search goes byte by byte through an automaton that is built as it is needed: a match counts when no further byte could change it, so that
//! records do not depend on where reads end. What begins a record in every line (`^...`) is only tried there, which costs a few bytes a line.

use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use memchr::memchr;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind, Look};

use super::options::Encoding;

/// Memory that the states of one automaton take; there are two. When it is used up they are built anew.
const STATES: usize = 256 * 1024;

/// Memory that an expression takes.
const EXPRESSION: usize = 1024 * 1024;

/// UTF-16 that is converted at first to find a record in it.
const GLANCE: usize = 512;

/// Where a match stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    /// In front of a record.
    Start,
    /// Behind a record.
    End,
}

/// What separates records.
pub(crate) struct Separator {
    side: Side,
    /// Matches are no part of records.
    omit: bool,
    /// Matches begin where lines begin.
    at_lines: bool,
    forward: DFA,
    backward: DFA,
    state: Mutex<State>,
}

struct State {
    forward: Cache,
    backward: Cache,
    /// UTF-16 as it is searched.
    text: String,
}

/// What is known behind a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Edge {
    /// Not yet what follows.
    More,
    /// More follows, which is not looked at.
    Sight,
    /// Nothing follows.
    End,
}

/// What is at the beginning of a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Seen {
    /// A record, and where the next one begins.
    Record(Range<usize>, usize),
    /// More of the text is needed to tell.
    Pending,
    /// A record without end, from there on.
    Open(usize),
}

impl Separator {
    /// Most memory that one takes.
    pub(crate) const MEMORY: usize = 2 * STATES + 2 * EXPRESSION;

    /// # Errors
    ///
    /// `pattern` is no regular expression, or a too large one.
    pub(crate) fn new(side: Side, pattern: &str, omit: bool) -> Result<Self, String> {
        let parsed = ParserBuilder::new().multi_line(true).utf8(false).build().parse(pattern);
        let expression = ascii_words(parsed.map_err(|error| error.to_string())?);
        let at_lines = expression.properties().look_set_prefix().contains(Look::StartLF);
        let automaton = |backward: bool| {
            let settings = thompson::Config::new()
                .reverse(backward)
                .which_captures(WhichCaptures::None)
                .nfa_size_limit(Some(EXPRESSION));
            let nfa = NFA::compiler().configure(settings).build_from_hir(&expression);
            let nfa = nfa.map_err(|_| "is too large".to_owned())?;
            let kind = if backward { MatchKind::All } else { MatchKind::LeftmostFirst };
            let settings =
                DFA::config().match_kind(kind).cache_capacity(STATES).skip_cache_capacity_check(true);
            DFA::builder().configure(settings).build_from_nfa(nfa).map_err(|error| error.to_string())
        };
        let (forward, backward) = (automaton(false)?, automaton(true)?);
        let state =
            State { forward: forward.create_cache(), backward: backward.create_cache(), text: String::new() };
        Ok(Self { side, omit, at_lines, forward, backward, state: Mutex::new(state) })
    }

    /// The record at the beginning of `bytes`.
    pub(super) fn look(&self, encoding: Encoding, bytes: &[u8], edge: Edge) -> Seen {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let unit = match encoding {
            Encoding::Utf8 | Encoding::Utf8Raw | Encoding::Nop => return self.seen(&mut state, bytes, edge),
            Encoding::Utf16Le => u16::from_le_bytes,
            Encoding::Utf16Be => u16::from_be_bytes,
        };
        let mut glance = GLANCE;
        let mut text = std::mem::take(&mut state.text);
        let seen = loop {
            let whole = bytes.len() <= glance;
            convert(bytes.get(..glance).unwrap_or(bytes), unit, whole, &mut text);
            let seen = self.seen(&mut state, text.as_bytes(), if whole { edge } else { Edge::More });
            if whole || seen != Seen::Pending {
                break seen;
            }
            glance *= 2;
        };
        let place = |at: usize| {
            let units = text.char_indices().take_while(|(index, _)| *index < at);
            units.map(|(_, character)| character.len_utf16() * 2).sum::<usize>()
        };
        let seen = match seen {
            Seen::Record(record, next) => Seen::Record(place(record.start)..place(record.end), place(next)),
            Seen::Pending => Seen::Pending,
            Seen::Open(start) => Seen::Open(place(start)),
        };
        text.shrink_to(1 << 16);
        state.text = text;
        seen
    }

    fn seen(&self, state: &mut State, text: &[u8], edge: Edge) -> Seen {
        let open = |start| if edge == Edge::More { Seen::Pending } else { Seen::Open(start) };
        if text.is_empty() {
            return open(0);
        }
        let Some(first) = self.find(state, text, 0, edge) else { return Seen::Pending };
        match (self.side, first) {
            (_, None) => open(0),
            // Nothing is in front of an empty match at the beginning.
            (Side::End, Some(found)) if found.end == 0 => {
                match self.find(state, text, behind(text, 0), edge) {
                    None => Seen::Pending,
                    Some(Some(found)) if found.end > 0 => self.ended(found),
                    Some(_) => open(0),
                }
            }
            (Side::End, Some(found)) => self.ended(found),
            (Side::Start, Some(found)) if found.start > 0 => Seen::Record(0..found.start, found.start),
            (Side::Start, Some(first)) => {
                let start = if self.omit { first.end } else { 0 };
                let mut from = first.end;
                loop {
                    match self.find(state, text, from, edge) {
                        None => return Seen::Pending,
                        // What matches directly behind the first match belongs to it.
                        Some(Some(next)) if next.start <= first.end && from < text.len() => {
                            from = next.end.max(behind(text, from));
                        }
                        Some(Some(next)) if next.start > first.end => {
                            return Seen::Record(start..next.start, next.start);
                        }
                        Some(_) => return open(start),
                    }
                }
            }
        }
    }

    /// The record that ends with a match.
    fn ended(&self, found: Range<usize>) -> Seen {
        Seen::Record(0..if self.omit { found.start } else { found.end }, found.end)
    }

    /// The first match in `text` from `from` on. `None` when more of the text is needed to tell.
    fn find(&self, state: &mut State, text: &[u8], from: usize, edge: Edge) -> Option<Option<Range<usize>>> {
        if !self.at_lines {
            let Some(end) = self.end(state, text, from, edge, Anchored::No)? else { return Some(None) };
            let input = Input::new(text).range(from..end).anchored(Anchored::Yes);
            let begun = self.backward.try_search_rev(&mut state.backward, &input).ok().flatten();
            return Some(Some(begun.map_or(end, |begun| begun.offset())..end));
        }
        let mut line = from;
        if from > 0 && text.get(from - 1) != Some(&b'\n') {
            line = match memchr(b'\n', text.get(from..).unwrap_or_default()) {
                Some(at) => from + at + 1,
                None => return none(edge),
            };
        }
        loop {
            if let Some(end) = self.end(state, text, line, edge, Anchored::Yes)? {
                return Some(Some(line..end));
            }
            match memchr(b'\n', text.get(line..).unwrap_or_default()) {
                Some(at) => line += at + 1,
                None => return none(edge),
            }
        }
    }

    /// The end of the first match from `from` on. `None` when more of the text is needed to tell.
    fn end(
        &self,
        state: &mut State,
        text: &[u8],
        from: usize,
        edge: Edge,
        anchored: Anchored,
    ) -> Option<Option<usize>> {
        let cache = &mut state.forward;
        let input = Input::new(text).range(from..).anchored(anchored);
        // Neither the start nor a step can fail: there are no bytes that the automaton quits at, and it never gives up its states.
        let Ok(mut at) = self.forward.start_state_forward(cache, &input) else { return Some(None) };
        let mut found = None;
        for (index, byte) in (from..).zip(text.get(from..).unwrap_or_default()) {
            at = self.step(cache, at, *byte)?;
            if at.is_tagged() {
                // A match is known one byte behind its end.
                if at.is_match() {
                    found = Some(index);
                } else if at.is_dead() || at.is_quit() {
                    return Some(found);
                }
            }
        }
        match edge {
            Edge::More if self.is_certain(cache, at) => Some(Some(text.len())),
            Edge::More => None,
            Edge::Sight => Some(found),
            Edge::End => {
                let ended = self.forward.next_eoi_state(cache, at).is_ok_and(|at| at.is_match());
                Some(if ended { Some(text.len()) } else { found })
            }
        }
    }

    /// Whether a match ends here, whatever follows. Otherwise records that end with their last byte would wait for more.
    fn is_certain(&self, cache: &mut Cache, at: LazyStateID) -> bool {
        let ends = self.forward.next_eoi_state(cache, at).is_ok_and(|at| at.is_match());
        let classes = self.forward.byte_classes();
        let mut bytes = classes.representatives(0..=255).filter_map(|unit| unit.as_u8());
        ends && bytes.all(|byte| {
            let next = self.step(cache, at, byte).filter(|next| next.is_match());
            let mut bytes = classes.representatives(0..=255).filter_map(|unit| unit.as_u8());
            next.is_some_and(|next| {
                bytes.all(|byte| self.step(cache, next, byte).is_some_and(|at| at.is_dead()))
            })
        })
    }

    #[inline(always)]
    fn step(&self, cache: &mut Cache, at: LazyStateID, byte: u8) -> Option<LazyStateID> {
        self.forward.next_state(cache, at, byte).ok()
    }
}

impl fmt::Debug for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Separator")
            .field("side", &self.side)
            .field("omit", &self.omit)
            .finish_non_exhaustive()
    }
}

/// The next character behind `at`.
fn behind(text: &[u8], at: usize) -> usize {
    let continues = |byte: &&u8| **byte & 0xc0 == 0x80;
    at + 1 + text.get(at + 1..).unwrap_or_default().iter().take_while(continues).count()
}

fn none(edge: Edge) -> Option<Option<Range<usize>>> {
    if edge == Edge::More { None } else { Some(None) }
}

/// Reads `bytes`, which are `whole` or go on, into `text`.
fn convert(bytes: &[u8], unit: fn([u8; 2]) -> u16, whole: bool, text: &mut String) {
    let (units, _) = bytes.as_chunks::<2>();
    let units = match units {
        // The first half of a character.
        [before @ .., last] if !whole && (0xd800..0xdc00).contains(&unit(*last)) => before,
        all => all,
    };
    text.clear();
    let characters = char::decode_utf16(units.iter().map(|pair| unit(*pair)));
    text.extend(characters.map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)));
}

/// `expression` with `\b` and `\B` as in the Collector, where words are ASCII.
fn ascii_words(expression: Hir) -> Hir {
    match expression.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(match look {
            Look::WordUnicode => Look::WordAscii,
            Look::WordUnicodeNegate => Look::WordAsciiNegate,
            Look::WordStartUnicode => Look::WordStartAscii,
            Look::WordEndUnicode => Look::WordEndAscii,
            Look::WordStartHalfUnicode => Look::WordStartHalfAscii,
            Look::WordEndHalfUnicode => Look::WordEndHalfAscii,
            other @ (Look::Start
            | Look::End
            | Look::StartLF
            | Look::EndLF
            | Look::StartCRLF
            | Look::EndCRLF
            | Look::WordAscii
            | Look::WordAsciiNegate
            | Look::WordStartAscii
            | Look::WordEndAscii
            | Look::WordStartHalfAscii
            | Look::WordEndHalfAscii) => other,
        }),
        HirKind::Repetition(mut repetition) => {
            repetition.sub = Box::new(ascii_words(*repetition.sub));
            Hir::repetition(repetition)
        }
        HirKind::Capture(mut capture) => {
            capture.sub = Box::new(ascii_words(*capture.sub));
            Hir::capture(capture)
        }
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(ascii_words).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.into_iter().map(ascii_words).collect()),
    }
}
