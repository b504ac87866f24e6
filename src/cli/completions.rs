//! `pipe completions`: what a shell has to know to complete the words of commands.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell as Generator;

use super::arguments::Arguments;
use super::console::StandardOutput;
use super::error::CliError;
use super::manual_arguments::{CompletionsArguments, Shell};

/// Prints the script.
pub fn completions(arguments: &CompletionsArguments) -> Result<u8, CliError> {
    let generator = match arguments.shell {
        Shell::Bash => Generator::Bash,
        Shell::Zsh => Generator::Zsh,
        Shell::Fish => Generator::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(generator, &mut Arguments::command(), "pipe", &mut script);
    let mut out = StandardOutput;
    let written = out.write_all(&script).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::standard_output(error))
        }
        _ => Ok(0),
    }
}
