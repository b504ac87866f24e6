//! What reaches a step is in its key or cannot change its result: each channel is varied alone, in a fresh cache.
//!
//! The table of channels is in `crates/engine/src/stage/mod.rs` and `crates/stages/src/stage/mod.rs`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::sync::{Arc, LazyLock};

use pipe_engine::cache::Records;
use pipe_engine::cache::items::{ItemIndex, ItemRecord};
use pipe_engine::cache::log::Log;
use pipe_foundation::Digest;
use pipe_foundation::system::RealSystem;

use super::channels::CHANNELS;
use super::predicting::{MODEL, trained};
use super::workspace::{Run, Workspace};

/// Every kind of stage. The program shows the names and bytes of all that it finds.
pub const MANIFEST: &str = r#"
[matrix]
size = [{ name = "small", units = 8 }, { name = "large", units = 12 }]

[stage.speech]
kind = "ingest"
corpora = "made"
split = { train = 0.5, validation = 0.25, test = 0.25 }

[stage.audited]
kind = "audit"
input = "speech"
fail_on = "never"

[stage.copies]
kind = "augment"
input = "speech"
snr_db = [5.0, 10.0]
noise_folder = "noise"

[stage.audio]
kind = "resample"
input = ["copies"]
rate_hz = 8000

[stage.features]
kind = "fbank"
input = "audio"
sample_rate_hz = 8000
bins = 23

[stage.tested]
kind = "resample"
input = "speech"
rate_hz = 8000

[stage.tested_features]
kind = "fbank"
input = "tested"
sample_rate_hz = 8000
bins = 23

[stage.each]
kind = "command"
for_each = "speech"
run = "sha256sum < {input} > {output}"

[stage.kept]
kind = "command"
for_each = "speech"
protocol = "lines"
run = ["bash", "worker.sh"]
files = ["worker.sh"]

[stage.embedded]
kind = "embed"
input = "tested"
model = "model.onnx"
sample_rate_hz = 8000
outputs = ["probabilities"]

[stage.averaged]
kind = "functionals"
input = "tested_features"

[stage.cut]
kind = "trim"
input = "tested"
threshold_db = 30.0

[stage.spoken]
kind = "vad"
input = "tested"
threshold_db = 1.0

[stage.imported]
kind = "import"
input = "speech"
files = "features.csv"
max_bad = 1.0

[stage.network]
kind = "train"
input = "features"
heads = []
encoder = [
    { layer = "time_pool", how = "mean" },
    { layer = "linear", units = "${matrix.size.units}" },
]
epochs = 1
batch = 8

[stage.test]
kind = "evaluate"
model = "network"
input = "tested_features"

[stage.again]
kind = "evaluate"
model = "network"
input = "tested_features"
splits = ["validation"]

[stage.known]
kind = "probe"
model = "network"
input = "tested_features"
splits = ["train", "validation", "test"]

[stage.map]
kind = "tsne"
model = "network"
input = "tested_features"
perplexity = 3
steps = 250

[stage.report]
kind = "report"
input = ["test", "again"]
probes = "known"
maps = "map"
audits = "audited"

[stage.seen]
kind = "command"
inputs = { features = "features", each = "each", kept = "kept", embedded = "embedded", averaged = "averaged", cut = "cut", spoken = "spoken", imported = "imported", models = "network", scores = "test" }
files = ["tool.sh"]
run = ["sh", "tool.sh", "{features}/..", "{out}/seen.txt"]
outputs = ["seen.txt"]
"#;

/// The program of [`MANIFEST`].
pub const TOOL: &str =
    "cd \"$1\" && find -L . -type f | LC_ALL=C sort | xargs -d '\\n' sha256sum > \"$2\"\n";

/// The program of `kept`.
pub const WORKER: &str = r#"while IFS= read -r line; do
    rest=${line#*'"input":"'}; input=${rest%%'"'*}
    rest=${line#*'"output":"'}; output=${rest%%'"'*}
    wc -c < "$input" > "$output"
    echo '{}'
done
"#;

/// The model of `embedded`: one of our own, over waveforms.
static EMBEDDING_MODEL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let space = trained();
    let output = space.pipe(&["export", MODEL, "--onnx", "model.onnx"]);
    assert!(output.status.success(), "{output:?}");
    fs::read(space.join("model.onnx")).unwrap()
});

/// Writes the files that [`MANIFEST`] names.
pub fn write_files(space: &Workspace) {
    space.write("tool.sh", TOOL);
    space.write("worker.sh", WORKER);
    space.write("features.csv", super::importing::table(16));
    space.tone("noise/hum.wav", 16_000, 1.0, 50.0);
    space.write("model.onnx", &*EMBEDDING_MODEL);
}

/// What runs in fresh caches made under each key, and when.
#[derive(Default)]
struct Made {
    by_key: HashMap<String, (&'static str, String)>,
}

impl Made {
    /// Takes the results of a cache in; a key that had another result before is an error.
    fn take(&mut self, channel: &'static str, space: &Workspace, run: &Run) {
        let mut found: Vec<(String, String)> = Vec::new();
        let records = Records::new(Arc::new(RealSystem), space.join("cache/steps"), None);
        for name in space.files("cache/steps").into_keys() {
            let key = Digest::parse(name.trim_end_matches(".json")).unwrap();
            let output =
                serde_json::to_string(&records.get(&key).unwrap().unwrap().output).unwrap();
            found.push((key.hex(), output));
        }
        let ended = run.events_of("step_finished").into_iter();
        for event in ended.filter(|event| event["status"] == "failed") {
            if let Some(key) = event["key"].as_str() {
                found.push((key.to_owned(), "a failure".into()));
            }
        }
        let items = ItemIndex::load(&Log::new(space.join("cache/items.log"))).unwrap();
        for (key, record) in items.iter() {
            let result = match record {
                ItemRecord::Done { digest, .. } => digest.hex(),
                ItemRecord::Bad { reason } => reason.clone(),
            };
            found.push((format!("item {}", key.hex()), result));
        }
        for (key, result) in found {
            let (earlier, wanted) = self
                .by_key
                .entry(key.clone())
                .or_insert((channel, result.clone()));
            assert_eq!(
                *wanted, result,
                "{key}: one result with {earlier:?} varied, another with {channel:?} varied"
            );
        }
    }
}

/// Keys of the steps by stage, whatever the variants are called.
fn keys(run: &Run) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for event in run.events_of("step_finished") {
        let stage = event["step"].as_str().unwrap().split('[').next().unwrap();
        if let Some(key) = event["key"].as_str() {
            keys.entry(stage.into()).or_default().insert(key.into());
        }
    }
    keys
}

#[test]
fn every_channel_is_in_the_key_or_changes_no_result() {
    let mut made = Made::default();
    let mut usual = BTreeMap::new();
    for channel in CHANNELS {
        let space = Workspace::with_corpus(16);
        space.write("pipe.toml", MANIFEST);
        write_files(&space);
        (channel.vary)(&space);
        let arguments = [&["run", "pipe.toml", "--json"], channel.arguments].concat();
        let mut command = space.command(&arguments);
        command.envs(channel.variables.iter().copied());
        let run = Run::of(command.output().unwrap());
        let may_fail = channel.arguments.contains(&"--keep-going");
        let failed: Vec<_> = run
            .events
            .iter()
            .filter(|event| event.get("error").is_some() || event.get("errors").is_some())
            .collect();
        assert!(
            may_fail || run.code == Some(0),
            "{}: {failed:?}\n{}",
            channel.name,
            run.stderr
        );
        made.take(channel.name, &space, &run);
        let found = keys(&run);
        if usual.is_empty() {
            usual = found;
            continue;
        }
        for stage in channel.rekeyed {
            let (old, new) = (&usual[*stage], found.get(*stage));
            let kept = new.is_some_and(|new| new.intersection(old).count() == old.len());
            assert!(
                !kept,
                "{stage} has its old keys with {:?} varied",
                channel.name
            );
        }
        if channel.rekeyed.is_empty() {
            let all = |keys: &BTreeMap<String, BTreeSet<String>>| -> BTreeSet<String> {
                keys.values().flatten().cloned().collect()
            };
            assert_eq!(all(&usual), all(&found), "{} is in a key", channel.name);
        }
    }
}
