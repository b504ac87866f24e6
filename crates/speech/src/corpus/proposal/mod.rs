//! Entries of `corpora.toml` for corpora that have none: which reader fits a folder or a table, which column is which
//! field, and what the labels mean. A first guess, with comments that say what it rests on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pipe_foundation::{Limit, by_cause};
use serde_json::json;

use super::draft::Draft;
use super::reader;
use super::walk::{self, FoundFile};
use super::{
    ClassChoice, Corpora, CorpusConfig, CorpusError, ListOptions, Listing, VoteRule, is_there, list,
};

mod beside;
mod class_folders;
mod column_names;
mod columns;
mod corpus_name;
mod counted;
mod entry;
mod folder_levels;
mod labels;
mod layout;
mod layouts;
mod speaker_folders;
mod words;

use corpus_name::name_of;
use counted::counted;
use layout::Layout;
use layouts::{folder_layout, table_layout};

/// A proposed entry.
#[derive(Debug)]
pub struct Proposal {
    /// A name for the corpus.
    pub name: String,
    /// Its folder.
    pub root: PathBuf,
    /// The entry, with an empty root.
    config: CorpusConfig,
    /// What was found, as comments above the entry.
    comments: Vec<String>,
    /// Comments on keys, by `table.key`.
    key_comments: BTreeMap<String, String>,
    /// Utterances per label.
    labels: BTreeMap<String, usize>,
}

/// Why no entry can be proposed.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ProposalError {
    /// The path cannot be read.
    #[error("{} cannot be read: {reason}", path.display())]
    #[diagnostic(
        code(corpora::unreadable_path),
        help("give the folder of a corpus, or its table")
    )]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Nothing in it looks like a corpus.
    #[error("nothing in {} looks like a corpus: {seen}", path.display())]
    #[diagnostic(
        code(corpora::no_layout),
        help(
            "a corpus is a table with a column of paths, or recordings in folders named after their label; or one of the layouts of audformat, Kaldi and Hugging Face. With a table that is elsewhere, give that"
        )
    )]
    NoLayout {
        /// The path.
        path: PathBuf,
        /// What was seen.
        seen: String,
    },
    /// A reader failed in a way that says nothing of the corpus.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Corpus(#[from] CorpusError),
}

/// Proposes an entry for the folder or table at `path`; `known` are entries whose layout it may have, each file is read
/// up to `file_bytes`.
///
/// # Errors
/// [`ProposalError`] where the path cannot be read, or nothing in it looks like a corpus.
pub fn propose(path: &Path, known: &Corpora, file_bytes: Limit) -> Result<Proposal, ProposalError> {
    let unreadable = |error: std::io::Error| ProposalError::Unreadable {
        path: path.to_path_buf(),
        reason: error.to_string(),
    };
    let path = std::path::absolute(path).map_err(unreadable)?;
    let is_folder = std::fs::metadata(&path).map_err(unreadable)?.is_dir();
    let parent = path.parent().unwrap_or(Path::new("/")).to_path_buf();
    if is_folder {
        let files = files(&path, file_bytes)?;
        if let Some(proposal) = known_layout(&path, &files, known, file_bytes) {
            return Ok(proposal);
        }
        let layout = folder_layout(&path, &files, file_bytes);
        let layout = layout.ok_or_else(|| ProposalError::NoLayout {
            path: path.clone(),
            seen: seen(&files),
        })?;
        return Ok(proposal(path, layout, file_bytes));
    }
    // Its files may be beside the folder that the table is in.
    let above = parent.parent().unwrap_or(Path::new("/")).to_path_buf();
    let mut seen_of_table = String::new();
    for root in [parent, above] {
        let files = files(&root, file_bytes)?;
        let table = path.strip_prefix(&root).ok().and_then(Path::to_str);
        match table.map(|table| table_layout(&root, table, &files, file_bytes)) {
            Some(Ok(layout)) => return Ok(proposal(root, layout, file_bytes)),
            Some(Err(reason)) if seen_of_table.is_empty() => seen_of_table = reason,
            _ => {}
        }
    }
    Err(ProposalError::NoLayout {
        path,
        seen: seen_of_table,
    })
}

/// The files below a folder.
fn files(root: &Path, file_bytes: Limit) -> Result<Vec<FoundFile>, CorpusError> {
    let config = CorpusConfig::default();
    let options = native();
    let confined = options.confinement.of_files();
    let mut draft = Draft::new(
        "new", &config, root, &options, &is_there, &confined, file_bytes,
    )?;
    let mut files = walk::files(&mut draft, &[]);
    walk::pass_over_copies(&mut draft, &mut files);
    Ok(files)
}

/// Every label is a class.
fn native() -> ListOptions {
    ListOptions {
        classes: ClassChoice::Named(ClassChoice::NATIVE.into()),
        ..ListOptions::default()
    }
}

/// A known corpus whose reader takes most of the recordings.
fn known_layout(
    root: &Path,
    files: &[FoundFile],
    known: &Corpora,
    file_bytes: Limit,
) -> Option<Proposal> {
    let recordings = files.iter().filter(|file| file.is_audio()).count();
    let mut best: Option<(usize, &String, &CorpusConfig)> = None;
    for (name, config) in &known.corpora {
        let here = CorpusConfig {
            root: root.to_path_buf(),
            ..config.clone()
        };
        if reader::check_config(name, &here).is_err() || config.reader == "synthetic" {
            continue;
        }
        let Ok(listing) = list(name, &here, root, &ListOptions::default(), file_bytes) else {
            continue;
        };
        let found = listing.entries.len();
        if found * 5 >= recordings * 4 && best.is_none_or(|(most, ..)| found > most) && found > 0 {
            best = Some((found, name, config));
        }
    }
    let (found, name, config) = best?;
    Some(Proposal {
        name: name.clone(),
        root: root.to_path_buf(),
        config: config.clone(),
        comments: vec![format!(
            "{found} of {recordings} recordings are named as in {}, which the program knows: this is its entry.",
            config.title
        )],
        key_comments: BTreeMap::new(),
        labels: BTreeMap::new(),
    })
}

/// The entry of a layout, with what its reader finds.
fn proposal(root: PathBuf, mut layout: Layout, file_bytes: Limit) -> Proposal {
    layout.options.remove("rows");
    let mut config = CorpusConfig {
        reader: layout.reader.into(),
        options: layout.options,
        language: "und".into(),
        licence: CorpusConfig::NOT_STATED.into(),
        source: CorpusConfig::NOT_STATED.into(),
        ..CorpusConfig::default()
    };
    let name = name_of(&root);
    config.title.clone_from(&name);
    let mut key_comments = layout.key_comments;
    key_comments.insert("title".into(), "what people call it".into());
    key_comments.insert(
        "language".into(),
        "TO DO: set the tag, such as \"en\"".into(),
    );
    key_comments.insert("licence".into(), "TO DO: in a few words".into());
    key_comments.insert("source".into(), "TO DO: where to get it".into());
    let mut comments = layout.comments;
    let mut labels = BTreeMap::new();
    comments.extend(beside::kaldi(&root, &config.reader, file_bytes));
    let listed = match found(&root, &config, VoteRule::Error, file_bytes) {
        Err(CorpusError::Contradictions { count, first, .. }) => {
            comments.push(format!(
                "TO DO: {} rows with different labels or numbers ({first}). If these are votes of annotators, set `votes` of the ingest stage to \"majority\" or \"soft\"; otherwise correct the table.",
                match count {
                    1 => "1 utterance has".to_owned(),
                    many => format!("{many} utterances have"),
                }
            ));
            found(&root, &config, VoteRule::Soft, file_bytes)
        }
        other => other,
    };
    match listed {
        Ok(listing) => {
            comments.push(counts(&listing));
            let left_out = listing
                .bad()
                .map(|bad| (bad.what.as_str(), bad.reason.as_str()));
            let left_out = by_cause(left_out, 3);
            if !left_out.is_empty() {
                comments.push(format!("Left out: {left_out}."));
            }
            let mut entries = listing.entries.iter();
            if entries.all(|entry| entry.utterance.gender.is_none()) {
                comments.push(
                    "The gender of no speaker was found: where it is known, add [corpus.NAME.genders] with a line for each, such as anna = \"female\"."
                        .into(),
                );
            }
            labels = listing.labels;
            // Some may have a minority of votes only.
            for label in layout.labels {
                labels.entry(label).or_default();
            }
            labels.remove("");
        }
        Err(error) => {
            let help = miette::Diagnostic::help(&error).map(|help| format!(": {help}"));
            comments.push(format!("TO DO: {error}{}.", help.unwrap_or_default()));
        }
    }
    config.labels = labels::lists(&labels);
    config.names = labels::names(&labels);
    Proposal {
        name,
        root,
        config,
        comments,
        key_comments,
        labels,
    }
}

/// What the reader finds, with somebody as the speaker where no column says who speaks.
fn found(
    root: &Path,
    config: &CorpusConfig,
    votes: VoteRule,
    file_bytes: Limit,
) -> Result<Listing, CorpusError> {
    let mut config = config.clone();
    config.root = root.to_path_buf();
    let mut options = ListOptions { votes, ..native() };
    let pattern = config.options.get("pattern").and_then(|text| text.as_str());
    if pattern.is_some_and(|pattern| !pattern.contains("{emotion}")) {
        options.classes = ClassChoice::Named(ClassChoice::NONE.into());
    }
    if let Some(columns) = config.options.get("columns").cloned() {
        if columns.get("speaker").is_none() {
            let somebody = json!({ "speaker": "somebody" });
            config.options.insert("constants".into(), somebody);
        }
        if columns.get("emotion").is_none() {
            options.classes = ClassChoice::Named(ClassChoice::NONE.into());
        }
    }
    list("new", &config, root, &options, file_bytes)
}

fn counts(listing: &Listing) -> String {
    let genders = |gender: &str| {
        let of = listing.entries.iter().filter(|entry| {
            entry
                .utterance
                .gender
                .is_some_and(|found| found.name() == gender)
        });
        let speakers: std::collections::BTreeSet<&str> =
            of.map(|entry| &*entry.utterance.speaker).collect();
        speakers.len()
    };
    format!(
        "{} of {}, {} female and {} male; {} left out.",
        counted(listing.entries.len(), "utterance"),
        counted(listing.speakers.len(), "speaker"),
        genders("female"),
        genders("male"),
        listing.dropped.len()
    )
}

/// What is in a folder, by extension.
fn seen(files: &[FoundFile]) -> String {
    let mut extensions: BTreeMap<String, usize> = BTreeMap::new();
    for file in files {
        *extensions
            .entry(file.extension().to_lowercase())
            .or_default() += 1;
    }
    let mut extensions: Vec<(String, usize)> = extensions.into_iter().collect();
    extensions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown = extensions
        .iter()
        .take(8)
        .map(|(extension, count)| match extension.as_str() {
            "" => format!("{count} files without an extension"),
            extension => format!("{count} .{extension}"),
        });
    match extensions.is_empty() {
        true => "it has no files".into(),
        false => format!("it has {}", shown.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests;
