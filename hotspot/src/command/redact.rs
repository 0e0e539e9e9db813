//! Takes secrets out of command lines.

/// What stands in place of a secret.
const HIDDEN: &str = "***";

/// Words that names of secrets have in them. Better hide too much.
const TELLING: [&str; 22] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "cred",
    "auth",
    "jwt",
    "bearer",
    "signature",
    "private",
    "cookie",
    "session",
    "salt",
    "dsn",
    "connectionstring",
    "connection-string",
    "connection.string",
    "login",
    "cipher",
    "seed",
    "license",
];

/// How those begin that are secrets whatever they are called.
const KNOWN: [&str; 12] =
    ["eyj", "akia", "asia", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xox", "sk-", "sk_", "hvs."];

/// Longest run of letters and digits that is no secret.
const LONGEST_RUN: usize = 31;

/// The words of a command line without what may be secret: values of options whose names tell of secrets, the word after such an
/// option, user names and passwords in addresses, and what looks like a key. Secrets that stand alone and look like a name cannot be told.
#[must_use]
pub fn redacted<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut hide = false;
    let words = words.into_iter().map(|word| {
        if std::mem::take(&mut hide) {
            return HIDDEN.to_owned();
        }
        let (word, hide_next) = one(word);
        hide = hide_next;
        word
    });
    words.collect()
}

/// A word without its secret, and whether the next one is a secret.
fn one(word: &str) -> (String, bool) {
    let lower = word.to_ascii_lowercase();
    let kept = |end: usize| format!("{}{HIDDEN}", word.get(..end).unwrap_or_default());
    let separator = lower.find(|c: char| matches!(c, '=' | ':') || c.is_whitespace());
    // The value after the name of an option.
    let value = separator.map_or(0, |at| at + 1);
    let telling =
        TELLING.iter().filter_map(|telling| lower.find(telling)).chain(whole_word(&lower, "pw")).min();
    if let Some(telling) = telling {
        return match separator {
            // What follows the first separator is hidden as a whole. What stands before it is no secret when it tells of one.
            Some(at) if (telling < at || lower.starts_with('-')) && has_plain_name(&lower, value) => {
                (kept(value), false)
            }
            Some(_) => (HIDDEN.to_owned(), false),
            None if lower.starts_with('-') => (word.to_owned(), true),
            // The word itself: perhaps a name, perhaps a secret.
            None if telling == 0 => (word.to_owned(), true),
            None => (HIDDEN.to_owned(), true),
        };
    }
    if is_short_password(&lower) {
        return (kept(2), false);
    }
    // user:password@host, in addresses and in what databases make of them.
    if word.contains('@') && word.contains([':', '/']) {
        return (kept(if has_plain_name(&lower, value) { value } else { 0 }), false);
    }
    if looks_like_a_key(&lower) {
        return (kept(if has_plain_name(&lower, value) { value } else { 0 }), false);
    }
    (word.to_owned(), false)
}

/// Where `word` stands in `text` with nothing but signs around it.
fn whole_word(text: &str, word: &str) -> Option<usize> {
    let is_sign = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let (before, after) = (text.get(..*at), text.get(at + word.len()..));
        is_sign(before.and_then(|before| before.chars().next_back()))
            && is_sign(after.and_then(|after| after.chars().next()))
    })
}

/// Whether it is a password right behind the `-p` of so many tools: not a port, and none of the words that options of Java programs
/// begin with.
fn is_short_password(lower: &str) -> bool {
    let Some(rest) = lower.strip_prefix("-p") else { return false };
    let name =
        rest.find(|c: char| !c.is_ascii_alphabetic()).map_or(rest, |end| rest.get(..end).unwrap_or(""));
    !(rest.bytes().all(|byte| byte.is_ascii_digit()) || HARMLESS.contains(&name))
}

/// Options that begin with `-p`, without that.
const HARMLESS: [&str; 20] = [
    "ort",
    "orts",
    "rofile",
    "rofiles",
    "roperty",
    "roperties",
    "rops",
    "rop",
    "ath",
    "aths",
    "arallel",
    "lugin",
    "lugins",
    "id",
    "idfile",
    "roject",
    "refix",
    "ipeline",
    "rint",
    "olicy",
];

/// Whether what stands before `value` can only be the name of an option: it is short and does not look like a key.
fn has_plain_name(lower: &str, value: usize) -> bool {
    let name = lower.get(..value).unwrap_or_default();
    !looks_like_a_key(name) && !name.contains('@')
}

/// Whether there is something in `lower` that is not made to be read: a known beginning, or a long run of letters and digits with both
/// in it.
fn looks_like_a_key(lower: &str) -> bool {
    lower.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))).any(|part| {
        let part = part.trim_start_matches('-');
        KNOWN.iter().any(|known| part.starts_with(known) && part.len() >= 16)
    }) || lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        run.len() > LONGEST_RUN
            && run.contains(|c: char| c.is_ascii_digit())
            && run.contains(|c: char| c.is_ascii_alphabetic())
    })
}
