mod bounds;
mod laws;
mod learning;
mod looks;

use super::{Limits, Miner};

/// The templates of `lines` as they stand when all were seen.
fn mined(lines: &[&str]) -> Vec<String> {
    let mut miner = Miner::new(Limits::default());
    for line in lines {
        miner.mine(line.as_bytes());
    }
    texts(&mut miner, lines)
}

/// The templates of `lines` for a miner that has seen them.
fn texts(miner: &mut Miner, lines: &[&str]) -> Vec<String> {
    lines
        .iter()
        .map(|line| {
            let id = miner.mine(line.as_bytes());
            miner.text(id).expect("is known").to_owned()
        })
        .collect()
}
