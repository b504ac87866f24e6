//! Packs: append-only files that hold the bytes of many items, mapped when read.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pipe_foundation::progress::Interrupted;
use pipe_foundation::sync::lock;
use pipe_foundation::system::{File, Kind, Open, System};
use pipe_foundation::{Digest, durable};

use crate::artifact::{BLOCK_BYTES, Blob, FilePart, MappedPack};

use super::error::CacheError;
use super::interruption::Interruption;
use super::items::Location;

/// Items of more bytes are long: they have packs of their own, and are written, looked at and read block by block.
pub const LONG_BYTES: u64 = 16 << 20;

pub(super) const MAGIC: &[u8; 16] = b"pipe pack 1\n\0\0\0\0";
/// Items start at multiples of this, so that floats in them are aligned.
const ALIGNMENT: usize = 64;

/// The path of a pack.
pub fn path(folder: &Path, pack: u64) -> PathBuf {
    folder.join(format!("{pack:016x}.pack"))
}

/// The number of the pack at a path.
pub fn number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_suffix(".pack")?;
    u64::from_str_radix(name, 16).ok()
}

/// Bytes of a pack that holds items of these lengths, in their order.
pub fn bytes_of(items: impl Iterator<Item = u64>) -> u64 {
    items.fold(MAGIC.len() as u64, |end, bytes| {
        end.next_multiple_of(ALIGNMENT as u64) + bytes
    })
}

/// Reads items from packs.
#[derive(Debug)]
pub struct PackReader {
    system: Arc<dyn System>,
    folder: PathBuf,
    /// Where packs are that are not in `folder`.
    base: Option<PathBuf>,
    /// Whether the reading of long items should end.
    interruption: Interruption,
    /// From which length on items are long: more than [`LONG_BYTES`], or less in tests.
    pub(super) long_bytes: u64,
    maps: Mutex<HashMap<u64, Arc<MappedPack>>>,
}

impl PackReader {
    /// A reader of the packs in `folder`, and of those in `base` that are not there.
    pub fn new(
        system: Arc<dyn System>,
        folder: PathBuf,
        base: Option<PathBuf>,
        interruption: Interruption,
    ) -> Self {
        Self {
            system,
            folder,
            base,
            interruption,
            long_bytes: LONG_BYTES,
            maps: Mutex::new(HashMap::new()),
        }
    }

    /// The file that an item is in.
    pub fn path_of(&self, location: Location) -> PathBuf {
        let own = path(&self.folder, location.pack);
        match &self.base {
            Some(base) if !self.system.exists(&own) => path(base, location.pack),
            _ => own,
        }
    }

    /// The item at `location` if it exists and its bytes have the digest `wanted`. A long one is looked at block by block,
    /// so that no more of it comes into memory than is then read.
    ///
    /// # Errors
    /// When the pack exists but cannot be opened; also once interrupted within a long item.
    pub fn get(&self, location: Location, wanted: &Digest) -> Result<Option<Blob>, CacheError> {
        let is_long = self.is_long(location.bytes);
        if is_long && !self.holds(location, wanted)? {
            return Ok(None);
        }
        let Some(range) = range(location) else {
            return Ok(None);
        };
        let Some(map) = self.map(location.pack, range.end)? else {
            return Ok(None);
        };
        Ok(Blob::new(map, range).filter(|blob| is_long || Digest::of(blob) == *wanted))
    }

    /// What [`PackReader::get`] gives, where it is. The pack is read and not mapped: a disk that fails while a page of a
    /// map is read ends the process.
    ///
    /// # Errors
    /// When the pack exists but cannot be read; also once interrupted within a long item.
    pub fn open(
        &self,
        location: Location,
        wanted: &Digest,
    ) -> Result<Option<FilePart>, CacheError> {
        let Some(range) = range(location) else {
            return Ok(None);
        };
        let path = self.path(location.pack);
        let look = || -> std::io::Result<Option<FilePart>> {
            let Some(file) = self.open_with(&path, range.end)? else {
                return Ok(None);
            };
            let part = FilePart::new(file.into(), location.offset, location.bytes);
            let found = self.digest(&part)?;
            Ok(Some(part).filter(|_| found == *wanted))
        };
        match look() {
            // It may be cut short while it is read.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            other => other.map_err(|error| CacheError::read(&path, error)),
        }
    }

    /// Whether [`PackReader::open`] has the item.
    ///
    /// # Errors
    /// As [`PackReader::open`].
    pub fn holds(&self, location: Location, wanted: &Digest) -> Result<bool, CacheError> {
        Ok(self.open(location, wanted)?.is_some())
    }

    /// Items of more bytes are long.
    pub fn long_bytes(&self) -> u64 {
        self.long_bytes
    }

    /// Whether an item of so many bytes is long.
    pub fn is_long(&self, bytes: u64) -> bool {
        bytes > self.long_bytes
    }

    /// The digest of all bytes of `part`, of which a block is held.
    fn digest(&self, part: &FilePart) -> std::io::Result<Digest> {
        let mut hasher = blake3::Hasher::new();
        let mut block = vec![0; BLOCK_BYTES.min(part.bytes() as usize)];
        let mut at = 0;
        while at < part.bytes() {
            if at > 0 && self.interruption.asked() {
                return Err(std::io::Error::other(Interrupted));
            }
            let count = (block.len() as u64).min(part.bytes() - at) as usize;
            part.read_at(&mut block[..count], at)?;
            hasher.update(&block[..count]);
            at += count as u64;
        }
        Ok(Digest(*hasher.finalize().as_bytes()))
    }

    fn path(&self, pack: u64) -> PathBuf {
        let own = path(&self.folder, pack);
        match &self.base {
            Some(base) if !self.system.exists(&own) => path(base, pack),
            _ => own,
        }
    }

    fn map(&self, pack: u64, end: usize) -> Result<Option<Arc<MappedPack>>, CacheError> {
        let mut maps = lock(&self.maps);
        if let Some(map) = maps.get(&pack).filter(|pack| pack.map.len() >= end) {
            return Ok(Some(map.clone()));
        }
        let path = self.path(pack);
        let unreadable = |error| CacheError::read(&path, error);
        let Some(file) = self.open_with(&path, end).map_err(unreadable)? else {
            return Ok(None);
        };
        let map = file.map().map_err(unreadable)?;
        let mapped = Arc::new(MappedPack { path, map });
        maps.insert(pack, mapped.clone());
        Ok((mapped.map.len() >= end).then_some(mapped))
    }

    /// Opens a pack; none where there is none, or it does not hold `bytes` bytes.
    fn open_with(&self, path: &Path, bytes: usize) -> std::io::Result<Option<Box<dyn File>>> {
        let file = match self.system.open(path, Open::Read) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let metadata = file.metadata()?;
        if metadata.kind == Kind::Folder {
            return Err(ErrorKind::IsADirectory.into());
        }
        Ok((metadata.bytes >= bytes as u64).then_some(file))
    }
}

/// The bytes of an item in its pack; none where they cannot be addressed.
fn range(location: Location) -> Option<Range<usize>> {
    let end = location.offset.checked_add(location.bytes)?;
    Some(usize::try_from(location.offset).ok()?..usize::try_from(end).ok()?)
}

/// Gives items their places in a pack of its own, which are written part by part.
#[derive(Debug)]
pub struct PackWriter {
    system: Arc<dyn System>,
    folder: PathBuf,
    open: Option<OpenPack>,
}

#[derive(Debug)]
struct OpenPack {
    number: u64,
    path: PathBuf,
    file: Arc<dyn File>,
    length: u64,
    pending: Vec<u8>,
}

/// Items that are not on disk yet, with their place in the pack.
#[derive(Debug)]
pub struct PackPart {
    path: PathBuf,
    file: Arc<dyn File>,
    offset: u64,
    bytes: Vec<u8>,
}

impl PackPart {
    /// Writes the items and makes them durable. Parts may be written in any order.
    ///
    /// # Errors
    /// When the pack cannot be written or synced.
    pub fn write(&self) -> Result<(), CacheError> {
        let written = self.file.write_all_at(&self.bytes, self.offset);
        written
            .and_then(|()| self.file.sync_data())
            .map_err(|error| CacheError::write(&self.path, error))
    }
}

impl PackWriter {
    /// A writer that creates its pack in `folder` with the first item.
    pub fn new(system: Arc<dyn System>, folder: PathBuf) -> Self {
        Self {
            system,
            folder,
            open: None,
        }
    }

    /// Takes the bytes of an item, which go into the part that [`PackWriter::take`] gives next.
    ///
    /// # Errors
    /// When the pack cannot be created.
    pub fn add(&mut self, bytes: &[u8]) -> Result<Location, CacheError> {
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(OpenPack::create(&*self.system, &self.folder)?),
        };
        let padding = padding(open.length);
        open.pending.resize(open.pending.len() + padding, 0);
        let offset = open.length + padding as u64;
        open.pending.extend_from_slice(bytes);
        open.length = offset + bytes.len() as u64;
        Ok(Location {
            pack: open.number,
            offset,
            bytes: bytes.len() as u64,
        })
    }

    /// Everything added since the last call.
    pub fn take(&mut self) -> Option<PackPart> {
        let open = self.open.as_mut().filter(|open| !open.pending.is_empty())?;
        let bytes = std::mem::take(&mut open.pending);
        Some(PackPart {
            path: open.path.clone(),
            file: open.file.clone(),
            offset: open.length - bytes.len() as u64,
            bytes,
        })
    }
}

impl OpenPack {
    fn create(system: &dyn System, folder: &Path) -> Result<Self, CacheError> {
        let (number, path, file) = create(system, folder)?;
        Ok(Self {
            number,
            path,
            file: file.into(),
            length: MAGIC.len() as u64,
            pending: MAGIC.to_vec(),
        })
    }
}

/// Zeros between the end of what is in a pack and the next item.
pub(super) fn padding(length: u64) -> usize {
    (length.next_multiple_of(ALIGNMENT as u64) - length) as usize
}

/// A new pack without content, with its number and path.
pub(super) fn create(
    system: &dyn System,
    folder: &Path,
) -> Result<(u64, PathBuf, Box<dyn File>), CacheError> {
    let failed = |error| CacheError::write(folder, error);
    system.create_folders(folder).map_err(failed)?;
    loop {
        let number = system.unique();
        let path = path(folder, number);
        match system.open(&path, Open::CreateNew) {
            Ok(file) => {
                // The name of the pack, and that of the folder, which may be new.
                for folder in folder.ancestors().take(2) {
                    durable::sync_folder(system, folder).map_err(failed)?;
                }
                return Ok((number, path, file));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(CacheError::write(&path, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::system::RealSystem;

    use super::*;

    /// A reader to which some items are long, and others are not.
    fn reader_of(folder: &Path) -> PackReader {
        let stop = Interruption::default();
        let reader = PackReader::new(Arc::new(RealSystem), folder.to_path_buf(), None, stop);
        PackReader {
            long_bytes: 200,
            ..reader
        }
    }

    #[test]
    fn damaged_bytes_are_never_handed_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = PackWriter::new(Arc::new(RealSystem), folder.path().to_path_buf());
        let items: Vec<Vec<u8>> = (1..40u8).map(|n| vec![n; usize::from(n) * 13]).collect();
        let places: Vec<Location> = items.iter().map(|item| writer.add(item).unwrap()).collect();
        writer.take().unwrap().write().unwrap();
        let reader = reader_of(folder.path());
        for (item, place) in items.iter().zip(&places) {
            let blob = reader.get(*place, &Digest::of(item)).unwrap().unwrap();
            assert!(reader.holds(*place, &Digest::of(item)).unwrap());
            assert_eq!(&*blob, item.as_slice());
            assert_eq!(blob.as_ptr() as usize % 4, 0);
        }
        let pack = path(folder.path(), places[0].pack);
        let mut bytes = std::fs::read(&pack).unwrap();
        bytes[places[3].offset as usize] ^= 1;
        std::fs::write(&pack, &bytes[..bytes.len() - 1]).unwrap();
        let reader = reader_of(folder.path());
        let lost: Vec<usize> = (0..items.len())
            .filter(|&i| {
                let wanted = Digest::of(&items[i]);
                let there = reader.get(places[i], &wanted).unwrap().is_some();
                assert_eq!(reader.holds(places[i], &wanted).unwrap(), there);
                !there
            })
            .collect();
        assert_eq!(lost, [3, items.len() - 1]);
    }
}
