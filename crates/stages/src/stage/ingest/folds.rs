//! The folds that an `ingest` can be asked for: the values of an axis `{ folds_of = "STAGE" }`.

use pipe_engine::manifest::{Declaration, Diagnostic, Diagnostics, OUTSIDE};
use pipe_foundation::Limit;
use pipe_speech::corpus::protocol::emobox_folds;
use pipe_speech::corpus::split::left_out_values;
use pipe_speech::corpus::{
    self, ClassChoice, Corpora, Entry, KeptColumns, ListOptions, VoteRule, synthetic,
};
use serde_json::Value as Json;

use super::parameters::KIND;

/// The names of the folds that a declared stage can be asked for. To leave one out, corpora are listed by their names
/// alone; those that are missing are passed over where `present_only`.
///
/// # Errors
/// Where the stage has no folds, or they depend on what cannot be read.
pub fn folds(
    declaration: &Declaration,
    corpora: &Corpora,
    present_only: bool,
    file_bytes: Limit,
) -> Result<Vec<String>, Diagnostics> {
    let no_folds = |place, label: &str| {
        let message = format!("`{}` has no folds", declaration.stage);
        Diagnostic::new("manifest::folds", message).at(place, label)
    };
    if !std::ptr::eq(declaration.kind, &KIND) {
        let label = "only stages of kind \"ingest\" have folds";
        return Err(no_folds(&declaration.place, label).into());
    }
    let place = declaration.place_of("split");
    let failed = |error: &dyn miette::Diagnostic| -> Diagnostics {
        let help = error.help().map(|help| help.to_string());
        let outside = error
            .code()
            .filter(|code| code.to_string() == "corpus::outside");
        let code = outside.map_or("manifest::folds", |_| OUTSIDE);
        Diagnostic::new(code, error.to_string())
            .at(place, "the folds are those of this split")
            .help_if(help)
            .into()
    };
    let split = declaration.parameters.get("split");
    let field = |name: &str| split.and_then(|split| split.get(name));
    if let Some(count) = field("folds").and_then(Json::as_u64) {
        return Ok((1..=count).map(|fold| fold.to_string()).collect());
    }
    if field("protocol").is_some() {
        let folder = field("folder").and_then(Json::as_str).unwrap_or_default();
        let folder = declaration.resolve("split.folder", folder);
        return emobox_folds(&folder).map_err(|error| failed(&error));
    }
    let Some(attribute) = field("leave_one_out").and_then(Json::as_str) else {
        let label = "expected folds, leave_one_out or protocol in `split`";
        let help = "such as split = { leave_one_out = \"speaker\", fold = \"${matrix.fold}\" }";
        return Err(no_folds(place, label).help(help).into());
    };
    let classes = declaration.parameters.get("classes").cloned();
    let classes: Option<ClassChoice> = classes.and_then(|c| serde_json::from_value(c).ok());
    let votes = declaration.parameters.get("votes").cloned();
    let votes: Option<VoteRule> = votes.and_then(|votes| serde_json::from_value(votes).ok());
    let votes = votes.unwrap_or_default();
    let options = ListOptions {
        classes: classes.unwrap_or_default(),
        class_maps: corpora.classes.clone(),
        columns: KeptColumns::Named([attribute.to_owned()].into()),
        votes,
        confinement: corpora.confinement.clone(),
        made_items: corpora.made_items,
    };
    let mut entries: Vec<Entry> = Vec::new();
    for (_, name) in &declaration.named {
        // What is wrong with a corpus is reported with its stage.
        let Some(config) = corpora.corpora.get(name) else {
            continue;
        };
        let is_absent = config.reader != synthetic::READER
            && corpus::root_of(name, config, &corpora.folder).is_err();
        if is_absent && present_only {
            continue;
        }
        let listing = corpus::list(name, config, &corpora.folder, &options, file_bytes);
        entries.extend(listing.map_err(|error| failed(&error))?.entries);
    }
    if declaration.named.is_empty() {
        return Err(Diagnostic::new(
            "manifest::folds",
            format!(
                "the corpora of `{}` depend on the matrix",
                declaration.stage
            ),
        )
        .at(place, "so its folds cannot be listed")
        .help("name the corpora in the stage, or list the values of the axis")
        .into());
    }
    let entries: Vec<&Entry> = entries.iter().collect();
    let (names, _) = left_out_values(&entries, attribute).map_err(|error| failed(&error))?;
    Ok(names)
}
