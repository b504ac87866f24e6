//! How files are opened and locked.

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// To be read: a regular file, or a link to one. Anything else is refused without being opened, since a pipe would
    /// be waited for and a device may never end; as it is by all below.
    Read,
    /// To be synced: a folder.
    Folder,
    /// To be added to, if it is there. A link in its place is refused, since it would lead to another file.
    Append,
    /// To be added to, and made if it is not there; no link.
    AppendOrCreate,
    /// To be written where it is, and made if it is not there; no link. What it holds stays.
    WriteOrCreate,
    /// To be written, if there is nothing of its name.
    CreateNew,
}

/// How a file is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Alone, as soon as nobody else has it.
    Alone,
    /// Alone, if nobody has it now.
    AloneIfFree,
    /// Together with others, if nobody has it alone now.
    SharedIfFree,
}
