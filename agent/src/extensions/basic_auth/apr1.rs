//! Passwords hashed a thousand times with MD5: Apache's `$apr1$` and its model, `$1$` of FreeBSD's crypt(3).

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const ROUNDS: usize = 1000;

/// Where the bytes of a digest stand in its text: three for each group of four characters.
const GROUPS: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];

/// A hash taken apart.
#[derive(Clone)]
pub(super) struct Hash {
    magic: &'static str,
    salt: String,
    /// In text.
    digest: String,
}

impl Hash {
    /// Reads `$apr1$salt$digest`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let magic = if text.starts_with("$apr1$") { "$apr1$" } else { "$1$" };
        let (salt, digest) = text.strip_prefix(magic)?.split_once('$')?;
        let sound =
            salt.len() <= 8 && digest.len() == 22 && digest.bytes().all(|byte| ALPHABET.contains(&byte));
        sound.then(|| Self { magic, salt: salt.to_owned(), digest: digest.to_owned() })
    }

    /// Whether it is the hash of `password`.
    pub(super) fn is_of(&self, password: &[u8]) -> bool {
        let digest = text(&digest(password, self.salt.as_bytes(), self.magic.as_bytes()));
        digest.as_bytes().ct_eq(self.digest.as_bytes()).into()
    }
}

fn digest(password: &[u8], salt: &[u8], magic: &[u8]) -> [u8; 16] {
    let inner: [u8; 16] = md5(&[password, salt, password]);
    let mut outer = Md5::new();
    for part in [password, magic, salt] {
        outer.update(part);
    }
    for chunk in password.chunks(inner.len()) {
        outer.update(inner.get(..chunk.len()).unwrap_or_default());
    }
    let mut bits = password.len();
    while bits > 0 {
        outer.update(if bits & 1 == 1 { &[0] } else { password.get(..1).unwrap_or_default() });
        bits >>= 1;
    }
    let mut last: [u8; 16] = outer.finalize().into();
    for round in 0..ROUNDS {
        let odd = round % 2 == 1;
        let first: &[u8] = if odd { password } else { &last };
        let end: &[u8] = if odd { &last } else { password };
        let salt = if round % 3 == 0 { &[] } else { salt };
        let again = if round % 7 == 0 { &[] } else { password };
        last = md5(&[first, salt, again, end]);
    }
    last
}

fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Md5::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

fn text(digest: &[u8; 16]) -> String {
    let byte = |index: usize| u32::from(digest.get(index).copied().unwrap_or_default());
    let mut text = String::with_capacity(22);
    let mut write = |mut bits: u32, characters: usize| {
        for _ in 0..characters {
            text.extend(ALPHABET.get((bits & 63) as usize).map(|&character| char::from(character)));
            bits >>= 6;
        }
    };
    for [high, middle, low] in GROUPS {
        write(byte(high) << 16 | byte(middle) << 8 | byte(low), 4);
    }
    write(byte(11), 2);
    text
}
