//! A pack with one long item, which is written block by block as it comes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::system::{File, System};

use super::error::CacheError;
use super::items::Location;
use super::packs::{self, MAGIC};

/// So many bytes are synced at once: a second's worth of a slow disk, since nothing can interrupt a sync.
const SYNC_BYTES: u64 = 16 << 20;

/// A pack that takes one item. It is removed when this is dropped, unless all of the item is in it and on disk.
#[derive(Debug)]
pub struct OwnPack {
    system: Arc<dyn System>,
    number: u64,
    path: PathBuf,
    file: Box<dyn File>,
    /// Where the item starts.
    offset: u64,
    /// Where the next bytes go.
    end: u64,
    /// Bytes that are not synced yet.
    unsynced: u64,
    is_whole: bool,
}

impl OwnPack {
    /// A new pack in `folder`.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(system: Arc<dyn System>, folder: &Path) -> Result<Self, CacheError> {
        let (number, path, file) = packs::create(&*system, folder)?;
        let mut head = MAGIC.to_vec();
        head.resize(head.len() + packs::padding(head.len() as u64), 0);
        let mut pack = Self {
            system,
            number,
            path,
            file,
            offset: head.len() as u64,
            end: 0,
            unsynced: 0,
            is_whole: false,
        };
        pack.write(&head)?;
        Ok(pack)
    }

    /// Writes the next bytes of the item, and syncs what has come from time to time.
    ///
    /// # Errors
    /// When they cannot be written or synced.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), CacheError> {
        let failed = |error| CacheError::write(&self.path, error);
        self.file.write_all_at(bytes, self.end).map_err(failed)?;
        self.end += bytes.len() as u64;
        self.unsynced += bytes.len() as u64;
        match self.unsynced >= SYNC_BYTES {
            true => self.sync(),
            false => Ok(()),
        }
    }

    /// Ends the item, which is durable then; where it is.
    ///
    /// # Errors
    /// When it cannot be synced.
    pub fn finish(mut self) -> Result<Location, CacheError> {
        self.sync()?;
        self.is_whole = true;
        Ok(Location {
            pack: self.number,
            offset: self.offset,
            bytes: self.end - self.offset,
        })
    }

    fn sync(&mut self) -> Result<(), CacheError> {
        let synced = self.file.sync_data();
        synced.map_err(|error| CacheError::write(&self.path, error))?;
        self.unsynced = 0;
        Ok(())
    }
}

impl Drop for OwnPack {
    fn drop(&mut self) {
        if !self.is_whole {
            // No record names it, so that a pruning removes what stays.
            let _ = self.system.remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::Digest;
    use pipe_foundation::system::RealSystem;

    use crate::cache::{Interruption, PackReader};

    use super::*;

    #[test]
    fn an_item_is_there_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let packs = folder.path().join("packs");
        let create = || OwnPack::create(Arc::new(RealSystem), &packs).unwrap();
        let mut pack = create();
        let item: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        for block in item.chunks(7_777) {
            pack.write(block).unwrap();
        }
        let location = pack.finish().unwrap();
        let stop = Interruption::default();
        let reader = PackReader::new(Arc::new(RealSystem), packs.clone(), None, stop);
        let blob = reader.get(location, &Digest::of(&item)).unwrap().unwrap();
        assert_eq!(*blob, item);
        assert_eq!(blob.as_ptr() as usize % 4, 0);

        let mut pack = create();
        pack.write(&item).unwrap();
        assert_eq!(packs.read_dir().unwrap().count(), 2);
        drop(pack);
        assert_eq!(packs.read_dir().unwrap().count(), 1);
    }
}
