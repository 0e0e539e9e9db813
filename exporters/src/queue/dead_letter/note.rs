//! Why and when a letter died.
//!
//! The note is a segment like the others: a request without items, with one field that OTLP does not know. Every reader of OTLP skips it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use edgewatch_core::batch::Segments;
use edgewatch_proto::wire::{Fields, put_bytes, put_fixed64};

/// Number of the field in the request. OTLP's requests have the number 1 only; protobuf reserves none near this.
const NOTE: u32 = 77_715;

const TIME: u32 = 1;
const REASON: u32 = 2;

/// Why and when a letter died.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::queue) struct Note {
    pub(in crate::queue) time: SystemTime,
    pub(in crate::queue) reason: String,
}

impl Note {
    /// The note as a segment.
    pub(super) fn write(&self) -> Bytes {
        let nanos = self.time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let mut fields = Vec::new();
        put_fixed64(&mut fields, TIME, u64::try_from(nanos).unwrap_or(u64::MAX));
        put_bytes(&mut fields, REASON, self.reason.as_bytes());
        let mut segment = Vec::new();
        put_bytes(&mut segment, NOTE, &fields);
        segment.into()
    }

    /// Takes the note out of `segments`; what it was written about remains.
    pub(in crate::queue) fn take(segments: &Segments) -> (Segments, Option<Self>) {
        let mut note = None;
        let mut rest = Segments::new();
        for segment in segments {
            let mut from = 0;
            for field in Fields::new(segment).filter(|field| field.number == NOTE) {
                note = note.or_else(|| field.bytes().map(Self::read));
                rest.push(segment.slice(from..field.start));
                from = field.end();
            }
            rest.push(segment.slice(from..));
        }
        rest.retain(|segment| !segment.is_empty());
        (rest, note)
    }

    fn read(bytes: &[u8]) -> Self {
        let mut note = Self { time: UNIX_EPOCH, reason: String::new() };
        for field in Fields::new(bytes) {
            if let (TIME, Some(nanos)) = (field.number, field.fixed64()) {
                note.time = UNIX_EPOCH + Duration::from_nanos(nanos);
            } else if let (REASON, Some(reason)) = (field.number, field.bytes()) {
                note.reason = String::from_utf8_lossy(reason).into_owned();
            }
        }
        note
    }
}

#[cfg(test)]
mod tests {
    use edgewatch_proto::Signal;
    use edgewatch_proto::scan::scan;

    use super::*;
    use crate::otlp::testing::batch_for;

    #[test]
    fn a_note_is_read_back_and_leaves_no_trace() {
        let note = Note { time: UNIX_EPOCH + Duration::from_secs(7), reason: "because".to_owned() };
        let (letter, ack) = batch_for(2, 3, edgewatch_core::ack::Ack::none()).into_parts();
        ack.delivered();
        let joined: Vec<u8> = letter.iter().flatten().copied().chain(note.write()).collect();
        let joined = Bytes::from(joined);

        assert_eq!(scan(Signal::Traces, &joined).expect("still a request").items, 6);
        let (rest, read) = Note::take(&Segments::from_buf([joined]));

        assert_eq!(read, Some(note));
        let rest: Vec<u8> = rest.iter().flatten().copied().collect();
        assert_eq!(rest, letter.iter().flatten().copied().collect::<Vec<u8>>());
        assert_eq!(Note::take(&letter), (letter.clone(), None));
    }
}
