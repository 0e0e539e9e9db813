//! Checkpoints on disk.

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::super::checkpoint::{Checkpoint, Loaded, Remembered, Store};
use super::super::identity::{Place, Position, Print};

fn checkpoint(written: u64) -> Checkpoint {
    let file = Remembered {
        name: "/var/log/app.log".into(),
        rooted: false,
        location: "/var/log/app.log.1".into(),
        place: Place { device: 1, inode: 2 },
        born: Some(3),
        size: 100,
        head: Print::of(b"head"),
        position: Position { offset: 90, anchor: Print::of(b"anchor"), records: 7, discarding: true },
        gone: None,
    };
    Checkpoint { written, files: vec![file] }
}

#[test]
fn what_was_saved_last_is_loaded() {
    let directory = TempDir::new().unwrap();
    let store = Store::new(directory.path(), "file_log", "filelog/my app");
    store.prepare().unwrap();
    assert_eq!(store.load().unwrap(), Loaded::Nothing);

    store.save(&checkpoint(1)).unwrap();
    store.save(&checkpoint(2)).unwrap();

    assert_eq!(store.load().unwrap(), Loaded::Newest(checkpoint(2)));
    assert!(store.path().ends_with("file_log/file_log%2fmy%20app.checkpoint"), "{:?}", store.path());
}

#[test]
fn the_one_before_is_loaded_when_the_newest_is_missing() {
    let directory = TempDir::new().unwrap();
    let store = Store::new(directory.path(), "file_log", "file_log");
    store.prepare().unwrap();
    store.save(&checkpoint(1)).unwrap();
    store.save(&checkpoint(2)).unwrap();

    fs::remove_file(store.path()).unwrap();

    assert_eq!(store.load().unwrap(), Loaded::Previous(checkpoint(1)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damage_is_noticed_wherever_it_is(at in any::<proptest::sample::Index>(), flip in 1_u8.., cut in any::<bool>()) {
        let directory = TempDir::new().unwrap();
        let store = Store::new(directory.path(), "file_log", "file_log");
        store.prepare().unwrap();
        store.save(&checkpoint(1)).unwrap();
        let mut bytes = fs::read(store.path()).unwrap();
        // The last line break is not part of what is protected.
        let at = at.index(bytes.len() - 1);
        if cut { bytes.truncate(at) } else { bytes[at] ^= flip }
        fs::write(store.path(), bytes).unwrap();

        let loaded = store.load().unwrap();

        // A change may hit what does not matter, such as the case of a hexadecimal digit.
        prop_assert!(matches!(&loaded, Loaded::Damaged) || loaded == Loaded::Newest(checkpoint(1)), "{:?}", loaded);
    }
}
