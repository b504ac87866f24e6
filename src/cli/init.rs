//! `pipe init`: a manifest to start from, or a project around one.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::arguments::InitArguments;
use super::console::print;
use super::context;
use super::error::CliError;

const DEMO: &str = include_str!("../../pipelines/demo.toml");

const CORPORA: &str = "\
# The corpora of this project, besides those that come with pipe: `pipe corpora` lists all of them.
# `pipe corpora add FOLDER --write` drafts an entry from your recordings or their table, and docs/corpora.md explains it.

# Where the folders of corpora are.
folder = \"corpora\"
";

/// What can be computed again, and recordings.
const IGNORED: &str = "/cache/\n/runs/\n/corpora/\n";

/// Writes the demo manifest under another name, and a `corpora.toml` next to it where none would be found; for a name that
/// is not a TOML file's, a folder with both.
pub fn init(arguments: &InitArguments) -> Result<u8, CliError> {
    let path = &arguments.path;
    match path
        .extension()
        .is_some_and(|extension| extension == "toml")
    {
        true => manifest(path),
        false => project(path),
    }
}

/// The demo manifest without the line that says where its schema is, which is elsewhere.
fn demo() -> &'static str {
    match DEMO.split_once('\n') {
        Some((first, rest)) if first.starts_with("#:schema") => rest,
        _ => DEMO,
    }
}

fn manifest(path: &Path) -> Result<u8, CliError> {
    create(path, demo())?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut wrote = format!("wrote {}", path.display());
    if context::search(folder).is_none() {
        let corpora = folder.join("corpora.toml");
        create(&corpora, CORPORA)?;
        wrote.push_str(&format!(" and {}", corpora.display()));
    }
    print(&format!(
        "{wrote}; run it with: pipe run {}\n",
        path.display()
    ))?;
    Ok(0)
}

fn project(folder: &Path) -> Result<u8, CliError> {
    fs::create_dir_all(folder).map_err(|reason| CliError::Output {
        what: folder.display().to_string(),
        reason,
    })?;
    let files = [
        ("pipeline.toml", demo()),
        ("corpora.toml", CORPORA),
        (".gitignore", IGNORED),
    ];
    // All or nothing: a project of somebody's own stays as it is.
    if let Some((name, _)) = (files.iter()).find(|(name, _)| folder.join(name).exists()) {
        return Err(exists(&folder.join(name)));
    }
    for (name, text) in files {
        create(&folder.join(name), text)?;
    }
    let shown = folder.display();
    print(&format!(
        "wrote {shown}: pipeline.toml, corpora.toml, .gitignore\nrun it with: cd {shown} && pipe run pipeline.toml\n"
    ))?;
    Ok(0)
}

fn exists(path: &Path) -> CliError {
    CliError::Usage {
        message: format!("{} already exists and was not changed", path.display()),
        help: "choose another name: pipe init my.toml for a manifest, pipe init my_project for a folder"
            .into(),
    }
}

fn create(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |reason| CliError::Output {
        what: path.display().to_string(),
        reason,
    };
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = match file {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(exists(path));
        }
        Err(reason) => return Err(failed(reason)),
    };
    file.write_all(text.as_bytes()).map_err(failed)
}
