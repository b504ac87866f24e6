//! The stages: one thin file a kind, with its parameters, what its results depend on, and a call into the domain.
//!
//! # What reaches a stage, and whether it is in the key
//!
//! [`pipe_engine::stage`] has the general rules. What these stages read of the rest, they add to their keys.
//! `tests/pipe/keys.rs` varies each of these alone and compares keys and results.
//!
//! | what reaches the stage | in the key? |
//! |---|---|
//! | content of inputs | yes: the digest of a set covers every field of each [`Utterance`](pipe_speech::corpus::Utterance) |
//! | [`InputLabel`](pipe_engine::stage::InputLabel) of `command` | yes, the folder that it gives the input (`folder.*`); the program does not learn the name of the stage |
//! | `InputLabel` of `report` | yes, the names of the rows (`row.*`, `probe.*`, `map.*`), which fold each evaluation is (`fold.*`), and the matrix values where it compares along an axis (`axis.*`) |
//! | `InputLabel` of the other stages | no: they do not read it |
//! | what the inputs of `audit` list | yes: facts and content of every recording, which of them are in one file, the columns that are compared between splits whichever the `ingest` keeps, and what is left out; the names of the inputs (`audited.*`), and which of them evaluations of the manifest bring together (`compared.*`) |
//! | `max_duration_s` of `ingest` | no: it decides which recordings are listed, and what is listed is in the key |
//! | lineage of the input of `train` | yes (`lineage.*`): it is written into the model |
//! | lineage of the input of `evaluate`, `probe`, `tsne` | yes, the front end in it (`lineage.*`): another than the model's is refused |
//! | missing inputs of `report` | yes: `missing` in place of the digest, and the label that the report names (`missing.*`) |
//! | device of `train` and `evaluate` | yes; the others compute on the processor |
//! | [`ItemCopy`](pipe_engine::stage::ItemCopy) of `augment` | yes: which copies there are follows from parameters and split, and what is drawn from id and number, its `fingerprint` |
//! | `noise_folder` and `reverb_folder` of `augment` | yes, names below them and contents of all their audio files; not their places |
//! | `ItemCopy` of the other item-wise stages | no: they do not read it; a program gets the bytes alone |
//! | `model` of `embed` | yes, its content; not its place |
//! | `files` and `names` of `import` | yes, the content of every file, and its place below the folder; neither place nor name of the whole |
//! | what an utterance is called, its segment, and how much of its names tells it from the others that are listed, to `import` | yes, in the item's `fingerprint`: they decide which features are its own |
//! | the columns of a table that `import` takes | yes, by the table's content; also in the lineage, so that a model is not tested on others |
//! | runtime of `embed`, its version, vector instructions of the processor | yes (`runtime.*`): other kernels round otherwise |
//! | `files` of `command` | yes, their content, which is checked again before and after the work; not their place or times |
//! | `environment` of `command` | yes, as a parameter |
//! | the shell that runs a line of `command` | yes, its name (`shell`): `bash` and `sh` differ in what `echo` or braces mean; not whether it knows `pipefail`, which decides about failing only |
//! | what a program finds without declaring it: variables it inherits (but for `BASH_ENV`, which a line does not), programs on the PATH, the shell's version among them, files it opens by itself | no: it is for the manifest to declare what matters |

mod audit;
mod augment;
mod command;
mod declared_files;
mod declared_recordings;
mod embed;
mod embedding;
mod evaluate;
mod fbank;
mod feature_parts;
mod foresight;
mod front_end;
mod functionals;
mod leak_policy;
mod leakage;
mod learning_curve;
mod identity;
mod import;
mod ingest;
mod joined;
mod kept_samples;
mod key_parameter;
mod made_items;
mod missing_file;
mod normaliser;
mod options;
mod output;
mod parameters;
mod probe;
mod report;
mod resample;
mod setting;
mod train;
mod trim;
mod tsne;
mod vad;

use std::sync::LazyLock;

use pipe_engine::manifest::{Declaration, Diagnostic, Diagnostics, Kind};
use pipe_engine::stage::Stage;

pub use audit::{AUDIT, CONTENT as AUDIT_CONTENT, FailOn, with_comparisons as audit_with};
pub use command::{COMMAND, orphaned_supervisors, program_of_model, supervisor, why_no_sandbox};
pub use embed::{EMBED, check_input as check_embed_input};
pub use evaluate::{ENTRY as EVALUATION_ENTRY, EVALUATE, of_model as evaluate_of_model};
pub use ingest::{INGEST, SharedListings, content as file_content, folds, source_facts};
pub use leak_policy::LeakPolicy;
pub use made_items::MadeItems;
pub use normaliser::attribute as normaliser_attribute;
pub use probe::ENTRY as PROBE_ENTRY;
pub use report::{CONTENT as REPORT_CONTENT, FOLD, NAME as REPORT_KIND, odd_folds, odd_reference};
pub use setting::Setting;
pub use train::{TRAIN, checkpoints, encoder_misfit};
pub use tsne::ENTRY as MAP_ENTRY;

/// What every stage file provides.
struct Registered {
    kind: &'static Kind,
    build: fn(&Declaration, &Setting) -> Result<Stage, Diagnostics>,
}

static REGISTERED: [Registered; 16] = [
    Registered {
        kind: &ingest::KIND,
        build: ingest::build,
    },
    Registered {
        kind: &audit::KIND,
        build: audit::build,
    },
    Registered {
        kind: &resample::KIND,
        build: resample::build,
    },
    Registered {
        kind: &trim::KIND,
        build: trim::build,
    },
    Registered {
        kind: &vad::KIND,
        build: vad::build,
    },
    Registered {
        kind: &fbank::KIND,
        build: fbank::build,
    },
    Registered {
        kind: &embed::KIND,
        build: embed::build,
    },
    Registered {
        kind: &import::KIND,
        build: import::build,
    },
    Registered {
        kind: &functionals::KIND,
        build: functionals::build,
    },
    Registered {
        kind: &augment::KIND,
        build: augment::build,
    },
    Registered {
        kind: &train::KIND,
        build: train::build,
    },
    Registered {
        kind: &evaluate::KIND,
        build: evaluate::build,
    },
    Registered {
        kind: &probe::KIND,
        build: probe::build,
    },
    Registered {
        kind: &tsne::KIND,
        build: tsne::build,
    },
    Registered {
        kind: &report::KIND,
        build: report::build,
    },
    Registered {
        kind: &command::KIND,
        build: command::build,
    },
];

static KINDS: LazyLock<Vec<&'static Kind>> = LazyLock::new(|| {
    REGISTERED
        .iter()
        .map(|registered| registered.kind)
        .collect()
});

/// All stage kinds, in the order of a pipeline.
pub fn kinds() -> &'static [&'static Kind] {
    &KINDS
}

/// Makes the stage of a declared step.
///
/// # Errors
/// What only the stage itself can know to be wrong, such as a missing corpus.
pub fn build(declaration: &Declaration, setting: &Setting) -> Result<Stage, Diagnostics> {
    match REGISTERED
        .iter()
        .find(|registered| std::ptr::eq(registered.kind, declaration.kind))
    {
        Some(registered) => (registered.build)(declaration, setting),
        None => Err(Diagnostic::new(
            "manifest::unknown_kind",
            format!("unknown stage kind `{}`", declaration.kind.name),
        )
        .into()),
    }
}
