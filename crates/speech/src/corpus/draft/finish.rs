//! What a draft becomes once everything is added: sorted, every id once, with the warnings that are left.

use pipe_foundation::sync::lock;

use crate::corpus::dropped_text::place_of;
use crate::corpus::{AudioSource, CorpusError, Entry, Listing};

use super::Draft;

impl Draft<'_> {
    /// The finished listing: sorted, every id once.
    ///
    /// # Errors
    /// The machine failed while it was made.
    pub fn finish(mut self) -> Result<Listing, CorpusError> {
        if let Some(fault) = self.fault {
            return Err(CorpusError::Machine(fault));
        }
        if !self.contradictions.is_empty() {
            return Err(CorpusError::Contradictions {
                corpus: self.corpus.to_string(),
                count: self.contradictions.len(),
                first: self
                    .contradictions
                    .iter()
                    .take(3)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join("; "),
            });
        }
        let mut nameless: Vec<&str> = self
            .genders
            .iter()
            .filter(|(_, gender)| gender.is_none())
            .map(|(speaker, _)| speaker.as_str())
            .collect();
        if !nameless.is_empty() {
            nameless.sort_unstable();
            let shown = nameless[..nameless.len().min(12)].join(", ");
            let more = nameless.len().saturating_sub(12);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            self.listing.warnings.push(format!(
                "the gender of these speakers is unknown: {shown}{more}; add them to [corpus.{}.genders]",
                self.corpus
            ));
        }
        let unlisted = std::mem::take(&mut self.unlisted).warnings(self.labels.table());
        self.listing.warnings.extend(unlisted);
        for (message, (count, first)) in std::mem::take(&mut self.notes) {
            self.listing.warnings.push(match count {
                1 => format!("{message}: {first}"),
                _ => format!("{message}: {count} times, first at {first}"),
            });
        }
        let entries = std::mem::take(&mut self.listing.entries);
        self.listing.entries = self.unique(entries);
        if self.listing.entries.is_empty() && self.listing.dropped.is_empty() {
            self.listing.warnings.push(format!(
                "reader {} found nothing in {}",
                self.config.reader,
                self.root.display()
            ));
        }
        let labels = self.labels_seen.into_iter();
        self.listing.labels = labels.map(|(label, (count, _))| (label, count)).collect();
        self.listing.speakers = self.speakers_seen.into_keys().collect();
        self.listing.needed = std::mem::take(&mut *lock(&self.needed));
        self.listing
            .dropped
            .sort_by(|a, b| place_of(&a.what).cmp(&place_of(&b.what)));
        Ok(self.listing)
    }

    /// Sorts by id and sets aside all but the first of equal ids (`a.wav` and `a.flac`).
    fn unique(&mut self, mut entries: Vec<Entry>) -> Vec<Entry> {
        if entries.is_sorted_by(|a, b| a.utterance.id < b.utterance.id) {
            return entries;
        }
        entries.sort_by(|a, b| a.utterance.id.cmp(&b.utterance.id));
        let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            match kept.last() {
                Some(last) if last.utterance.id == entry.utterance.id => {
                    let name = match &entry.source {
                        AudioSource::File { path, .. } => {
                            path.file_name().unwrap_or_default().to_string_lossy()
                        }
                        AudioSource::Synthetic(_) => "it".into(),
                    };
                    let reason = format!("{name} would be a second utterance with this id");
                    // What is left out is named without the corpus, which listings of several put in front.
                    let (corpus, id) = (self.corpus(), entry.utterance.id.as_str());
                    let below = id.strip_prefix(corpus).and_then(|id| id.strip_prefix('/'));
                    self.drop_repeated(below.unwrap_or(id), reason);
                }
                _ => kept.push(entry),
            }
        }
        kept
    }
}
