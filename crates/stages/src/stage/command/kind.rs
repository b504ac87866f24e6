//! The kind `command`: its parameters.

use pipe_engine::artifact::ArtifactKind;
use pipe_engine::manifest::{Gathers, Kind, MAX_BAD, Parameter, STORE, Shape};
use serde_json::{Map, Value as Json};

use crate::items::{AUDIO, EVALUATION, FEATURES, FILES, MAP, MODEL, PROBE, REPORT};
use crate::stage::parameters::LICENCE;

use super::combination;

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

/// What the stage makes of an item, or in all.
pub(super) fn output(parameters: &Map<String, Json>) -> ArtifactKind {
    match parameters.get("makes").and_then(Json::as_str) {
        Some("audio") => AUDIO,
        Some("features") => FEATURES,
        _ => FILES,
    }
}
