use std::time::{Duration, Instant};

use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::processor::{Emitter, Processor};
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use super::super::config::Config;
use super::{line, lines, processor};
use crate::testing::{logs, resource, text};

#[test]
fn what_is_counted_is_forgotten_with_its_template() {
    let mut subject = processor(r#"{"max_templates": 32, "max_services": 1, "sampling": {}}"#);
    let now = Instant::now();
    let mut out = Emitter::default();
    for number in 0..400_u64 {
        let records = vec![
            line(&format!("{}: {}", "; ".repeat(number as usize % 50), "! ".repeat(number as usize % 37)), 9),
            line("the usual thing happened", 9),
        ];
        let records = records.into_iter().map(|record| LogRecord { time_unix_nano: 1 + number, ..record });
        let resource = resource(&[text("service.name", "shop")]);
        subject.process(logs(resource, records.collect()), now, &mut out).expect("takes it");
        subject.tick(now + Duration::from_secs(60 * number), &mut out);
        let counted = subject.mining.services.get(1).map_or(0, |service| service.counts.seen().count());
        assert!(counted <= 32, "{counted}");
    }
}

#[test]
fn names_without_end_take_no_room() {
    let mut subject = processor("{}");
    let mut out = Emitter::default();
    let long = "x".repeat(100_000);
    for key in ["service.name", "service.namespace", "host.name"] {
        let resource = resource(&[text(key, &long), text("service.name", "shop")]);
        subject.process(logs(resource, lines(&["ready"])), Instant::now(), &mut out).expect("takes it");
    }

    let held = format!("{:?}", subject.mining.services);
    assert!(held.len() < 60_000, "{}", held.len());
}

#[test]
fn the_bound_grows_with_what_may_be_kept() {
    let bound = |services: usize, templates: usize| {
        let config = format!(r#"{{"max_services": {services}, "max_templates": {templates}}}"#);
        serde_json::from_str::<Config>(&config).expect("parses").memory_bound()
    };

    assert!(bound(16, 1024) < 40 << 20, "{}", bound(16, 1024));
    assert!(bound(17, 1024) > bound(16, 1024) && bound(16, 1025) > bound(16, 1024));
    assert!(bound(1, 1) > 256 << 10);
}
