//! Any lines have templates, within the limits; what a miner wrote is read again, and anything else is refused or does no harm.

#![no_main]

use edgewatch_processors::log_templates::miner::{Limits, Miner};

const SMALL: Limits = Limits { templates: 32, siblings: 8, signatures: 256, bytes: 64 << 10 };

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(mut odd) = Miner::restored(SMALL, data) {
        mine(&mut odd, data);
    }
    let mut miner = Miner::new(SMALL);
    mine(&mut miner, data);
    miner.take_events().for_each(drop);
    let restored = Miner::restored(SMALL, &miner.state()).expect("its own state");
    assert_eq!(restored.state(), miner.state());
});

fn mine(miner: &mut Miner, data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        let id = miner.mine(line);
        assert!(miner.text(id).is_some());
        assert!(miner.len() <= SMALL.templates);
    }
}
