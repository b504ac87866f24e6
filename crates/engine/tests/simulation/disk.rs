//! A disk in memory that knows what would be left of it after a power cut.
//!
//! Every file and every folder has two states: what processes see, and what is on the platter. A sync of a file moves its
//! bytes there; a sync of a folder moves the names in it, and nothing else does. What is in between may be lost, torn or
//! come in another order when the power is cut.

use std::collections::{BTreeMap, HashMap};
use std::io::{Error, ErrorKind, Result};
use std::path::{Component, Path, PathBuf};

use pipe_foundation::system::Kind;

/// Where a file or folder is among all that ever were.
pub type Node = usize;

/// The folder that everything is in.
const ROOT: Node = 0;

/// Bytes at a place in a file, on their way to the platter.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub offset: usize,
    pub bytes: Vec<u8>,
}

/// Times of a file in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Times {
    /// Of the last change of its content.
    pub modified_ns: i64,
    /// Of the last change of anything.
    pub changed_ns: i64,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    File {
        seen: Vec<u8>,
        platter: Vec<u8>,
        writes: Vec<Write>,
    },
    Folder {
        seen: BTreeMap<String, Node>,
        platter: BTreeMap<String, Node>,
    },
    Link(PathBuf),
}

#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub content: Content,
    pub times: Times,
    pub platter_times: Times,
    pub inode: u64,
    /// Whether a bit of it was flipped since it was written.
    pub rotten: bool,
}

/// A change of names that happens as a whole: which name in which folder then leads where.
#[derive(Clone, Debug)]
pub(super) struct Renaming(pub Vec<(Node, String, Option<Node>)>);

/// The disk.
#[derive(Clone, Debug)]
pub struct Disk {
    pub(super) slots: Vec<Slot>,
    pub(super) renamings: Vec<Renaming>,
    /// Whether new files get inodes that others no longer have.
    pub reuses_inodes: bool,
    /// Files that no name leads to any more and whose inode nobody has yet, with the folder and the name that they had;
    /// the latest last.
    unlinked: Vec<(Node, Node, String)>,
    /// How often each process has a file open, whose inode nobody else gets.
    opened: HashMap<(usize, Node), usize>,
}

fn missing() -> Error {
    Error::from(ErrorKind::NotFound)
}

impl Disk {
    /// An empty disk.
    pub fn new() -> Self {
        let mut disk = Self {
            slots: Vec::new(),
            renamings: Vec::new(),
            reuses_inodes: false,
            unlinked: Vec::new(),
            opened: HashMap::new(),
        };
        disk.add(Content::Folder {
            seen: BTreeMap::new(),
            platter: BTreeMap::new(),
        });
        disk
    }

    fn add(&mut self, content: Content) -> Node {
        let node = self.slots.len();
        let inode = self.free_inode().unwrap_or(node as u64);
        self.slots.push(Slot {
            content,
            times: Times::default(),
            platter_times: Times::default(),
            inode,
            rotten: false,
        });
        node
    }

    /// The inode of the file that was removed last, is gone from the platter too, and that no process has open.
    fn free_inode(&mut self) -> Option<u64> {
        if !self.reuses_inodes {
            return None;
        }
        let is_free = |(node, folder, name): &(Node, Node, String)| {
            let is_open = self.opened.keys().any(|(_, open)| open == node);
            let is_named = |Renaming(changes): &Renaming| {
                changes.iter().any(|(_, _, named)| *named == Some(*node))
            };
            let is_there = match &self.slots[*folder].content {
                Content::Folder { platter, .. } => platter.get(name) == Some(node),
                _ => false,
            };
            !is_open && !is_there && !self.renamings.iter().any(is_named)
        };
        let free = self.unlinked.iter().rposition(is_free)?;
        let (node, ..) = self.unlinked.remove(free);
        Some(self.slots[node].inode)
    }

    /// `process` opens a file.
    pub fn open(&mut self, process: usize, node: Node) {
        *self.opened.entry((process, node)).or_default() += 1;
    }

    /// `process` closes a file.
    pub fn close(&mut self, process: usize, node: Node) {
        if let Some(times) = self.opened.get_mut(&(process, node)) {
            *times -= 1;
            if *times == 0 {
                self.opened.remove(&(process, node));
            }
        }
    }

    /// `process` has ended.
    pub fn close_all(&mut self, process: usize) {
        self.opened.retain(|(other, _), _| *other != process);
    }

    /// The inode of a node.
    pub fn inode(&self, node: Node) -> u64 {
        self.slots[node].inode
    }

    fn folder(&self, node: Node) -> Result<&BTreeMap<String, Node>> {
        match &self.slots[node].content {
            Content::Folder { seen, .. } => Ok(seen),
            Content::File { .. } | Content::Link(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    /// What is at `path`, or what a link there leads to.
    pub fn find(&self, path: &Path) -> Result<Node> {
        let node = self.find_link(path)?;
        match &self.slots[node].content {
            // One leads to an object, which is no link.
            Content::Link(target) => self.find_link(target),
            _ => Ok(node),
        }
    }

    /// What is at `path`, be it a link.
    pub fn find_link(&self, path: &Path) -> Result<Node> {
        let mut at = ROOT;
        for part in path.components() {
            match part {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => {
                    let name = name.to_str().ok_or_else(missing)?;
                    at = *self.folder(at)?.get(name).ok_or_else(missing)?;
                }
                Component::ParentDir | Component::Prefix(_) => return Err(missing()),
            }
        }
        Ok(at)
    }

    /// Where the link at `path` leads.
    pub fn target(&self, path: &Path) -> Result<PathBuf> {
        match &self.slots[self.find_link(path)?].content {
            Content::Link(target) => Ok(target.clone()),
            _ => Err(ErrorKind::InvalidInput.into()),
        }
    }

    /// The folder that `path` is in, and its name there.
    fn place(&self, path: &Path) -> Result<(Node, String)> {
        let name = path.file_name().and_then(|name| name.to_str());
        let folder = path.parent().ok_or_else(missing)?;
        Ok((self.find(folder)?, name.ok_or_else(missing)?.to_owned()))
    }

    /// Changes names as a whole, at `now_ns` by the disk's clock.
    fn rename_all(&mut self, changes: Vec<(Node, String, Option<Node>)>, now_ns: i64) {
        for (folder, name, node) in &changes {
            self.touch(*folder, now_ns);
            if let Content::Folder { seen, .. } = &mut self.slots[*folder].content {
                let before = match node {
                    Some(node) => seen.insert(name.clone(), *node),
                    None => seen.remove(name),
                };
                if let Some(node) = before {
                    self.unlinked.retain(|(other, ..)| *other != node);
                    self.unlinked.push((node, *folder, name.clone()));
                }
            }
        }
        // What was renamed has another name now.
        let linked = |node: &Node| changes.iter().any(|(_, _, now)| now.as_ref() == Some(node));
        self.unlinked.retain(|(node, ..)| !linked(node));
        self.renamings.push(Renaming(changes));
    }

    fn touch(&mut self, node: Node, now_ns: i64) {
        self.slots[node].times = Times {
            modified_ns: now_ns,
            changed_ns: now_ns,
        };
    }

    /// Makes a link at `path` that leads to `target`.
    pub fn create_link(&mut self, target: &Path, path: &Path, now_ns: i64) -> Result<Node> {
        self.create(path, now_ns, Content::Link(target.into()))
    }

    /// Makes an empty file at `path`.
    pub fn create_file(&mut self, path: &Path, now_ns: i64) -> Result<Node> {
        self.create(
            path,
            now_ns,
            Content::File {
                seen: Vec::new(),
                platter: Vec::new(),
                writes: Vec::new(),
            },
        )
    }

    /// Makes a folder at `path`, in one that exists.
    pub fn create_folder(&mut self, path: &Path, now_ns: i64) -> Result<Node> {
        self.create(
            path,
            now_ns,
            Content::Folder {
                seen: BTreeMap::new(),
                platter: BTreeMap::new(),
            },
        )
    }

    fn create(&mut self, path: &Path, now_ns: i64, content: Content) -> Result<Node> {
        let (folder, name) = self.place(path)?;
        if self.folder(folder)?.contains_key(&name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let node = self.add(content);
        self.touch(node, now_ns);
        self.slots[node].platter_times = self.slots[node].times;
        self.rename_all(vec![(folder, name, Some(node))], now_ns);
        Ok(node)
    }

    /// Removes what is at `path`; a folder must be empty, and is to be one if `is_folder`.
    pub fn remove(&mut self, path: &Path, is_folder: bool, now_ns: i64) -> Result<()> {
        let node = self.find_link(path)?;
        match self.folder(node) {
            Ok(_) if !is_folder => return Err(ErrorKind::IsADirectory.into()),
            Ok(names) if !names.is_empty() => return Err(ErrorKind::DirectoryNotEmpty.into()),
            Err(_) if is_folder => return Err(ErrorKind::NotADirectory.into()),
            _ => {}
        }
        let (folder, name) = self.place(path)?;
        self.rename_all(vec![(folder, name, None)], now_ns);
        Ok(())
    }

    /// Gives what is at `from` the name `to`.
    pub fn rename(&mut self, from: &Path, to: &Path, now_ns: i64) -> Result<()> {
        let node = self.find_link(from)?;
        let (before, old) = self.place(from)?;
        let (after, new) = self.place(to)?;
        if let Some(there) = self.folder(after)?.get(&new) {
            match (self.folder(node).is_ok(), self.folder(*there)) {
                (false, Err(_)) => {}
                (true, Ok(names)) if names.is_empty() => {}
                (true, Ok(_)) => return Err(ErrorKind::DirectoryNotEmpty.into()),
                (true, Err(_)) => return Err(ErrorKind::NotADirectory.into()),
                (false, Ok(_)) => return Err(ErrorKind::IsADirectory.into()),
            }
        }
        self.slots[node].times.changed_ns = now_ns;
        self.rename_all(vec![(before, old, None), (after, new, Some(node))], now_ns);
        Ok(())
    }

    /// Names in a folder, with what they lead to.
    pub fn entries(&self, path: &Path) -> Result<Vec<(String, Kind)>> {
        let names = self.folder(self.find(path)?)?.iter();
        Ok(names
            .map(|(name, node)| (name.clone(), self.kind(*node)))
            .collect())
    }

    /// What a node is.
    pub fn kind(&self, node: Node) -> Kind {
        match self.slots[node].content {
            Content::File { .. } => Kind::File,
            Content::Folder { .. } => Kind::Folder,
            Content::Link(_) => Kind::Link,
        }
    }

    /// The times of a node.
    pub fn times(&self, node: Node) -> Times {
        self.slots[node].times
    }

    /// Sets the time of the last change of anything, as changing permissions does.
    pub fn set_changed(&mut self, node: Node, now_ns: i64) {
        self.slots[node].times.changed_ns = now_ns;
    }

    /// The bytes of a file.
    pub fn bytes(&self, node: Node) -> Result<&[u8]> {
        match &self.slots[node].content {
            Content::File { seen, .. } => Ok(seen),
            Content::Folder { .. } => Err(ErrorKind::IsADirectory.into()),
            Content::Link(_) => Err(ErrorKind::InvalidInput.into()),
        }
    }

    /// Writes into a file.
    pub fn write(&mut self, node: Node, offset: usize, bytes: &[u8], now_ns: i64) {
        self.touch(node, now_ns);
        if let Content::File { seen, writes, .. } = &mut self.slots[node].content {
            put(seen, offset, bytes);
            writes.push(Write {
                offset,
                bytes: bytes.to_vec(),
            });
        }
    }

    /// Puts other content in place of what is in a file, at once and for good: what the user does is not simulated.
    pub fn replace(&mut self, node: Node, bytes: &[u8], now_ns: i64) {
        self.touch(node, now_ns);
        if let Content::File { seen, .. } = &mut self.slots[node].content {
            *seen = bytes.to_vec();
        }
        self.sync(node);
    }

    /// All files below `folder` with their bytes.
    pub fn contents(&self, folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let bytes = |node| self.bytes(node).unwrap_or_default().to_vec();
        let files = self.files(folder).into_iter();
        files.map(|(path, node)| (path, bytes(node))).collect()
    }

    /// Paths of all files below `folder`, in order.
    pub fn files(&self, folder: &Path) -> Vec<(PathBuf, Node)> {
        let mut found = Vec::new();
        let mut open = vec![folder.to_path_buf()];
        while let Some(path) = open.pop() {
            let Ok(node) = self.find_link(&path) else {
                continue;
            };
            match self.folder(node) {
                Ok(names) => open.extend(names.keys().map(|name| path.join(name))),
                Err(_) => found.push((path, node)),
            }
        }
        found.sort();
        found
    }
}

/// Puts `bytes` at `offset`, with zeros before it where there is nothing.
pub(super) fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if content.len() < offset + bytes.len() {
        content.resize(offset + bytes.len(), 0);
    }
    content[offset..offset + bytes.len()].copy_from_slice(bytes);
}
