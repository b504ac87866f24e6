//! A listing under construction: applies the label map, counts, and sets aside.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pipe_foundation::Limit;
use pipe_foundation::machine_fault::MachineFault;
use pipe_foundation::regular_file::{self, FileError};
use pipe_foundation::sync::lock;

pub(super) use super::candidate::Candidate;
use super::candidate::kept;
use super::confinement::ConfinedFiles;
use super::dropped_text::without_controls;
use super::labels::{LabelMap, Mapped};
use super::shared_texts::SharedTexts;
use super::unlisted_labels::UnlistedLabels;
use super::votes::Ballot;
use super::{
    AudioSource, CorpusConfig, CorpusError, DropCause, Dropped, Entry, Gender, KeptColumns,
    ListOptions, Listing, LookAt, Split, Utterance, VoteRule, is_there,
};

mod finish;

/// A listing under construction.
pub(super) struct Draft<'a> {
    corpus: &'a str,
    config: &'a CorpusConfig,
    root: &'a Path,
    labels: LabelMap,
    columns: &'a KeptColumns,
    needs_labels: bool,
    votes: VoteRule,
    /// Utterances whose rows disagree, though that is not allowed.
    contradictions: Vec<String>,
    look_at: LookAt<'a>,
    confined: &'a ConfinedFiles<'a>,
    file_bytes: Limit,
    listing: Listing,
    /// Files besides those of utterances that were read or looked for.
    needed: Mutex<BTreeSet<PathBuf>>,
    /// Utterances of each label, and what the map says of it.
    labels_seen: HashMap<String, (usize, Mapped)>,
    /// Speakers of these, with their names across corpora.
    speakers_seen: HashMap<String, Arc<str>>,
    /// What utterances say, once each.
    texts: SharedTexts,
    /// Labels that the map does not know.
    unlisted: UnlistedLabels,
    /// Message to number of files and the first of them.
    notes: BTreeMap<String, (usize, String)>,
    /// Genders found for each speaker.
    genders: HashMap<String, Option<Gender>>,
    /// Why nothing that was found can be relied on.
    fault: Option<MachineFault>,
}

impl<'a> Draft<'a> {
    /// An empty draft of `corpus`, whose files are below `root`.
    pub fn new(
        corpus: &'a str,
        config: &'a CorpusConfig,
        root: &'a Path,
        options: &'a ListOptions,
        look_at: LookAt<'a>,
        confined: &'a ConfinedFiles<'a>,
        file_bytes: Limit,
    ) -> Result<Self, CorpusError> {
        Ok(Self {
            corpus,
            config,
            root,
            labels: LabelMap::new(corpus, config, &options.classes, &options.class_maps)?,
            columns: &options.columns,
            needs_labels: !options.classes.is_none(),
            votes: options.votes,
            contradictions: Vec::new(),
            look_at,
            confined,
            file_bytes,
            listing: Listing::default(),
            needed: Mutex::default(),
            labels_seen: HashMap::new(),
            speakers_seen: HashMap::new(),
            texts: SharedTexts::default(),
            unlisted: UnlistedLabels::default(),
            notes: BTreeMap::new(),
            genders: HashMap::new(),
            fault: None,
        })
    }

    /// Name of the corpus.
    pub fn corpus(&self) -> &'a str {
        self.corpus
    }

    /// Its folder.
    pub fn root(&self) -> &'a Path {
        self.root
    }

    /// Which further columns utterances keep.
    pub fn columns(&self) -> &'a KeptColumns {
        self.columns
    }

    /// Whether an utterance without a label is none.
    pub fn needs_labels(&self) -> bool {
        self.needs_labels
    }

    /// What rows with different labels for one utterance mean.
    pub fn votes(&self) -> VoteRule {
        self.votes
    }

    /// Notes that rows contradict each other, though that is not allowed: the listing fails.
    pub fn note_contradiction(&mut self, what: String) {
        self.contradictions.push(what);
    }

    /// Notes the votes on an utterance of which training learns the shares of classes.
    pub fn note_lost_votes(&mut self, ballots: &[Ballot]) {
        self.unlisted.add_votes(ballots);
    }

    /// The label map.
    pub fn labels(&self) -> &LabelMap {
        &self.labels
    }

    /// The content of a file of the corpus that is no audio.
    ///
    /// # Errors
    /// Where it cannot be read, is no regular file, is too long, or may not be used.
    pub fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        if !self.allows(path) {
            return Err(std::io::ErrorKind::PermissionDenied.into());
        }
        let bytes = regular_file::read(path, self.file_bytes).map_err(FileError::into_io)?;
        lock(&self.needed).insert(path.to_path_buf());
        Ok(bytes)
    }

    /// Whether a file or folder may be used. Where one may not, the listing fails.
    pub fn allows(&self, path: &Path) -> bool {
        self.confined.allows(path)
    }

    /// How to look at the file of an utterance with this label.
    pub fn look_at(&self, label: &str) -> LookAt<'a> {
        match self.labels.look_up(label) {
            Mapped::Class(_) | Mapped::NoClass => self.look_at,
            Mapped::Dropped | Mapped::Unknown => &is_there,
        }
    }

    /// Adds a warning of its own.
    pub fn warn(&mut self, message: String) {
        self.listing.warnings.push(message);
    }

    /// Adds a warning that many files may share; it is written once, with their number.
    pub fn note(&mut self, message: String, place: &str) {
        self.notes
            .entry(message)
            .or_insert_with(|| (0, place.to_string()))
            .0 += 1;
    }

    /// Sets aside something that is there once more.
    pub fn drop_repeated(&mut self, what: &str, reason: String) {
        self.set_aside(what, reason, DropCause::Repeated);
    }

    /// Sets aside something that cannot be taken for an utterance.
    pub fn drop_bad(&mut self, what: &str, reason: String) {
        self.set_aside(what, reason, DropCause::Bad);
    }

    /// Sets aside something that the corpus promises and that is missing or makes no sense.
    pub fn drop_missing(&mut self, what: &str, reason: String) {
        self.set_aside(what, reason, DropCause::Missing);
    }

    /// Sets aside something that the system does not let us read; where the machine is to blame, the listing fails.
    pub fn drop_unreadable(&mut self, what: &str, error: &std::io::Error) {
        if !self.note_fault(what, error) {
            self.drop_missing(what, format!("it cannot be read: {error}"));
        }
    }

    /// The machine failed: nothing that was found can be relied on.
    pub fn fail(&mut self, fault: MachineFault) {
        self.fault.get_or_insert(fault);
    }

    /// Whether the machine is to blame for `error`, met at `what`; the listing then fails.
    pub fn note_fault(&mut self, what: &str, error: &std::io::Error) -> bool {
        let fault = MachineFault::of(what, error);
        let is_fault = fault.is_some();
        self.fault = self.fault.take().or(fault);
        is_fault
    }

    /// Sets aside something that an option or the label map leaves out.
    pub fn drop_chosen(&mut self, what: &str, reason: String) {
        self.set_aside(what, reason, DropCause::Choice);
    }

    fn set_aside(&mut self, what: &str, reason: String, cause: DropCause) {
        let what = without_controls(what);
        let reason = without_controls(&reason);
        self.listing.dropped.push(Dropped {
            what,
            reason,
            cause,
        });
    }

    /// Takes an utterance: maps its label, or sets it aside.
    pub fn add(&mut self, candidate: Candidate<'_>) {
        let label = candidate.label;
        let mapped = match self.labels_seen.get_mut(label) {
            Some((count, mapped)) => {
                *count += 1;
                mapped.clone()
            }
            None => {
                let mapped = self.labels.look_up(label);
                self.labels_seen
                    .insert(label.to_string(), (1, mapped.clone()));
                mapped
            }
        };
        let speaker = match self.speakers_seen.get(candidate.speaker) {
            Some(speaker) => speaker.clone(),
            None => {
                let speaker: Arc<str> = format!("{}/{}", self.corpus, candidate.speaker).into();
                let name = candidate.speaker.to_string();
                self.speakers_seen.insert(name, speaker.clone());
                speaker
            }
        };
        let class = match mapped {
            Mapped::Class(class) => Some(class),
            Mapped::NoClass => None,
            Mapped::Dropped => {
                lock(&self.needed).insert(candidate.path);
                let reason = format!("label {label} is mapped to dropped");
                self.drop_chosen(candidate.place, reason);
                return;
            }
            Mapped::Unknown => {
                lock(&self.needed).insert(candidate.path);
                self.unlisted.add(label, candidate.place);
                self.drop_bad(candidate.place, format!("label {label} is not listed"));
                return;
            }
        };
        // A reader that knows the content has looked at the file, and was allowed to.
        if candidate.content.is_none() && !self.allows(&candidate.path) {
            return;
        }
        let gender = self.gender_of(candidate.speaker, candidate.gender, candidate.place);
        let columns = kept(&candidate.columns, self.columns);
        let language = candidate.language.unwrap_or(&self.config.language);
        self.listing.entries.push(Entry {
            place: columns.as_ref().map(|_| candidate.place.into()),
            utterance: Utterance {
                id: format!("{}/{}", self.corpus, candidate.id),
                corpus: self.texts.get(self.corpus),
                speaker,
                gender,
                language: self.texts.get(language),
                label: self.texts.get(label),
                class,
                votes: candidate.votes.map(Arc::new),
                columns,
                split: Split::Train,
            },
            source: AudioSource::File {
                path: candidate.path,
                segment_s: candidate.segment_s,
                channel: candidate.channel,
            },
            content: candidate.content,
        });
    }

    /// The gender of a speaker: `genders` of `corpora.toml` first, so that a person can correct the files, then what
    /// the files say.
    fn gender_of(&mut self, speaker: &str, found: Option<Gender>, place: &str) -> Option<Gender> {
        let configured = self.config.genders.get(speaker).copied();
        if let (Some(configured), Some(found)) = (configured, found)
            && configured != found
        {
            self.note(
                format!(
                    "the files say speaker {speaker} is {}, `genders` says {}: `genders` is used",
                    found.name(),
                    configured.name()
                ),
                place,
            );
        }
        let gender = configured.or(found);
        match self.genders.get(speaker).copied() {
            None => {
                self.genders.insert(speaker.to_string(), gender);
            }
            Some(earlier) if earlier != gender => {
                self.note(format!("speaker {speaker} has more than one gender"), place);
            }
            Some(_) => {}
        }
        gender
    }
}
