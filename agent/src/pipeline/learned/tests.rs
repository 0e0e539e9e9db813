//! Files of learned state: written, damaged, read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use edgewatch_core::Signal;
use proptest::prelude::*;

use super::format::{Found, Reader, Writer};
use super::place::{Outcome, Owner, Place};

const COMPONENT: &str = "memory";

fn file(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), COMPONENT).expect("memory");
    parts.iter().for_each(|part| writer.part(part).expect("memory"));
    writer.end().expect("memory").0
}

/// With their numbers.
type Parts = Vec<(u32, Vec<u8>)>;

/// All parts that can still be read, and how many there were.
fn read(mut bytes: &[u8]) -> Result<(Parts, Option<u32>), String> {
    let mut reader = Reader::new(&mut bytes, COMPONENT).expect("memory")?;
    let mut parts = Vec::new();
    loop {
        match reader.next().expect("memory") {
            Found::Part(number, part) => parts.push((number, part)),
            Found::End(total) => return Ok((parts, total)),
        }
    }
}

fn numbered(parts: &[Vec<u8>]) -> Parts {
    (0..).zip(parts.iter().cloned()).collect()
}

/// Parts one of which looks like frames itself.
fn parts() -> Vec<Vec<u8>> {
    vec![b"one".to_vec(), vec![7; 300], file(&[b"inside".to_vec(), b"another".to_vec()]), b"last".to_vec()]
}

#[test]
fn what_is_written_is_read() {
    let parts = parts();
    assert_eq!(read(&file(&parts)), Ok((numbered(&parts), Some(4))));
    assert_eq!(read(&file(&[])), Ok((Vec::new(), Some(0))));
    let empty_between = [b"one".to_vec(), Vec::new(), b"two".to_vec()];
    assert_eq!(read(&file(&empty_between)), Ok((numbered(&[b"one".to_vec(), b"two".to_vec()]), Some(2))));
}

#[test]
fn a_damaged_byte_costs_the_part_that_it_is_in_and_no_other() {
    let parts = parts();
    let whole = file(&parts);
    let head = file(&[]).len() - 20;
    // Where each frame ends, the one at the end included.
    let ends: Vec<usize> = parts
        .iter()
        .map(Vec::len)
        .chain([0])
        .scan(head, |at, length| {
            *at += 20 + length;
            Some(*at)
        })
        .collect();
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] ^= flip;
            if at < head {
                assert!(read(&damaged).is_err(), "byte {at}");
                continue;
            }
            let hit = ends.iter().position(|end| at < *end).expect("a frame");
            let left: Vec<_> =
                numbered(&parts).into_iter().filter(|(number, _)| *number as usize != hit).collect();
            let total = (hit < parts.len()).then_some(4);
            assert_eq!(read(&damaged), Ok((left, total)), "byte {at}");
        }
    }
}

#[test]
fn of_a_file_that_was_cut_off_every_whole_part_is_read() {
    let parts = parts();
    let whole = file(&parts);
    let mut most = 0;
    for length in 0..whole.len() {
        let Ok((read, total)) = read(&whole[..length]) else { continue };
        assert_eq!((&read[..], total), (&numbered(&parts)[..read.len()], None), "{length} bytes");
        assert!(read.len() >= most);
        most = read.len();
    }
    assert_eq!(most, parts.len());
}

proptest! {
    #[test]
    fn however_a_file_is_damaged_only_parts_that_were_written_are_read(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 0..8),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        (from, length, extra) in (any::<prop::sample::Index>(), 0..40_usize, prop::collection::vec(any::<u8>(), 0..40)),
    ) {
        let mut bytes = file(&parts);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let from = from.index(bytes.len());
        let to = bytes.len().min(from + length);
        bytes.splice(from..to, extra);
        if let Ok((read, _)) = read(&bytes) {
            let mut last = None;
            for (number, part) in read {
                prop_assert!(last < Some(number));
                prop_assert_eq!(&parts[number as usize], &part);
                last = Some(number);
            }
        }
    }

    #[test]
    fn bytes_of_any_kind_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut behind = file(&[b"one".to_vec()]);
        behind.truncate(behind.len() - 20);
        behind.extend(&bytes);
        prop_assert_eq!(read(&behind).map(|(parts, _)| parts), Ok(vec![(0, b"one".to_vec())]));
        let _unusable = read(&bytes);
    }
}

fn place(directory: &Path, component: &'static str) -> Place {
    Place::new(directory, Owner { pipeline: Some(("logs/a b", Signal::Logs)), id: "alias/x", component })
}

fn save(place: &Place, parts: &[&[u8]]) -> u64 {
    let mut draft = place.draft().expect("a directory");
    parts.iter().for_each(|part| draft.part(part).expect("room"));
    draft.commit().expect("room")
}

fn load(place: &Place) -> (Vec<Vec<u8>>, Outcome) {
    let mut parts = Vec::new();
    let outcome = place.read(|part| {
        parts.push(part);
        true
    });
    (parts, outcome)
}

fn names(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.path().parent().expect("a parent")).expect("a directory");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_replaced_as_a_whole_or_not_at_all() {
    let state = tempfile::tempdir().expect("a directory");
    let place = place(state.path(), COMPONENT);
    assert_eq!(load(&place), (Vec::new(), Outcome::default()));

    let bytes = save(&place, &[b"one", b"two"]);
    let metadata = fs::metadata(place.path()).expect("a file");
    assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (bytes, 0o600));
    assert_eq!(names(&place), ["logs%2fa%20b@memory%2fx.state"]);

    // Other processes were killed.
    let directory = place.path().parent().expect("a directory");
    for killed in ["logs%2fa%20b@memory%2fx.state.next-17", "removed@memory.state.next-0"] {
        fs::write(directory.join(killed), b"thr").expect("room");
    }
    assert_eq!(names(&place).len(), 3);
    let two = vec![b"one".to_vec(), b"two".to_vec()];
    assert_eq!(load(&place), (two.clone(), Outcome { parts: 2, ..Outcome::default() }));
    assert_eq!(names(&place).len(), 1, "what was left behind is gone");

    drop(place.draft().expect("a directory"));
    assert_eq!((names(&place).len(), load(&place).0), (1, two));
    save(&place, &[b"three"]);
    assert_eq!(load(&place).0, [b"three".to_vec()]);
}

#[test]
fn a_file_that_is_still_being_written_is_not_swept_away() {
    let state = tempfile::tempdir().expect("a directory");
    let place = place(state.path(), COMPONENT);
    let mut draft = place.draft().expect("a directory");
    draft.part(b"one").expect("room");
    assert_eq!(load(&place), (Vec::new(), Outcome::default()));
    draft.commit().expect("it is still there");
    assert_eq!(load(&place).0, [b"one".to_vec()]);
}

#[test]
fn what_is_lost_is_counted_with_its_reason() {
    let state = tempfile::tempdir().expect("a directory");
    let place = place(state.path(), COMPONENT);
    save(&place, &[b"one", b"two", b"three"]);
    let whole = fs::read(place.path()).expect("a file");

    let mut damaged = whole.clone();
    let two = damaged.windows(3).position(|bytes| bytes == b"two").expect("the part");
    damaged[two] = b'T';
    fs::write(place.path(), damaged).expect("room");
    let reason = |text: &str| Some(text.to_owned());
    let (parts, outcome) = load(&place);
    assert_eq!(parts, [b"one".to_vec(), b"three".to_vec()]);
    let lost = Outcome { parts: 2, lost: 1, reason: reason("parts of the file are damaged"), aside: None };
    assert_eq!(outcome, lost);

    fs::write(place.path(), &whole[..whole.len() - 1]).expect("room");
    let cut = Outcome { parts: 3, lost: 1, reason: reason("the end of the file is missing"), aside: None };
    assert_eq!(load(&place).1, cut);
}

#[test]
fn a_file_that_is_not_its_own_is_put_aside() {
    let state = tempfile::tempdir().expect("a directory");
    let other = place(state.path(), "memory");
    save(&other, &[b"one"]);
    let place = place(state.path(), "memorx");
    fs::rename(other.path(), place.path()).expect("a file");

    let (parts, outcome) = load(&place);
    let aside = format!("{}.unusable", place.path().display());
    assert_eq!((parts, outcome.lost, outcome.aside), (Vec::new(), 1, Some(aside.clone().into())));
    assert_eq!(outcome.reason.as_deref(), Some("`memory` has written it, and this is `memorx`"));
    assert!(!place.path().exists() && Path::new(&aside).exists());
    assert_eq!(load(&place), (Vec::new(), Outcome::default()), "told once");
}

#[test]
fn names_of_files_tell_pipelines_and_processors_apart_and_stay_short() {
    fn path(pipeline: Option<(&str, Signal)>, id: &str) -> String {
        let place = Place::new(Path::new("/s"), Owner { pipeline, id, component: "memory" });
        place.path().display().to_string()
    }
    assert_eq!(path(Some(("metrics", Signal::Metrics)), "memory"), "/s/learned/metrics@memory.state");
    assert_eq!(
        path(Some(("metrics/a@b", Signal::Metrics)), "m/c"),
        "/s/learned/metrics%2fa%40b@memory%2fc.state"
    );
    assert_eq!(path(None, "memory"), "/s/learned/connector@memory.state");
    let long = |end| path(None, &format!("memory/{}{end}", "ü".repeat(100)));
    assert_ne!(long("a"), long("b"));
    assert!(long("a").len() < 255);
}
