//! What can reach a step, one thing at a time, and which keys it must change; the table is in `crates/engine/src/stage/mod.rs` and `crates/stages/src/stage/mod.rs`.

use std::fs;

use super::keys::{TOOL, WORKER};
use super::workspace::Workspace;

/// One thing that is varied.
pub struct Channel {
    pub name: &'static str,
    pub vary: fn(&Workspace),
    pub arguments: &'static [&'static str],
    pub variables: &'static [(&'static str, &'static str)],
    /// Stages that must have a new key; empty for what cannot change a result.
    pub rekeyed: &'static [&'static str],
}

const NOTHING: Channel = Channel {
    name: "nothing",
    vary: |_| {},
    arguments: &[],
    variables: &[],
    rekeyed: &[],
};

pub const CHANNELS: &[Channel] = &[
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
        name: "a default written out where features to test on are made",
        vary: |space| {
            let stage = "input = \"tested\"\n";
            space.edit(
                "pipe.toml",
                &format!("kind = \"fbank\"\n{stage}"),
                &format!("kind = \"fbank\"\nhigh_hz = 4000.0\n{stage}"),
            );
        },
        rekeyed: &["tested_features"],
        ..NOTHING
    },
    Channel {
        name: "a default written out where features to train on are made",
        vary: |space| {
            let stage = "input = \"audio\"\n";
            space.edit("pipe.toml", stage, &format!("{stage}high_hz = 4000.0\n"));
        },
        rekeyed: &["features"],
        ..NOTHING
    },
    Channel {
        name: "a recording",
        vary: |space| space.tone("corpora/made/audio/0003.wav", 16_000, 0.3, 700.0),
        rekeyed: &[
            "speech", "audited", "copies", "audio", "features", "each", "kept", "embedded",
            "averaged", "network", "test", "known", "map", "seen",
        ],
        ..NOTHING
    },
    Channel {
        name: "a limit that leaves a long recording out",
        vary: |space| {
            space.tone("corpora/made/audio/0003.wav", 16_000, 0.9, 153.0);
            let speech = "corpora = \"made\"\n";
            let limits = "max_duration_s = 0.5\nmax_bad = 0.1\n";
            space.edit("pipe.toml", speech, &format!("{speech}{limits}"));
        },
        rekeyed: &["speech", "audited", "copies", "features", "network", "seen"],
        ..NOTHING
    },
    Channel {
        name: "a column that only an audit reads",
        vary: |space| {
            let table = space.read("corpora/made/table.csv");
            let lines = table.lines().enumerate();
            let lines = lines.map(|(row, line)| match row {
                0 => format!("{line},text\n"),
                row => format!("{line},{}\n", row % 2),
            });
            space.write("corpora/made/table.csv", lines.collect::<String>());
        },
        rekeyed: &["audited", "report"],
        ..NOTHING
    },
    Channel {
        name: "when an audit fails",
        vary: |space| space.edit("pipe.toml", "fail_on = \"never\"", ""),
        arguments: &["--keep-going"],
        rekeyed: &["audited"],
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
            "speech", "audited", "copies", "features", "network", "test", "known", "map", "seen",
        ],
        ..NOTHING
    },
    Channel {
        name: "a speaker's gender",
        vary: |space| space.edit("corpora/made/table.csv", "s1,male", "s1,female"),
        rekeyed: &[
            "speech", "audited", "features", "network", "test", "known", "map", "seen",
        ],
        ..NOTHING
    },
    Channel {
        name: "a speaker's name",
        vary: |space| space.edit("corpora/made/table.csv", ",s1,", ",s9,"),
        rekeyed: &[
            "speech", "audited", "features", "network", "test", "known", "map", "seen",
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
        vary: |space| {
            let dropped = "negative = [], dropped = [\"sad\"]";
            space.edit("corpora.toml", "negative = [\"sad\"]", dropped);
        },
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
        name: "a recording of noise",
        vary: |space| space.tone("noise/hum.wav", 16_000, 1.0, 60.0),
        rekeyed: &["copies", "audio", "features", "network", "seen"],
        ..NOTHING
    },
    Channel {
        name: "the name of a recording of noise",
        vary: |space| {
            fs::rename(space.join("noise/hum.wav"), space.join("noise/buzz.wav")).unwrap()
        },
        rekeyed: &["copies"],
        ..NOTHING
    },
    Channel {
        name: "the place of the recordings of noise",
        vary: |space| {
            fs::rename(space.join("noise"), space.join("elsewhere")).unwrap();
            space.edit("pipe.toml", "\"noise\"", "\"elsewhere\"");
        },
        ..NOTHING
    },
    Channel {
        name: "a declared file",
        vary: |space| space.write("tool.sh", format!("{TOOL}echo >> \"$2\"\n")),
        rekeyed: &["seen"],
        ..NOTHING
    },
    Channel {
        name: "a declared file of a program that is kept running",
        vary: |space| {
            let counts_words = WORKER.replace("wc -c", "wc -w");
            space.write("worker.sh", counts_words);
        },
        rekeyed: &["kept", "seen"],
        ..NOTHING
    },
    Channel {
        name: "the content of a model that embeds",
        vary: |space| {
            let mut model = fs::read(space.join("model.onnx")).unwrap();
            // One more field, the description of the model.
            model.extend([0x32, 1, b'x']);
            space.write("model.onnx", model);
        },
        rekeyed: &["embedded"],
        ..NOTHING
    },
    Channel {
        name: "the name of the file of a model that embeds",
        vary: |space| {
            fs::rename(space.join("model.onnx"), space.join("another.onnx")).unwrap();
            space.edit("pipe.toml", "\"model.onnx\"", "\"another.onnx\"");
        },
        ..NOTHING
    },
    Channel {
        name: "the statistics of functionals",
        vary: |space| {
            let stage = "kind = \"functionals\"\n";
            space.edit(
                "pipe.toml",
                stage,
                &format!("{stage}statistics = [\"mean\"]\n"),
            );
        },
        rekeyed: &["averaged", "seen"],
        ..NOTHING
    },
    Channel {
        name: "how much softer silence is",
        vary: |space| space.edit("pipe.toml", "threshold_db = 30.0", "threshold_db = 1.0"),
        rekeyed: &["cut", "seen"],
        ..NOTHING
    },
    Channel {
        name: "the content of imported features",
        vary: |space| {
            let table = space.read("features.csv");
            space.write("features.csv", table.replacen(",0.5,", ",0.55,", 1));
        },
        rekeyed: &["imported", "seen"],
        ..NOTHING
    },
    Channel {
        name: "a feature more to import",
        vary: |space| {
            let table = space.read("features.csv");
            let mut lines = table.lines().map(str::to_owned).collect::<Vec<_>>();
            lines[0] += ",shimmer";
            lines[1..].iter_mut().for_each(|line| *line += ",1.5");
            space.write("features.csv", lines.join("\n"));
        },
        rekeyed: &["imported", "seen"],
        ..NOTHING
    },
    Channel {
        name: "the name of the file of imported features",
        vary: |space| {
            fs::rename(space.join("features.csv"), space.join("rows.csv")).unwrap();
            space.edit("pipe.toml", "\"features.csv\"", "\"rows.csv\"");
        },
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
            let speech = "corpora = \"made\"\n";
            space.edit(
                "pipe.toml",
                speech,
                &format!("{speech}max_duration_s = 0.3\n"),
            );
        },
        arguments: &["--jobs", "3", "--memory", "1MB"],
        variables: &[
            ("LC_ALL", "tr_TR.UTF-8"),
            ("TZ", "Asia/Tokyo"),
            ("SIZE", "huge"),
        ],
        ..NOTHING
    },
];
