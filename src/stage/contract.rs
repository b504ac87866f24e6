//! What a stage is: three contracts, by how its work is cut.
//!
//! # What reaches a stage, and whether it is in the key
//!
//! Equal keys must mean equal results, so whatever can change a result is in the key, and whatever is left out of the
//! key must not be able to change one. `tests/pipe/keys.rs` varies each of these alone and compares keys and results.
//!
//! | what reaches the stage | in the key? |
//! |---|---|
//! | parameters | yes, all but those declared `unkeyed`: `threads`, `max_bad`, `store` limit the work, not the result |
//! | [`StepInput::content`], its order included | yes: the digest of a set covers every field of each [`Utterance`], and of a set of files their names |
//! | [`StepInput::parameter`] | yes: it names the digest of the input |
//! | [`StepInput::step`] | no: only error messages tell it |
//! | [`InputLabel`] of `command` | yes, the folder that it gives the input (`folder.*`); the name of the stage is not told to the program |
//! | [`InputLabel`] of `report` | yes, the names of the rows (`row.*`, `probe.*`, `map.*`) |
//! | [`InputLabel`] of the other stages | no: they do not read it |
//! | [`StepInput::lineage`] of `train` | yes (`lineage.*`): it is written into the model |
//! | [`StepInput::lineage`] of `evaluate`, `probe`, `tsne` | yes, the front end in it (`lineage.*`): another than the model's is refused |
//! | [`AggregateContext::missing`] | yes: `missing` in place of the digest, and the label that the report tells (`missing.*`) |
//! | [`AggregateContext::device`] | yes, for stages with [`AggregateStage::uses_device`]; the others compute on the processor |
//! | [`AggregateContext::cores`], `resume`, `earlier`, `progress`, `out`, `scratch` | no: the result must not depend on them |
//! | input of [`ItemStage::process`] | yes: the digest of its bytes |
//! | [`ItemCopy`] of `augment` | yes: which copies there are follows from parameters and split, and what is drawn from id and number, its `fingerprint` |
//! | [`ItemCopy`] of the other item-wise stages | no: they do not read it; a program gets the bytes alone |
//! | files outside that are declared, such as `files` of `command` | yes, their content, which is checked again before and after the work; not their place or times |
//! | `environment` of `command` | yes, as a parameter |
//! | the shell that runs a line of `command` | yes, its name (`shell`): `bash` and `sh` differ in what `echo` or braces mean; not whether it knows `pipefail`, which decides about failing only |
//! | what a program finds without declaring it: variables it inherits (but for `BASH_ENV`, which a line does not), programs on the PATH, the shell's version among them, files it opens by itself | no: it is for the manifest to declare what matters |
//! | folder of the manifest, working directory, locale, time, host | no: built-in stages do not read them |
//! | version of `pipe` | no: the version of the stage's kind stands for what it computes; only the record of a step names it, as its origin |

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_foundation::machine_fault::is_machine_fault;
use pipe_foundation::progress::Progress;
use pipe_nn::model::Device;
use pipe_speech::corpus::{AudioSource, DropCause, Dropped, Utterance};
use serde_json::Value as Json;

use crate::artifact::{Blob, Difference, FingerprintInputs, ItemData};
use crate::cache::FileInfo;

use super::core_share::CoreShare;
use crate::report::{CorpusFacts, LeakCheck};

/// A stage, ready to run.
pub enum Stage {
    /// Lists utterances and reads their audio.
    Source(Box<dyn SourceStage>),
    /// Works on one item after another; cached per item.
    Items(Box<dyn ItemStage>),
    /// Works on whole sets; cached as a whole.
    Aggregate(Box<dyn AggregateStage>),
}

/// Why one item has no result.
#[derive(Clone, Debug)]
pub struct ItemError {
    /// What is wrong, as a lower-case fragment.
    pub reason: String,
    /// What is to blame.
    pub blame: Blame,
}

/// What is to blame for an item without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The item: trying again cannot help, so that the failure itself may be remembered.
    Item,
    /// Something around it, which may be otherwise next time.
    Surroundings,
    /// The machine: no item may be taken for bad, and the run ends.
    Machine,
}

impl ItemError {
    /// The input itself is bad.
    pub fn permanent(reason: impl ToString) -> Self {
        Self {
            reason: reason.to_string(),
            blame: Blame::Item,
        }
    }

    /// Something around it failed; it may work next time.
    pub fn transient(reason: impl ToString) -> Self {
        Self {
            reason: reason.to_string(),
            blame: Blame::Surroundings,
        }
    }

    /// The system refused with `error`: the machine's fault, or one that may pass.
    pub fn of_system(reason: impl ToString, error: &std::io::Error) -> Self {
        Self {
            reason: reason.to_string(),
            blame: match is_machine_fault(error) {
                true => Blame::Machine,
                false => Blame::Surroundings,
            },
        }
    }
}

/// An utterance that a source lists.
#[derive(Clone, Debug)]
pub struct SourceItem {
    /// What is known of it.
    pub utterance: Arc<Utterance>,
    /// Where its audio is.
    pub source: AudioSource,
    /// Digest of all that determines its samples: file content, segment, channel.
    pub digest: Digest,
    /// Length of its audio in seconds.
    pub duration_s: f64,
}

/// Everything a source lists, and what it says about it.
#[derive(Clone, Debug, Default)]
pub struct SourceListing {
    /// Usable utterances, sorted by id.
    pub items: Vec<SourceItem>,
    /// What was left out, with the corpus in front, and why.
    pub dropped: Vec<Dropped>,
    /// Oddities a person should know of.
    pub warnings: Vec<String>,
    /// Tables for people, by file name, such as `split.tsv`.
    pub tables: BTreeMap<String, String>,
    /// The corpora it read, without counts.
    pub corpora: Vec<CorpusFacts>,
    /// What it checked for leaks between its splits.
    pub leak_checks: Vec<LeakCheck>,
}

impl SourceListing {
    /// Name of the table of what was left out.
    pub const DROPPED: &str = "dropped.tsv";

    /// What was left out because it is missing or cannot be read; it counts as bad items do.
    pub fn missing(&self) -> impl Iterator<Item = &Dropped> {
        let dropped = self.dropped.iter();
        dropped.filter(|dropped| dropped.cause == DropCause::Missing)
    }
}

/// A file outside the cache whose content is part of a key; it is checked again around the work that reads it.
#[derive(Clone, Debug)]
pub struct DeclaredFile {
    /// Its path as the manifest has it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// The memory of files, as sources see it.
pub trait FileInfos: Sync {
    /// Digest and audio length of a file.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn info(&self, path: &Path) -> std::io::Result<FileInfo>;
}

/// A stage that lists utterances: `ingest`.
pub trait SourceStage: Send + Sync {
    /// Lists the utterances. Called on every run, also when nothing changed, so it must be fast.
    ///
    /// # Errors
    /// When a corpus cannot be listed, or its data break a rule such as disjoint speakers.
    fn list(&self, facts: &dyn FileInfos) -> miette::Result<SourceListing>;

    /// Reads one utterance.
    ///
    /// # Errors
    /// When its audio is not readable.
    fn load(&self, item: &SourceItem) -> Result<ItemData, ItemError>;
}

/// One result that an item-wise stage makes of an item: the item itself, or a copy of it.
#[derive(Clone, Debug)]
pub struct ItemCopy {
    /// What is known of it; copies have ids of their own.
    pub utterance: Arc<Utterance>,
    /// What beside the stage's parameters and the input's bytes the result depends on.
    pub fingerprint: String,
    /// Which copy it is, as the stage numbers them.
    pub index: usize,
}

/// An item-wise stage: `resample`, `fbank`, `augment`, `command` with `for_each`.
pub trait ItemStage: Send + Sync {
    /// The parameters that every item depends on; all keyed ones unless the stage knows better.
    fn item_parameters(&self, all: &Json) -> Json {
        all.clone()
    }

    /// The parameters as they take effect, where the meaning of one depends on others: what is told of how items were
    /// made, so that two spellings of the same are the same.
    fn effective_parameters(&self, all: &Json) -> Json {
        all.clone()
    }

    /// Adds what every item depends on other than parameters and declared files.
    fn external_inputs(&self, _material: &mut FingerprintInputs) {}

    /// Files outside the cache that every item depends on.
    fn files(&self) -> &[DeclaredFile] {
        &[]
    }

    /// What is made of one utterance; itself unless the stage makes copies or leaves some out.
    fn copies(&self, utterance: &Arc<Utterance>) -> Vec<ItemCopy> {
        vec![ItemCopy {
            utterance: utterance.clone(),
            fingerprint: String::new(),
            index: 0,
        }]
    }

    /// True when equal input may give other bytes, so that results must be kept.
    fn must_store(&self) -> bool {
        false
    }

    /// Makes the result.
    ///
    /// # Errors
    /// When this item has none.
    fn process(
        &self,
        copy: &ItemCopy,
        input: &ItemData,
        context: &ItemContext<'_>,
    ) -> Result<ItemData, ItemError>;
}

/// What an item-wise stage may use while it works.
pub struct ItemContext<'a> {
    /// A folder for temporary files of this run.
    pub scratch: &'a Path,
    /// Whether to stop.
    pub progress: &'a dyn Progress,
}

/// One item with its data.
#[derive(Clone, Debug)]
pub struct LoadedItem {
    /// What is known of it.
    pub utterance: Arc<Utterance>,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its bytes.
    pub blob: Blob,
}

/// What an aggregate stage takes from one step.
#[derive(Clone, Debug)]
pub struct StepInput {
    /// The parameter it stands under, such as `input.0`.
    pub parameter: String,
    /// The step's id.
    pub step: String,
    /// The stage's name and matrix values.
    pub label: InputLabel,
    /// Kinds and effective parameters of the item-wise stages after the source that made it, first to last. A stage
    /// that writes or compares some of it says so in [`AggregateStage::external_inputs`].
    pub lineage: Json,
    /// What it made.
    pub content: InputContent,
}

/// What a key may depend on of an input, other than its content.
#[derive(Clone, Debug)]
pub struct InputOrigin {
    /// The parameter it stands under, such as `input.0`.
    pub parameter: String,
    /// The stage's name and matrix values.
    pub label: InputLabel,
    /// Kinds and parameters of the item-wise stages that made it, first to last.
    pub lineage: Json,
    /// True when it could not be made and the step does without it.
    pub missing: bool,
}

/// Name and matrix values of a step, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputLabel {
    /// Name of the stage.
    pub stage: String,
    /// Axis and label of each matrix value.
    pub variant: Vec<(String, String)>,
}

/// The result of a step.
#[derive(Clone, Debug)]
pub enum InputContent {
    /// Items.
    Items(Arc<Vec<LoadedItem>>),
    /// Files, by name.
    Files(BTreeMap<String, PathBuf>),
}

impl StepInput {
    /// The items, empty when the step made files.
    pub fn items(&self) -> &[LoadedItem] {
        match &self.content {
            InputContent::Items(items) => items,
            InputContent::Files(_) => &[],
        }
    }

    /// The file called `name`.
    pub fn file(&self, name: &str) -> Option<&Path> {
        match &self.content {
            InputContent::Files(files) => files.get(name).map(PathBuf::as_path),
            InputContent::Items(_) => None,
        }
    }
}

/// What an aggregate stage works with.
pub struct AggregateContext<'a> {
    /// Its inputs in the order of the parameters.
    pub inputs: Vec<StepInput>,
    /// Inputs that could not be made; only stages with [`AggregateStage::allows_missing_inputs`] ever see any.
    pub missing: Vec<InputLabel>,
    /// An empty folder; every file left in it becomes part of the result.
    pub out: &'a Path,
    /// A folder for temporary files.
    pub scratch: &'a Path,
    /// A folder, not made yet, whose files outlive a kill: the next run of the same step finds them, also on another
    /// device. Gone once the step is done.
    pub resume: &'a Path,
    /// What a finished run left in its own such folder that differed only in [`AggregateStage::extensible`] parameters.
    /// Not to be trusted: it may be missing, or be replaced while it is read. Another device may have made it.
    pub earlier: Option<&'a Path>,
    /// Where to compute, for stages with [`AggregateStage::uses_device`].
    pub device: Device,
    /// The cores it may use; the result must not depend on them.
    pub cores: CoreShare,
    /// Where to tell how far it is, and whether to stop.
    pub progress: &'a dyn Progress,
}

impl AggregateContext<'_> {
    /// The inputs that stand under `parameter`, alone or in its list.
    pub fn inputs_of<'s>(&'s self, parameter: &'s str) -> impl Iterator<Item = &'s StepInput> {
        self.inputs
            .iter()
            .filter(move |input| stands_under(&input.parameter, parameter))
    }
}

/// Whether an input, such as `input.0`, stands under a parameter, alone or in its list.
pub fn stands_under(input: &str, parameter: &str) -> bool {
    let rest = input.strip_prefix(parameter);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A stage over whole sets: `train`, `evaluate`, `report`, `command`.
pub trait AggregateStage: Send + Sync {
    /// Adds what the result depends on other than parameters, declared files and the content of inputs.
    fn external_inputs(&self, _inputs: &[InputOrigin], _material: &mut FingerprintInputs) {}

    /// Files outside the cache that the result depends on.
    fn files(&self) -> &[DeclaredFile] {
        &[]
    }

    /// Parameters that enter the key, when they are not simply all of them.
    fn key_parameters(&self, all: &Json) -> Json {
        all.clone()
    }

    /// Keyed parameters that decide only when the work ends: a run that differs from a finished one in nothing else
    /// may go on from there, and must come to the same bytes as one from the start.
    fn extensible(&self) -> &[&'static str] {
        &[]
    }

    /// What a person should know of a difference from an earlier run, given all differences of parameters.
    fn remark(&self, _difference: &Difference, _all: &[Difference]) -> Option<String> {
        None
    }

    /// Files in the folder of the results that help a person when the stage has failed.
    fn kept_on_failure(&self) -> &[&'static str] {
        &[]
    }

    /// True when it can do its work without some of its inputs, and says so in its result.
    fn allows_missing_inputs(&self) -> bool {
        false
    }

    /// True when it computes on [`AggregateContext::device`], which is then part of its key.
    fn uses_device(&self) -> bool {
        false
    }

    /// True when on a CUDA device it does little but wait for it: it then takes no core, and many run at once.
    fn waits_for_device(&self) -> bool {
        false
    }

    /// How many threads it can use well.
    fn threads(&self) -> usize {
        1
    }

    /// Whether [`Self::memory_bytes`] says anything, so that its inputs are not loaded to ask in vain.
    fn needs_memory(&self) -> bool {
        false
    }

    /// An estimate of the resident memory it needs beyond its mapped inputs when it computes on `device`; steps that
    /// say 0 always fit.
    fn memory_bytes(&self, _inputs: &[StepInput], _device: Device) -> u64 {
        0
    }

    /// Makes the result.
    ///
    /// # Errors
    /// Anything that keeps it from being made; nothing it left is used then.
    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()>;
}

/// The work was stopped because the user asked for it.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("interrupted")]
#[diagnostic(code(run::interrupted))]
pub struct Interrupted;
