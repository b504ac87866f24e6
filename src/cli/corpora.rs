//! `pipe corpora`: which corpora are known and present, and how copies compare with the official counts.

use pipe_engine::cache::Cache;
use pipe_foundation::{Limit, by_cause, length_text};
use pipe_speech::corpus::{self, AudioSource, Corpora, CorpusConfig, CountCheck, ListOptions};

use pipe_stages::stage::file_content;

use super::arguments::Common;
use super::console::print;
use super::context;
use super::corpora_add;
use super::corpora_arguments::{CorporaArguments, CorporaCommand};
use super::corpus_named::corpus_named;
use super::error::CliError;
use super::lines::counted;

/// Lists or checks corpora, or drafts the entry of one.
pub fn corpora(arguments: &CorporaArguments, common: &Common) -> Result<u8, CliError> {
    if let Some(CorporaCommand::Add(arguments)) = &arguments.command {
        return corpora_add::add(arguments, common);
    }
    let known = context::corpora_here(common)?;
    let corpora = &known.corpora;
    for name in &arguments.names {
        corpus_named(name, corpora, "there is no corpus")?;
    }
    let cache = context::cache(common, false)?;
    let mut text = String::new();
    let mut all_agree = true;
    let mut not_here: Vec<&str> = Vec::new();
    for (name, config) in &corpora.corpora {
        let named = arguments.names.contains(name);
        if !arguments.names.is_empty() && !named {
            continue;
        }
        let file = known.file.as_ref().filter(|_| known.of_file.contains(name));
        let from = file.map_or_else(|| BUILT_IN.to_string(), |file| file.display().to_string());
        match check_one(name, config, corpora, &cache, common.limits().file_bytes) {
            Ok(checked) => {
                all_agree &= checked.check.agrees();
                text.push_str(&if common.json {
                    json_line(&checked, &from)
                } else {
                    describe(&checked, config, &from)
                });
            }
            Err(error) => {
                all_agree &= !named;
                if common.json {
                    let line = serde_json::json!({
                        "corpus": name,
                        "from": from,
                        "present": false,
                        "reason": error.to_string(),
                    });
                    text.push_str(&format!("{line}\n"));
                } else if file.is_none() && known.file.is_some() && !named {
                    not_here.push(name);
                } else {
                    text.push_str(&format!(
                        "{name}: {} ({from})\n  {error}\n  get it from {}\n  licence: {}\n\n",
                        config.title, config.source, config.licence
                    ));
                }
            }
        }
    }
    if !not_here.is_empty() {
        text.push_str(&format!(
            "known and not here: {} (`pipe corpora NAME` says where to get one)\n",
            not_here.join(", ")
        ));
    }
    cache.files.save()?;
    print(&text)?;
    Ok(u8::from(!arguments.names.is_empty() && !all_agree))
}

/// What entries are from that are in no file of the user's.
const BUILT_IN: &str = "built in";

fn check_one(
    name: &str,
    config: &CorpusConfig,
    corpora: &Corpora,
    cache: &Cache,
    file_bytes: Limit,
) -> miette::Result<Checked> {
    let options = ListOptions {
        class_maps: corpora.classes.clone(),
        confinement: corpora.confinement.clone(),
        made_items: corpora.made_items,
        ..ListOptions::default()
    };
    let folder = &corpora.folder;
    let listing = match config.labels.is_empty() {
        // A corpus without classes is counted by its own labels, if it has some.
        true => corpus::list_by_own_labels(name, config, folder, &options, file_bytes)?.0,
        false => corpus::list(name, config, folder, &options, file_bytes)?,
    };
    let seconds = |source: &AudioSource| match source {
        AudioSource::File {
            segment_s: Some((start_s, end_s)),
            ..
        } if end_s.is_finite() => Some(end_s - start_s),
        AudioSource::File {
            path, segment_s, ..
        } => {
            let duration_s = file_content(path, &cache.files).ok()?.duration_s;
            let start_s = segment_s.map_or(0.0, |(start_s, _)| start_s);
            Some((duration_s - start_s).max(0.0))
        }
        AudioSource::Synthetic(utterance) => Some(utterance.duration_s()),
    };
    let total_s: f64 = listing
        .entries
        .iter()
        .filter_map(|entry| seconds(&entry.source))
        .sum();
    let mut check = corpus::check(name, config, &listing, Some(total_s / 3600.0));
    check.corpus = name.into();
    let bad = listing
        .bad()
        .map(|bad| (bad.what.as_str(), bad.reason.as_str()));
    Ok(Checked {
        check,
        causes: by_cause(bad, CAUSES_TOLD),
        warnings: listing.warnings,
    })
}

/// So many causes are named for which files or rows are unusable.
const CAUSES_TOLD: usize = 3;

/// A copy of a corpus against its official counts.
struct Checked {
    check: CountCheck,
    /// Why files or rows are unusable, most frequent cause first.
    causes: String,
    warnings: Vec<String>,
}

fn describe(checked: &Checked, config: &CorpusConfig, from: &str) -> String {
    let Checked {
        check,
        causes,
        warnings,
    } = checked;
    let against = |found: String, official: Option<String>| match official {
        Some(official) if official == found => found,
        Some(official) => format!("{found} of {official}"),
        None => found,
    };
    let count = |count: &corpus::Count| {
        against(
            count.found.to_string(),
            count.official.map(|n| n.to_string()),
        )
    };
    let length = |hours: f64| length_text(hours * 3600.0);
    let mut text = format!("{}: {} ({from})\n", check.corpus, config.title);
    text.push_str(&format!(
        "  utterances {}, speakers {}, {}; {} usable\n",
        count(&check.utterances),
        count(&check.speakers),
        against(
            length(check.hours.found.unwrap_or(0.0)),
            check.hours.official.map(length)
        ),
        check.usable,
    ));
    let labels: Vec<String> = check
        .labels
        .iter()
        .map(|(label, n)| format!("{label} {}", count(n)))
        .collect();
    if !labels.is_empty() {
        text.push_str(&format!("  {}\n", labels.join(", ")));
    }
    let left_out = check.dropped + check.bad;
    if left_out > 0 {
        text.push_str(&format!(
            "  {left_out} left out, {} of them unusable\n",
            check.bad
        ));
    }
    if !causes.is_empty() {
        text.push_str(&format!("  unusable: {causes}\n"));
    }
    for warning in warnings.iter().take(5) {
        text.push_str(&format!("  warning: {warning}\n"));
    }
    if warnings.len() > 5 {
        text.push_str(&format!(
            "  and {}\n",
            counted(warnings.len() - 5, "more warning")
        ));
    }
    text.push('\n');
    text
}

fn json_line(checked: &Checked, from: &str) -> String {
    let Checked {
        check,
        causes,
        warnings,
    } = checked;
    let count = |count: &corpus::Count| serde_json::json!({ "found": count.found, "official": count.official });
    let labels: serde_json::Map<String, serde_json::Value> = check
        .labels
        .iter()
        .map(|(label, n)| (label.clone(), count(n)))
        .collect();
    let line = serde_json::json!({
        "corpus": check.corpus,
        "from": from,
        "present": true,
        "agrees": check.agrees(),
        "utterances": count(&check.utterances),
        "speakers": count(&check.speakers),
        "hours": { "found": check.hours.found, "official": check.hours.official },
        "labels": labels,
        "usable": check.usable,
        "dropped": check.dropped,
        "bad": check.bad,
        "causes": causes,
        "warnings": warnings,
    });
    format!("{line}\n")
}
