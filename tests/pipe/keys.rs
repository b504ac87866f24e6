//! What reaches a step is in its key or cannot change its result: each channel is varied alone, in a fresh cache.
//!
//! The table of channels is in `src/stage/contract.rs`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;

use pipe::cache::Records;
use pipe::cache::items::{ItemIndex, ItemRecord};
use pipe::cache::log::Log;
use pipe_foundation::Digest;

use super::workspace::{Run, Workspace};

/// Every kind of stage. The program shows the names and bytes of all that it finds.
const MANIFEST: &str = r#"
[matrix]
size = [{ name = "small", units = 8 }, { name = "large", units = 12 }]

[stage.speech]
kind = "ingest"
corpora = "made"
split = { train = 0.5, validation = 0.25, test = 0.25 }

[stage.copies]
kind = "augment"
input = "speech"

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

[stage.seen]
kind = "command"
inputs = { features = "features", each = "each", models = "network", scores = "test" }
files = ["tool.sh"]
run = ["sh", "tool.sh", "{features}/..", "{out}/seen.txt"]
outputs = ["seen.txt"]
"#;

const TOOL: &str =
    "cd \"$1\" && find -L . -type f | LC_ALL=C sort | xargs -d '\\n' sha256sum > \"$2\"\n";

/// One thing that is varied.
struct Channel {
    name: &'static str,
    vary: fn(&Workspace),
    arguments: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
    /// Stages whose keys must all change; empty for what cannot change a result.
    rekeyed: &'static [&'static str],
}

const NOTHING: Channel = Channel {
    name: "nothing",
    vary: |_| {},
    arguments: &[],
    variables: &[],
    rekeyed: &[],
};

const CHANNELS: &[Channel] = &[
    NOTHING,
    Channel {
        name: "the names of stages",
        vary: |space| {
            for (from, to) in [
                ("features", "matrices"),
                ("network", "fitted"),
                ("known", "probed"),
            ] {
                space.edit(
                    "pipe.toml",
                    &format!("[stage.{from}]"),
                    &format!("[stage.{to}]"),
                );
                space.edit(
                    "pipe.toml",
                    &format!("= \"{from}\""),
                    &format!("= \"{to}\""),
                );
            }
        },
        ..NOTHING
    },
    Channel {
        name: "the name of an axis",
        vary: |space| {
            space.edit("pipe.toml", "size = [", "width = [");
            space.edit("pipe.toml", "matrix.size", "matrix.width");
        },
        rekeyed: &["seen"],
        ..NOTHING
    },
    Channel {
        name: "the name of a value of an axis",
        vary: |space| space.edit("pipe.toml", "\"large\"", "\"larger\""),
        rekeyed: &["report", "seen"],
        ..NOTHING
    },
    Channel {
        name: "the name of an input",
        vary: |space| space.edit("pipe.toml", "scores = ", "results = "),
        rekeyed: &["seen"],
        ..NOTHING
    },
    Channel {
        name: "the order of inputs",
        vary: |space| {
            space.edit(
                "pipe.toml",
                "[\"test\", \"again\"]",
                "[\"again\", \"test\"]",
            )
        },
        rekeyed: &["report"],
        ..NOTHING
    },
    Channel {
        name: "how the features to test on were made, with the same bytes",
        vary: |space| {
            let stage = "input = \"tested\"\n";
            space.edit("pipe.toml", stage, &format!("{stage}high_hz = 4000.0\n"));
        },
        arguments: &["--keep-going"],
        rekeyed: &["tested_features", "test", "known", "map"],
        ..NOTHING
    },
    Channel {
        name: "a recording",
        vary: |space| space.tone("corpora/made/audio/0003.wav", 16_000, 0.3, 700.0),
        rekeyed: &[
            "speech", "copies", "audio", "features", "each", "network", "test", "known", "map",
            "seen",
        ],
        ..NOTHING
    },
    Channel {
        name: "an utterance's name",
        vary: |space| {
            let audio = |name: &str| space.join(&format!("corpora/made/audio/{name}.wav"));
            fs::rename(audio("0003"), audio("0003b")).unwrap();
            space.edit("corpora/made/table.csv", "0003.wav", "0003b.wav");
        },
        rekeyed: &[
            "speech", "copies", "features", "network", "test", "known", "map", "seen",
        ],
        ..NOTHING
    },
    Channel {
        name: "a speaker's gender",
        vary: |space| space.edit("corpora/made/table.csv", "s1,male", "s1,female"),
        rekeyed: &[
            "speech", "features", "network", "test", "known", "map", "seen",
        ],
        ..NOTHING
    },
    Channel {
        name: "a speaker's name",
        vary: |space| space.edit("corpora/made/table.csv", ",s1,", ",s9,"),
        rekeyed: &[
            "speech", "features", "network", "test", "known", "map", "seen",
        ],
        ..NOTHING
    },
    Channel {
        name: "the language",
        vary: |space| space.edit("corpora/made/table.csv", ",en,", ",it,"),
        rekeyed: &[
            "speech", "features", "network", "test", "known", "map", "seen",
        ],
        ..NOTHING
    },
    Channel {
        name: "a label of the same emotion",
        vary: |space| {
            space.edit("corpora.toml", "[\"happy\"]", "[\"happy\", \"glad\"]");
            space.edit("corpora/made/table.csv", "happy", "glad");
        },
        rekeyed: &["speech", "features", "network", "seen"],
        ..NOTHING
    },
    Channel {
        name: "an emotion",
        vary: |space| space.edit("corpora.toml", "negative = [\"sad\"]", "negative = []"),
        rekeyed: &[
            "speech", "features", "network", "test", "known", "map", "report", "seen",
        ],
        ..NOTHING
    },
    Channel {
        name: "the split",
        vary: |space| {
            space.edit(
                "pipe.toml",
                "validation = 0.25, test = 0.25",
                "validation = 0.2, test = 0.3",
            );
            space.edit("pipe.toml", "train = 0.5", "seed = 7, train = 0.5");
        },
        rekeyed: &["speech", "copies", "features", "network", "test", "seen"],
        ..NOTHING
    },
    Channel {
        name: "the name of the corpus",
        vary: |space| {
            space.edit("corpora.toml", "[corpus.made]", "[corpus.own]");
            space.edit("pipe.toml", "\"made\"", "\"own\"");
        },
        rekeyed: &[
            "speech", "features", "network", "test", "known", "map", "report", "seen",
        ],
        ..NOTHING
    },
    Channel {
        name: "the seed of the copies",
        vary: |space| {
            space.edit(
                "pipe.toml",
                "kind = \"augment\"",
                "kind = \"augment\"\nseed = 2",
            )
        },
        rekeyed: &["copies", "audio", "features", "network", "seen"],
        ..NOTHING
    },
    Channel {
        name: "a declared file",
        vary: |space| space.write("tool.sh", format!("{TOOL}echo >> \"$2\"\n")),
        rekeyed: &["seen"],
        ..NOTHING
    },
    Channel {
        name: "a declared variable",
        vary: |space| {
            space.edit(
                "pipe.toml",
                "files = [",
                "environment = { A = \"b\" }\nfiles = [",
            )
        },
        rekeyed: &["seen"],
        ..NOTHING
    },
    Channel {
        name: "limits, threads, and what programs inherit",
        vary: |space| {
            space.edit(
                "pipe.toml",
                "bins = 23",
                "bins = 23\nmax_bad = 0.5\nstore = true",
            );
            space.edit("pipe.toml", "epochs = 1", "epochs = 1\nthreads = 3");
        },
        arguments: &["--jobs", "3"],
        variables: &[
            ("LC_ALL", "tr_TR.UTF-8"),
            ("TZ", "Asia/Tokyo"),
            ("SIZE", "huge"),
        ],
        ..NOTHING
    },
];

/// What runs in fresh caches made under each key, and when.
#[derive(Default)]
struct Made {
    by_key: HashMap<String, (&'static str, String)>,
}

impl Made {
    /// Takes the results of a cache in; a key that had another result before is an error.
    fn take(&mut self, channel: &'static str, space: &Workspace, run: &Run) {
        let mut found: Vec<(String, String)> = Vec::new();
        let records = Records::new(space.join("cache/steps"));
        for name in space.files("cache/steps").into_keys() {
            let key = Digest::parse(name.trim_end_matches(".json")).unwrap();
            let output = serde_json::to_string(&records.get(&key).unwrap().output).unwrap();
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
        space.write("tool.sh", TOOL);
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

#[test]
fn a_renamed_value_of_an_axis_reaches_the_program() {
    let space = Workspace::with_corpus(3);
    space.write(
        "pipe.toml",
        r#"
[matrix]
mel = [{ name = "few", bins = 20 }, { name = "many", bins = 23 }]

[stage.speech]
kind = "ingest"
corpora = "made"
split = "train"

[stage.fbank]
kind = "fbank"
input = "speech"
bins = "${matrix.mel.bins}"

[stage.list]
kind = "command"
inputs = { features = "fbank" }
run = "ls {features} > {out}/list.txt"
outputs = ["list.txt"]
"#,
    );
    space.run_well("pipe.toml");
    assert_eq!(space.read("runs/pipe/list/list.txt"), "mel=few\nmel=many\n");
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
    space.edit("pipe.toml", "\"many\"", "\"most\"");
    let renamed = space.run_well("pipe.toml");
    assert_eq!(renamed.executed(), ["list"]);
    assert_eq!(space.read("runs/pipe/list/list.txt"), "mel=few\nmel=most\n");
    let why = space.pipe(&["why", "pipe.toml", "--step", "list"]).stdout;
    let why = String::from_utf8(why).unwrap();
    assert!(
        why.contains("mel=many") && why.contains("mel=most"),
        "{why}"
    );
    space.edit("pipe.toml", "mel = [", "scale = [");
    space.edit("pipe.toml", "matrix.mel", "matrix.scale");
    assert_eq!(space.run_well("pipe.toml").executed(), ["list"]);
}

#[test]
fn a_report_that_does_without_a_step_names_it_as_it_is_called_now() {
    let space = Workspace::with_corpus(16);
    let broken = MANIFEST.replace(
        "[stage.test]\n",
        "[stage.loose]\nkind = \"evaluate\"\nmodel = \"network\"\ninput = \"loud\"\n\n[stage.loud]\nkind = \"fbank\"\ninput = \"tested\"\nsample_rate_hz = 8000\nbins = 20\n\n[stage.test]\n",
    );
    space.write(
        "pipe.toml",
        broken.replace("[\"test\", \"again\"]", "[\"test\", \"loose\"]"),
    );
    space.write("tool.sh", TOOL);
    let report = |space: &Workspace| {
        let run = space.run("pipe.toml", &["--keep-going"]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        space.read("runs/pipe/report/report.md").replace('\\', "")
    };
    assert!(
        report(&space).contains("loose[size=large]"),
        "{}",
        report(&space)
    );
    space.edit("pipe.toml", "size = [", "width = [");
    space.edit("pipe.toml", "matrix.size", "matrix.width");
    assert!(
        report(&space).contains("loose[width=large]"),
        "{}",
        report(&space)
    );
}
