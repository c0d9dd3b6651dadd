//! Fingerprints: whether two statements, written in whatever way, mean the same.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

/// How the text below the hash is made; a change of it makes everything look changed.
const VERSION: &str = "v1";

/// `v1:` and the SHA-256 of a canonical text, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(Arc<str>);

/// A main text that was hashed once, for as many fingerprints as are made of it.
#[derive(Clone, Debug)]
pub struct Main(Sha256);

impl Main {
    /// Hashes a text.
    pub fn of(text: &str) -> Self {
        let mut hash = Sha256::new();
        add(&mut hash, text);
        Self(hash)
    }

    /// The fingerprint of it and what belongs to it.
    ///
    /// The order of the companions (indexes, constraints) does not matter.
    pub fn with<'a>(&self, companions: impl IntoIterator<Item = &'a str>) -> Fingerprint {
        let mut companions: Vec<&str> = companions.into_iter().collect();
        companions.sort_unstable();
        let mut hash = self.0.clone();
        companions.into_iter().for_each(|text| add(&mut hash, text));
        let mut text = String::with_capacity(VERSION.len() + 1 + 64);
        text.push_str(VERSION);
        text.push(':');
        for byte in hash.finalize() {
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
        Fingerprint(Arc::from(text))
    }
}

/// The hexadecimal digit of a number below 16.
fn digit(number: u8) -> char {
    char::from(if number < 10 { b'0' + number } else { b'a' + (number - 10) })
}

/// Hashes one more text; its length before it keeps two texts from looking like one.
fn add(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

impl Fingerprint {
    /// Hashes a main text and what belongs to it, as [`Main::with`] does.
    pub fn of<'a>(main: &str, companions: impl IntoIterator<Item = &'a str>) -> Self {
        Main::of(main).with(companions)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
