//! README.md and docs/ hold what they say: commands run and print what is shown, manifests plan, links lead somewhere, and
//! names and numbers are those of the program.
//!
//! Commands run in a copy of the project, README.md first: its run of the demo serves the others. A comment before a block
//! says what is special about it:
//!
//! | comment | meaning |
//! |---|---|
//! | `<!-- not run: REASON -->` | it cannot run here; the test prints how many such blocks there are |
//! | `<!-- run: exit 2 -->` | the last command ends with 2 |
//! | `<!-- run: any order -->` | lines may come in any order, as those of steps that run side by side |
//! | `<!-- run: within 0.5 -->` | numbers may differ by so much; they are the same otherwise |
//! | `<!-- run: stage train -->` | the keys belong to this stage of `documents/frame.toml` |
//! | `<!-- run: lacks models/x.onnx -->` | a file that a reader has to bring is all that the manifest lacks |
//! | `<!-- run: saved as x.toml -->` | the text is written to this file, where the next commands run |
//! | `<!-- run: configuration -->` | the text is a user's configuration |
//! | `<!-- run: folder other -->` | this block and those after it run in a folder beside the project |
//! | `<!-- beside: TOML -->` | what makes a manifest of the block |
//!
//! Parts are separated by semicolons. `...` stands for any lines, or for any words in a line. Times, dates and digests may
//! differ. A block that is written to a file with a name that is no manifest's is only written.
//!
//! `PIPE_DOCUMENTS=FOLDER` checks other texts than those of the project, `PIPE_DOCUMENTS_ONLY=NAME` runs one of them, and
//! `PIPE_DOCUMENTS_DEMO=FOLDER` keeps the project after README.md for the next time: `tests/mutate_documents.py` uses them.

mod compare;
mod facts;
mod manifests;
mod markdown;
mod names;
mod project;
mod stated;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use markdown::Block;
use project::Project;

/// What is read first: its run of the demo serves the others.
const FIRST: &str = "README.md";

/// The folder of the documents.
fn folder() -> PathBuf {
    std::env::var_os("PIPE_DOCUMENTS")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// README.md, CONTRIBUTING.md and what is in docs/, by name, with their texts.
fn documents() -> BTreeMap<String, String> {
    let mut names = vec![FIRST.to_string(), "CONTRIBUTING.md".to_string()];
    for entry in fs::read_dir(folder().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            names.push(format!("docs/{name}"));
        }
    }
    let read = |name: String| {
        let text = fs::read_to_string(folder().join(&name)).unwrap();
        (name, text)
    };
    names.into_iter().map(read).collect()
}

/// How many blocks there are of each fate.
#[derive(Default)]
struct Tally {
    commands: usize,
    manifests: usize,
    data: usize,
    not_run: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

#[test]
fn commands_and_manifests_do_what_is_shown() {
    let only = std::env::var_os("PIPE_DOCUMENTS_ONLY").map(|name| name.into_string().unwrap());
    let kept = std::env::var_os("PIPE_DOCUMENTS_DEMO").map(PathBuf::from);
    let mut project = Project::new();
    let mut tally = Tally::default();
    let documents = documents();
    let rest = documents.keys().filter(|name| *name != FIRST);
    let mut has_demo = false;
    if let Some(kept) = kept.as_deref().filter(|kept| kept.is_dir()) {
        copy_all(&kept.join("."), &project.root());
        has_demo = true;
    }
    for name in [FIRST.to_string()].iter().chain(rest) {
        let is_asked_for = only.as_ref().is_none_or(|only| only == name);
        if !is_asked_for && (name != FIRST || has_demo) {
            continue;
        }
        if name == FIRST && has_demo {
            // It shows a first run.
            project = Project::new();
        }
        let start = Instant::now();
        project.at = project.root();
        let blocks =
            markdown::blocks(&documents[name]).unwrap_or_else(|what| panic!("{name}: {what}"));
        for block in &blocks {
            check(name, block, &mut project, &mut tally);
        }
        println!(
            "{name}: {} blocks in {:.1} s",
            blocks.len(),
            start.elapsed().as_secs_f64()
        );
        if let Some(kept) = kept
            .as_deref()
            .filter(|kept| name == FIRST && !kept.is_dir())
        {
            copy_all(&project.root(), kept);
        }
    }
    let marked: usize = tally.not_run.values().sum();
    println!(
        "{} commands run, {} manifests and parts planned, {} blocks of data read; {marked} blocks are marked as not run:",
        tally.commands, tally.manifests, tally.data
    );
    for (reason, count) in &tally.not_run {
        println!("  {count:3} {reason}");
    }
    assert!(
        tally.wrong.is_empty(),
        "{}\n\n{} wrong",
        tally.wrong.join("\n\n"),
        tally.wrong.len()
    );
    assert!(only.is_some() || tally.commands > 40 && tally.manifests > 20);
}

fn copy_all(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(
        copied.unwrap().success(),
        "{} to {}",
        from.display(),
        to.display()
    );
}

/// Checks one block.
fn check(document: &str, block: &Block, project: &mut Project, tally: &mut Tally) {
    let place = format!("{document}, line {}", block.line);
    let how = &block.how;
    if let Some(folder) = &how.folder {
        project.go_beside(folder);
    }
    if let Some(name) = &how.saved_as {
        let path = project.at.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &block.text).unwrap();
        tally.data += 1;
        return;
    }
    let checked = match (block.language.as_str(), &how.not_run) {
        ("toml", None) if how.configuration => {
            tally.data += 1;
            let source = pipe_engine::source::Source::new("config.toml", block.text.as_str());
            let read = pipe::configuration::Configuration::parse(&source);
            read.map(|_| ()).map_err(|problems| format!("{problems:?}"))
        }
        ("toml", None) => {
            tally.manifests += 1;
            manifests::check(block, project)
        }
        ("toml", Some(_)) => {
            *tally
                .not_run
                .entry(how.not_run.clone().unwrap_or_default())
                .or_default() += 1;
            toml::from_str::<toml::Table>(&block.text)
                .map(|_| ())
                .map_err(|error| error.to_string())
        }
        (_, Some(reason)) => {
            *tally.not_run.entry(reason.clone()).or_default() += 1;
            Ok(())
        }
        ("console" | "sh", None) => run(block, project, tally),
        ("json", None) => {
            tally.data += 1;
            block.text.lines().try_for_each(check_event)
        }
        ("text", None) => Ok(()),
        (language, None) => Err(format!(
            "a block of `{language}` is neither run nor marked as not run"
        )),
    };
    if let Err(what) = checked {
        tally.wrong.push(format!("{place}: {what}"));
    }
}

/// Holds an event against the schema of events.
fn check_event(line: &str) -> Result<(), String> {
    let event = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let schema = include_str!("../../docs/events.schema.json");
    super::json_schema::check(&serde_json::from_str(schema).unwrap(), &event)
}

/// Runs the commands of a block.
fn run(block: &Block, project: &mut Project, tally: &mut Tally) -> Result<(), String> {
    let commands = markdown::commands(block);
    if commands.is_empty() {
        return Err("there is no command in it".into());
    }
    let last = commands.len() - 1;
    for (index, command) in commands.iter().enumerate() {
        tally.commands += 1;
        let outcome = project.run(&command.typed);
        let code = if index == last { block.how.exit } else { 0 };
        let told = || format!("$ {}\n{}", command.typed, outcome.printed);
        if outcome.code != Some(code) {
            return Err(format!(
                "exit code {:?} instead of {code}:\n{}",
                outcome.code,
                told()
            ));
        }
        if block.language == "console" {
            compare::compare(
                &command.printed,
                &outcome.printed,
                block.how.within,
                block.how.any_order,
            )
            .map_err(|what| format!("{what}\nbut this:\n{}", told()))?;
        }
    }
    Ok(())
}
