//! `pipe init`: a manifest to start from.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use super::arguments::InitArguments;
use super::built_in_corpora;
use super::console::print;
use super::context;
use super::error::CliError;

const TEMPLATE: &str = include_str!("../../pipelines/demo.toml");

/// Writes the demo manifest under another name, and a `corpora.toml` next to it where none would be found.
pub fn init(arguments: &InitArguments) -> Result<u8, CliError> {
    let path = &arguments.manifest;
    create(path, TEMPLATE)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut wrote = format!("wrote {}", path.display());
    if context::search(folder).is_none() {
        let corpora = folder.join("corpora.toml");
        create(&corpora, built_in_corpora::TEXT)?;
        wrote.push_str(&format!(" and {}", corpora.display()));
    }
    print(&format!(
        "{wrote}; run it with: pipe run {}\n",
        path.display()
    ))?;
    Ok(0)
}

fn create(path: &Path, text: &str) -> Result<(), CliError> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = match file {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(CliError::Usage {
                message: format!("{} already exists and was not changed", path.display()),
                help: "choose another file name: pipe init my.toml".into(),
            });
        }
        Err(reason) => {
            return Err(CliError::Output {
                what: path.display().to_string(),
                reason,
            });
        }
    };
    file.write_all(text.as_bytes())
        .map_err(|reason| CliError::Output {
            what: path.display().to_string(),
            reason,
        })
}
