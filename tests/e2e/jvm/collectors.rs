//! Every collector of every version: values equal those of the JVM's own MXBeans, and collections are counted exactly.

use edgewatch_tests::jvm::{Beans, Java, Jvm, Launch, Reading, Watch};

use super::compare::differences;

/// The collectors of each version, and how they are chosen.
fn collectors(version: u8) -> Vec<(&'static str, &'static [&'static str])> {
    let mut all: Vec<(&str, &[&str])> = vec![
        ("G1", &["-XX:+UseG1GC"]),
        ("Parallel", &["-XX:+UseParallelGC"]),
        ("Serial", &["-XX:+UseSerialGC"]),
    ];
    match version {
        8 => all.push(("Cms", &["-XX:+UseConcMarkSweepGC"])),
        11 => all.extend::<[(&str, &[&str]); 3]>([
            ("Cms", &["-XX:+UseConcMarkSweepGC"]),
            ("Z", &["-XX:+UnlockExperimentalVMOptions", "-XX:+UseZGC"]),
            ("Shenandoah", &["-XX:+UnlockExperimentalVMOptions", "-XX:+UseShenandoahGC"]),
        ]),
        21 => all.extend::<[(&str, &[&str]); 3]>([
            ("Z", &["-XX:+UseZGC"]),
            ("GenerationalZ", &["-XX:+UseZGC", "-XX:+ZGenerational"]),
            ("Shenandoah", &["-XX:+UseShenandoahGC"]),
        ]),
        25 => all.extend::<[(&str, &[&str]); 2]>([
            ("GenerationalZ", &["-XX:+UseZGC"]),
            ("Shenandoah", &["-XX:+UseShenandoahGC"]),
        ]),
        _ => all.extend::<[(&str, &[&str]); 2]>([
            ("Z", &["-XX:+UseZGC"]),
            ("Shenandoah", &["-XX:+UseShenandoahGC"]),
        ]),
    }
    all
}

/// What MXBeans call the collectors whose counts can be exact. Those of ZGC's cycles, and of Shenandoah, cannot.
fn exact(version: u8, collector: &str) -> &'static [(&'static str, &'static str)] {
    match collector {
        "G1" => &[("G1 Young Generation", "end of minor GC"), ("G1 Old Generation", "end of major GC")],
        "Parallel" => &[("PS Scavenge", "end of minor GC"), ("PS MarkSweep", "end of major GC")],
        "Serial" => &[("Copy", "end of minor GC"), ("MarkSweepCompact", "end of major GC")],
        "Cms" => &[("ParNew", "end of minor GC")],
        "Z" if version >= 17 => &[("ZGC Pauses", "end of GC pause")],
        "GenerationalZ" => {
            &[("ZGC Minor Pauses", "end of GC pause"), ("ZGC Major Pauses", "end of GC pause")]
        }
        _ => &[],
    }
}

#[tokio::test]
async fn every_collector_of_java_8_is_measured_as_it_measures_itself() -> anyhow::Result<()> {
    every_collector(8).await
}

#[tokio::test]
async fn every_collector_of_java_11_is_measured_as_it_measures_itself() -> anyhow::Result<()> {
    every_collector(11).await
}

#[tokio::test]
async fn every_collector_of_java_17_is_measured_as_it_measures_itself() -> anyhow::Result<()> {
    every_collector(17).await
}

#[tokio::test]
async fn every_collector_of_java_21_is_measured_as_it_measures_itself() -> anyhow::Result<()> {
    every_collector(21).await
}

#[tokio::test]
async fn every_collector_of_java_25_is_measured_as_it_measures_itself() -> anyhow::Result<()> {
    every_collector(25).await
}

/// A JVM and what was known about it before it had anything to do.
struct Subject {
    collector: &'static str,
    jvm: Jvm,
    before: Option<(Beans, Reading)>,
}

async fn every_collector(version: u8) -> anyhow::Result<()> {
    let Some(java) = Java::of(version) else { return Ok(()) };
    let watch = Watch::start(&format!("java{version}-*"), "").await?;
    let mut subjects = Vec::new();
    for (collector, flags) in collectors(version) {
        let jvm = Launch::probe(&java, format!("java{version}-{collector}")).flags(flags.iter().copied());
        subjects.push(Subject { collector, jvm: jvm.start().await?, before: None });
    }
    for subject in &mut subjects {
        let reading = watch.reading(&subject.jvm).await?;
        subject.before = Some((subject.jvm.beans().await?, reading));
    }

    for Subject { jvm, .. } in &mut subjects {
        for work in ["threads 3", "daemons 2", "classes 7", "keep 5000", "allocate 50000", "forget", "gc 3"] {
            jvm.tell(work).await?;
        }
    }

    let mut wrong = Vec::new();
    for Subject { collector, jvm, before } in &mut subjects {
        let first = jvm.beans().await?;
        let reading = watch.reading(jvm).await?;
        let last = jvm.beans().await?;
        let mut found = differences(version, collector, false, &first, &reading, &last);
        if let Some((beans, earlier)) = before {
            found.extend(collections(version, collector, (beans, &last), (earlier, &reading)));
        }
        found.extend(resource(version, jvm, &last, &reading));
        wrong.extend(found.into_iter().map(|text| format!("{} {text}", jvm.name())));
    }
    for subject in subjects {
        subject.jvm.quit().await?;
    }
    assert_eq!(wrong, Vec::<String>::new(), "{}", watch.agent.agent.stderr());
    Ok(())
}

/// Collections between two looks of the program at itself, compared with those between two readings.
fn collections(
    version: u8,
    collector: &str,
    beans: (&Beans, &Beans),
    readings: (&Reading, &Reading),
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, action) in exact(version, collector) {
        let count = |beans: &Beans| beans.collectors.get(*name).map_or(0, |it| it.count);
        let (expected, have) =
            (count(beans.1) - count(beans.0), readings.1.pauses(name) - readings.0.pauses(name));
        if expected != have {
            wrong.push(format!("{name}: {have} pauses; the JVM says {expected}"));
        }
        let attributes = [("jvm.gc.name", *name), ("jvm.gc.action", *action)];
        if expected > 0 && readings.1.point("jvm.gc.duration", &attributes).is_none() {
            wrong.push(format!("no jvm.gc.duration with {attributes:?}"));
        }
        let millis = |beans: &Beans| beans.collectors.get(*name).map_or(0.0, |it| it.millis);
        let seconds = |reading: &Reading| {
            reading.value("jvm.gc.duration", &[("jvm.gc.name", name)]).unwrap_or_default()
        };
        let (expected, have) =
            ((millis(beans.1) - millis(beans.0)) / 1e3, seconds(readings.1) - seconds(readings.0));
        // JMX counts whole milliseconds, each collection cut off or rounded, and its span is a little wider.
        #[expect(clippy::cast_precision_loss, reason = "a few collections")]
        let tolerance = 0.001 * (1 + count(beans.1) - count(beans.0)) as f64 + 0.2 * expected;
        if (expected - have).abs() > tolerance {
            wrong.push(format!("{name}: pauses of {have} s; the JVM says {expected} s"));
        }
    }
    // Its counters count phases within phases: no pauses can be told from them.
    if collector == "Shenandoah" && readings.1.point("jvm.gc.duration", &[]).is_some() {
        wrong.push("pauses of Shenandoah, which its counters do not tell".to_owned());
    }
    wrong
}

fn resource(version: u8, jvm: &Jvm, beans: &Beans, reading: &Reading) -> Vec<String> {
    let resource = reading.resource();
    let expected = [
        ("service.name", jvm.name().to_owned()),
        ("process.pid", jvm.pid().to_string()),
        ("process.runtime.name", beans.name.clone()),
        // The counters of Java 8 have the shorter one only.
        ("process.runtime.version", if version == 8 { beans.release.clone() } else { beans.version.clone() }),
    ];
    let differs = |(key, value): &(&str, String)| {
        let have = resource.get(*key);
        (have != Some(value)).then(|| format!("{key} is {have:?} instead of {value:?}"))
    };
    expected.iter().filter_map(differs).collect()
}
