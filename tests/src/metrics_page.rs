//! A page of metrics in the Prometheus text format.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use anyhow::Context as _;
use bytes::Bytes;
use http::Request;

use crate::client::send;

/// The samples of one page.
#[derive(Clone, Debug)]
pub struct MetricsPage {
    text: String,
    samples: Vec<Sample>,
}

/// One line of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The metric.
    pub name: String,
    /// Its labels, sorted.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl MetricsPage {
    /// Fetches `/metrics`.
    ///
    /// # Errors
    /// When nobody answers, or not with such a page.
    pub async fn fetch(address: SocketAddr) -> anyhow::Result<Self> {
        let reply = send(address, Request::get("/metrics").body(Bytes::new())?).await?;
        anyhow::ensure!(reply.status.is_success(), "{} from {address}: {}", reply.status, reply.text());
        Self::parse(reply.text())
    }

    /// Reads a page.
    ///
    /// # Errors
    /// When a line is no sample.
    pub fn parse(text: String) -> anyhow::Result<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let samples = lines
            .map(|line| sample(line).with_context(|| format!("no sample: {line}")))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { text, samples })
    }

    /// All samples, in the page's order.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The sum over the samples of `name` that have these labels, among others; `None` when there is none.
    #[must_use]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let fits = |sample: &&Sample| {
            sample.name == name
                && labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|have| have == value))
        };
        let mut found = self.samples.iter().filter(fits).map(|sample| sample.value).peekable();
        found.peek()?;
        Some(found.sum())
    }
}

impl fmt::Display for MetricsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads `name{label="value",...} value`.
fn sample(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, mut rest) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}')?),
        None => (series, ""),
    };
    let mut labels = BTreeMap::new();
    while !rest.is_empty() {
        let (key, after) = rest.split_once("=\"")?;
        let (value, after) = quoted(after)?;
        labels.insert(key.to_owned(), value);
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    Some(Sample { name: name.to_owned(), labels, value: value.parse().ok()? })
}

/// The text up to the closing quote, unescaped, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_with_labels_and_escapes() -> anyhow::Result<()> {
        let text = "# TYPE a counter\na{x=\"1\",y=\"b\\\"\\\\,}\"} 3\na{x=\"2\"} 4\nplain 1.5e3\n";

        let page = MetricsPage::parse(text.to_owned())?;

        assert_eq!(page.value("a", &[]), Some(7.0));
        assert_eq!(page.value("a", &[("y", "b\"\\,}")]), Some(3.0));
        assert_eq!(page.value("plain", &[]), Some(1500.0));
        assert_eq!(page.value("a", &[("x", "3")]), None);
        Ok(())
    }
}
