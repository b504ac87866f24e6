//! From the declaration of an `ingest` to the stage: the corpora and the split table that it names are looked for.

use std::collections::{BTreeSet, HashSet};

use pipe_engine::manifest::{Declaration, Diagnostic, Diagnostics, OUTSIDE, suggest};
use pipe_engine::stage::Stage;
use pipe_foundation::regular_file;
use pipe_speech::corpus::protocol::FileList;
use pipe_speech::corpus::split::RECORDING;
use pipe_speech::corpus::{
    self, CorpusError, KeptColumns, LabelMap, ListOptions, Split, synthetic,
};

use crate::stage::missing_file::missing_file;
use crate::stage::options::options;
use crate::stage::setting::Setting;

use super::Ingest;
use super::class_checks::{check_table, refusal};
use super::parameters::Options;
use super::split_parameters::SplitChoice;
use super::splitting::{PublishedSource, Splitting};

pub fn build(declaration: &Declaration, setting: &Setting) -> Result<Stage, Diagnostics> {
    let corpora = &setting.corpora;
    let mut diagnostics = Diagnostics::default();
    let options: Options = options(declaration)?;
    let choice = options.classes.clone().unwrap_or_default();
    check_table(&choice, declaration, &mut diagnostics);
    let mut configs = Vec::new();
    let mut made = 0_u64;
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
                let confinement = &corpora.confinement;
                let is_made_up = config.reader == synthetic::READER;
                if let (false, Err(outside)) = (
                    is_made_up,
                    confinement.check_entry(
                        name,
                        &corpora.folder.join(&config.root),
                        &config.options,
                    ),
                ) {
                    let help = miette::Diagnostic::help(&outside);
                    let help = help.map(|help| format!("{help}, or --allow-paths for this once"));
                    diagnostics.push(
                        Diagnostic::new(OUTSIDE, outside.to_string())
                            .at(place, "leads out of the project")
                            .help_if(help),
                    );
                    continue;
                }
                let absent = match corpus::root_of(name, config, &corpora.folder) {
                    _ if is_made_up => None,
                    result => result.err(),
                };
                if let Some(error) = absent {
                    diagnostics.push(
                        Diagnostic::new("manifest::missing_corpus", error.to_string())
                            .at(place, "this corpus was not found")
                            .help(format!(
                                "get {} and put it there; or change its `root` in corpora.toml, or give the folder of all corpora with --corpora FOLDER; --present continues with the corpora that exist",
                                config.origin()
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
                if let Err(error) = LabelMap::new(name, config, &choice, maps)
                    && let Some(refusal) =
                        refusal(&error, (name.as_str(), config), &choice, maps, declaration)
                {
                    diagnostics.push(refusal);
                }
                if is_made_up {
                    let counted = ListOptions {
                        classes: choice.clone(),
                        class_maps: corpora.classes.clone(),
                        ..ListOptions::default()
                    };
                    // What is wrong with the entry is reported where it is listed.
                    made += synthetic::count(name, config, &counted).unwrap_or_default();
                }
                configs.push((name.clone(), config.clone()));
            }
        }
    }
    if let Some(exceeded) = setting.made_items.add(made) {
        let place = declaration.place_of("corpora");
        diagnostics.push(exceeded.at(place, "the utterances of these corpora are made up"));
    }
    let splitting = splitting(&options, declaration, &mut diagnostics);
    let kept = options.columns.clone().unwrap_or_default();
    let built_in = corpus::Utterance::BUILT_IN;
    let needed = options.split.attributes().into_iter();
    let only_to_split: BTreeSet<String> = needed
        .filter(|name| !built_in.contains(&name.as_str()) && name != RECORDING)
        .filter(|name| !kept.contains(name))
        .collect();
    let folder = corpora.folder.clone();
    let list_options = ListOptions {
        classes: choice,
        class_maps: corpora.classes.clone(),
        columns: KeptColumns::Named(kept.union(&only_to_split).cloned().collect()),
        votes: options.votes,
        confinement: corpora.confinement.clone(),
        made_items: corpora.made_items,
    };
    let names: Vec<&String> = configs.iter().map(|(name, _)| name).collect();
    let shared_key = format!("{names:?} {list_options:?} {}", options.max_duration_s);
    setting.shared_listings.announce(&shared_key);
    diagnostics.or_ok(Stage::Source(Box::new(Ingest {
        corpora: configs,
        folder,
        list_options,
        shared: setting.shared_listings.clone(),
        shared_key,
        options,
        splitting,
        only_to_split,
        file_bytes: setting.file_bytes,
    })))
}

/// How the stage splits; files that it names must be there.
fn splitting(
    options: &Options,
    declaration: &Declaration,
    diagnostics: &mut Diagnostics,
) -> Splitting {
    let mut file = |parameter: &str, written: &str, what: &str, help: &str| {
        let path = declaration.resolve(parameter, written);
        if let Err(error) = regular_file::check(&path) {
            let what = format!("{what} {}", path.display());
            let place = declaration.place_of(parameter);
            diagnostics.push(missing_file(&what, &error, place).help(help.to_owned()));
        }
        path
    };
    const RELATIVE: &str = "the path is relative to the manifest it is written in";
    if let Some(written) = &options.split_file {
        let help =
            format!("{RELATIVE}; a run writes such tables as runs/<manifest>/<stage>/split.tsv");
        return Splitting::Pinned(file("split_file", written, "the split table", &help));
    }
    match options.split.clone() {
        SplitChoice::One(split) => Splitting::One(split),
        SplitChoice::Fractions(fractions) => Splitting::Fractions(fractions),
        SplitChoice::Folds(folds) => Splitting::Folds {
            count: folds.folds,
            options: folds.options,
        },
        SplitChoice::LeaveOneOut(left) => Splitting::LeaveOneOut {
            attribute: left.leave_one_out,
            options: left.options,
        },
        SplitChoice::Protocol(protocol) => {
            let folder = declaration.resolve("split.folder", &protocol.folder);
            if !folder.is_dir() {
                diagnostics.push(
                    Diagnostic::new(
                        "manifest::missing_folder",
                        format!("the folder {} does not exist", folder.display()),
                    )
                    .at(declaration.place_of("split.folder"), "not found")
                    .help(format!(
                        "{RELATIVE}; get the data/<dataset> folder of EmoBox from https://github.com/emo-box/EmoBox"
                    )),
                );
            }
            Splitting::Published {
                source: PublishedSource::EmoBox {
                    folder,
                    fold: protocol.fold,
                },
                drawn: protocol.drawn,
            }
        }
        SplitChoice::Lists(lists) => {
            let own = &lists.lists;
            let of_splits = [
                (Split::Train, &own.train),
                (Split::Validation, &own.validation),
                (Split::Test, &own.test),
            ];
            let mut files = Vec::new();
            for (split, names) in of_splits {
                for (index, name) in names.iter().enumerate() {
                    let parameter = format!("split.lists.{}.{index}", split.name());
                    files.push(FileList {
                        split,
                        name: name.clone(),
                        path: file(&parameter, name, "the list", RELATIVE),
                    });
                }
            }
            Splitting::Published {
                source: PublishedSource::Lists(files),
                drawn: lists.drawn,
            }
        }
        SplitChoice::Table(table) => Splitting::Published {
            source: PublishedSource::Table {
                path: file("split.table", &table.table, "the table", RELATIVE),
                name: table.table,
                column: table.column,
            },
            drawn: table.drawn,
        },
        SplitChoice::Column(column) => Splitting::Column(column),
    }
}
