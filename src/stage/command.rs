//! `command`: any program as a stage, once over whole sets or once for each item.

mod combination;
mod exchange;
mod placeholders;
mod process;

use std::collections::BTreeMap;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miette::Diagnostic;
use pipe_foundation::progress::Progress;
use pipe_speech::corpus::Corpora;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use thiserror::Error;

use crate::artifact::{ArtifactKind, ItemData, KeyMaterial, input_names};
use crate::manifest::{
    Declaration, Gathers, Kind, Parameter, Problem, Problems, Shape, variant_folder,
};

use super::{
    DeclaredFile, InputOrigin, Interrupted, ItemContext, ItemCopy, ItemError, ItemStage, MAX_BAD,
    STORE, Stage, WholeContext, WholeStage,
};

use exchange::{hand_over, input_name, read_item, write_item};
use process::{collect, tail_of, wait};

const ANY: &[ArtifactKind] = &[
    ArtifactKind::Audio,
    ArtifactKind::Features,
    ArtifactKind::Model,
    ArtifactKind::Evaluation,
    ArtifactKind::Probe,
    ArtifactKind::Map,
    ArtifactKind::Report,
    ArtifactKind::Files,
];
const ITEMS: &[ArtifactKind] = &[
    ArtifactKind::Audio,
    ArtifactKind::Features,
    ArtifactKind::Files,
];

pub static KIND: Kind = Kind {
    name: "command",
    version: 1,
    doc: "Runs a program: once, with declared inputs and outputs; or once per item with `for_each`. It runs in the manifest's folder.",
    parameters: &[
        Parameter::required(
            "run",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "A line for `sh -c`, or a list of program and arguments. {input} and {output} name the item's files; {NAME} an input's folder, {out} the folder for outputs.",
        ),
        Parameter::optional(
            "for_each",
            Shape::Input(ITEMS),
            "The stage whose items are handed over one by one: audio as 32-bit float WAV, features as safetensors.",
        ),
        Parameter::default(
            "inputs",
            Shape::Map(&Shape::Input(ANY)),
            "{}",
            "Names and the stages whose results are handed over as folders; a variant lies in a folder `axis=value` within, whose name enters the key.",
        ),
        Parameter::default(
            "files",
            Shape::List(&Shape::Path),
            "[]",
            "Files that the program reads, such as its script; their content enters the key. When one changes while the program runs, the result is not kept and the step is made again by the next run.",
        ),
        Parameter::default(
            "outputs",
            Shape::List(&Shape::Text),
            "[]",
            "Files that must be in {out} afterwards.",
        ),
        Parameter::default(
            "makes",
            Shape::Choice(&["audio", "features", "files"]),
            "\"files\"",
            "What {output} holds with `for_each`.",
        ),
        Parameter::default(
            "environment",
            Shape::Map(&Shape::Text),
            "{}",
            "Environment variables set for the program.",
        ),
        MAX_BAD,
        STORE,
    ],
    gathers: Gathers::Without("for_each"),
    output,
    validate: combination::validate,
};

fn output(parameters: &Map<String, Json>) -> ArtifactKind {
    match parameters.get("makes").and_then(Json::as_str) {
        Some("audio") => ArtifactKind::Audio,
        Some("features") => ArtifactKind::Features,
        _ => ArtifactKind::Files,
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Shell(String),
    Program(Vec<String>),
}

#[derive(Deserialize)]
struct Options {
    run: Line,
    for_each: Option<String>,
    inputs: BTreeMap<String, String>,
    outputs: Vec<String>,
    environment: BTreeMap<String, String>,
}

/// Why a command did not do its work.
#[derive(Debug, Error, Diagnostic)]
enum CommandError {
    #[error("cannot start `{program}`: {reason}")]
    #[diagnostic(
        code(command::start),
        help("check that the program is installed and on the PATH")
    )]
    Start {
        program: String,
        reason: std::io::Error,
    },
    #[error("the command ended with {status}\n{tail}")]
    #[diagnostic(code(command::failed), help("run it by hand: {line}"))]
    Failed {
        status: String,
        tail: String,
        line: String,
    },
    #[error("the command did not write `{name}` as a regular file")]
    #[diagnostic(
        code(command::no_output),
        help("it must write every file of `outputs` into {{out}}")
    )]
    NoOutput { name: String },
    #[error("cannot prepare {}: {reason}", path.display())]
    #[diagnostic(code(command::prepare))]
    Prepare {
        path: PathBuf,
        reason: std::io::Error,
    },
    #[error("{0}")]
    #[diagnostic(code(command::item))]
    Item(String),
    #[error("interrupted")]
    #[diagnostic(code(run::interrupted))]
    Stopped,
}

struct CommandStage {
    options: Options,
    files: Vec<DeclaredFile>,
    folder: PathBuf,
    makes: ArtifactKind,
}

pub fn build(declaration: &Declaration, _corpora: &Corpora) -> Result<Stage, Problems> {
    let options: Options = super::options(declaration)?;
    let mut problems = Problems::default();
    let mut files = Vec::new();
    for (index, written) in declaration.parameters["files"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let written = written.as_str().unwrap_or_default();
        let path = declaration.resolve(&format!("files.{index}"), written);
        if !path.is_file() {
            problems.push(
                Problem::new(
                    "manifest::missing_file",
                    format!("there is no file {}", path.display()),
                )
                .at(declaration.place_of(&format!("files.{index}")), "not found")
                .help("the path is relative to the manifest it is written in"),
            );
        }
        files.push(DeclaredFile {
            name: written.to_string(),
            path,
        });
    }
    let folder = declaration.resolve("run", "");
    let folder = if folder.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        folder
    };
    let stage = CommandStage {
        makes: output(&declaration.parameters),
        files,
        folder,
        options,
    };
    let stage = match stage.options.for_each {
        Some(_) => Stage::Items(Box::new(stage)),
        None => Stage::Whole(Box::new(stage)),
    };
    problems.or_ok(stage)
}

impl CommandStage {
    /// Runs the program with `{name}` replaced, in a process group of its own so that stopping reaches all of it.
    fn execute(
        &self,
        places: &BTreeMap<String, PathBuf>,
        progress: &dyn Progress,
    ) -> Result<(), CommandError> {
        let (program, arguments) = match &self.options.run {
            Line::Shell(line) => (
                "sh".to_string(),
                vec!["-c".to_string(), placeholders::fill_shell(line, places)],
            ),
            Line::Program(parts) => {
                let mut parts = parts.iter().map(|part| placeholders::fill(part, places));
                (parts.next().unwrap_or_default(), parts.collect())
            }
        };
        let mut command = Command::new(&program);
        command
            .args(&arguments)
            .current_dir(&self.folder)
            .envs(&self.options.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().map_err(|reason| CommandError::Start {
            program: program.clone(),
            reason,
        })?;
        let (sender, tails) = std::sync::mpsc::channel();
        if let Some(stream) = child.stdout.take() {
            tail_of(0, Box::new(stream), sender.clone());
        }
        if let Some(stream) = child.stderr.take() {
            tail_of(1, Box::new(stream), sender.clone());
        }
        drop(sender);
        let status = wait(&mut child, progress)?;
        let tail = collect(&child, &tails);
        if status.success() {
            return Ok(());
        }
        let status = match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            _ => "no status".into(),
        };
        let line = [vec![program], arguments].concat().join(" ");
        Err(CommandError::Failed {
            status,
            tail: tail.trim_end().to_string(),
            line,
        })
    }
}

impl ItemStage for CommandStage {
    fn files(&self) -> &[DeclaredFile] {
        &self.files
    }

    /// A program may not repeat itself to the bit, so what it made is kept.
    fn must_store(&self) -> bool {
        true
    }

    fn process(
        &self,
        _copy: &ItemCopy,
        input: &ItemData,
        context: &ItemContext<'_>,
    ) -> Result<ItemData, ItemError> {
        let folder = tempfile::tempdir_in(context.scratch).map_err(ItemError::passing)?;
        let root = std::path::absolute(folder.path()).map_err(ItemError::passing)?;
        let input_path = root.join(input_name(input));
        write_item(&input_path, input).map_err(ItemError::passing)?;
        let output_path = root.join(match self.makes {
            ArtifactKind::Audio => "output.wav",
            ArtifactKind::Features => "output.safetensors",
            _ => "output",
        });
        let places = BTreeMap::from([
            ("input".to_string(), input_path),
            ("output".to_string(), output_path.clone()),
        ]);
        self.execute(&places, context.progress)
            .map_err(ItemError::passing)?;
        read_item(&output_path, self.makes).map_err(ItemError::passing)
    }
}

impl WholeStage for CommandStage {
    /// The folder in which the program finds a variant of an input is named after the variant.
    fn surroundings(&self, inputs: &[InputOrigin], material: &mut KeyMaterial) {
        let names = input_names(inputs.iter().map(|input| input.parameter.as_str()));
        for (input, name) in inputs.iter().zip(names) {
            if let Some(folder) = variant_folder(&input.label.variant) {
                material.add(format!("folder.{name}"), folder);
            }
        }
    }

    fn files(&self) -> &[DeclaredFile] {
        &self.files
    }

    fn run(&self, context: &WholeContext<'_>) -> miette::Result<()> {
        let absolute = |path: &Path| {
            std::path::absolute(path).map_err(|reason| CommandError::Prepare {
                path: path.to_path_buf(),
                reason,
            })
        };
        let out = absolute(context.out)?;
        let mut places = BTreeMap::from([("out".to_string(), out.clone())]);
        for name in self.options.inputs.keys() {
            let folder = absolute(context.scratch)?.join("inputs").join(name);
            for input in context.inputs_of(&format!("inputs.{name}")) {
                hand_over(input, &folder)?;
            }
            places.insert(name.clone(), folder);
        }
        match self.execute(&places, context.progress) {
            Err(CommandError::Stopped) => return Err(Interrupted.into()),
            other => other?,
        }
        for name in &self.options.outputs {
            // A link would lead out of the result.
            let written = out.join(name).symlink_metadata();
            if !written.is_ok_and(|metadata| metadata.is_file()) {
                return Err(CommandError::NoOutput { name: name.clone() }.into());
            }
        }
        Ok(())
    }
}
