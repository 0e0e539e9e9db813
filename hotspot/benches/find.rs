//! What it costs to look for JVMs where nothing has changed, to open one, and to read facts about it.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use edgewatch_core::host::RealHost;
use edgewatch_core::kernel::Paths;
use edgewatch_hotspot::find::Finder;
use edgewatch_hotspot::process::{Cpus, Reader};
use edgewatch_hotspot::source::Source;

fn looks(criterion: &mut Criterion) {
    let proc = Path::new("/proc");
    let processes = std::fs::read_dir(proc).map_or(0, |entries| {
        entries.flatten().filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok()).count()
    });
    criterion.bench_function(&format!("the first look at {processes} processes"), |bench| {
        bench.iter(|| black_box(Finder::new(proc).look()));
    });
    let mut finder = Finder::new(proc);
    finder.look();
    criterion.bench_function(&format!("a look at {processes} processes when nothing changed"), |bench| {
        bench.iter(|| black_box(finder.look()));
    });
    // Only where a JVM runs.
    let Some(process) = finder.jvms().find(|process| process.shared.is_some()).cloned() else { return };
    criterion.bench_function("opening the counters of a JVM", |bench| {
        bench.iter(|| black_box(Source::open(&process, false)));
    });
    if let Ok(mut source) = Source::open(&process, false) {
        criterion.bench_function("reading the counters of a JVM", |bench| {
            bench.iter(|| black_box(source.read().map(<[u8]>::len)));
        });
    }
    let mut reader = Reader::new(&Paths::find("", &RealHost));
    criterion.bench_function("facts about the process of a JVM", |bench| {
        bench.iter(|| black_box(reader.read(&process, Cpus::default())));
    });
}

criterion_group!(benches, looks);
criterion_main!(benches);
