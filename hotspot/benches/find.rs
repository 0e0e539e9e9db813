//! What it costs to look for JVMs where nothing has changed, to open one, and to read facts about it.

use std::hint::black_box;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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
    let name = format!("a look at {processes} processes when nothing changed");
    criterion.bench_function(&name, |bench| {
        bench.iter(|| black_box(finder.look()));
    });
    many(criterion, proc);
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

/// Many processes, as on a large host: young ones, and the same when they are not young any more.
fn many(criterion: &mut Criterion, proc: &Path) {
    let sleeping = Sleeping::start();
    let mut finder = Finder::new(proc);
    finder.look();
    let begin = Instant::now();
    // Eight seconds: they are young all the time.
    criterion.bench_function(&format!("a look at {MANY} more processes that are young"), |bench| {
        bench.iter(|| black_box(finder.look()));
    });
    while begin.elapsed() < YOUNG {
        finder.look();
    }
    criterion.bench_function(&format!("a look at {MANY} more processes when nothing changed"), |bench| {
        bench.iter(|| black_box(finder.look()));
    });
    drop(sleeping);
}

/// How many more processes there are.
const MANY: usize = 4000;

/// A process is young for ten seconds.
const YOUNG: Duration = Duration::from_secs(11);

/// Processes that do nothing.
struct Sleeping(Vec<Child>);

impl Sleeping {
    fn start() -> Self {
        let sleep = || Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn();
        Self((0..MANY).filter_map(|_| sleep().ok()).collect())
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

criterion_group!(benches, looks);
criterion_main!(benches);
