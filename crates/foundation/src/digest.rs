//! Content digests: BLAKE3 of bytes and files, written as lower-case hexadecimal.

use std::fmt;
use std::io::{ErrorKind, Read};

use crate::progress::Interrupted;

/// Files from this size on are hashed on all threads of the pool.
pub(crate) const LARGE_BYTES: u64 = 16 << 20;
/// So much of a large file is read at once.
const BLOCK_BYTES: usize = 4 << 20;

/// A 256-bit BLAKE3 digest of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of all that `reader` gives, which is a file of so many `bytes`; a large one asks every 4 MiB whether it
    /// is `interrupted`.
    ///
    /// # Errors
    /// Whatever reading returns; also once interrupted.
    pub fn of_reader(
        reader: &mut impl Read,
        bytes: u64,
        interrupted: &dyn Fn() -> bool,
    ) -> std::io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        if bytes < LARGE_BYTES {
            std::io::copy(reader, &mut hasher)?;
            return Ok(Self(*hasher.finalize().as_bytes()));
        }
        // Read and not mapped: a file that is cut short while it is mapped would end the process.
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            if interrupted() {
                return Err(std::io::Error::other(Interrupted));
            }
            let read = fill(reader, &mut block)?;
            if read == 0 {
                return Ok(Self(*hasher.finalize().as_bytes()));
            }
            hasher.update_rayon(&block[..read]);
        }
    }

    /// The digest as 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        blake3::Hash::from(self.0).to_hex().to_string()
    }

    /// The first 12 hexadecimal digits, for people.
    pub fn short(&self) -> String {
        self.hex()[..12].to_string()
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(hex: &str) -> Option<Self> {
        blake3::Hash::from_hex(hex)
            .ok()
            .map(|hash| Self(*hash.as_bytes()))
    }
}

/// Reads until `block` is full or the file ends; gives the number of bytes.
fn fill(file: &mut impl Read, block: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match file.read(&mut block[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.hex())
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected 64 hexadecimal digits"))
    }
}
