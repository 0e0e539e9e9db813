//! What `/proc` says about processes, and the command lines of JVMs, are read without a panic, and what is taken out stays out.

#![no_main]

use edgewatch_hotspot::command::{Command, environment_name, redacted};
use edgewatch_hotspot::procfs::{Stat, Status, container, groups, mappings};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = (Stat::parse(data), Status::parse(data), container(data), groups(data).count());
    for mapping in mappings(data) {
        let _ = (mapping.file_name(), mapping.size());
    }
    let _ = environment_name(data);
    let text = String::from_utf8_lossy(data);
    let (java, options) = text.split_once('\n').unwrap_or((&text, ""));
    for command in [Command::new(java, options, options), Command::of_words(data)] {
        let _ = (command.main(), command.arguments(), command.cpus());
        if let Some(name) = command.service_name() {
            assert!(!name.name.is_empty() && !name.name.contains(char::is_control));
        }
    }
    let secret = format!("--password={text}");
    assert_eq!(redacted([&*secret]), ["--password=***"]);
});
