//! "Did you mean": the known name that a wrong one probably stands for.

/// Names as similar as this in their letters are offered even when several edits lie between them.
const SIMILAR: f64 = 0.92;

/// Most names that a list of choices shows.
const MAX_CHOICES: usize = 24;

/// The candidate that `name` was probably meant to be, when one is near.
#[must_use]
pub fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = normalized(name);
    let allowed = (plain.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = normalized(candidate);
            let distance = strsim::damerau_levenshtein(&plain, &other);
            let likeness = strsim::jaro_winkler(&plain, &other);
            let near = plain.chars().count() > 1 && (distance <= allowed || likeness >= SIMILAR);
            near.then_some((distance, likeness, candidate))
        })
        .min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)))
        .map(|(_, _, candidate)| candidate)
}

/// The help for a name that is not among `choices`: the nearest of them, or all of them under `label`.
#[must_use]
pub fn help(name: &str, label: &str, choices: &[&str]) -> Option<String> {
    if let Some(near) = suggest(name, choices.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    choices_help(label, choices)
}

/// All of `choices` under `label`, unless there are none or too many to read.
pub(crate) fn choices_help(label: &str, choices: &[&str]) -> Option<String> {
    let shown: Vec<&str> = choices.iter().copied().take(MAX_CHOICES).collect();
    if shown.is_empty() {
        return None;
    }
    let more = if choices.len() > MAX_CHOICES { ", ..." } else { "" };
    Some(format!("{label}: {}{more}", shown.join(", ")))
}

/// Spelling habits of other configuration languages do not count as a difference.
fn normalized(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}
