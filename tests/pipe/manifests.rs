//! Manifests, and parts of them, that several tests run.

/// Three small synthetic corpora.
pub const CORPORA: &str = r#"folder = "corpora"
[corpus.near]
root = ""
reader = "synthetic"
title = "Synthetic, near"
language = "en"
licence = "none needed"
source = "generated"
labels = { positive = ["happiness"], neutral = ["neutral"], negative = ["anger"] }
options = { seed = 1, speakers = 6, utterances_per_label = 4, rate_hz = 16000 }
[corpus.far]
root = ""
reader = "synthetic"
title = "Synthetic, far"
language = "it"
licence = "none needed"
source = "generated"
labels = { positive = ["happiness"], neutral = ["neutral"], negative = ["anger"] }
options = { seed = 2, speakers = 4, utterances_per_label = 4, rate_hz = 22050, room = "office" }
[corpus.unheard]
root = ""
reader = "synthetic"
title = "Synthetic, unheard"
language = "es"
licence = "none needed"
source = "generated"
labels = { positive = ["happiness"], neutral = ["neutral"], negative = ["anger"] }
options = { seed = 3, speakers = 4, utterances_per_label = 3, rate_hz = 24000, room = "kitchen" }
"#;

/// Utterances of two of [`CORPORA`].
pub const NEAR_AND_FAR: &str = r#"[stage.speech]
kind = "ingest"
corpora = ["near", "far"]
split = { train = 0.6, validation = 0.2, test = 0.2 }
"#;

/// All utterances of the third of [`CORPORA`], to test on.
pub const UNHEARD: &str = r#"[stage.unseen]
kind = "ingest"
corpora = "unheard"
split = "test"
"#;

/// Features of the utterances that stages list, which `input` names as TOML does.
pub fn front_end(input: &str) -> String {
    format!(
        r#"[stage.audio]
kind = "resample"
input = {input}
[stage.fbank]
kind = "fbank"
input = "audio"
"#
    )
}

/// The encoder of a network that trains in a moment, for the table of a `train` stage.
pub const ENCODER: &str = r#"encoder = [
    { layer = "conv", channels = 16, width = 5, padding = 2, pool_width = 3, pool_stride = 3 },
    { layer = "lstm", units = 12, bidirectional = true },
    { layer = "time_pool", how = "mean" },
]
"#;

/// A `corpora.toml` with the corpus `made`: a table of recordings.
pub const MADE_CORPUS: &str = r#"folder = "corpora"
[corpus.made]
root = "made"
reader = "table"
title = "Made for tests"
language = "en"
licence = "none"
source = "made by the tests"
labels = { positive = ["happy"], neutral = ["neutral"], negative = ["sad"] }
options = { table = "table.csv" }
"#;

/// A training of one epoch on the features `fbank`.
pub const SHORT_TRAINING: &str = r#"[stage.train]
kind = "train"
input = "fbank"
encoder = [
    { layer = "conv", channels = 4, width = 5, padding = 2, pool_width = 3, pool_stride = 3 },
    { layer = "time_pool", how = "mean" },
]
epochs = 1
batch = 8
"#;

/// A test of each trained model.
pub const TEST: &str = r#"[stage.test]
kind = "evaluate"
model = "train"
input = "fbank"
"#;

/// A report of the tests.
pub const REPORT: &str = r#"[stage.report]
kind = "report"
input = "test"
"#;

/// Utterances, waveforms and features of the corpus `made`.
pub const MADE: &str = r#"[stage.speech]
kind = "ingest"
corpora = "made"
split = "train"

[stage.audio]
kind = "resample"
input = "speech"
rate_hz = 8000

[stage.fbank]
kind = "fbank"
input = "audio"
sample_rate_hz = 8000
bins = 23
"#;

/// [`MADE`], and a program that counts the items.
pub fn chain() -> String {
    format!(
        r#"# A chain of item-wise stages and a program.
{MADE}
[stage.count]
kind = "command"
inputs = {{ features = "fbank" }}
run = "wc -l < {{features}}/items.tsv > {{out}}/count.txt"
outputs = ["count.txt"]
"#
    )
}
