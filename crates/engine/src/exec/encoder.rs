//! The stored form of an item on its way into the cache: hashed as it comes, gathered while it is short, and written at once
//! when it turns out to be long.

use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;

use crate::artifact::{BLOCK_BYTES, ItemData, TransferError};
use crate::cache::items::Location;
use crate::cache::{Cache, CacheError, OwnPack};
use crate::stage::ItemError;

/// The stored form of an item.
pub enum Encoded {
    /// It is short, and not written yet.
    Short(Vec<u8>),
    /// It is long, and on disk.
    Long(Location),
}

/// Why an item is not encoded.
pub enum NotEncoded {
    /// The data are to blame, or the user, who has asked to stop.
    Data(ItemError),
    /// The cache cannot be written.
    Cache(CacheError),
}

/// Hashes the stored form of `data` and puts it into a pack of its own if it is long, block by block and with looks at
/// `progress`.
///
/// # Errors
/// When the data have no stored form or cannot be read, the pack cannot be written, or the user asks to stop. Nothing stays
/// of it then.
pub fn encode(
    data: &dyn ItemData,
    cache: &Cache,
    progress: &dyn Progress,
) -> Result<(Digest, Encoded), NotEncoded> {
    let mut hasher = blake3::Hasher::new();
    let mut room = Room {
        cache,
        short: Vec::new(),
        pack: None,
    };
    let mut failed = None;
    let written = data.write(&mut |block| {
        for part in block.chunks(BLOCK_BYTES) {
            progress.check()?;
            hasher.update(part);
            room.take(part).map_err(|error| {
                failed = Some(error);
                TransferError::NotTaken
            })?;
        }
        Ok(())
    });
    if let Some(error) = failed {
        return Err(NotEncoded::Cache(error));
    }
    written.map_err(|error| NotEncoded::Data(error.into()))?;
    let encoded = match room.pack {
        None => Encoded::Short(room.short),
        Some(pack) => Encoded::Long(pack.finish().map_err(NotEncoded::Cache)?),
    };
    Ok((Digest(*hasher.finalize().as_bytes()), encoded))
}

/// Where the bytes of an item go.
struct Room<'a> {
    cache: &'a Cache,
    /// All of them, as long as they are few.
    short: Vec<u8>,
    /// From then on, all of them.
    pack: Option<OwnPack>,
}

impl Room<'_> {
    fn take(&mut self, bytes: &[u8]) -> Result<(), CacheError> {
        if let Some(pack) = &mut self.pack {
            return pack.write(bytes);
        }
        self.short.extend_from_slice(bytes);
        if self.cache.packs.is_long(self.short.len() as u64) {
            let pack = self.pack.insert(self.cache.own_pack()?);
            for block in std::mem::take(&mut self.short).chunks(BLOCK_BYTES) {
                pack.write(block)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::progress::Silent;
    use pipe_foundation::test_support::InterruptsAfter;

    use crate::artifact::{ArtifactKind, Bytes};

    use super::*;

    fn cache(folder: &tempfile::TempDir) -> Cache {
        let mut cache = Cache::open(folder.path(), false).unwrap();
        cache.set_long_bytes(3 << 20);
        cache
    }

    fn packs(folder: &tempfile::TempDir) -> usize {
        let packs = folder.path().join("packs").read_dir();
        packs.map_or(0, |packs| packs.count())
    }

    #[test]
    fn long_and_short_items_have_the_bytes_and_the_digest_that_they_have_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        for length in [0, 1 << 20, (3 << 20) - 200, 3 << 20, (7 << 20) + 5] {
            let item = Bytes((0..length).map(|n: u32| (n % 255) as u8).collect());
            let held = item.encode().unwrap();
            let Ok((digest, encoded)) = encode(&item, &cache, &Silent) else {
                panic!("{length}");
            };
            assert_eq!(digest, Digest::of(&held));
            assert_eq!(item.digest(&Silent).unwrap(), digest);
            match encoded {
                Encoded::Short(bytes) => assert_eq!(bytes, held),
                Encoded::Long(location) => {
                    assert!(held.len() > 3 << 20);
                    let part = cache.packs.open(location, &digest).unwrap().unwrap();
                    assert_eq!(part.to_vec().unwrap(), held);
                    let back = ArtifactKind::FILES.open(part).unwrap();
                    assert_eq!(back.downcast_ref(), Some(&item));
                }
            }
        }
        assert_eq!(packs(&folder), 2);
    }

    #[test]
    fn an_item_that_is_not_encoded_to_its_end_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        let item = Bytes(vec![1; 8 << 20]);
        for looks in [0, 2, 7] {
            let encoded = encode(&item, &cache, &InterruptsAfter::new(looks));
            assert!(matches!(encoded, Err(NotEncoded::Data(_))));
            assert_eq!(packs(&folder), 0);
        }
    }
}
