//! The reference of all commands as one page of Markdown, from the definition that parses them.

use clap::{Arg, Command};

const HEAD: &str = "\
# Command reference

Every command with all of its arguments, from the definition that `pipe` parses them with: `pipe man --format markdown docs` writes this
page. [running.md](running.md) says what the commands are for. `pipe COMMAND --help` prints the same, `pipe man FOLDER` writes pages for
`man`, and `pipe completions SHELL` a script that completes them.
";

/// The page of `command`, which has been built, and all below it.
pub fn reference(command: &Command) -> String {
    let mut text = HEAD.to_owned();
    let own: Vec<&Arg> = arguments(command).collect();
    text.push_str("\n## Options of every command\n\n");
    list(own.into_iter(), &mut text);
    for below in command.get_subcommands() {
        add(below, "pipe", 2, &mut text);
    }
    text
}

fn add(command: &Command, above: &str, level: usize, text: &mut String) {
    let name = format!("{above} {}", command.get_name());
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    text.push_str(&format!(
        "\n{} {name}\n\n{}\n",
        "#".repeat(level),
        plain(&about)
    ));
    let mut usage = command.clone();
    let usage = usage.render_usage().to_string();
    let usage = usage.split_whitespace().skip(1).collect::<Vec<_>>();
    text.push_str(&format!("\nUsage: `{}`\n", usage.join(" ")));
    let mut own = arguments(command)
        .filter(|argument| !argument.is_global_set())
        .peekable();
    if own.peek().is_some() {
        text.push('\n');
        list(own, text);
    }
    for below in command.get_subcommands() {
        add(below, &name, level + 1, text);
    }
}

/// Those that people see, but for `--help` and `--version`, which need no words.
fn arguments(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_shown = |argument: &&Arg| {
        let id = argument.get_id().as_str();
        !argument.is_hide_set() && id != "help" && id != "version"
    };
    command.get_arguments().filter(is_shown)
}

fn list<'a>(arguments: impl Iterator<Item = &'a Arg>, text: &mut String) {
    for argument in arguments {
        let mut names = Vec::new();
        if let Some(long) = argument.get_long() {
            names.push(format!("--{long}"));
        }
        if let Some(short) = argument.get_short() {
            names.push(format!("-{short}"));
        }
        let takes = argument.get_action().takes_values();
        let value = argument.get_value_names().unwrap_or_default();
        let value = value.iter().map(|name| name.to_string());
        let value = value.collect::<Vec<_>>().join(" ");
        match names.first_mut() {
            Some(first) if takes => first.push_str(&format!(" {value}")),
            Some(_) => {}
            None => names.push(value),
        }
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let help = argument.get_long_help().or(argument.get_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("- {}: {}", names.join(", "), plain(&help)));
        let values = argument.get_possible_values();
        if takes && !values.is_empty() && !argument.is_hide_possible_values_set() {
            let values = values.iter().map(|value| format!("`{}`", value.get_name()));
            text.push_str(&format!(
                " One of {}.",
                values.collect::<Vec<_>>().join(", ")
            ));
        }
        let default = argument.get_default_values().iter();
        let default: Vec<String> = default
            .map(|value| format!("`{}`", value.to_string_lossy()))
            .collect();
        if takes && !default.is_empty() {
            text.push_str(&format!(" By default {}.", default.join(", ")));
        }
        text.push('\n');
    }
}

/// One paragraph that ends with a full stop; angle brackets, stars and square brackets would be markup, but for code.
fn plain(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts = words.split('`').enumerate();
    let parts = parts.map(|(at, part)| match at % 2 {
        0 => part
            .replace('<', "&lt;")
            .replace('*', "\\*")
            .replace('[', "\\["),
        _ => part.to_owned(),
    });
    let escaped = parts.collect::<Vec<String>>().join("`");
    match escaped.ends_with(['.', '?', '!']) || escaped.is_empty() {
        true => escaped,
        false => format!("{escaped}."),
    }
}
