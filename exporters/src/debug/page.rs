use std::fmt;
use std::io;

/// Text that is handed on whenever so many bytes have come together.
const PAGE: usize = 64 << 10;

/// Takes text, cleans it of control characters and writes it out page by page, so that the text of a large
/// batch never lies in memory as a whole.
pub(super) struct Page<'a> {
    text: String,
    out: &'a mut dyn io::Write,
    failure: Option<io::Error>,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn io::Write) -> Self {
        Self { text: String::new(), out, failure: None }
    }

    /// Writes out what is left; `written` is the outcome of the writing so far.
    pub(super) fn finish(mut self, written: fmt::Result) -> io::Result<()> {
        if written.is_ok() {
            // The failure, if there is one, has been kept.
            let _ = self.turn();
        }
        match self.failure {
            Some(failure) => Err(failure),
            None => self.out.flush(),
        }
    }

    fn turn(&mut self) -> fmt::Result {
        let outcome = self.out.write_all(self.text.as_bytes());
        self.text.clear();
        outcome.map_err(|failure| {
            self.failure = Some(failure);
            fmt::Error
        })
    }
}

impl fmt::Write for Page<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(is_unwanted) {
            let (plain, tail) = rest.split_at(at);
            self.text.push_str(plain);
            let mut characters = tail.chars();
            self.text.extend(characters.next().into_iter().flat_map(char::escape_default));
            rest = characters.as_str();
        }
        self.text.push_str(rest);
        if self.text.len() >= PAGE { self.turn() } else { Ok(()) }
    }
}

/// Whether a character would do something to a terminal other than to appear on it.
fn is_unwanted(character: char) -> bool {
    character.is_control() && character != '\n' && character != '\t'
}
