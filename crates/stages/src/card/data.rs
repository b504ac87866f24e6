//! What the model learned from: corpora, languages, classes, licences.

use pipe_report::{Align, Markdown};
use pipe_speech::corpus::CorpusConfig;
use serde_json::Value as Json;

use crate::predict::command_line;

use super::content::Card;

/// Writes the sections on data.
pub(super) fn write(card: &Card<'_>, text: &mut Markdown) {
    text.heading(2, "Training data");
    let corpora = card.utterances();
    if corpora.is_empty() {
        text.paragraph("The file does not say what it was trained on.");
        return;
    }
    let rows: Vec<Vec<String>> = corpora
        .iter()
        .map(|(name, counts)| {
            let config = card.corpus(name);
            let of = |field: fn(&CorpusConfig) -> &str| config.map_or("unknown", field).to_owned();
            let mut row = vec![
                (*name).to_owned(),
                of(|config| &config.title),
                of(|config| &config.language),
            ];
            row.extend(counts.map(|count| count.to_string()));
            row.push(of(|config| &config.source));
            row
        })
        .collect();
    text.table(
        &[
            ("corpus", Align::Left),
            ("title", Align::Left),
            ("language", Align::Left),
            ("train", Align::Right),
            ("validation", Align::Right),
            ("test", Align::Right),
            ("source", Align::Left),
        ],
        &rows,
    );
    text.paragraph(
        "Utterances in each split. Those of train were learned from; those of validation decided which epoch was kept \
         and when training ended; those of test were not used in training. Titles, languages and sources are those of \
         corpora.toml; corpora that it does not list have none.",
    );
    if has_stage(card, "augment") {
        text.paragraph("The counts include copies made by an augment stage.");
    }
    classes(card, text);
    licences(card, text);
}

/// Whether a stage of this kind comes before training.
pub(super) fn has_stage(card: &Card<'_>, kind: &str) -> bool {
    let stages = card.config.feature_options.as_array();
    stages.is_some_and(|stages| stages.iter().any(|stage| stage["kind"] == kind))
}

/// Which labels count as which class.
fn classes(card: &Card<'_>, text: &mut Markdown) {
    let classes = &card.config.classes;
    let (rows, source) = match card.config.provenance["labels"].as_object() {
        Some(corpora) => {
            let row = |(name, labels): (&String, &Json)| {
                let lists = classes.iter().map(|class| {
                    let labels = labels[class].as_array().into_iter().flatten();
                    let labels: Vec<&str> = labels.filter_map(Json::as_str).collect();
                    labels.join(", ")
                });
                [name.clone()].into_iter().chain(lists).collect()
            };
            let rows: Vec<Vec<String>> = corpora.iter().map(row).collect();
            (rows, "As they were in the training data.")
        }
        None => {
            let row = |name: &str| {
                let labels = &card.corpus(name)?.labels;
                let lists = [&labels.positive, &labels.neutral, &labels.negative];
                let lists = lists.map(|list| list.join(", "));
                Some([vec![name.to_owned()], lists.to_vec()].concat())
            };
            let corpora = card.training_corpora();
            let rows = corpora.into_iter().filter_map(row).collect();
            let source = "As mapped by corpora.toml when this card was written.";
            (rows, source)
        }
    };
    if rows.is_empty() {
        return;
    }
    text.heading(3, "Labels behind the classes");
    let heads = classes.iter().map(|class| (class.as_str(), Align::Left));
    let heads: Vec<(&str, Align)> = [("corpus", Align::Left)].into_iter().chain(heads).collect();
    text.table(&heads, &rows);
    text.paragraph(source);
}

/// Terms of the corpora, and what they may mean for the model.
fn licences(card: &Card<'_>, text: &mut Markdown) {
    text.heading(2, "Licences");
    let corpora = card.training_corpora().into_iter().map(|name| {
        let config = card.corpus(name);
        let licence = config.map_or("not known", |config| config.licence.as_str());
        (name.to_owned(), licence)
    });
    let rows: Vec<Vec<String>> = corpora
        .chain(foreign_steps(card))
        .map(|(name, licence)| vec![name, licence.to_owned(), terms(licence).to_owned()])
        .collect();
    text.table(
        &[
            ("corpus, model or program", Align::Left),
            ("licence", Align::Left),
            ("reading", Align::Left),
        ],
        &rows,
    );
    let limited: Vec<&str> = rows
        .iter()
        .filter(|row| row[2].starts_with("non-commercial"))
        .map(|row| row[0].as_str())
        .collect();
    let unclear: Vec<&str> = rows
        .iter()
        .filter(|row| row[2].starts_with("check"))
        .map(|row| row[0].as_str())
        .collect();
    let mut notes = Vec::new();
    if !limited.is_empty() {
        notes.push(format!(
            "Non-commercial or research only: {}. Treat the model as bound by the same terms unless you know otherwise.",
            limited.join(", ")
        ));
    }
    if !unclear.is_empty() {
        notes.push(format!("Check the terms first: {}.", unclear.join(", ")));
    }
    notes.push(
        "The middle column quotes corpora.toml and the manifest; the last one is derived from its wording alone. Neither is legal advice."
            .to_owned(),
    );
    text.list(&notes);
}

/// Models and programs of others that the features went through, with their licences.
fn foreign_steps<'a>(card: &'a Card<'_>) -> Vec<(String, &'a str)> {
    let stages = card.config.feature_options.as_array();
    let foreign = stages.into_iter().flatten().filter_map(|stage| {
        let name = match stage["kind"].as_str()? {
            "embed" => {
                let digest = stage["files"]["model"].as_str().unwrap_or_default();
                format!(
                    "features: model in ONNX, BLAKE3 {}",
                    &digest[..digest.len().min(12)]
                )
            }
            "command" => format!("features: `{}`", command_line(stage)),
            "import" => "features: imported".to_owned(),
            _ => return None,
        };
        let licence = stage["parameters"]["licence"].as_str();
        Some((name, licence.unwrap_or("not known")))
    });
    foreign.collect()
}

/// What the words of a licence say about use.
fn terms(licence: &str) -> &'static str {
    let lower = licence.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let has = |word: &str| words.contains(&word);
    if has("nc") || has("research") || has("noncommercial") || lower.contains("non-commercial") {
        "non-commercial or research only"
    } else if lower.contains("none needed") {
        "no limits"
    } else if has("none") || lower.contains("not known") || has("paid") || words.is_empty() {
        "check the terms"
    } else {
        "no limit on research in this wording"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_read_by_their_words() {
        for (licence, expected) in [
            ("CC BY-NC-SA 4.0", "non-commercial"),
            ("signed release form, research only", "non-commercial"),
            ("free for research after registration", "non-commercial"),
            (
                "none stated with the files; see the home page",
                "check the terms",
            ),
            ("paid, Linguistic Data Consortium", "check the terms"),
            ("not known", "check the terms"),
            ("none needed (generated)", "no limits"),
            ("ODbL 1.0, contents DbCL 1.0", "no limit on research"),
        ] {
            assert!(
                terms(licence).starts_with(expected),
                "{licence}: {}",
                terms(licence)
            );
        }
    }
}
