//! Numbers with their units, for people: bytes in powers of 1024, times in what fits.

use super::series::Aspect;

/// A unit of longer text is left out.
const LONGEST: usize = 32;
/// No number is told to more decimals.
const MOST_DECIMALS: f64 = 9.0;

const BYTES: [(f64, &str); 6] = [
    (1_125_899_906_842_624.0, " PiB"),
    (1_099_511_627_776.0, " TiB"),
    (1_073_741_824.0, " GiB"),
    (1_048_576.0, " MiB"),
    (1024.0, " KiB"),
    (1.0, " B"),
];
/// From so many seconds on a time is counted in units of so many seconds, by this name. Two hours are hours, one is 60 min.
const TIMES: [(f64, f64, &str); 6] = [
    (7200.0, 3600.0, " h"),
    (120.0, 60.0, " min"),
    (1.0, 1.0, " s"),
    (1e-3, 1e-3, " ms"),
    (1e-6, 1e-6, " µs"),
    (0.0, 1e-9, " ns"),
];
const COUNTS: [(f64, &str); 3] = [(1e9, " billion"), (1e6, " million"), (1.0, "")];

/// The unit of the numbers of a sentence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit<'a> {
    measure: Measure,
    /// What stands behind a number that is not scaled by its unit.
    text: &'a str,
    /// Per second.
    is_rate: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Measure {
    Bytes,
    /// Of so many nanoseconds.
    Time(u32),
    Percent,
    Other,
}

impl<'a> Unit<'a> {
    /// The unit of an aspect of a metric whose unit this is, as UCUM writes it.
    pub(super) fn of(unit: &'a str, aspect: Aspect) -> Self {
        let is_rate = matches!(aspect, Aspect::Rate | Aspect::Count);
        if aspect == Aspect::Count {
            return Self { measure: Measure::Other, text: "measurements", is_rate };
        }
        let measure = match unit {
            "By" => Measure::Bytes,
            "%" if !is_rate => Measure::Percent,
            // Seconds per second are a number of CPUs, or the like.
            "s" if !is_rate => Measure::Time(1_000_000_000),
            "ms" if !is_rate => Measure::Time(1_000_000),
            "us" if !is_rate => Measure::Time(1_000),
            "ns" if !is_rate => Measure::Time(1),
            _other => Measure::Other,
        };
        let text = match unit {
            "1" => "",
            "Cel" => "°C",
            long if long.len() > LONGEST || long.chars().any(char::is_control) => "",
            other => other,
        };
        Self { measure, text, is_rate }
    }

    /// Whether it is one of amounts, which are not negative.
    pub(super) fn is_amount(self) -> bool {
        match self.measure {
            Measure::Bytes | Measure::Percent => true,
            Measure::Time(_) => false,
            Measure::Other => self.text.starts_with('{'),
        }
    }

    /// By what a number is divided, and what stands behind it then.
    fn scale(self, value: f64) -> (f64, &'static str) {
        let size = value.abs();
        let first = |scales: &[(f64, &'static str)]| {
            let fits = scales.iter().find(|(scale, _name)| size >= *scale);
            fits.or_else(|| scales.last()).copied().unwrap_or((1.0, ""))
        };
        match self.measure {
            Measure::Bytes if size < 1.0 => (1.0, " B"),
            Measure::Bytes => first(&BYTES),
            Measure::Time(nanoseconds) => {
                let unit = f64::from(nanoseconds) / 1e9;
                let fits = TIMES.iter().find(|(least, ..)| size * unit >= *least);
                let (length, name) = match fits {
                    Some((_least, length, name)) if size > 0.0 => (*length, *name),
                    Some(_) | None => (1.0, " s"),
                };
                (length / unit, name)
            }
            Measure::Percent => (1.0, "%"),
            Measure::Other if size < 1.0 => (1.0, ""),
            Measure::Other => first(&COUNTS),
        }
    }
}

/// Numbers that are told beside each other, each in what fits, and as exactly as it takes to tell them apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantities<'a> {
    unit: Unit<'a>,
    /// The least difference that matters; infinite: none does.
    difference: f64,
}

impl<'a> Quantities<'a> {
    /// Numbers of this unit, whose differences are these.
    pub(super) fn new(unit: Unit<'a>, differences: &[f64]) -> Self {
        let sizes = differences.iter().map(|difference| difference.abs()).filter(|size| *size > 0.0);
        Self { unit, difference: sizes.fold(f64::INFINITY, f64::min) }
    }

    pub(super) const fn unit(&self) -> Unit<'a> {
        self.unit
    }

    /// A number as text: to three digits, or more if that is what it takes.
    pub(super) fn told(&self, value: f64) -> String {
        let (scale, name) = self.unit.scale(value);
        let mut text = number(value / scale, self.difference / scale);
        text.push_str(name);
        if self.unit.measure == Measure::Other && !self.unit.text.is_empty() {
            text.push(' ');
            text.extend(self.unit.text.chars().filter(|char| !matches!(char, '{' | '}')));
        }
        if self.unit.is_rate {
            text.push_str("/s");
        }
        text
    }
}

fn number(value: f64, difference: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-6..1e15).contains(&size) {
        return format!("{value:.1e}");
    }
    let by_size = 2.0 - size.log10().floor();
    let by_difference = if difference.is_finite() { -difference.log10().floor() } else { 0.0 };
    let decimals = by_size.max(by_difference).clamp(0.0, MOST_DECIMALS) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
