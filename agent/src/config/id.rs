//! Ids of components and pipelines: `type` or `type/name`.

/// Longest type, as in the Collector.
const MAX_TYPE: usize = 63;

/// A component's or pipeline's id in its two parts.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Id {
    pub(super) kind: String,
    pub(super) name: String,
}

impl Id {
    /// Reads an id by the Collector's rules; an error is a message.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (kind, name) = match text.split_once('/') {
            Some((kind, name)) => (kind.trim(), Some(name.trim())),
            None => (text.trim(), None),
        };
        if kind.is_empty() {
            return Err("an id needs a type: `type` or `type/name`".to_owned());
        }
        if name == Some("") {
            return Err(format!("in the id `{text}` the part behind `/` is empty"));
        }
        let starts = kind.starts_with(|c: char| c.is_ascii_alphabetic());
        let letters = kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !starts || !letters || kind.len() > MAX_TYPE {
            return Err(format!(
                "`{kind}` is not a component type: a letter, then up to 62 letters, digits and _; a name goes behind `/`"
            ));
        }
        Ok(Self { kind: kind.to_owned(), name: name.unwrap_or_default().to_owned() })
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.kind)?;
        if self.name.is_empty() { Ok(()) } else { write!(f, "/{}", self.name) }
    }
}
