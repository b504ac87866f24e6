//! `command`: any program as a stage, once over whole sets or once for each item.

mod combination;
mod descendants;
mod environment;
mod error;
mod exchange;
mod execution;
mod kind;
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
use serde_json::Value as Json;

use crate::items::{AUDIO, FEATURES};

use super::declared_files::declared_files;
use super::options::options;
use super::parameters::without_licence;
use super::setting::Setting;
use pipe_engine::artifact::{ArtifactKind, FingerprintInputs, ItemData, input_names};
use pipe_engine::file_name::file_name;
use pipe_engine::manifest::{Declaration, Diagnostics, variant_folder};

use pipe_engine::stage::{
    AggregateContext, AggregateStage, DeclaredFile, DeclaredFolder, InputOrigin, Interrupted,
    ItemContext, ItemCopy, ItemError, ItemStage, Resources, Stage,
};
use pipe_foundation::progress::Progress;

use error::CommandError;
use exchange::{ItemsAs, input_name, materialise, read_item, write_item};
use kind::output;
use worker::Worker;

pub use kind::{COMMAND, KIND};
pub use of_model::program_of_model;
pub use sandbox::why_not as why_no_sandbox;
pub use supervision::{orphaned_supervisors, supervisor};

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
