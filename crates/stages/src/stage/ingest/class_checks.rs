//! Whether the `classes` of an `ingest` are written so that its corpora can have them.

use std::collections::{BTreeMap, BTreeSet};

use pipe_engine::manifest::{Declaration, Diagnostic, Diagnostics, suggest};
use pipe_speech::corpus::{
    ClassChoice, ClassMap, CorpusConfig, CorpusError, DROPPED, LabelMap, VALENCE3, normalise,
};

/// Checks what is wrong with a table of classes whichever the corpora are.
pub fn check_table(choice: &ClassChoice, declaration: &Declaration, diagnostics: &mut Diagnostics) {
    let ClassChoice::Table(table) = choice else {
        return;
    };
    if table.keys().all(|list| list == DROPPED) {
        diagnostics.push(
            Diagnostic::new("manifest::classes", "`classes` lists no class")
                .at(declaration.place_of("classes"), "expected classes with their labels")
                .help("write { angry = [\"anger\"], happy = [\"happiness\", \"excitement\"] }, or \"none\" where no classes are to be learned"),
        );
    }
    let mut listed: BTreeMap<String, &str> = BTreeMap::new();
    for (class, labels) in table {
        if class.trim().is_empty() {
            diagnostics.push(
                Diagnostic::new("manifest::classes", "a class has an empty name")
                    .at(
                        declaration.place_of(&format!("classes.{class}")),
                        "the labels of this class",
                    )
                    .help("name the class; labels that no class lists are left out"),
            );
        }
        for (index, label) in labels.iter().enumerate() {
            let first = *listed.entry(normalise(label)).or_insert(class);
            if first != class {
                diagnostics.push(
                    Diagnostic::new(
                        "manifest::classes",
                        format!("the label `{label}` is listed for the classes `{first}` and `{class}`"),
                    )
                    .at(
                        declaration.place_of(&format!("classes.{class}.{index}")),
                        format!("`{first}` has it too"),
                    )
                    .help("keep it in one class; labels are compared ignoring case, hyphens and underscores"),
                );
            }
        }
    }
}

/// What is wrong with the classes of one corpus, at their place in the manifest where they are written there; `place` is
/// that of the corpus. None where [`check_table`] says it of all corpora.
pub fn refusal(
    error: &CorpusError,
    (corpus, config): (&str, &CorpusConfig),
    choice: &ClassChoice,
    maps: &BTreeMap<String, ClassMap>,
    declaration: &Declaration,
) -> Option<Diagnostic> {
    let help = miette::Diagnostic::help(error).map(|help| help.to_string());
    let diagnostic = Diagnostic::new("manifest::classes", error.to_string());
    let is_written = declaration.parameters.contains_key("classes");
    Some(match (error, choice) {
        (CorpusError::LabelTwice { .. }, ClassChoice::Table(_)) => return None,
        (CorpusError::LabelAndName { second, .. }, _) => diagnostic
            .at(
                declaration.place_of(&format!("classes.{second}")),
                "the second class",
            )
            .help_if(help),
        (CorpusError::NoClassMap { map, place, .. }, _) if is_written => diagnostic
            .at(
                declaration.place_of("classes"),
                "not in corpora.toml for this corpus",
            )
            .help(known_maps(map, place, (corpus, config), maps)),
        _ => {
            let of_corpus = declaration.named.iter().find(|(_, name)| name == corpus);
            let path = of_corpus.map_or("corpora", |(path, _)| path.as_str());
            let label = "its entry in corpora.toml does not fit";
            diagnostic
                .at(declaration.place_of(path), label)
                .help_if(help)
        }
    })
}

/// The names that `classes` may have for a corpus, and the nearest of them.
fn known_maps(
    written: &str,
    place: &str,
    (corpus, config): (&str, &CorpusConfig),
    maps: &BTreeMap<String, ClassMap>,
) -> String {
    let named = config.classes.keys().chain(maps.keys()).map(String::as_str);
    let all: BTreeSet<&str> = named.chain([VALENCE3]).collect();
    let fits = |name: &&str| {
        let choice = ClassChoice::Named((*name).to_owned());
        LabelMap::new(corpus, config, &choice, maps).is_ok()
    };
    let own: Vec<&str> = all.into_iter().filter(fits).collect();
    let known = [ClassChoice::NATIVE, ClassChoice::NONE].into_iter();
    let meant = suggest(written, known.chain(own.iter().copied()));
    let meant = match meant.ends_with('?') {
        true => format!("{meant} "),
        false => String::new(),
    };
    let own: String = own.iter().map(|name| format!(", \"{name}\"")).collect();
    format!(
        "{meant}`classes` may be \"native\" (the corpus's own labels), \"none\" (no classes){own}, or a table of classes and labels; or add {place} to corpora.toml"
    )
}

/// The labels that a corpus has: `found`, and what its entry calls them.
pub fn labels_of(config: &CorpusConfig, found: BTreeMap<String, usize>) -> BTreeSet<String> {
    let own: BTreeSet<String> = found.keys().map(|label| normalise(label)).collect();
    let named = config.names.iter();
    let named = named.filter(|(label, _)| own.contains(&normalise(label)));
    named
        .map(|(_, name)| name.clone())
        .chain(found.into_keys())
        .collect()
}

/// Labels of a table of classes that are none of `found`, those that the corpora have as written and by name.
pub fn unknown_labels(choice: &ClassChoice, found: &BTreeSet<String>) -> Vec<String> {
    let ClassChoice::Table(table) = choice else {
        return Vec::new();
    };
    if found.is_empty() {
        return Vec::new();
    }
    let known: BTreeSet<String> = found.iter().map(|label| normalise(label)).collect();
    let mut warnings = Vec::new();
    for (class, labels) in table {
        for label in labels.iter().filter(|l| !known.contains(&normalise(l))) {
            let nearest = suggest(label, found.iter().map(String::as_str));
            warnings.push(format!(
                "`{label}` of the class `{class}` is not a label of these corpora: {nearest}"
            ));
        }
    }
    warnings
}
