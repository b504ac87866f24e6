//! `pipe corpora add`: an entry of `corpora.toml` for a folder or a table, printed or appended to the file.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use pipe_foundation::{Limit, regular_file};
use pipe_speech::corpus::Corpora;
use pipe_speech::corpus::proposal::propose;

use crate::trust::Project;
use pipe_stages::shell_words;

use super::arguments::Common;
use super::built_in_corpora::built_in_corpora;
use super::console::{print, print_error};
use super::context::{self, KnownCorpora};
use super::corpora_arguments::CorporaAddArguments;
use super::error::CliError;

/// What a new `corpora.toml` begins with.
const START: &str = "# Corpora of this project, on top of those that come with the program: see `pipe corpora`.\n\n# The folder of all corpora, relative to this file. Roots below are relative to it.\nfolder = \"corpora\"\n";

/// Proposes an entry, and prints it or appends it.
pub fn add(arguments: &CorporaAddArguments, common: &Common) -> Result<u8, CliError> {
    let limits = common.limits();
    let known = context::corpora_here(common)?;
    let mut proposal = propose(&arguments.path, &built_in_corpora(), limits.file_bytes)?;
    if let Some(name) = &arguments.name {
        proposal.name.clone_from(name);
    }
    let name = &proposal.name;
    let file = known
        .file
        .clone()
        .unwrap_or_else(|| context::own_file(common));
    if known.of_file.contains(name) {
        return Err(CliError::Usage {
            message: format!("{} has a corpus `{name}` already", file.display()),
            help: taken(&known, name, &arguments.path),
        });
    }
    if known.corpora.corpora.contains_key(name) {
        print_error(&format!(
            "`{name}` is the name of a corpus that comes with the program, in whose place this one would come: {}",
            taken(&known, name, &arguments.path)
        ));
    }
    let folder = std::path::absolute(&known.corpora.folder);
    let folder = folder.unwrap_or_else(|_| known.corpora.folder.clone());
    let entry = proposal.to_toml(&folder);
    check(&format!("{START}{entry}"), name, &file)?;
    if !arguments.write {
        print(&entry)?;
        print_error(&format!(
            "look at it, and append it to {} with --write",
            file.display()
        ));
        return Ok(0);
    }
    append(&file, &known, &entry, name, limits.manifest_bytes)?;
    print(&format!(
        "appended [corpus.{name}] to {}; compare it with the files: pipe corpora {name}\n",
        file.display()
    ))?;
    if !known.corpora.confinement.allows(&arguments.path) {
        let project = Project::of(&file).folder;
        print_error(&format!(
            "it is outside of the project, which has to be trusted to use it: pipe trust {}",
            shell_words::line([project.to_string_lossy()])
        ));
    }
    Ok(0)
}

/// What to do about a name that is taken: most likely the folder is a copy of that corpus.
fn taken(known: &KnownCorpora, name: &str, path: &Path) -> String {
    let entry = known.corpora.corpora.get(name);
    let place = entry.map(|entry| known.corpora.folder.join(&entry.root));
    let copy = match &place {
        Some(place) if is_same(place, path) => {
            format!(
                "this folder is where its entry has it, and `pipe corpora {name}` compares it with the entry"
            )
        }
        Some(place) => format!(
            "if this is a copy of that corpus, its entry can read it: put it at {}, and `pipe corpora {name}` compares them",
            place.display()
        ),
        None => "change the entry by hand".into(),
    };
    format!("{copy}; for another corpus give another name with --name")
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Refuses what could not be read again, such as a name that is none.
fn check(text: &str, name: &str, file: &Path) -> Result<(), CliError> {
    let unreadable = |error: toml::de::Error| CliError::Usage {
        message: format!(
            "with [corpus.{name}], {} could not be read: {}",
            file.display(),
            error.message()
        ),
        help: "it was not changed; choose another name with --name, or write the entry by hand"
            .into(),
    };
    Corpora::parse(text).map(|_| ()).map_err(unreadable)
}

/// Appends the entry; what is in the file stays as it is.
fn append(
    file: &Path,
    known: &KnownCorpora,
    entry: &str,
    name: &str,
    file_bytes: Limit,
) -> Result<(), CliError> {
    let failed = |reason: std::io::Error| CliError::Output {
        what: file.display().to_string(),
        reason,
    };
    let (present, start) = match known.file {
        Some(_) => {
            let text = regular_file::read_text(file, file_bytes);
            (text.map_err(|error| failed(error.into_io()))?, "")
        }
        None => (String::new(), START),
    };
    let line_end = match present.is_empty() || present.ends_with('\n') {
        true => "",
        false => "\n",
    };
    let addition = format!("{start}{line_end}\n{entry}");
    check(&format!("{present}{addition}"), name, file)?;
    let mut options = OpenOptions::new();
    match known.file {
        Some(_) => options.append(true),
        None => options.write(true).create_new(true),
    };
    let mut open = match options.open(file) {
        Ok(open) => open,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(CliError::Usage {
                message: format!("{} appeared meanwhile and was not changed", file.display()),
                help: "run the same again".into(),
            });
        }
        Err(error) => return Err(failed(error)),
    };
    open.write_all(addition.as_bytes()).map_err(failed)
}
