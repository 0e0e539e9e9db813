//! What series are called.

use std::collections::HashMap;
use std::fmt::Write as _;

use edgewatch_processors::anomaly::series::{Aspect, Found};
use edgewatch_proto::view::{AnyValue, KeyValue, Value};

/// A longer name is cut off.
const LONGEST: usize = 1024;

/// Names that are taken.
#[derive(Debug, Default)]
pub(super) struct Labels {
    taken: HashMap<String, u64>,
}

impl Labels {
    /// A name for a series that no other has: with its resource, or a number, where it takes that to tell it from others.
    pub(super) fn of(&mut self, found: &Found<'_>, aspect: Option<Aspect>) -> String {
        let mut text = found.metric.name().to_owned();
        attributes(found.point.attributes(), &mut text);
        if let Some(aspect) = aspect {
            text.push(' ');
            text.push_str(word(aspect));
        }
        shorten(&mut text);
        if self.taken.contains_key(&text)
            && let Some(resource) = found.resource
        {
            text.push_str(" of ");
            attributes(resource.attributes(), &mut text);
            shorten(&mut text);
        }
        let times = self.taken.entry(text.clone()).or_default();
        *times += 1;
        if *times > 1 {
            let _ = write!(text, " #{times}");
        }
        text
    }
}

const fn word(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Value => "value",
        Aspect::Rate => "rate",
        Aspect::Count => "count",
        Aspect::Median => "median",
        Aspect::High => "p99",
    }
}

fn shorten(text: &mut String) {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str("...");
    }
}

/// `{key="text", other=1}`; nothing where there are none.
fn attributes<'a>(attributes: impl Iterator<Item = KeyValue<'a>>, out: &mut String) {
    let mut separator = '{';
    for attribute in attributes {
        out.push(separator);
        if separator == ',' {
            out.push(' ');
        }
        separator = ',';
        out.push_str(attribute.key());
        out.push('=');
        value(attribute.value(), out);
    }
    if separator == ',' {
        out.push('}');
    }
}

fn value(of: AnyValue<'_>, out: &mut String) {
    // Writing to a string does not fail.
    let _ = match of.value() {
        Value::Empty => write!(out, "null"),
        Value::String(text) => write!(out, "{text:?}"),
        Value::Bool(truth) => write!(out, "{truth}"),
        Value::Int(number) => write!(out, "{number}"),
        Value::Double(number) => write!(out, "{number}"),
        Value::Bytes(bytes) => write!(out, "{} bytes", bytes.len()),
        Value::StringIndex(index) => write!(out, "#{index}"),
        Value::KeyValueList(map) => {
            attributes(map.values(), out);
            Ok(())
        }
        Value::Array(list) => {
            out.push('[');
            for (at, element) in list.values().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                value(element, out);
            }
            out.push(']');
            Ok(())
        }
    };
}
