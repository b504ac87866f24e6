//! A file that a simulated process has open.

use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use pipe_foundation::system::{File, Hold, Mapping, Metadata};
use rand::Rng;

use super::disk::Node;
use super::faults::Kind;
use super::process::Process;
use super::world::{Granted, State};

/// An open file.
#[derive(Debug)]
pub struct OpenFile {
    process: Process,
    node: Node,
    path: PathBuf,
    device: u64,
    handle: u64,
    /// How far it was read.
    position: usize,
    is_locked: AtomicBool,
}

impl OpenFile {
    /// The file `node`, which is at `path`.
    pub fn new(process: Process, state: &mut State, node: Node, path: &Path) -> Self {
        state.disk.open(process.number, node);
        Self {
            process,
            node,
            path: path.to_path_buf(),
            device: state.device(path),
            handle: state.handle(),
            position: 0,
            is_locked: AtomicBool::new(false),
        }
    }

    fn write(&self, bytes: &[u8], offset: Option<u64>) -> Result<()> {
        let (mut state, granted) = self.process.begin("write", Kind::Write, &self.path)?;
        let now_ns = state.disk_ns();
        let end = state.disk.bytes(self.node)?.len();
        let offset = offset.map_or(end, |offset| offset as usize);
        let count = match &granted {
            Granted::Whole => bytes.len(),
            Granted::Torn(_) => state.random.gen_range(0..=bytes.len()),
        };
        state.tell(self.process.number, "wrote", &self.path, count as u64);
        state.disk.write(self.node, offset, &bytes[..count], now_ns);
        let done = match granted {
            Granted::Whole => Ok(()),
            Granted::Torn(fault) => {
                // Nothing names what was to be in a pack or in a file that has no name yet.
                let is_named = |part: &str| !part.ends_with(".pack") && !part.starts_with(".new-");
                let name = self.path.file_name().and_then(|name| name.to_str());
                state.torn |= count > 0 && count < bytes.len() && name.is_some_and(is_named);
                Err(Process::error(&state.strike(self.process.number, &fault)))
            }
        };
        self.process.world.finish(state, false);
        done
    }

    fn sync(&self) -> Result<()> {
        let work = |state: &mut State| {
            if state.syncs() {
                state.disk.sync(self.node);
            }
            Ok(())
        };
        self.process.operate("sync", Kind::Sync, &self.path, work)
    }
}

impl File for OpenFile {
    fn read_next(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let (node, position) = (self.node, self.position);
        let read = self
            .process
            .operate("read", Kind::Read, &self.path, |state| {
                let bytes = state.disk.bytes(node)?;
                let rest = bytes.get(position..).unwrap_or_default();
                let count = rest.len().min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                Ok(count)
            })?;
        self.position += read;
        Ok(read)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        self.process
            .operate("read", Kind::Read, &self.path, |state| {
                let bytes = state.disk.bytes(self.node)?;
                let (start, end) = (offset as usize, offset as usize + buffer.len());
                let part = bytes.get(start..end);
                buffer.copy_from_slice(part.ok_or(ErrorKind::UnexpectedEof)?);
                Ok(())
            })
    }

    /// Files that are written on are new or opened to append, so that the end is where they are.
    fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        self.write(bytes, None)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.write(bytes, Some(offset))
    }

    fn sync_data(&self) -> Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> Result<()> {
        self.sync()
    }

    fn start_sync(&self) {}

    fn lock(&self, hold: Hold) -> Result<bool> {
        let number = self.process.number;
        loop {
            let (mut state, _) = self.process.begin("lock", Kind::Apart, &self.path)?;
            let locked = state.lock(self.node, number, self.handle, hold);
            let waits = !locked && hold == Hold::Alone;
            self.is_locked.fetch_or(locked, Ordering::Relaxed);
            self.process.world.finish(state, waits);
            if !waits {
                return Ok(locked);
            }
        }
    }

    fn metadata(&self) -> Result<Metadata> {
        self.process
            .operate("look", Kind::Read, &self.path, |state| {
                Ok(Process::describe(state, self.node, self.device))
            })
    }

    fn map(&self) -> Result<Mapping> {
        self.process
            .operate("map", Kind::Read, &self.path, |state| {
                Ok(Mapping::Copy(state.disk.bytes(self.node)?.to_vec()))
            })
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if self.is_locked.load(Ordering::Relaxed) {
            // The dead have let go already.
            let _ = self
                .process
                .operate("close", Kind::Apart, &self.path, |state| {
                    state.unlock(self.node, self.handle);
                    Ok(())
                });
        }
        self.process.close(self.node);
    }
}
