//! The file: a head that says whose it is, then parts in frames of their own, then a frame that says how many they were.
//!
//! ```text
//! head:  magic[8] version:u16 length:u16 component[length] crc:u32
//! frame: mark[4] number:u32 length:u32 crc(part):u32 crc(offset, all of this):u32 part[length]
//! end:   a frame without a part, whose number is that of the parts
//! ```
//!
//! Numbers are little endian, checksums CRC-32C. A frame knows its place in the file, so that bytes of a part that look like a frame are
//! none. Behind a damaged one the next is found by its mark.

use std::io::{self, Read, Write};

/// Largest part that is written or believed. Processors give parts of [`edgewatch_core::learned::PART`] bytes or so.
pub(super) const LARGEST: usize = 16 * 1024 * 1024;

const MAGIC: [u8; 8] = *b"EWLEARNT";
const VERSION: u16 = 1;
const MARK: [u8; 4] = [0xc5, 0x1f, 0x9e, 0x3a];
/// Bytes of a frame in front of its part.
const FRAME: usize = 20;
/// Bytes that are looked through at once for the next frame.
const WINDOW: usize = 64 * 1024;

/// Writes one file.
pub(super) struct Writer<W> {
    sink: W,
    offset: u64,
    parts: u32,
}

impl<W: Write> Writer<W> {
    /// Begins with the head.
    pub(super) fn new(mut sink: W, component: &str) -> io::Result<Self> {
        let length = u16::try_from(component.len()).map_err(io::Error::other)?;
        let mut head = MAGIC.to_vec();
        head.extend(VERSION.to_le_bytes());
        head.extend(length.to_le_bytes());
        head.extend(component.as_bytes());
        head.extend(crc32c::crc32c(&head).to_le_bytes());
        sink.write_all(&head)?;
        Ok(Self { sink, offset: head.len() as u64, parts: 0 })
    }

    /// Adds a part; an empty one says nothing and is left out.
    pub(super) fn part(&mut self, part: &[u8]) -> io::Result<()> {
        if part.is_empty() {
            return Ok(());
        }
        if part.len() > LARGEST {
            let message = format!("a part has {} bytes, more than {LARGEST}", part.len());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        self.frame(part)?;
        self.parts += 1;
        Ok(())
    }

    /// What is written to.
    pub(super) fn sink(&mut self) -> &mut W {
        &mut self.sink
    }

    /// Ends the file. Returns what was written to, and the number of bytes.
    pub(super) fn end(mut self) -> io::Result<(W, u64)> {
        self.frame(&[])?;
        Ok((self.sink, self.offset))
    }

    fn frame(&mut self, part: &[u8]) -> io::Result<()> {
        let length = u32::try_from(part.len()).map_err(io::Error::other)?;
        let frame = Frame { number: self.parts, length, checksum: crc32c::crc32c(part) };
        self.sink.write_all(&frame.to_bytes(self.offset))?;
        self.sink.write_all(part)?;
        self.offset += (FRAME + part.len()) as u64;
        Ok(())
    }
}

/// What stands in front of a part.
struct Frame {
    number: u32,
    length: u32,
    checksum: u32,
}

impl Frame {
    fn to_bytes(&self, offset: u64) -> [u8; FRAME] {
        let [m0, m1, m2, m3] = MARK;
        let [n0, n1, n2, n3] = self.number.to_le_bytes();
        let [l0, l1, l2, l3] = self.length.to_le_bytes();
        let [c0, c1, c2, c3] = self.checksum.to_le_bytes();
        let fields = [m0, m1, m2, m3, n0, n1, n2, n3, l0, l1, l2, l3, c0, c1, c2, c3];
        let [s0, s1, s2, s3] = seal(offset, &fields).to_le_bytes();
        [m0, m1, m2, m3, n0, n1, n2, n3, l0, l1, l2, l3, c0, c1, c2, c3, s0, s1, s2, s3]
    }

    /// `None` when this is no frame, or not one that was written at `offset`.
    fn parse(bytes: &[u8], offset: u64) -> Option<Self> {
        let (fields, rest) = bytes.split_first_chunk::<16>()?;
        let sealed = u32::from_le_bytes(*rest.first_chunk()?) == seal(offset, fields);
        let rest = fields.strip_prefix(&MARK)?;
        let (number, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let frame = Self {
            number: u32::from_le_bytes(*number),
            length: u32::from_le_bytes(*length),
            checksum: u32::from_le_bytes(*rest.first_chunk()?),
        };
        (sealed && frame.length as usize <= LARGEST).then_some(frame)
    }
}

fn seal(offset: u64, fields: &[u8; 16]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&offset.to_le_bytes()), fields)
}

/// Reads one file, whatever became of it.
pub(super) struct Reader<R> {
    source: R,
    window: Vec<u8>,
    /// Bytes of the window that are done with.
    done: usize,
    /// Where in the file the rest of the window begins.
    offset: u64,
}

/// What a file holds next.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Found {
    /// A part, with its number.
    Part(u32, Vec<u8>),
    /// The end, and how many parts there were, if that can still be known.
    End(Option<u32>),
}

impl<R: Read> Reader<R> {
    /// Reads the head; the message says why the file cannot be used.
    pub(super) fn new(source: R, component: &str) -> io::Result<Result<Self, String>> {
        let mut reader = Self { source, window: Vec::new(), done: 0, offset: 0 };
        let damaged = || Ok(Err("its head is damaged".to_owned()));
        if !reader.fill(12)? {
            return damaged();
        }
        let length = match reader.rest() {
            &[_, _, _, _, _, _, _, _, _, _, low, high, ..] => usize::from(u16::from_le_bytes([low, high])),
            _ => return damaged(),
        };
        let size = 12 + length;
        if !reader.fill(size + 4)? {
            return damaged();
        }
        let rest = reader.rest();
        let (Some(head), Some(checksum)) = (rest.get(..size), rest.get(size..).and_then(<[u8]>::first_chunk))
        else {
            return damaged();
        };
        if u32::from_le_bytes(*checksum) != crc32c::crc32c(head) || !head.starts_with(&MAGIC) {
            return damaged();
        }
        let version = head.get(8..10).and_then(<[u8]>::first_chunk).map(|bytes| u16::from_le_bytes(*bytes));
        if version != Some(VERSION) {
            return Ok(Err("another version of the agent has written it".to_owned()));
        }
        let written = head.get(12..).unwrap_or_default();
        if written != component.as_bytes() {
            let written = String::from_utf8_lossy(written);
            return Ok(Err(format!("`{written}` has written it, and this is `{component}`")));
        }
        reader.skip(size + 4);
        Ok(Ok(reader))
    }

    /// The next part that is as it was written.
    pub(super) fn next(&mut self) -> io::Result<Found> {
        loop {
            if !self.fill(FRAME)? {
                return Ok(Found::End(None));
            }
            let Some(frame) = Frame::parse(self.rest(), self.offset) else {
                self.skip_to_mark()?;
                continue;
            };
            self.skip(FRAME);
            let length = frame.length as usize;
            if length == 0 {
                return Ok(Found::End(Some(frame.number)));
            }
            if !self.fill(length)? {
                return Ok(Found::End(None));
            }
            let part = self.rest().get(..length).unwrap_or_default().to_vec();
            self.skip(length);
            if crc32c::crc32c(&part) == frame.checksum {
                return Ok(Found::Part(frame.number, part));
            }
        }
    }

    /// Goes to the next byte at which a frame may begin, or to the end.
    fn skip_to_mark(&mut self) -> io::Result<()> {
        self.skip(1);
        while self.fill(MARK.len())? {
            if let Some(found) = memchr::memmem::find(self.rest(), &MARK) {
                self.skip(found);
                return Ok(());
            }
            // A mark may begin in the last bytes.
            self.skip(self.rest().len() + 1 - MARK.len());
            // A whole window at once, or what there is.
            let _is_whole = self.fill(WINDOW)?;
        }
        Ok(())
    }

    /// Makes sure that so many bytes are there; false when the file ends before.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        let there = self.rest().len();
        if there >= wanted {
            return Ok(true);
        }
        self.window.drain(..self.done);
        self.done = 0;
        let missing = (wanted - there) as u64;
        self.source.by_ref().take(missing).read_to_end(&mut self.window)?;
        Ok(self.window.len() >= wanted)
    }

    fn rest(&self) -> &[u8] {
        self.window.get(self.done..).unwrap_or_default()
    }

    fn skip(&mut self, bytes: usize) {
        self.done = self.window.len().min(self.done + bytes);
        self.offset += bytes as u64;
    }
}
