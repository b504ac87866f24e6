//! From the declaration of an `ingest` to the stage: the corpora and the split table that it names are looked for.

use std::collections::HashSet;

use pipe_engine::manifest::{Declaration, Diagnostic, Diagnostics, suggest};
use pipe_engine::stage::Stage;
use pipe_foundation::regular_file;
use pipe_speech::corpus::{self, CorpusError, KeptColumns, LabelMap, ListOptions, synthetic};

use crate::stage::missing_file::missing_file;
use crate::stage::options::options;
use crate::stage::setting::Setting;

use super::Ingest;
use super::parameters::Options;

pub fn build(declaration: &Declaration, setting: &Setting) -> Result<Stage, Diagnostics> {
    let corpora = &setting.corpora;
    let mut diagnostics = Diagnostics::default();
    let options: Options = options(declaration)?;
    let choice = options.classes.clone().unwrap_or_default();
    let mut configs = Vec::new();
    let mut named = HashSet::new();
    for (path, name) in &declaration.named {
        let place = declaration.place_of(path);
        if !named.insert(name) {
            diagnostics.push(
                Diagnostic::new(
                    "manifest::duplicate",
                    format!("the corpus `{name}` is listed twice"),
                )
                .at(place, "the second one")
                .help("remove one of them"),
            );
            continue;
        }
        match corpora.corpora.get(name) {
            None => diagnostics.push(
                Diagnostic::new(
                    "manifest::unknown_corpus",
                    format!("there is no corpus `{name}`"),
                )
                .at(
                    place,
                    "expected a corpus of corpora.toml, or one that comes with the program",
                )
                .help(format!(
                    "{} (`pipe corpora add FOLDER` drafts the entry of a corpus of your own)",
                    suggest(name, corpora.corpora.keys().map(String::as_str))
                )),
            ),
            Some(config) => {
                let absent = match corpus::root_of(name, config, &corpora.folder) {
                    _ if config.reader == synthetic::READER => None,
                    result => result.err(),
                };
                if let Some(error) = absent {
                    diagnostics.push(
                        Diagnostic::new("manifest::missing_corpus", error.to_string())
                            .at(place, "this corpus was not found")
                            .help(format!(
                                "get {} from {} (licence: {}) and put it there; or change its `root` in corpora.toml, or give the folder of all corpora with --corpora FOLDER; --present continues with the corpora that exist",
                                config.title, config.source, config.licence
                            )),
                    );
                }
                let help = |error: &CorpusError| {
                    miette::Diagnostic::help(error).map(|help| help.to_string())
                };
                if let Err(error) = corpus::check_config(name, config) {
                    diagnostics.push(
                        Diagnostic::new("manifest::corpus", error.to_string())
                            .at(place, "its entry in corpora.toml is wrong")
                            .help_if(help(&error)),
                    );
                }
                let maps = &corpora.classes;
                if let Err(error) = LabelMap::new(name, config, &choice, maps) {
                    let (place, label) = match &error {
                        CorpusError::NoClassMap { .. }
                            if declaration.parameters.contains_key("classes") =>
                        {
                            (
                                declaration.place_of("classes"),
                                "not in corpora.toml for this corpus",
                            )
                        }
                        _ => (place, "its entry in corpora.toml does not fit"),
                    };
                    diagnostics.push(
                        Diagnostic::new("manifest::classes", error.to_string())
                            .at(place, label)
                            .help_if(help(&error)),
                    );
                }
                configs.push((name.clone(), config.clone()));
            }
        }
    }
    let split_file = options
        .split_file
        .as_ref()
        .map(|written| declaration.resolve("split_file", written));
    if let Some(path) = &split_file
        && let Err(error) = regular_file::check(path)
    {
        let table = format!("the split table {}", path.display());
        diagnostics.push(
            missing_file(&table, &error, declaration.place_of("split_file"))
                .help("the path is relative to the manifest it is written in; a run writes such tables as runs/<manifest>/<stage>/split.tsv"),
        );
    }
    let folder = corpora.folder.clone();
    diagnostics.or_ok(Stage::Source(Box::new(Ingest {
        corpora: configs,
        folder,
        list_options: ListOptions {
            classes: choice,
            class_maps: corpora.classes.clone(),
            columns: KeptColumns::Named(options.columns.clone().unwrap_or_default()),
            votes: options.votes,
        },
        options,
        split_file,
        file_bytes: setting.file_bytes,
    })))
}
