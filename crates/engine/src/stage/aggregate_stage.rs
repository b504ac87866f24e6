//! Stages over whole sets.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;
use serde_json::Value as Json;

use crate::artifact::{Difference, FingerprintInputs, item_set_digest};
use crate::manifest::Diagnostic;

use super::{
    CoreShare, DeclaredFile, DeclaredFolder, InputLabel, InputOrigin, Resources, SourceListing,
    StepInput, stands_under,
};

/// Takes an announced run to its thread.
pub type Launch = Box<dyn FnOnce() + Send>;

/// What was found out about contents, in this run or an earlier one, by digests of the content and the question.
///
/// It may forget anything; an answer must not depend on anything but its digest.
pub trait ContentFindings: Sync {
    /// What is known.
    fn recall(&self, key: &Digest) -> Option<Vec<u8>>;

    /// Keeps what was found out about the content of `file`, unless that has changed since its digest was taken.
    fn keep(&self, key: Digest, file: Option<&Path>, found: &[u8]);

    /// Writes what is kept.
    fn save(&self);
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
    /// The cores it may use; the result must not depend on them.
    pub cores: CoreShare,
    /// Which of the [accelerators](super::Device::accelerators) of the plan it computes on, where it uses the device; none
    /// on the processor.
    pub accelerator: Option<usize>,
    /// To be set where that accelerator cannot go on: then nothing more starts there, and the step starts again on
    /// another one, if there is one.
    pub accelerator_failed: &'a AtomicBool,
    /// Numbers of the devices that are lent to it, as many as it declared or as there are.
    pub devices: &'a [usize],
    /// What was found out about contents before.
    pub findings: &'a dyn ContentFindings,
    /// Where to report progress, and whether to stop.
    pub progress: &'a dyn Progress,
}

impl AggregateContext<'_> {
    /// The inputs of `parameter`, alone or in its list.
    pub fn inputs_of<'s>(&'s self, parameter: &'s str) -> impl Iterator<Item = &'s StepInput> {
        self.inputs
            .iter()
            .filter(move |input| stands_under(&input.parameter, parameter))
    }
}

/// One input of a step, which comes from sources that are all listed.
#[derive(Clone, Debug)]
pub struct ListedInput<'a> {
    /// The parameter, with its position where it is a list.
    pub parameter: &'a str,
    /// What the sources list.
    pub listings: Vec<&'a SourceListing>,
    /// How many steps over whole sets are between: 0 where the input consists of what the sources list, 1 where it is a
    /// result made of that.
    pub whole_sets: usize,
}

/// What is foreseen of a step.
#[derive(Clone, Debug, Default)]
pub struct Foresight {
    /// Why it cannot do its work, at a place or of a parameter of its stage.
    pub refusal: Option<Diagnostic>,
    /// What a person should know before it starts.
    pub warnings: Vec<String>,
}

impl Foresight {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.refusal.is_none() && self.warnings.is_empty()
    }
}

/// A stage over whole sets.
pub trait AggregateStage: Send + Sync {
    /// Adds what the result depends on other than parameters, declared files and the content of inputs.
    fn external_inputs(&self, _inputs: &[InputOrigin], _fingerprint: &mut FingerprintInputs) {}

    /// Files outside the cache that the result depends on.
    fn files(&self) -> &[DeclaredFile] {
        &[]
    }

    /// The folders and patterns that some of these files were found by.
    fn folders(&self) -> &[DeclaredFolder] {
        &[]
    }

    /// Parameters that enter the key, when they are not simply all of them.
    fn key_parameters(&self, all: &Json) -> Json {
        all.clone()
    }

    /// Keyed parameters that decide only when the work ends: a run that differs from a finished one in nothing else may
    /// continue from there, and must give the same bytes as one from the start.
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

    /// True when it computes on the [`Device`](super::Device) of the plan, which is then part of its key.
    fn uses_device(&self) -> bool {
        false
    }

    /// True when on an accelerator it does little but wait for it: it then takes no core, and many run at once.
    fn waits_for_device(&self) -> bool {
        false
    }

    /// Announces a run that waits for the accelerator at a place in the plan's. All that start together are announced
    /// before the first of them starts; what this gives is called on the thread of the run before its work.
    fn announce(&self, _accelerator: usize) -> Option<Launch> {
        None
    }

    /// What steps with the same inputs have in common that are better off on one accelerator than on several, since
    /// they share work there.
    fn shares_accelerator_by(&self) -> Option<String> {
        None
    }

    /// What it takes of the machine, as far as that does not depend on its inputs.
    fn resources(&self) -> Resources {
        Resources::default()
    }

    /// Whether [`Self::memory_bytes`] says anything, so that its inputs are not loaded to ask in vain.
    fn needs_memory(&self) -> bool {
        false
    }

    /// An estimate of the resident memory it needs beyond its mapped inputs and its [`Resources`].
    fn memory_bytes(&self, _inputs: &[StepInput]) -> u64 {
        0
    }

    /// True when it takes what sources list instead of the data of their items, which it then does not wait for. All its
    /// inputs must be sources. Files that it reads of them are compared with the listing once it is done, by
    /// [`SourceStage::file_of`](super::SourceStage::file_of).
    fn takes_listings(&self) -> bool {
        false
    }

    /// The digest of all that the result depends on of what an input lists, which is in the key of a stage that
    /// [takes listings](Self::takes_listings).
    fn listing_digest(&self, listing: &SourceListing) -> Digest {
        item_set_digest(&listing.items)
    }

    /// What can be said of the work before anything is computed, by what the sources of its inputs list.
    fn foresee(&self, _inputs: &[ListedInput<'_>]) -> Foresight {
        Foresight::default()
    }

    /// What [`foresee`](Self::foresee) goes by besides its inputs: of steps of one kind where this is the same, one is asked for
    /// the same inputs. None where each of them has to be.
    fn foresees_by(&self) -> Option<String> {
        None
    }

    /// Makes the result.
    ///
    /// # Errors
    /// Anything that keeps it from being made; nothing it left is used then.
    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()>;
}

/// Stands in for a stage that could not be built; a plan with one never runs.
pub struct Unbuilt;

impl AggregateStage for Unbuilt {
    fn run(&self, _context: &AggregateContext<'_>) -> miette::Result<()> {
        Err(miette::Report::msg("the stage was not built"))
    }
}
