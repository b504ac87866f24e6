//! Packs: append-only files that hold the bytes of many items, mapped when read.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pipe_foundation::sync::lock;
use pipe_foundation::system::{File, Kind, Open, System};
use pipe_foundation::{Digest, durable};

use crate::artifact::{Blob, MappedPack};

use super::error::CacheError;
use super::items::Location;

const MAGIC: &[u8; 16] = b"pipe pack 1\n\0\0\0\0";
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
    maps: Mutex<HashMap<u64, Arc<MappedPack>>>,
}

impl PackReader {
    /// A reader of the packs in `folder`, and of those in `base` that are not there.
    pub fn new(system: Arc<dyn System>, folder: PathBuf, base: Option<PathBuf>) -> Self {
        Self {
            system,
            folder,
            base,
            maps: Mutex::new(HashMap::new()),
        }
    }

    /// The item at `location` if it exists and its bytes have the digest `wanted`.
    ///
    /// # Errors
    /// When the pack exists but cannot be opened.
    pub fn get(&self, location: Location, wanted: &Digest) -> Result<Option<Blob>, CacheError> {
        let Some(range) = range(location) else {
            return Ok(None);
        };
        let Some(map) = self.map(location.pack, range.end)? else {
            return Ok(None);
        };
        Ok(Blob::new(map, range).filter(|blob| Digest::of(blob) == *wanted))
    }

    /// What [`PackReader::get`] gives, as a copy. The pack is read and not mapped: a disk that fails while a page of a
    /// map is read ends the process.
    ///
    /// # Errors
    /// When the pack exists but cannot be read.
    pub fn read(&self, location: Location, wanted: &Digest) -> Result<Option<Vec<u8>>, CacheError> {
        let Some(range) = range(location) else {
            return Ok(None);
        };
        let path = self.path(location.pack);
        let read = || -> std::io::Result<Option<Vec<u8>>> {
            let Some(file) = self.open_with(&path, range.end)? else {
                return Ok(None);
            };
            let mut bytes = vec![0; range.len()];
            file.read_exact_at(&mut bytes, location.offset)?;
            Ok(Some(bytes).filter(|bytes| Digest::of(bytes) == *wanted))
        };
        match read() {
            // It may be cut short while it is read.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            other => other.map_err(|error| CacheError::read(&path, error)),
        }
    }

    /// Whether [`PackReader::read`] has the item.
    ///
    /// # Errors
    /// As [`PackReader::read`].
    pub fn holds(&self, location: Location, wanted: &Digest) -> Result<bool, CacheError> {
        Ok(self.read(location, wanted)?.is_some())
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
        self.add_parts(&[bytes])
    }

    /// As [`PackWriter::add`], of an item whose bytes come in parts.
    ///
    /// # Errors
    /// As [`PackWriter::add`].
    pub fn add_parts(&mut self, parts: &[impl AsRef<[u8]>]) -> Result<Location, CacheError> {
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(OpenPack::create(&*self.system, &self.folder)?),
        };
        let padding = (ALIGNMENT - (open.length as usize % ALIGNMENT)) % ALIGNMENT;
        open.pending.resize(open.pending.len() + padding, 0);
        let offset = open.length + padding as u64;
        let bytes: usize = parts.iter().map(|part| part.as_ref().len()).sum();
        open.pending.reserve(bytes);
        for part in parts {
            open.pending.extend_from_slice(part.as_ref());
        }
        open.length = offset + bytes as u64;
        Ok(Location {
            pack: open.number,
            offset,
            bytes: bytes as u64,
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
                    return Ok(Self {
                        number,
                        path,
                        file: file.into(),
                        length: MAGIC.len() as u64,
                        pending: MAGIC.to_vec(),
                    });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(CacheError::write(&path, error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::system::RealSystem;

    use super::*;

    #[test]
    fn damaged_bytes_are_never_handed_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = PackWriter::new(Arc::new(RealSystem), folder.path().to_path_buf());
        let items: Vec<Vec<u8>> = (1..40u8).map(|n| vec![n; usize::from(n) * 13]).collect();
        let places: Vec<Location> = items.iter().map(|item| writer.add(item).unwrap()).collect();
        writer.take().unwrap().write().unwrap();
        let reader = PackReader::new(Arc::new(RealSystem), folder.path().to_path_buf(), None);
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
        let reader = PackReader::new(Arc::new(RealSystem), folder.path().to_path_buf(), None);
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
