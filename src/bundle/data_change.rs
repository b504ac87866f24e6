//! How the data of a reproduction compare with those of a bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pipe_engine::exec::runs_folder;
use pipe_engine::plan::Plan;
use pipe_engine::stage::SourceListing;
use pipe_foundation::regular_file;
use pipe_foundation::spreadsheet::unguarded;
use serde::Serialize;

use pipe_stages::items::UtteranceItem;

/// How the utterances of a corpus in a split are not the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DataChange {
    /// The step that lists them.
    pub source: String,
    /// The corpus.
    pub corpus: String,
    /// The split.
    pub split: String,
    /// Utterances in the bundle.
    pub bundle: usize,
    /// Utterances here.
    pub here: usize,
    /// Those that are only in the bundle.
    pub missing: usize,
    /// Those that are only here.
    pub added: usize,
    /// Those that are in another split or corpus here.
    pub moved_out: usize,
    /// Those that are in another split or corpus in the bundle.
    pub moved_in: usize,
    /// Those with another recording.
    pub other_recording: usize,
    /// Those with another label, speaker or class.
    pub other_facts: usize,
}

/// What a bundle or a listing says of one utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Utterance {
    part: (String, String),
    facts: [String; 3],
    digest: String,
}

/// How the data of a plan differ from those of the bundle in `folder`; nothing where they are the same.
pub fn data_changes(
    plan: &Plan,
    listings: &[(usize, SourceListing)],
    folder: &Path,
) -> Vec<DataChange> {
    let mut changes = Vec::new();
    for (index, listing) in listings {
        let source = plan.steps[*index].id();
        let table = folder.join("data").join(runs_folder(plan, *index));
        let text = regular_file::read_whole_text(&with_ending(&table, ".tsv")).unwrap_or_default();
        let before: BTreeMap<String, Utterance> = text.lines().skip(1).filter_map(row).collect();
        let here: BTreeMap<String, Utterance> = (listing.items.iter())
            .map(|item| {
                let utterance = item.utterance();
                let facts = [
                    &*utterance.speaker,
                    &utterance.label,
                    utterance.class.as_deref().unwrap_or_default(),
                ];
                let known = Utterance {
                    part: (utterance.corpus.to_string(), utterance.split.name().into()),
                    facts: facts.map(plain),
                    digest: item.digest.hex(),
                };
                (plain(&utterance.id), known)
            })
            .collect();
        let utterances = before.values().chain(here.values());
        let parts: BTreeSet<&(String, String)> = utterances.map(|known| &known.part).collect();
        for part in parts {
            let change = change(source, part, [&before, &here]);
            changes.extend(change);
        }
    }
    changes
}

/// `path` with `ending` after its name, which may have dots.
fn with_ending(path: &Path, ending: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A cell as it can be in a table.
fn plain(cell: &str) -> String {
    cell.replace(['\t', '\n', '\r'], " ")
}

/// A row of a table of utterances: id, corpus, split, speaker, label, class, digest.
fn row(line: &str) -> Option<(String, Utterance)> {
    let cells: Vec<String> = line
        .split('\t')
        .map(|cell| unguarded(cell).into())
        .collect();
    let [id, corpus, split, speaker, label, class, digest] = <[String; 7]>::try_from(cells).ok()?;
    let known = Utterance {
        part: (corpus, split),
        facts: [speaker, label, class],
        digest,
    };
    Some((id, known))
}

fn change(
    source: &str,
    part: &(String, String),
    [all_before, all_here]: [&BTreeMap<String, Utterance>; 2],
) -> Option<DataChange> {
    let of = |all: &BTreeMap<String, Utterance>| -> BTreeMap<String, Utterance> {
        let own = all.iter().filter(|(_, known)| known.part == *part);
        own.map(|(id, known)| (id.clone(), known.clone())).collect()
    };
    let (before, here) = (of(all_before), of(all_here));
    let shared = || {
        before
            .iter()
            .filter_map(|(id, old)| Some((old, all_here.get(id)?)))
    };
    let elsewhere = || shared().filter(|(old, new)| old.part != new.part);
    let count = |own: &BTreeMap<String, Utterance>, others: &BTreeMap<String, Utterance>| {
        own.keys().filter(|id| !others.contains_key(*id)).count()
    };
    let change = DataChange {
        source: source.into(),
        corpus: part.0.clone(),
        split: part.1.clone(),
        bundle: before.len(),
        here: here.len(),
        missing: count(&before, all_here),
        added: count(&here, all_before),
        moved_out: elsewhere().count(),
        moved_in: (here.iter())
            .filter_map(|(id, new)| Some((all_before.get(id)?, new)))
            .filter(|(old, new)| old.part != new.part)
            .count(),
        other_recording: shared()
            .filter(|(old, new)| old.digest != new.digest)
            .count(),
        other_facts: shared().filter(|(old, new)| old.facts != new.facts).count(),
    };
    let differs = [
        change.missing,
        change.added,
        change.moved_out,
        change.moved_in,
        change.other_recording,
        change.other_facts,
    ];
    differs.iter().any(|count| *count > 0).then_some(change)
}
