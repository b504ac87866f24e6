//! `pipe init`: a manifest to start from.

use std::fs::OpenOptions;
use std::io::Write;

use super::arguments::InitArguments;
use super::{CliError, print};

const TEMPLATE: &str = include_str!("../../pipelines/demo.toml");

/// Writes the demo manifest under another name.
pub fn init(arguments: &InitArguments) -> Result<u8, CliError> {
    let path = &arguments.manifest;
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = match file {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(CliError::Usage {
                message: format!("{} exists", path.display()),
                help: "name another file: pipe init my.toml".into(),
            });
        }
        Err(source) => {
            return Err(CliError::Output {
                what: path.display().to_string(),
                source,
            });
        }
    };
    file.write_all(TEMPLATE.as_bytes())
        .map_err(|source| CliError::Output {
            what: path.display().to_string(),
            source,
        })?;
    print(&format!(
        "wrote {}; run it with: pipe run {}\n",
        path.display(),
        path.display()
    ))?;
    Ok(0)
}
