//! What a zstd body asks its decoder to remember (RFC 8878, section 3.1.1).

/// First bytes of a frame, as a little-endian number.
const MAGIC: u32 = 0xFD2F_B528;

/// First bytes of a frame that carries no data are these, or up to 15 more.
const SKIPPABLE: u32 = 0x184D_2A50;

/// The largest window of the frames of `body`, in bytes: memory that the decoder takes beside its output. What is no frame
/// ends the search; the decoder finds it too.
pub(super) fn largest(body: &[u8]) -> u64 {
    let mut rest = body;
    let mut largest = 0;
    while let Some((window, after)) = frame(rest) {
        largest = largest.max(window);
        rest = after;
    }
    largest
}

/// The window of the first frame and what comes behind the frame: nothing when it is cut off.
fn frame(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (magic, rest) = number(bytes, 4)?;
    if magic & !0xF == u64::from(SKIPPABLE) {
        let (length, rest) = number(rest, 4)?;
        return Some((0, skip(rest, length)));
    }
    if magic != u64::from(MAGIC) {
        return None;
    }
    let (&descriptor, mut rest) = rest.split_first()?;
    let single_segment = descriptor & 0b10_0000 != 0;
    let mut window = 0;
    if !single_segment {
        let (&log, after) = rest.split_first()?;
        let base = 1u64 << (10 + (log >> 3));
        window = base + base / 8 * u64::from(log & 0b111);
        rest = after;
    }
    let dictionary = match descriptor & 0b11 {
        3 => 4,
        bytes => usize::from(bytes),
    };
    let (_, after) = number(rest, dictionary)?;
    let size = match descriptor >> 6 {
        0 => usize::from(single_segment),
        flag => 1 << flag,
    };
    let (content, after) = number(after, size)?;
    if single_segment {
        // Sizes of two bytes begin where those of one byte end.
        window = content + if size == 2 { 256 } else { 0 };
    }
    let has_checksum = descriptor & 0b100 != 0;
    Some((window, blocks(after, has_checksum)))
}

/// What comes behind the blocks of a frame.
fn blocks(mut bytes: &[u8], has_checksum: bool) -> &[u8] {
    while let Some((header, rest)) = number(bytes, 3) {
        let (last, kind, size) = (header & 1 == 1, header >> 1 & 0b11, header >> 3);
        // A block of one repeated byte holds that byte only.
        bytes = skip(rest, if kind == 1 { 1 } else { size });
        if last {
            return skip(bytes, if has_checksum { 4 } else { 0 });
        }
    }
    &[]
}

/// The first `length` bytes, at most 8, as a little-endian number.
fn number(bytes: &[u8], length: usize) -> Option<(u64, &[u8])> {
    let (head, rest) = bytes.split_at_checked(length)?;
    Some((head.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)), rest))
}

fn skip(bytes: &[u8], length: u64) -> &[u8] {
    usize::try_from(length).ok().and_then(|length| bytes.get(length..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// `data` compressed with a window of two to the power of `log`.
    fn compressed(data: &[u8], log: u32, pledged: bool) -> Vec<u8> {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).expect("an encoder");
        encoder.window_log(log).expect("a window");
        encoder.include_checksum(true).expect("a checksum");
        if pledged {
            encoder.set_pledged_src_size(Some(data.len() as u64)).expect("a size");
        }
        encoder.write_all(data).expect("room");
        encoder.finish().expect("room")
    }

    #[test]
    fn every_frame_counts() {
        let noise: Vec<u8> =
            (0..300_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let skippable = [&0x184D_2A53u32.to_le_bytes()[..], &3u32.to_le_bytes(), b"abc"].concat();
        let small = compressed(&noise, 17, false);
        let large = compressed(&noise, 24, false);
        let repeated = compressed(&[7; 1 << 20], 20, false);

        assert_eq!(largest(&small), 1 << 17);
        assert_eq!(largest(&[&skippable[..], &small, &repeated, &large].concat()), 1 << 24);
        assert_eq!(largest(&compressed(b"short", 20, true)), 5, "what fits into one segment needs no more");
    }

    #[test]
    fn what_is_no_frame_ends_the_search() {
        let frame = compressed(b"a log record", 18, false);

        assert_eq!(largest(b""), 0);
        assert_eq!(largest(b"no frame"), 0);
        assert_eq!(largest(&[&frame[..], b"rubbish"].concat()), 1 << 18);
        for cut in 0..frame.len() {
            assert!(largest(&frame[..cut]) <= 1 << 18);
        }
    }
}
