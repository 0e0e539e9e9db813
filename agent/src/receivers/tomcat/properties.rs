//! Files of properties as Java writes them, and `${names}` in what Tomcat reads.

/// Properties of a file at most; further ones are passed over.
const MOST: usize = 10_000;

/// Longest value after substitution; a longer one stays as it is written.
const LONGEST: usize = 64 * 1024;

/// How deep names may lead to names.
const DEEPEST: usize = 8;

/// Names and values.
#[derive(Clone, Debug, Default)]
pub(super) struct Properties {
    pairs: Vec<(String, String)>,
}

impl Properties {
    /// Those of a file in the format of `java.util.Properties`.
    pub(super) fn parse(text: &str) -> Self {
        let mut properties = Self::default();
        let mut lines = text.lines().map(str::trim_start);
        while let Some(first) = lines.next() {
            if first.is_empty() || first.starts_with(['#', '!']) {
                continue;
            }
            let mut line = first.to_owned();
            // A backslash at the end that is not escaped itself joins the next line.
            while (line.len() - line.trim_end_matches('\\').len()) % 2 == 1 {
                line.pop();
                line.push_str(lines.next().unwrap_or_default());
            }
            let (name, value) = cut(&line);
            if properties.pairs.len() < MOST {
                properties.set(unescaped(name), unescaped(value));
            }
        }
        properties
    }

    /// Adds a property, or replaces its value.
    pub(super) fn set(&mut self, name: String, value: String) {
        match self.pairs.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.pairs.push((name, value)),
        }
    }

    /// Adds those of `others` that are not there yet.
    pub(super) fn add(&mut self, others: &Self) {
        for (name, value) in &others.pairs {
            if self.get(name).is_none() {
                self.pairs.push((name.clone(), value.clone()));
            }
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every name and value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// `text` with `${name}` and `${name:-default}` replaced; names that nobody knows stay as they are.
    pub(super) fn fill(&self, text: &str) -> String {
        self.filled(text, DEEPEST)
    }

    fn filled(&self, text: &str, depth: usize) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            filled.push_str(before);
            let Some(end) = from.find('}') else {
                rest = from;
                break;
            };
            let inside = from.get(2..end).unwrap_or_default();
            let (name, default) = match inside.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (inside, None),
            };
            match self.get(name).or(default) {
                Some(value) if depth > 0 => filled.push_str(&self.filled(value, depth - 1)),
                _ => filled.push_str(from.get(..=end).unwrap_or_default()),
            }
            if filled.len() > LONGEST {
                return text.to_owned();
            }
            rest = from.get(end + 1..).unwrap_or_default();
        }
        filled.push_str(rest);
        filled
    }
}

/// Name and value of a line: the first `=`, `:` or blank that is not escaped ends the name.
fn cut(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|letter: char| {
        let ends = !escaped && (letter == '=' || letter == ':' || letter.is_whitespace());
        escaped = !escaped && letter == '\\';
        ends
    });
    let Some(end) = end else { return (line, "") };
    let (name, rest) = line.split_at(end);
    let rest = rest.trim_start();
    (name, rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start())
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => {
                let digits: String = letters.by_ref().take(4).collect();
                let number = u32::from_str_radix(&digits, 16).ok();
                plain.push(number.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}
