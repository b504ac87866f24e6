//! Whether a manifest may start programs and name files outside of its project: said on the command line, by `pipe trust`,
//! or asked on a terminal.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::mem::ManuallyDrop;
use std::path::Path;

use miette::{Diagnostic, Report};
use pipe_engine::manifest::{Diagnostics, OUTSIDE};
use pipe_nn::model::Devices;

use crate::trust::{Project, TrustedFolders};
use pipe_stages::domain::SpeechPlan;
use pipe_stages::shell_words;
use pipe_stages::stage::why_no_sandbox;

use super::arguments::Common;
use super::command_line::command_line;
use super::console::print_error;
use super::context;
use super::error::CliError;
use super::run_arguments::RunArguments;
use super::visible::visible;

/// How many programs are shown before the user is asked.
const SHOWN: usize = 8;

/// The password of the key in a file, as the user types it; none where nobody can be asked.
pub fn ask_password(path: &Path, common: &Common) -> std::io::Result<Option<String>> {
    match can_ask(common) {
        true => rpassword::prompt_password(format!("Password of {}: ", path.display())).map(Some),
        false => Ok(None),
    }
}

/// The plan of a manifest that is to be run, once it may do what it asks for.
pub fn plan(
    arguments: &RunArguments,
    devices: Devices,
    common: &Common,
) -> Result<ManuallyDrop<SpeechPlan>, CliError> {
    let manifest = &arguments.manifest;
    let project = Project::of(&manifest.manifest);
    check_sandbox(arguments.sandbox)?;
    let plan = match context::plan_to_run(manifest, devices.clone(), arguments.sandbox, common) {
        Err(CliError::Manifest(problems)) if only_leads_out(&problems) && can_ask(common) => {
            for problem in problems.shown() {
                print_error(&format!("{:?}", Report::new(problem.clone())));
            }
            if !ask(&project)? {
                return Err(CliError::Manifest(problems));
            }
            context::plan_to_run(manifest, devices, arguments.sandbox, common)?
        }
        other => other?,
    };
    let lines = programs(&plan);
    if lines.is_empty() || arguments.allow_commands || TrustedFolders::load()?.trusts(&project) {
        return Ok(plan);
    }
    let lines = shown(&lines);
    if can_ask(common) {
        let manifest = &plan.manifest;
        print_error(&format!(
            "{manifest} starts programs, with your rights:\n{lines}"
        ));
        if ask(&project)? {
            return Ok(plan);
        }
    }
    Err(CliError::Untrusted {
        manifest: plan.manifest.clone(),
        project: shell_words::line([project.folder.to_string_lossy()]),
        lines,
    })
}

/// Makes sure that there can be a sandbox, if one is wanted.
pub fn check_sandbox(wanted: bool) -> Result<(), CliError> {
    match wanted.then(why_no_sandbox).flatten() {
        None => Ok(()),
        Some(reason) => Err(CliError::Usage {
            message: format!("there can be no sandbox: {reason}"),
            help: "install bubblewrap, and let it make user namespaces; or leave out --sandbox"
                .into(),
        }),
    }
}

/// Makes sure that `plan`, unpacked from a bundle into `folder`, starts no programs.
pub fn refuse_commands(plan: &SpeechPlan, folder: &Path) -> Result<(), CliError> {
    let lines = programs(plan);
    match lines.is_empty() {
        true => Ok(()),
        false => Err(CliError::Untrusted {
            manifest: plan.manifest.clone(),
            project: shell_words::line([folder.to_string_lossy()]),
            lines: shown(&lines),
        }),
    }
}

/// Whether paths out of the project are all that is wrong.
fn only_leads_out(problems: &Diagnostics) -> bool {
    let is_outside = |code: Box<dyn std::fmt::Display + '_>| code.to_string() == OUTSIDE;
    let mut shown = problems.shown().iter();
    problems.not_shown().is_none() && shown.all(|problem| problem.code().is_some_and(is_outside))
}

/// What the steps start, each line once, with the name of its stage.
fn programs(plan: &SpeechPlan) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let steps = plan.steps.iter();
    let lines =
        steps.filter_map(|step| Some((step.declaration.stage.clone(), command_line(step)?)));
    lines.filter(|line| seen.insert(line.clone())).collect()
}

fn shown(lines: &[(String, String)]) -> String {
    let indented = |line: &str| line.replace('\n', "\n      ");
    let mut text: Vec<String> = (lines.iter().take(SHOWN))
        .map(|(stage, line)| format!("  {stage}: {}", indented(line)))
        .collect();
    if let Some(more) = lines.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        text.push(format!("  and {more} more, which `pipe plan` shows"));
    }
    text.join("\n")
}

/// Whether somebody is there to answer.
pub fn can_ask(common: &Common) -> bool {
    !common.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks whether to trust `project` from now on, and writes the answer down if it is yes.
fn ask(project: &Project) -> Result<bool, CliError> {
    let mut terminal = std::io::stderr().lock();
    let folder = project.folder.display().to_string();
    let folder = visible(&folder);
    // If the question cannot be shown, there will be no answer.
    let _ = write!(terminal, "Do you trust {folder}, now and in future? [y/N] ");
    let _ = terminal.flush();
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    let is_yes = read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "Yes");
    if is_yes {
        TrustedFolders::load()?.add(&project.folder)?;
    }
    Ok(is_yes)
}
