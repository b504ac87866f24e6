//! Arguments of what is made of the command line itself: `completions` and `man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// A shell that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
}

/// The form of a manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ManualFormat {
    /// A page for man for each command: pipe.1, pipe-run.1 and so on.
    Man,
    /// One page for all commands: reference.md.
    Markdown,
}

/// Arguments of `completions`.
#[derive(Args)]
pub struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Args)]
pub struct ManArguments {
    /// The folder to write into, such as ~/.local/share/man/man1.
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// The form: pages for man, or one page of Markdown.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = ManualFormat::Man)]
    pub format: ManualFormat,
}
