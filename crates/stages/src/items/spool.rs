//! The values of an item: held while they are few, and in a temporary file where they are many.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use pipe_engine::artifact::FilePart;
use pipe_engine::stage::{ItemError, ItemSize};
use pipe_foundation::system::RealSystem;

/// More values than this are not held: the samples of 17 minutes at 16 kHz, which take 64 MiB.
pub const HELD_VALUES: u64 = 1 << 24;
/// What is in memory of values that are not held: blocks of them, and of what they are made of.
const BLOCKS_BYTES: u64 = 8 << 20;
/// So many values are read or written at once.
const BLOCK_VALUES: usize = 1 << 16;

/// What an item of so many bytes takes, all of them values.
pub fn size_of_values(bytes: u64) -> ItemSize {
    let is_held = bytes / 4 <= HELD_VALUES;
    ItemSize {
        bytes,
        memory_bytes: if is_held { bytes } else { BLOCKS_BYTES },
    }
}

/// The values of an item.
#[derive(Debug)]
pub enum Values {
    /// They are few.
    Held(Vec<f32>),
    /// They are many: where they are, one after another.
    Long(FilePart),
}

/// Takes the values of an item as they are made.
pub struct Spool {
    held: Vec<f32>,
    /// Where they go instead if they are many.
    file: Option<BufWriter<File>>,
    scratch: PathBuf,
    bytes: u64,
}

impl Spool {
    /// One for so many values; if they are many, in a file without a name in the folder `scratch`.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn new(values: u64, scratch: &Path) -> Result<Self, ItemError> {
        let mut spool = Self {
            held: Vec::new(),
            file: None,
            scratch: scratch.to_path_buf(),
            bytes: 0,
        };
        if values > HELD_VALUES {
            let file = tempfile::tempfile_in(scratch);
            let file = file.map_err(|error| spool.fault(&error))?;
            spool.file = Some(BufWriter::with_capacity(4 * BLOCK_VALUES, file));
        } else {
            spool.held.reserve_exact(values as usize);
        }
        Ok(spool)
    }

    /// Takes the next values.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn push(&mut self, values: &[f32]) -> Result<(), ItemError> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        self.bytes += bytes.len() as u64;
        let Some(file) = &mut self.file else {
            self.held.extend_from_slice(values);
            return Ok(());
        };
        let written = file.write_all(bytes);
        written.map_err(|error| self.fault(&error))
    }

    /// All that has come.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<Values, ItemError> {
        let Some(file) = self.file.take() else {
            return Ok(Values::Held(self.held));
        };
        let file = file.into_inner();
        let file = file.map_err(|error| self.fault(error.error()))?;
        let file = RealSystem::opened(file);
        Ok(Values::Long(FilePart::new(file.into(), 0, self.bytes)))
    }

    fn fault(&self, error: &std::io::Error) -> ItemError {
        let folder = self.scratch.display();
        let reason = format!("cannot write a temporary file in {folder}: {error}");
        ItemError::of_system(reason, error)
    }
}

/// Values that are not held, read block by block in their order.
#[derive(Debug)]
pub struct ValueBlocks {
    values: FilePart,
    /// Bytes that have been read.
    at: u64,
    block_values: usize,
}

impl ValueBlocks {
    /// Those of `values`, in blocks of a multiple of `unit` values.
    pub fn new(values: &FilePart, unit: usize) -> Self {
        let unit = unit.max(1);
        Self {
            values: values.clone(),
            at: 0,
            block_values: unit * (BLOCK_VALUES / unit).max(1),
        }
    }

    /// Puts the next block in place of what is in `block`; false at the end.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn next(&mut self, block: &mut Vec<f32>) -> std::io::Result<bool> {
        let left = (self.values.bytes() - self.at) / 4;
        let count = left.min(self.block_values as u64) as usize;
        block.resize(count, 0.0);
        self.values
            .read_at(bytemuck::cast_slice_mut(block), self.at)?;
        self.at += 4 * count as u64;
        Ok(count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were_and_many_of_them_from_a_file_without_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let values: Vec<f32> = (0..200_000).map(|n| n as f32).collect();
        for count in [values.len() as u64, HELD_VALUES + 1] {
            let mut spool = Spool::new(count, folder.path()).unwrap();
            for block in values.chunks(777) {
                spool.push(block).unwrap();
            }
            assert_eq!(folder.path().read_dir().unwrap().count(), 0);
            let mut back = Vec::new();
            match spool.finish().unwrap() {
                Values::Held(held) => back = held,
                Values::Long(part) => {
                    let (mut blocks, mut block) = (ValueBlocks::new(&part, 30), Vec::new());
                    while blocks.next(&mut block).unwrap() {
                        assert!(block.len() % 30 == 0 || back.len() + block.len() == values.len());
                        back.extend_from_slice(&block);
                    }
                }
            }
            assert_eq!(back, values);
        }
    }

    #[test]
    fn what_is_held_of_many_values_is_little() {
        let few = size_of_values(4 * HELD_VALUES);
        assert_eq!(few, ItemSize::held(4 * HELD_VALUES));
        let many = size_of_values(4 * HELD_VALUES + 4);
        assert!(many.memory_bytes < few.memory_bytes && many.bytes > few.bytes);
    }
}
