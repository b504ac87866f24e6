//! `pipe man`: the manual of every command, as pages of man or as one page of Markdown.

use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use pipe_foundation::durable;
use pipe_foundation::system::RealSystem;

use super::arguments::Arguments;
use super::console::print;
use super::error::CliError;
use super::lines::counted;
use super::manual_arguments::{ManArguments, ManualFormat};
use super::reference::reference;

/// Writes the manual into a folder.
pub fn man(arguments: &ManArguments) -> Result<u8, CliError> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let pages = match arguments.format {
        ManualFormat::Man => {
            let mut pages = Vec::new();
            add_pages(&command, &mut pages)?;
            pages
        }
        ManualFormat::Markdown => vec![("reference.md".to_owned(), reference(&command))],
    };
    let folder = &arguments.folder;
    for (name, text) in &pages {
        let path = folder.join(name);
        durable::write(&RealSystem, &path, text.as_bytes())
            .map_err(|reason| failed(&path, reason))?;
    }
    let pages = counted(pages.len(), "page");
    print(&format!("{}: {pages}\n", folder.display()))?;
    Ok(0)
}

/// The pages of a command and of those below it, each with the name of its file.
fn add_pages(command: &Command, pages: &mut Vec<(String, String)>) -> Result<(), CliError> {
    for below in command.get_subcommands() {
        add_pages(below, pages)?;
    }
    let page = Man::new(command.clone());
    let name = page.get_filename();
    let mut text = Vec::new();
    let rendered = page.render(&mut text);
    rendered.map_err(|reason| failed(Path::new(&name), reason))?;
    pages.push((name, String::from_utf8_lossy(&text).into_owned()));
    Ok(())
}

fn failed(path: &Path, reason: std::io::Error) -> CliError {
    CliError::Output {
        what: path.display().to_string(),
        reason,
    }
}
