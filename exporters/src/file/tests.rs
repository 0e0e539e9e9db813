use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::exporter::{Delivered, ExportError, Exporter};
use edgewatch_core::factory::{ComponentConfig, ExporterSpec};
use edgewatch_core::testing::context;
use edgewatch_proto::{encode, json};
use proptest::prelude::*;
use tempfile::TempDir;

use super::FileExporter;
use super::appender::{Appender, Store};
use super::config::{Config, Rotation};
use super::writer::Writer;

#[test]
fn writes_a_line_of_otlp_json_for_each_batch_whatever_its_signal_and_segments() {
    let place = Place::new();
    let mut writer = place.writer("{}");

    writer.write(Signal::Logs, &[log("one"), log("two")], now()).expect("writes");
    writer.write(Signal::Metrics, &[metric()], now()).expect("writes");

    let text = place.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), text.ends_with('\n')), (2, true));
    assert_eq!(
        json::decode(Signal::Logs, lines[0].as_bytes()).expect("OTLP/JSON"),
        [log("one"), log("two")].concat()
    );
    assert_eq!(json::decode(Signal::Metrics, lines[1].as_bytes()).expect("OTLP/JSON"), metric());
}

#[test]
fn writes_protobuf_after_its_length_and_compresses_each_batch_on_request() {
    let batch = [log("one"), log("two")];
    for (config, format, zipped) in [
        (r#"{"format": "proto"}"#, "proto", false),
        (r#"{"format": "proto", "compression": "zstd"}"#, "proto", true),
        (r#"{"compression": "zstd"}"#, "json", true),
    ] {
        let place = Place::new();
        let mut writer = place.writer(config);

        writer.write(Signal::Logs, &batch, now()).expect("writes");
        writer.write(Signal::Logs, &[log("three")], now()).expect("writes");

        let records = records(&place.bytes()).into_iter().map(|record| {
            let plain =
                if zipped { zstd::decode_all(record.as_slice()).expect("a zstd frame") } else { record };
            if format == "json" { json::decode(Signal::Logs, &plain).expect("OTLP/JSON") } else { plain }
        });
        assert_eq!(records.collect::<Vec<_>>(), [batch.concat(), log("three").to_vec()], "{config}");
    }
}

#[test]
fn empties_the_file_at_first_unless_it_shall_append() {
    for (config, lines) in [("{}", 1), (r#"{"append": true}"#, 2)] {
        let place = Place::new();
        place.writer("{}").write(Signal::Logs, &[log("before")], now()).expect("writes");

        let mut writer = place.writer(config);
        writer.write(Signal::Logs, &[log("after")], now()).expect("writes");
        writer.close().expect("closes");

        assert_eq!(place.text().lines().count(), lines, "{config}");
        writer.write(Signal::Logs, &[log("again")], now()).expect("writes");
        assert_eq!(place.text().lines().count(), lines + 1, "only the first batch empties the file");
    }
}

#[test]
fn cuts_off_what_a_crash_left_of_a_record() {
    for config in [r#"{"append": true}"#, r#"{"append": true, "format": "proto"}"#] {
        let place = Place::new();
        let mut writer = place.writer(config);
        writer.write(Signal::Logs, &[log("first")], now()).expect("writes");
        let one = place.bytes();
        writer.write(Signal::Logs, &[log("second")], now()).expect("writes");
        let two = place.bytes();

        for torn in one.len()..two.len() {
            fs::write(&place.path, &two[..torn]).expect("writes");
            place.writer(config).write(Signal::Logs, &[log("second")], now()).expect("writes");
            assert_eq!(place.bytes(), two, "torn at {torn}, {config}");
        }
    }
}

#[test]
fn puts_a_file_aside_that_holds_something_else() {
    for config in [r#"{"append": true}"#, r#"{"append": true, "format": "proto"}"#] {
        let place = Place::new();
        fs::write(&place.path, "the only copy of a novel\n").expect("writes");

        place.writer(config).write(Signal::Logs, &[log("x")], now()).expect("writes");

        let backup = place.file("data-2023-11-14T12-00-00.000.json");
        assert_eq!(fs::read_to_string(backup).expect("put aside"), "the only copy of a novel\n");
        assert!(!place.bytes().starts_with(b"the only copy"));
    }
}

#[test]
fn begins_a_new_file_at_the_size_and_keeps_so_many_old_ones() {
    let place = Place::new();
    let mut writer =
        place.writer(r#"{"format": "proto", "rotation": {"max_megabytes": 1, "max_backups": 2}}"#);
    let half = Bytes::from(vec![0; 600 << 10]);

    for hour in 0..5 {
        writer
            .write(Signal::Logs, std::slice::from_ref(&half), now() + Duration::from_secs(3600 * hour))
            .expect("writes");
    }

    let expected = ["data-2023-11-14T15-00-00.000.json", "data-2023-11-14T16-00-00.000.json", "data.json"];
    assert_eq!(place.names(), expected);
    assert_eq!(place.bytes().len(), half.len() + 4);
}

#[test]
fn deletes_old_files_that_are_too_old_and_nothing_else() {
    let place = Place::new();
    let bystanders =
        ["data-notes.json", "data-2020-01-01T00-00-00.000.txt", "other-2020-01-01T00-00-00.000.json"];
    let old = ["data-2023-11-11T11-59-59.999.json", "data-2020-01-01T00-00-00.000.json"];
    for name in bystanders.iter().chain(&old) {
        fs::write(place.file(name), "x").expect("writes");
    }
    let config = r#"{"format": "proto", "rotation": {"max_megabytes": 1, "max_days": 3, "max_backups": 0}}"#;
    let mut writer = place.writer(config);

    for _ in 0..2 {
        writer.write(Signal::Logs, &[Bytes::from(vec![0; 600 << 10])], now()).expect("writes");
    }

    let mut expected = [bystanders.as_slice(), &["data-2023-11-14T12-00-00.000.json", "data.json"]].concat();
    expected.sort_unstable();
    assert_eq!(place.names(), expected);
}

#[test]
fn begins_a_new_file_when_somebody_renames_or_deletes_the_old_one() {
    let place = Place::new();
    let mut writer = place.writer("{}");
    writer.write(Signal::Logs, &[log("one")], now()).expect("writes");

    fs::rename(&place.path, place.file("moved.json")).expect("renames");
    writer.write(Signal::Logs, &[log("two")], now()).expect("writes");
    assert_eq!(place.names(), ["data.json", "moved.json"]);
    assert_eq!(place.text().lines().count(), 1);

    fs::remove_file(&place.path).expect("deletes");
    writer.write(Signal::Logs, &[log("three")], now()).expect("writes");
    assert!(place.text().contains("three"));
}

#[test]
fn files_renamed_in_the_same_millisecond_do_not_overwrite_each_other() {
    let place = Place::new();
    let mut writer = place.writer(r#"{"format": "proto", "rotation": {"max_megabytes": 1}}"#);

    for _ in 0..4 {
        writer.write(Signal::Logs, &[Bytes::from(vec![0; 1 << 20])], now()).expect("writes");
    }

    assert_eq!(place.names().len(), 4);
}

#[tokio::test]
async fn delivers_when_the_file_has_it_and_can_be_tried_again_when_there_is_no_room() {
    let place = Place::new();
    let batch = || Batch::new(Signal::Logs, log("x"), 1, Ack::none());
    let exporter = |path: &Path| {
        let config = Config { path: path.to_owned(), ..Config::default() };
        FileExporter::build(config, &context("file").0).expect("builds")
    };

    let good = exporter(&place.path);
    assert_eq!(good.export(&batch()).await.expect("delivered"), Delivered::default());
    assert_eq!(place.text().lines().count(), 1);
    good.close().await;

    // The device that is always full.
    let full = exporter(Path::new("/dev/full")).export(&batch()).await;
    assert!(matches!(full, Err(ExportError::Retryable { .. })), "{full:?}");
}

#[tokio::test]
async fn a_batch_that_is_no_protobuf_is_rejected_and_leaves_nothing_in_the_file() {
    let place = Place::new();
    let exporter = FileExporter::build(place.config("{}"), &context("file").0).expect("builds");

    let broken =
        exporter.export(&Batch::new(Signal::Logs, Bytes::from_static(b"\x0a\x05x"), 1, Ack::none())).await;
    exporter.export(&Batch::new(Signal::Logs, log("x"), 1, Ack::none())).await.expect("delivered");

    assert!(matches!(broken, Err(ExportError::Rejected { items: 1, .. })), "{broken:?}");
    assert_eq!(place.text().lines().count(), 1);
}

#[test]
fn makes_the_directory_only_when_asked() {
    let place = Place::new();
    let path = place.file("a/b/data.json");
    let build = |create| {
        let config = Config { path: path.clone(), create_directory: create, ..Config::default() };
        FileExporter::build(config, &context("file").0)
    };

    let error = build(false).expect_err("there is no such directory").to_string();
    assert!(error.contains("cannot be used") && error.contains("set create_directory"), "{error}");
    assert!(build(true).is_ok());
    let mut writer = Writer::new(Config { path: path.clone(), create_directory: true, ..Config::default() })
        .expect("sets up");
    writer.write(Signal::Logs, &[log("x")], now()).expect("writes");
    assert!(path.is_file());
}

#[test]
fn a_rotation_key_without_a_value_asks_for_rotation() {
    let rotation = |text: &str| serde_json::from_str::<Config>(text).expect("parses").rotation;

    assert_eq!(rotation("{}"), None);
    assert_eq!(rotation(r#"{"rotation": null}"#), Some(Rotation::default()));
    assert_eq!(rotation(r#"{"rotation": {"max_megabytes": 0}}"#).expect("asked for").max_bytes(), 100 << 20);
}

#[test]
fn reports_everything_that_is_not_in_this_build() {
    let config: Config = serde_json::from_str(
        r#"{"encoding": "otlp", "group_by": {"enabled": true}, "directory_permissions": "rwx"}"#,
    )
    .expect("parses");

    let error = config.validate().expect_err("four problems").to_string();

    for key in
        ["path: no file", "directory_permissions: these", "encoding: this build", "group_by: this build"]
    {
        assert!(error.contains(key), "{key} is missing in {error}");
    }
}

proptest! {
    #[test]
    fn holds_exactly_the_records_that_were_delivered_however_the_disk_behaves(
        steps in proptest::collection::vec((1_usize..20, 1_usize..4, 0_usize..40, any::<bool>()), 1..40)
    ) {
        let mut appender = Appender::new(Disk::default());
        let mut expected = Vec::new();

        for (index, (length, parts, room, can_truncate)) in steps.into_iter().enumerate() {
            let record = vec![vec![u8::try_from(index).expect("few"); length]; parts];
            appender.store_mut().room = room;
            appender.store_mut().can_truncate = can_truncate;
            if appender.append(record.iter().map(Vec::as_slice)).is_ok() {
                expected.extend(record.concat());
            }
        }

        appender.store_mut().room = 1;
        appender.store_mut().can_truncate = true;
        appender.append([b"!".as_slice()]).expect("the disk works again");
        expected.push(b'!');
        prop_assert_eq!(&appender.store_mut().content, &expected);
    }
}

/// A disk that has room for so many bytes, and writes only a few at a time.
#[derive(Debug, Default)]
struct Disk {
    content: Vec<u8>,
    room: usize,
    can_truncate: bool,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.room).min(7);
        if taken == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.content.extend(&bytes[..taken]);
        self.room -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Store for Disk {
    fn size(&self) -> io::Result<u64> {
        Ok(self.content.len() as u64)
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        if !self.can_truncate {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.content.truncate(usize::try_from(size).expect("small"));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A directory of its own, and the file in it.
struct Place {
    directory: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("data.json");
        Self { directory, path }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn config(&self, config: &str) -> Config {
        let config: Config = serde_json::from_str(config).expect("parses");
        Config { path: self.path.clone(), ..config }
    }

    fn writer(&self, config: &str) -> Writer {
        let config = self.config(config);
        config.validate().expect("valid");
        Writer::new(config).expect("sets up")
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).expect("reads")
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).expect("reads")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).expect("reads");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("reads").file_name().into_string().expect("text")).collect();
        names.sort_unstable();
        names
    }
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_699_963_200)
}

fn log(body: &str) -> Bytes {
    let mut request = Vec::new();
    encode::logs(&mut request, |request| {
        request.resource(
            "",
            |resource| resource.string("service.name", "nginx"),
            |resource| {
                resource.scope("", "", |scope| scope.record(|record| record.body(body)));
            },
        );
    });
    request.into()
}

fn metric() -> Bytes {
    let mut request = Vec::new();
    encode::metrics(&mut request, |request| {
        request.resource(
            "",
            |_| {},
            |resource| {
                resource.scope("", "", |scope| {
                    scope.gauge("g", "1", "", |points| points.int(encode::Times::at(7), 1, |_| {}));
                });
            },
        );
    });
    request.into()
}

/// The records of a file in which each stands after its length.
fn records(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (record, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        records.push(record.to_vec());
        bytes = rest;
    }
    assert_eq!(bytes, b"");
    records
}
