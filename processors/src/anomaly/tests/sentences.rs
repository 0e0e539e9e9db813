use crate::anomaly::detector::{Channel, Expected, Reason, Scored};
use crate::anomaly::ongoing::Identity;
use crate::anomaly::sentence::{Subject, Verdict};
use crate::anomaly::series::Aspect;
use crate::testing::{Value, pair, text};

/// Seen, usual, low, high.
type Numbers = (f64, f64, f64, f64);

fn scored(channel: Channel, (seen, usual, low, high): Numbers) -> Scored {
    let drift = -40.0 * f64::from(1 << 20);
    let expected = Expected { low, high, usual, seen, drift, hour: 14 };
    Scored {
        time: 0,
        value: seen,
        raw: 50.0,
        score: 50.0,
        ln_probability: -10.4,
        channels: [0.0; Channel::COUNT],
        event: None,
        anomalous: true,
        reason: Reason { channel, expected },
    }
}

fn verdict(unit: &str, aspect: Aspect, numbers: Numbers) -> String {
    let scored = scored(Channel::Level, numbers);
    Verdict { scored: &scored, unit, aspect }.to_string()
}

const MIB: f64 = 1_048_576.0;

#[test]
fn numbers_have_units_and_a_size_that_people_read() {
    let gib = 1024.0 * MIB;
    let cases = [
        (
            verdict("By", Aspect::Value, (31.0 * gib, 7.6 * gib, 7.2 * gib, 8.0 * gib)),
            "31 GiB, 4.1x the usual 7.6 GiB for 14:00 UTC; expected 7.2 GiB to 8 GiB (p = 3e-5)",
        ),
        (
            verdict("By", Aspect::Rate, (0.0, 3.5 * MIB, -MIB, 8.0 * MIB)),
            "0 B/s where 3.5 MiB/s is usual for 14:00 UTC; expected 0 B/s to 8 MiB/s (p = 3e-5)",
        ),
        (
            verdict("{request}", Aspect::Rate, (2.0, 120.0, 100.0, 140.0)),
            "2 request/s, 1.7% of the usual 120 request/s for 14:00 UTC; expected 100 request/s to 140 request/s (p = 3e-5)",
        ),
        (
            verdict("s", Aspect::High, (4.1, 0.25, 0.18, 0.31)),
            "4.1 s, 16x the usual 250 ms for 14:00 UTC; expected 180 ms to 310 ms (p = 3e-5)",
        ),
        (
            verdict("ms", Aspect::Median, (90_000.0, 60_000.0, 50_000.0, 70_000.0)),
            "90 s, 1.5x the usual 60 s for 14:00 UTC; expected 50 s to 70 s (p = 3e-5)",
        ),
        (
            verdict("s", Aspect::Count, (12.0, 1.0, 0.5, 1.5)),
            "12 measurements/s, 12x the usual 1 measurements/s for 14:00 UTC; expected 0.5 measurements/s to 1.5 measurements/s (p = 3e-5)",
        ),
        (
            verdict("s", Aspect::Rate, (0.93, 0.25, 0.2, 0.3)),
            "0.93 s/s, 3.7x the usual 0.25 s/s for 14:00 UTC; expected 0.2 s/s to 0.3 s/s (p = 3e-5)",
        ),
        (
            verdict("1", Aspect::Value, (100.04, 100.0, 99.99, 100.01)),
            "100.04 where 100 is usual for 14:00 UTC; expected 99.99 to 100.01 (p = 3e-5)",
        ),
        (
            verdict("1", Aspect::Value, (12_345_678.0, 0.0, 0.0, 0.0)),
            "12.3 million where 0 is usual for 14:00 UTC; expected about 0 (p = 3e-5)",
        ),
        (
            verdict("%", Aspect::Value, (97.0, 20.0, 10.0, 30.0)),
            "97%, 4.8x the usual 20% for 14:00 UTC; expected 10% to 30% (p = 3e-5)",
        ),
        (
            verdict("Cel", Aspect::Value, (-3.0, 20.0, -1.0, 30.0)),
            "-3 °C where 20 °C is usual for 14:00 UTC; expected -1 °C to 30 °C (p = 3e-5)",
        ),
    ];
    for (told, meant) in cases {
        assert_eq!(told, meant);
    }
}

#[test]
fn every_channel_has_its_words() {
    let told = |channel| {
        let scored = scored(channel, (60.0 * MIB, 100.0 * MIB, 80.0 * MIB, 120.0 * MIB));
        Verdict { scored: &scored, unit: "By", aspect: Aspect::Value }.to_string()
    };
    let expected = "; expected 80 MiB to 120 MiB (p = 3e-5)";
    let cases = [
        (Channel::Level, "60 MiB, 60% of the usual 100 MiB for 14:00 UTC"),
        (Channel::Hold, "60 MiB, 60% of the usual 100 MiB for 14:00 UTC"),
        (Channel::Drift, "60 MiB; for about an hour 40 MiB below what is usual for 14:00 UTC"),
        (Channel::Jump, "jumped to 60 MiB at once"),
        (Channel::Spread, "60 MiB; recent values lie where they seldom do"),
        (Channel::Stillness, "60 MiB; flat where it used to move"),
    ];
    for (channel, words) in cases {
        assert_eq!(told(channel), format!("{words}{expected}"));
    }
}

#[test]
fn a_chance_that_says_nothing_is_left_out() {
    let scored = Scored { ln_probability: 0.0, ..scored(Channel::Jump, (3.0, 1.0, 0.0, 2.0)) };
    let told = Verdict { scored: &scored, unit: "", aspect: Aspect::Value }.to_string();
    assert_eq!(told, "jumped to 3 at once; expected 0 to 2");
}

fn subject(attributes: Vec<opentelemetry_proto::tonic::common::v1::KeyValue>, aspect: Aspect) -> String {
    let encoded =
        crate::testing::resource(&attributes).map(|resource| prost::Message::encode_to_vec(&resource));
    let identity = Identity {
        key: 1,
        resource: Box::default(),
        attributes: encoded.unwrap_or_default().into(),
        name: "system.disk.io".into(),
        unit: "By".into(),
    };
    Subject { identity: &identity, aspect }.to_string()
}

#[test]
fn a_series_is_told_from_its_neighbours_by_its_attributes() {
    assert_eq!(subject(vec![], Aspect::Value), "system.disk.io");
    let attributes = vec![text("device", "sda"), pair("lun", Value::IntValue(3)), text("odd", "a\nb")];
    assert_eq!(subject(attributes, Aspect::Rate), "system.disk.io{device=sda, lun=3, odd=a b} rate");
    let long = vec![text("a", &"ä".repeat(1000)), text("b", &"x".repeat(40)), text("c", &"y".repeat(40))];
    let meant = format!("system.disk.io{{a={}…, b={}, …}} p99", "ä".repeat(40), "x".repeat(40));
    assert_eq!(subject(long, Aspect::High), meant);
}
