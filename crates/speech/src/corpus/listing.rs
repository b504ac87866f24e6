//! What a reader finds in a corpus folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_foundation::machine_fault::MachineFault;

use super::Utterance;
use super::synthetic::SyntheticUtterance;

/// Where the samples of an utterance come from.
#[derive(Clone, Debug, PartialEq)]
pub enum AudioSource {
    /// An audio file, or a part of it.
    File {
        /// The file.
        path: PathBuf,
        /// Start and end in seconds, an infinite one for the end of the file; the whole file without it.
        segment_s: Option<(f64, f64)>,
        /// One channel, counted from 0; the mean of all without it.
        channel: Option<u16>,
    },
    /// Made by the synthesiser.
    Synthetic(Box<SyntheticUtterance>),
}

/// An utterance and its audio.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What is known of it. Readers set the split to [`super::Split::Train`]; the split is assigned later.
    pub utterance: Utterance,
    /// Where its samples are.
    pub source: AudioSource,
    /// What is in its file, where that was found out while the corpus was listed.
    pub content: Option<FileContent>,
    /// Where a person finds its columns, such as `labels.csv:12`; none where it has none.
    pub place: Option<Arc<str>>,
}

/// What is in a file of audio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FileContent {
    /// Digest of all its bytes.
    pub digest: Digest,
    /// Length of the audio in seconds.
    pub duration_s: f64,
    /// Which revision of the readers its samples come from; see [`crate::audio::AudioInfo::revision`].
    pub revision: u32,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// No file.
    Nothing,
    /// A file, with what is known of its content.
    File(Option<FileContent>),
    /// The machine failed to answer.
    Failed(MachineFault),
}

/// Looks at paths, so that whoever wants to know more of each file than that it exists need not look twice.
pub type LookAt<'a> = &'a (dyn Fn(&Path) -> Look + Sync);

/// A look that opens nothing.
pub fn is_there(path: &Path) -> Look {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Look::File(None),
        Ok(_) => Look::Nothing,
        Err(error) => match MachineFault::of(&path.display().to_string(), &error) {
            Some(fault) => Look::Failed(fault),
            None => Look::Nothing,
        },
    }
}

/// Whether something was left out because it was asked for or because it is unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropCause {
    /// The label map or an option of the reader leaves it out.
    Choice,
    /// It is there once more: a copy, a second row, a link to a folder above it.
    Repeated,
    /// It exists and cannot be taken for an utterance: its name or label is none that the reader or the label map knows.
    Bad,
    /// The corpus promises it, by a row or a file, and it is missing or cannot be read.
    Missing,
}

impl DropCause {
    /// The cause in one word, as programs read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Choice => "choice",
            Self::Repeated => "repeated",
            Self::Bad => "bad",
            Self::Missing => "missing",
        }
    }

    /// Whether the corpus promises an utterance that is lacking: such are counted against the limit on bad items.
    pub fn is_loss(self) -> bool {
        matches!(self, Self::Bad | Self::Missing)
    }
}

/// Something a reader left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Path below the corpus root, or utterance id; characters that would break a line are escaped.
    pub what: String,
    /// Why, as a lower-case fragment ("label xxx is mapped to dropped"). What is particular to it follows `": "`: see
    /// [`pipe_foundation::by_cause()`].
    pub reason: String,
    /// Whether it was left out on purpose.
    pub cause: DropCause,
}

/// Everything a reader found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// Usable utterances, sorted by id.
    pub entries: Vec<Entry>,
    /// What was left out, sorted by what it is.
    pub dropped: Vec<Dropped>,
    /// Oddities a person should know of.
    pub warnings: Vec<String>,
    /// Utterances per label as the corpus writes it, before the label map: labels that are
    /// dropped or unknown are counted too, as official counts do.
    pub labels: BTreeMap<String, usize>,
    /// Speakers of those utterances, without the corpus name.
    pub speakers: BTreeSet<String>,
    /// Files besides those of its utterances without which it would be listed otherwise: tables, transcripts, and
    /// recordings that the label map leaves out.
    pub needed: BTreeSet<PathBuf>,
}

impl Listing {
    /// What was left out although nobody asked for it.
    pub fn bad(&self) -> impl Iterator<Item = &Dropped> {
        self.dropped.iter().filter(|d| d.cause != DropCause::Choice)
    }
}
