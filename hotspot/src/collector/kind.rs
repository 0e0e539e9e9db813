//! Telling the collectors apart.

use super::flags::{flag, option};
use crate::counters::Layout;

/// The garbage collectors of HotSpot.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Collector {
    /// `-XX:+UseG1GC`.
    G1,
    /// `-XX:+UseParallelGC`.
    Parallel,
    /// `-XX:+UseSerialGC`.
    Serial,
    /// `-XX:+UseConcMarkSweepGC`, up to JDK 13.
    Cms,
    /// `-XX:+UseZGC` without generations: up to JDK 20, and 21 to 23 unless asked for.
    Z,
    /// `-XX:+UseZGC` with generations.
    GenerationalZ,
    /// `-XX:+UseShenandoahGC`.
    Shenandoah,
    /// `-XX:+UseShenandoahGC` with `-XX:ShenandoahGCMode=generational`, since JDK 24.
    GenerationalShenandoah,
    /// `-XX:+UseEpsilonGC`: none.
    Epsilon,
}

impl Collector {
    /// The collector of the JVM with this block; `None` when it is one that is not known here.
    #[must_use]
    pub fn of(layout: &Layout, block: &[u8]) -> Option<Self> {
        let arguments = Arguments {
            args: layout.text(block, "java.rt.vmArgs").unwrap_or_default(),
            flags: layout.text(block, "java.rt.vmFlags").unwrap_or_default(),
        };
        Self::by_names(layout, block, &arguments).or_else(|| Self::by_flags(layout, &arguments))
    }

    /// Every collector but Epsilon and the Z of JDK 11 to 16 names what it counts.
    fn by_names(layout: &Layout, block: &[u8], arguments: &Arguments<'_>) -> Option<Self> {
        let names = [
            "sun.gc.collector.0.name",
            "sun.gc.collector.1.name",
            "sun.gc.collector.2.name",
            "sun.gc.policy.name",
        ];
        names.into_iter().find_map(|counter| {
            let name = layout.text(block, counter)?;
            Some(match &*name {
                "Copy:MSC" | "Copy:MCS" | "Copy" | "MSC" | "MCS" => Self::Serial,
                "PCopy" | "ParNew" | "CMS" | "ParNew:CMS" => Self::Cms,
                name if name.starts_with("G1 ") || name == "GarbageFirst" => Self::G1,
                name if name.starts_with("PS") || name.starts_with("Parallel ") || name == "ParScav:MSC" => {
                    Self::Parallel
                }
                name if name.starts_with("Serial ") => Self::Serial,
                name if name.starts_with("ZGC ") => Self::GenerationalZ,
                name if name.starts_with("Z ") => Self::Z,
                name if name.starts_with("Shenandoah") => arguments.shenandoah(),
                _ => return None,
            })
        })
    }

    fn by_flags(layout: &Layout, arguments: &Arguments<'_>) -> Option<Self> {
        let z = if layout.slot("sun.gc.generation.0.space.0.used").is_some() {
            Self::GenerationalZ
        } else {
            Self::Z
        };
        let flags = [
            ("UseG1GC", Self::G1),
            ("UseParallelGC", Self::Parallel),
            ("UseParallelOldGC", Self::Parallel),
            ("UseSerialGC", Self::Serial),
            ("UseConcMarkSweepGC", Self::Cms),
            ("UseZGC", z),
            ("UseShenandoahGC", arguments.shenandoah()),
            ("UseEpsilonGC", Self::Epsilon),
        ];
        flags.into_iter().find_map(|(name, collector)| arguments.flag(name).then_some(collector))
    }
}

/// What the JVM was told, on its command line and in its file of flags.
struct Arguments<'a> {
    args: std::borrow::Cow<'a, str>,
    flags: std::borrow::Cow<'a, str>,
}

impl Arguments<'_> {
    fn flag(&self, name: &str) -> bool {
        flag(&self.args, name).or_else(|| flag(&self.flags, name)).unwrap_or(false)
    }

    fn shenandoah(&self) -> Collector {
        let mode = |text| option(text, "ShenandoahGCMode");
        if mode(&self.args).or_else(|| mode(&self.flags)) == Some("generational") {
            Collector::GenerationalShenandoah
        } else {
            Collector::Shenandoah
        }
    }
}
