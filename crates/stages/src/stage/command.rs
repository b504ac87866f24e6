//! `command`: any program as a stage, once over whole sets or once for each item.

mod combination;
mod descendants;
mod environment;
mod error;
mod exchange;
mod execution;
mod lines;
mod messages;
mod of_model;
mod outputs;
mod placeholders;
mod program;
mod resources;
mod restarted;
mod sandbox;
mod shell;
mod supervision;
mod supervisor;
mod tail;
mod worker;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::items::{AUDIO, EVALUATION, FEATURES, FILES, MAP, MODEL, PROBE, REPORT};

use super::declared_files::declared_files;
use super::options::options;
use super::parameters::{LICENCE, without_licence};
use super::setting::Setting;
use pipe_engine::artifact::{ArtifactKind, FingerprintInputs, ItemData, input_names};
use pipe_engine::file_name::file_name;
use pipe_engine::manifest::{
    Declaration, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape, variant_folder,
};

use pipe_engine::stage::{
    AggregateContext, AggregateStage, DeclaredFile, DeclaredFolder, InputOrigin, Interrupted,
    ItemContext, ItemCopy, ItemError, ItemStage, Resources, Stage,
};
use pipe_foundation::progress::Progress;

use error::CommandError;
use exchange::{ItemsAs, input_name, materialise, read_item, write_item};
use worker::Worker;

pub use of_model::program_of_model;
pub use sandbox::why_not as why_no_sandbox;
pub use supervision::{orphaned_supervisors, supervisor};

const ANY: &[ArtifactKind] = &[
    AUDIO, FEATURES, MODEL, EVALUATION, PROBE, MAP, REPORT, FILES,
];
const ITEMS: &[ArtifactKind] = &[AUDIO, FEATURES, FILES];

/// The name of this kind.
pub const COMMAND: &str = "command";

pub static KIND: Kind = Kind {
    name: COMMAND,
    version: 1,
    doc: "Runs a program: once, with declared inputs and outputs; or once per item with `for_each`. It runs in the manifest's folder.",
    parameters: &[
        Parameter::required(
            "run",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "A line for a shell, or a list of program and arguments. {input} and {output} are the item's files; {NAME} is an input's folder, {out} the folder for outputs. The shell is `bash -o pipefail -c`; without bash, `sh`, with `pipefail` if it supports it. So a line `a | b` fails when either program does, also when `a` still writes after `b` has ended: `yes | head -1` ends with 141, `(yes || true) | head -1` with 0. When the program or the run ends, everything that the program started is terminated too.",
        ),
        Parameter::optional(
            "for_each",
            Shape::OneOrMany(&Shape::Input(ITEMS)),
            "The stage, or stages, whose items are passed one by one: audio as 32-bit float WAV, features as safetensors.",
        ),
        Parameter::optional(
            "protocol",
            Shape::Choice(&["lines"]),
            "With `for_each`: \"lines\" keeps programs running, as many as work at once, instead of starting one for each item. On standard input the program gets one line for each item, a JSON object with the paths `input` and `output`; when it has written `output`, it answers with a line on standard output: `{}`, or `{\"error\": \"why not\"}`. It ends when its input does. One that dies is started again, and an item with which it dies twice is set aside.",
        ),
        Parameter::optional(
            "batch",
            Shape::Integer { min: 1, max: 64 },
            "With `protocol`: the most items that a program gets at once. A line then holds a list of objects, also where there is one, and so does the answer, in the same order. A list with which the program dies is halved until the item is found.",
        ),
        Parameter::default(
            "inputs",
            Shape::Map(&Shape::Input(ANY)),
            "{}",
            "Names, each with the stage whose results are passed as a folder; variants are in subfolders `axis=value`, whose names are part of the key.",
        ),
        Parameter::default(
            "files",
            Shape::List(&Shape::Path),
            "[]",
            "Files that the program reads, such as its script; a folder stands for all files in it, and a pattern such as \"lib/**/*.py\" for what it matches. Their names and contents are part of the key. If one changes while the program runs, the result is discarded and the next run repeats the step.",
        ),
        Parameter::default(
            "outputs",
            Shape::List(&Shape::Text),
            "[]",
            "Files that must exist in {out} afterwards.",
        ),
        Parameter::default(
            "makes",
            Shape::Choice(&["audio", "features", "files"]),
            "\"files\"",
            "What {output} contains with `for_each`.",
        ),
        Parameter::optional(
            "items",
            Shape::Choice(&["files", "packs"]),
            "How item inputs are passed: with `files`, the default, each item is copied into a file of its own; with `packs` nothing is copied, and items.tsv gives the pack, offset and length in bytes of each item.",
        ),
        Parameter::optional(
            "threads",
            Shape::Integer { min: 1, max: 1024 },
            "Threads that the program, or its work on one item, can use. {threads} is the number it was given, at most this; OMP_NUM_THREADS is set to the same unless `environment` sets it. Without `threads`, the program counts as one thread.",
        )
        .unkeyed(),
        Parameter::optional(
            "memory",
            Shape::Text,
            "Memory that the program, or its work on one item, needs, such as \"4GB\"; programs run concurrently only as far as --memory allows.",
        )
        .unkeyed(),
        Parameter::optional(
            "devices",
            Shape::Integer { min: 1, max: 64 },
            "Devices that the program, or its work on one item, needs to itself. {devices} lists their numbers, such as 0,1; CUDA_VISIBLE_DEVICES is set to the same unless `environment` sets it.",
        )
        .unkeyed(),
        Parameter::default(
            "environment",
            Shape::Map(&Shape::Text),
            "{}",
            "Environment variables set for the program. Of the caller's, it has PATH, HOME, USER, the locale and others that say where things are.",
        ),
        Parameter::optional(
            "inherit",
            Shape::List(&Shape::Text),
            "Names of further variables of the caller that the program has, such as the token of a service. Their values are not part of the key.",
        ),
        Parameter::optional(
            "timeout_s",
            Shape::Integer { min: 1, max: 31_536_000 },
            "Time in seconds after which the program, or its work on one item, is terminated and counts as failed.",
        )
        .unkeyed(),
        LICENCE,
        MAX_BAD,
        STORE,
    ],
    gathers: Gathers::Without("for_each"),
    output,
    validate: combination::validate,
};

fn output(parameters: &Map<String, Json>) -> ArtifactKind {
    match parameters.get("makes").and_then(Json::as_str) {
        Some("audio") => AUDIO,
        Some("features") => FEATURES,
        _ => FILES,
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
    for_each: Option<Json>,
    protocol: Option<String>,
    batch: Option<usize>,
    inputs: BTreeMap<String, String>,
    outputs: Vec<String>,
    environment: BTreeMap<String, String>,
    #[serde(default)]
    inherit: Vec<String>,
    timeout_s: Option<u64>,
    #[serde(default)]
    items: ItemsAs,
    threads: Option<usize>,
    memory: Option<String>,
    devices: Option<usize>,
}

struct CommandStage {
    options: Options,
    files: Vec<DeclaredFile>,
    /// Those of `files` that are found by listing them.
    folders: Vec<DeclaredFolder>,
    folder: PathBuf,
    makes: ArtifactKind,
    sandbox: bool,
    warned: AtomicBool,
    /// Programs that wait for the next item.
    workers: Mutex<Vec<Worker>>,
}

pub fn build(declaration: &Declaration, setting: &Setting) -> Result<Stage, Diagnostics> {
    let options: Options = options(declaration)?;
    let mut diagnostics = Diagnostics::default();
    let mut files = Vec::new();
    let mut folders = Vec::new();
    for (index, written) in declaration.parameters["files"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let written = written.as_str().unwrap_or_default();
        match declared_files(declaration, &format!("files.{index}"), written) {
            Ok((declared, folder)) => {
                files.extend(declared);
                folders.extend(folder);
            }
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    let folder = declaration.resolve("run", "");
    let folder = if folder.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        folder
    };
    let stage = CommandStage {
        makes: output(&declaration.parameters),
        sandbox: setting.sandbox,
        files,
        folders,
        folder,
        options,
        warned: AtomicBool::new(false),
        workers: Mutex::default(),
    };
    let stage = match stage.options.for_each {
        Some(_) => Stage::Items(Box::new(stage)),
        None => Stage::Aggregate(Box::new(stage)),
    };
    diagnostics.or_ok(stage)
}

impl ItemStage for CommandStage {
    fn item_parameters(&self, all: &Json) -> Json {
        without_licence(all)
    }

    fn external_inputs(&self, fingerprint: &mut FingerprintInputs) {
        self.add_shell(fingerprint);
    }

    fn files(&self) -> &[DeclaredFile] {
        &self.files
    }

    fn folders(&self) -> &[DeclaredFolder] {
        &self.folders
    }

    fn resources(&self) -> Resources {
        self.declared_resources()
    }

    /// A program may not repeat itself to the bit, so what it made is kept.
    fn must_store(&self) -> bool {
        true
    }

    fn process(
        &self,
        copy: &ItemCopy,
        input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        self.make(copy.facts.id(), input, context)
    }

    fn batch(&self) -> usize {
        self.options.batch.unwrap_or(1)
    }

    fn process_batch(
        &self,
        items: &[(&ItemCopy, &dyn ItemData)],
        context: &ItemContext<'_>,
    ) -> Vec<Result<Box<dyn ItemData>, ItemError>> {
        let items = items.iter().map(|(copy, input)| (copy.facts.id(), *input));
        let items: Vec<(&str, &dyn ItemData)> = items.collect();
        self.process_by_worker(&items, context)
    }

    fn finish(&self, progress: &dyn Progress) {
        self.end_workers(progress);
    }
}

impl CommandStage {
    /// Has the program make the item with the id `item`.
    ///
    /// # Errors
    /// When it does not.
    fn make(
        &self,
        item: &str,
        input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        if self.options.protocol.is_some() {
            let made = self.process_by_worker(&[(item, input)], context).pop();
            return made
                .unwrap_or_else(|| Err(ItemError::transient("the program made nothing of it")));
        }
        let folder = tempfile::tempdir_in(context.scratch)
            .map_err(|error| ItemError::of_system(&error, &error))?;
        let root = std::path::absolute(folder.path()).map_err(ItemError::transient)?;
        let input_path = root.join(input_name(input));
        write_item(&input_path, input, context.progress).map_err(ItemError::transient)?;
        let output_path = root.join(self.output_name());
        let mut places = BTreeMap::from([
            ("input".to_string(), input_path),
            ("output".to_string(), output_path.clone()),
        ]);
        let lent = self.lent(context.threads, context.devices, &mut places);
        self.execute(&places, lent, &root, context.progress)
            .map_err(|error| match &error {
                CommandError::Start { reason, .. } => ItemError::of_system(&error, reason),
                other => ItemError::transient(other),
            })?;
        read_item(&output_path, self.makes, context.progress).map_err(ItemError::transient)
    }

    /// The name of the file in which a program leaves what it makes of an item.
    fn output_name(&self) -> &'static str {
        match self.makes {
            kind if kind == AUDIO => "output.wav",
            kind if kind == FEATURES => "output.safetensors",
            _ => "output",
        }
    }
}

impl AggregateStage for CommandStage {
    /// The folder in which the program finds a variant of an input is named after the variant.
    fn external_inputs(&self, inputs: &[InputOrigin], fingerprint: &mut FingerprintInputs) {
        let names = input_names(inputs.iter().map(|input| input.parameter.as_str()));
        for (input, name) in inputs.iter().zip(names) {
            if let Some(folder) = variant_folder(&input.label.variant) {
                fingerprint.add(format!("folder.{name}"), folder);
            }
        }
        self.add_shell(fingerprint);
    }

    fn files(&self) -> &[DeclaredFile] {
        &self.files
    }

    fn folders(&self) -> &[DeclaredFolder] {
        &self.folders
    }

    fn resources(&self) -> Resources {
        self.declared_resources()
    }

    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        let absolute = |path: &Path| {
            std::path::absolute(path).map_err(|reason| CommandError::Prepare {
                path: path.to_path_buf(),
                reason,
            })
        };
        let out = absolute(context.out)?;
        let mut places = BTreeMap::from([("out".to_string(), out.clone())]);
        for name in self.options.inputs.keys() {
            let folder = absolute(context.scratch)?
                .join("inputs")
                .join(file_name(name));
            for input in context.inputs_of(&format!("inputs.{name}")) {
                materialise(input, &folder, self.options.items)?;
            }
            places.insert(name.clone(), folder);
        }
        let lent = self.lent(context.cores.threads(), context.devices, &mut places);
        match self.execute(&places, lent, &out, context.progress) {
            Err(CommandError::Stopped) => return Err(Interrupted.into()),
            other => other?,
        }
        let interrupted = || context.progress.interrupted();
        outputs::check(&out, &self.options.outputs, &interrupted)?;
        Ok(())
    }
}
