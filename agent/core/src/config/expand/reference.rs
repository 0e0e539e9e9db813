//! The grammar of references.

/// Part of a text.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Piece<'a> {
    /// As it is.
    Text(&'a str),
    /// What stands between `${` and its `}`.
    Reference(&'a str),
}

/// What a reference asks for.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Scheme<'a> {
    /// `env:NAME`, `env:NAME:-default`, or the same without `env:`.
    Env { name: &'a str, default: Option<&'a str> },
    /// `file:PATH`.
    File(&'a str),
    /// `yaml:TEXT`.
    Yaml(&'a str),
}

/// Splits a text at its references; `$$` is a `$` that starts none, and a `${` that is never closed is text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        if from.starts_with("$$") {
            push_text(&mut found, before);
            push_text(&mut found, "$");
            rest = from.get(2..).unwrap_or_default();
        } else if let Some(length) = reference_length(from) {
            push_text(&mut found, before);
            found.push(Piece::Reference(from.get(2..length - 1).unwrap_or_default()));
            rest = from.get(length..).unwrap_or_default();
        } else {
            let (dollar, after) = rest.split_at(at + 1);
            push_text(&mut found, dollar);
            rest = after;
        }
    }
    push_text(&mut found, rest);
    found
}

fn push_text<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
}

/// Bytes of the reference at the start of `text`, up to the brace that closes it.
fn reference_length(text: &str) -> Option<usize> {
    let body = text.strip_prefix("${")?;
    let mut depth = 1_usize;
    let mut before = b' ';
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            b'{' if before == b'$' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 3);
        }
        before = byte;
    }
    None
}

/// Reads what stands between the braces; an error comes with the way out.
pub(super) fn scheme(inner: &str) -> Result<Scheme<'_>, (String, String)> {
    let (name, rest) = match inner.split_once(':') {
        // `${X:-default}` has no scheme; a scheme is followed by its text.
        Some((name, rest)) if !rest.starts_with('-') => (name, rest),
        Some(_) | None => ("env", inner),
    };
    match name {
        "env" => variable(rest),
        "file" => Ok(Scheme::File(rest)),
        "yaml" => Ok(Scheme::Yaml(rest)),
        _ => Err((
            format!("`{name}` is not a scheme that a reference can use"),
            "use ${env:NAME}, ${env:NAME:-default}, ${file:PATH} or ${yaml:TEXT}; write $$ for a plain $"
                .to_owned(),
        )),
    }
}

fn variable(text: &str) -> Result<Scheme<'_>, (String, String)> {
    let (name, default) = match text.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (text, None),
    };
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(Scheme::Env { name, default });
    }
    Err((
        format!("`{name}` is not the name of an environment variable"),
        "names hold letters, digits and _; write $$ for a plain $".to_owned(),
    ))
}
