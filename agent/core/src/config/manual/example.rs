//! A commented example of a component's configuration.

use schemars::Schema;
use serde_json::{Map, Value};

use super::keys::{Definitions, Key, has_keys};
use super::yaml::inline;

/// Widest line of a comment, indentation included.
const WIDTH: usize = 100;

/// Every key of the type with its doc comment and its default, as YAML that is indented by `indent` blanks.
/// Keys that are absent by default stand behind a `#`. Empty if the type has no keys.
#[must_use]
pub fn example(schema: &Schema, defaults: &Value, indent: usize) -> String {
    let Some(root) = schema.as_object() else { return String::new() };
    let mut writer = Writer { definitions: Definitions::of(root), text: String::new(), plain: false };
    writer.keys(root, Some(defaults), indent, false, 0);
    writer.text
}

struct Writer<'a> {
    definitions: Definitions<'a>,
    text: String,
    /// Whether all of it will stand behind a `#`, so that absent keys need none of their own.
    plain: bool,
}

impl<'a> Writer<'a> {
    fn keys(
        &mut self,
        shape: &'a Map<String, Value>,
        defaults: Option<&'a Value>,
        indent: usize,
        absent: bool,
        depth: usize,
    ) {
        for key in self.definitions.keys(shape, defaults) {
            self.comment(key.about, indent, absent);
            self.key(&key, indent, absent || key.default.is_none(), depth);
        }
    }

    /// One key with what is below it. `absent` keys are written behind a `#`.
    fn key(&mut self, key: &Key<'a>, indent: usize, absent: bool, depth: usize) {
        // Types that contain themselves end somewhere.
        let below = has_keys(key.shape) && depth < 6;
        match key.default {
            _ if below => {
                self.line(indent, absent, &format!("{}:", key.name));
                self.keys(key.shape, key.default, indent + 2, absent, depth + 1);
            }
            Some(Value::Array(items)) if !items.is_empty() && items.iter().all(Value::is_object) => {
                self.line(indent, absent, &format!("{}:", key.name));
                for item in items {
                    self.line(indent + 2, absent, &format!("- {}", inline(item)));
                }
            }
            Some(value) => self.line(indent, absent, &format!("{}: {}", key.name, inline(value))),
            None => self.line(indent, absent, &format!("{}:", key.name)),
        }
        let items = key.shape.get("items").and_then(Value::as_object);
        if let Some(items) = items.map(|items| self.definitions.resolve(items))
            && has_keys(items)
            && depth < 6
        {
            self.entry(items, indent + 2, depth);
        }
    }

    /// What an entry of a list may hold, all of it behind a `#`.
    fn entry(&mut self, shape: &'a Map<String, Value>, indent: usize, depth: usize) {
        let outside = (std::mem::take(&mut self.text), self.plain);
        self.plain = true;
        self.keys(shape, None, 0, false, depth + 1);
        let inside = std::mem::replace(&mut self.text, outside.0);
        self.plain = outside.1;
        for (number, line) in inside.lines().enumerate() {
            let mark = if number == 0 { "- " } else { "  " };
            self.line(indent, true, &format!("{mark}{line}"));
        }
    }

    fn comment(&mut self, about: &str, indent: usize, absent: bool) {
        let width = WIDTH.saturating_sub(indent + 2).max(40);
        for paragraph in about.split("\n\n") {
            for line in wrap(paragraph, width) {
                let mark = if absent && !self.plain { "# # " } else { "# " };
                self.text.push_str(&" ".repeat(indent));
                self.text.push_str(&format!("{mark}{line}\n"));
            }
        }
    }

    fn line(&mut self, indent: usize, absent: bool, line: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(if absent && !self.plain { "# " } else { "" });
        self.text.push_str(line);
        self.text.push('\n');
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}
