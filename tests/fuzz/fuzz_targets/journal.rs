//! Whatever lies in the files of a queue, it is opened or refused, read to its end, and takes batches again.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::storage::Storage;
use edgewatch_core::telemetry::Telemetry;
use edgewatch_exporters::journal::{Journals, Options, inspect, verify};

/// The files of a sound queue.
static SOUND: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let sound = SOUND.get_or_init(sound);
    let Some((&choice, data)) = data.split_first() else { return };
    let storage = scratch("fuzzed");
    let directory = storage.join("fuzz.logs");
    fs::create_dir_all(&directory).expect("a directory");
    let chosen = usize::from(choice) % (sound.len() * 2);
    for (at, (name, bytes)) in sound.iter().enumerate() {
        let mut bytes = bytes.clone();
        if at == chosen {
            // Bytes that a checksum covers are not guessed: they are changed.
            for edit in data.chunks_exact(4) {
                let offset = (usize::from(edit[0]) << 8 | usize::from(edit[1])) % bytes.len();
                bytes[offset] = edit[2];
                if edit[3] == 0 {
                    bytes.truncate(offset + 1);
                }
            }
        } else if at + sound.len() == chosen {
            bytes = data.to_vec();
        }
        fs::write(directory.join(name), bytes).expect("writable");
    }
    for report in inspect(&storage).unwrap_or_default() {
        let _ = verify(&report);
    }
    let opened = Journals::open(&storage, options()).expect("nobody else uses it");
    if let Ok(queue) = opened.queue("fuzz", Signal::Logs, &Telemetry::default()) {
        queue.append(Batch::new(Signal::Logs, vec![1; 10].into(), 1, Ack::none()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async { while queue.drop_oldest().await.is_some() {} });
    }
    drop(opened);
    fs::remove_dir_all(&storage).expect("removable");
});

fn sound() -> Vec<(String, Vec<u8>)> {
    let storage = scratch("sound");
    let opened = Journals::open(&storage, options()).expect("a new directory");
    let queue = opened.queue("fuzz", Signal::Logs, &Telemetry::default()).expect("a new queue");
    for n in 0..12 {
        queue.append(Batch::new(Signal::Logs, vec![n; 100].into(), 1, Ack::none()));
    }
    drop((queue, opened));
    let mut files = Vec::new();
    for entry in fs::read_dir(storage.join("fuzz.logs")).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        files.push((name, fs::read(&path).expect("readable")));
    }
    files.sort();
    fs::remove_dir_all(&storage).expect("removable");
    files
}

fn options() -> Options {
    Options { segment_bytes: 400, reserve_bytes: 0, memory_bytes: 0, ..Options::default() }
}

fn scratch(name: &str) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    base.join(format!("edgewatch-fuzz-{}-{name}", std::process::id()))
}
