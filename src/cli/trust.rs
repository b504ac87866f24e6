//! `pipe trust`: whose manifests may start programs and name files outside of their project.

use serde_json::json;

use crate::trust::TrustedFolders;

use super::arguments::{Common, TrustArguments};
use super::console::print;
use super::error::CliError;

/// Trusts a folder, no longer trusts it, or lists those that are trusted.
pub fn trust(arguments: &TrustArguments, common: &Common) -> Result<u8, CliError> {
    let mut trusted = TrustedFolders::load()?;
    let Some(folder) = &arguments.folder else {
        return list(&trusted, common);
    };
    // One that is gone can still be removed.
    let real = match folder.canonicalize() {
        Ok(real) if real.is_dir() => real,
        _ if arguments.remove => std::path::absolute(folder).unwrap_or_else(|_| folder.clone()),
        _ => {
            return Err(CliError::Usage {
                message: format!("{} is not a folder", folder.display()),
                help: "give the folder of a project, such as `pipe trust .`".into(),
            });
        }
    };
    let changed = match arguments.remove {
        true => trusted.remove(&real)?,
        false => trusted.add(&real)?,
    };
    let shown = real.display();
    let text = match (common.json, arguments.remove, changed) {
        (true, remove, _) => {
            json!({ "event": "trust", "folder": real, "trusted": !remove, "changed": changed })
                .to_string()
        }
        (false, true, true) => format!("{shown} is not trusted any more"),
        (false, true, false) => format!("{shown} was not trusted"),
        (false, false, true) => {
            format!("manifests in {shown} may start programs and name files anywhere")
        }
        (false, false, false) => format!("{shown} is trusted already"),
    };
    print(&format!("{text}\n"))?;
    Ok(0)
}

fn list(trusted: &TrustedFolders, common: &Common) -> Result<u8, CliError> {
    let mut text = String::new();
    for folder in &trusted.folders {
        text.push_str(&match common.json {
            true => format!("{}\n", json!({ "event": "trusted", "folder": folder })),
            false => format!("{}\n", folder.display()),
        });
    }
    if text.is_empty() && !common.json {
        text.push_str("no folder is trusted; `pipe trust FOLDER` trusts one\n");
    }
    print(&text)?;
    Ok(0)
}
