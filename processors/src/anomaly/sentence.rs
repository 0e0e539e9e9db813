//! What is told of an anomaly, as a sentence for whoever is woken by it.

use std::fmt;

use edgewatch_proto::text::Text;
use edgewatch_proto::view::Resource;

use super::detector::{Channel, Expected, Scored};
use super::ongoing::Identity;
use super::quantity::{Quantities, Unit};
use super::series::Aspect;

/// Most characters of a series' attributes, and of one of them. All of them are attributes of the event as well.
const LONGEST: usize = 120;
const LONGEST_VALUE: usize = 40;
/// A chance above this says nothing: of a step that was anomalous for what came before it.
const TELLING: f64 = 0.1;

/// A series and the number of it: `system.disk.io{device=sda} rate`.
pub(super) struct Subject<'a> {
    pub(super) identity: &'a Identity,
    pub(super) aspect: Aspect,
}

/// What came, and what was expected: `12 MiB/s, 4.1x the usual 2.93 MiB/s for 14:00 UTC; expected 1.1 MiB/s to 4.7 MiB/s (p = 3e-5)`.
pub(super) struct Verdict<'a> {
    pub(super) scored: &'a Scored,
    pub(super) unit: &'a str,
    pub(super) aspect: Aspect,
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.identity.name)?;
        self.attributes(out)?;
        out.write_str(match self.aspect {
            Aspect::Value => "",
            Aspect::Rate => " rate",
            Aspect::Count => " count",
            Aspect::Median => " median",
            Aspect::High => " p99",
        })
    }
}

impl Subject<'_> {
    fn attributes(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut room = LONGEST;
        for (index, attribute) in Resource::new(&self.identity.attributes).attributes().enumerate() {
            out.write_str(if index == 0 { "{" } else { ", " })?;
            let value = Text(attribute.value()).to_string();
            let text = format!("{}={}", attribute.key(), Short(&value));
            let Some(rest) = room.checked_sub(text.chars().count()) else { return out.write_str("…}") };
            room = rest;
            text.chars().try_for_each(|char| {
                fmt::Write::write_char(out, if char.is_control() { ' ' } else { char })
            })?;
        }
        out.write_str(if room == LONGEST { "" } else { "}" })
    }
}

/// The beginning of a text.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(LONGEST_VALUE) {
            Some((end, _next)) => write!(out, "{}…", self.0.get(..end).unwrap_or_default()),
            None => out.write_str(self.0),
        }
    }
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Expected { low, high, usual, seen, drift, hour } = self.scored.reason.expected;
        let unit = Unit::of(self.unit, self.aspect);
        let never_negative = self.aspect != Aspect::Value || unit.is_amount();
        let low = if never_negative && usual >= 0.0 { low.max(0.0) } else { low };
        let quantities = Quantities::new(unit, &[seen - usual, high - low]);
        let told = |value| quantities.told(value);
        let seen_text = told(seen);
        match self.scored.reason.channel {
            Channel::Level | Channel::Ratio | Channel::Hold => {
                let usual_text = told(usual);
                match self.scored.reason.expected.ratio() {
                    Some(ratio) if ratio >= 1.2 => {
                        write!(
                            out,
                            "{seen_text}, {}x the usual {usual_text} for {hour:02}:00 UTC",
                            Factor(ratio)
                        )?;
                    }
                    Some(ratio) if ratio <= 0.8 => {
                        let percent = Factor(100.0 * ratio);
                        write!(
                            out,
                            "{seen_text}, {percent}% of the usual {usual_text} for {hour:02}:00 UTC"
                        )?;
                    }
                    Some(_) | None => {
                        write!(out, "{seen_text} where {usual_text} is usual for {hour:02}:00 UTC")?;
                    }
                }
            }
            Channel::Drift => {
                let side = if drift < 0.0 { "below" } else { "above" };
                let distance = Quantities::new(quantities.unit(), &[drift]).told(drift.abs());
                write!(
                    out,
                    "{seen_text}; for about an hour {distance} {side} what is usual for {hour:02}:00 UTC"
                )?;
            }
            Channel::Jump => write!(out, "jumped to {seen_text} at once")?,
            Channel::Spread => write!(out, "{seen_text}; recent values lie where they seldom do")?,
            Channel::Stillness => write!(out, "{seen_text}; flat where it used to move")?,
        }
        let (low, high) = (told(low), told(high));
        if low == high {
            write!(out, "; expected about {low}")?
        } else {
            write!(out, "; expected {low} to {high}")?
        }
        let probability = self.scored.probability();
        if probability < TELLING { write!(out, " (p = {probability:.0e})") } else { Ok(()) }
    }
}

/// Two digits, or all before the point.
struct Factor(f64);

impl fmt::Display for Factor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            factor if factor >= 9.95 => write!(out, "{factor:.0}"),
            factor if factor >= 0.995 => write!(out, "{factor:.1}"),
            factor if factor >= 0.01 => write!(out, "{factor:.2}"),
            factor => write!(out, "{factor:.0e}"),
        }
    }
}
