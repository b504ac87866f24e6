//! `trim`: silence is gone from what a model learns, and from what it predicts on.

use super::predicting::{MODEL, assert_predicts_as_evaluated, trained};
use super::workspace::Workspace;

const FBANK: &str = "[stage.fbank]\nkind = \"fbank\"\ninput = \"audio\"";

/// As [`trained`], on recordings with silence around them, which is trimmed.
fn trained_without_silence() -> Workspace {
    let space = trained();
    for index in 0..48 {
        space.write_pcm(
            &format!("corpora/made/audio/{index:04}.wav"),
            16_000,
            &recording(index),
        );
    }
    space.edit(
        "m.toml",
        FBANK,
        "[stage.speech_alone]\nkind = \"trim\"\ninput = \"audio\"\nmargin_s = 0.01\nlongest_pause_s = 0.05\n\
         [stage.fbank]\nkind = \"fbank\"\ninput = \"speech_alone\"",
    );
    space.run_well("m.toml");
    space
}

/// Silence, a tone, a pause, the tone again, and silence.
fn recording(index: usize) -> Vec<i16> {
    let part = |samples: usize, height: f64| {
        (0..samples).map(move |sample| {
            let turns = (150 + index) as f64 * sample as f64 / 16_000.0;
            (height * (std::f64::consts::TAU * turns).sin()) as i16
        })
    };
    let parts = [
        (1600 + 40 * index, 2.0),
        (3200, 8000.0),
        (2400, 3.0),
        (2400, 6000.0),
        (3200, 2.0),
    ];
    let parts = parts.into_iter();
    parts
        .flat_map(|(samples, height)| part(samples, height))
        .collect()
}

#[test]
fn predict_trims_as_training_did() {
    let space = trained_without_silence();
    assert_predicts_as_evaluated(&space);
    // Windows are recordings of their own, and a silent one is left as it is.
    let pcm = [recording(3), vec![0; 16_000]].concat();
    space.write_pcm("long.wav", 16_000, &pcm);
    let told = space.stdout(&["predict", MODEL, "long.wav", "--window-s", "0.5"]);
    assert_eq!(told.lines().count(), 4 + 1, "{told}");
}

#[test]
fn features_have_fewer_frames_by_the_silence() {
    let space = Workspace::with_corpus(4);
    for index in 0..4 {
        let name = format!("corpora/made/audio/{index:04}.wav");
        space.write_pcm(&name, 16_000, &recording(index));
    }
    space.write(
        "t.toml",
        "[stage.speech]\nkind = \"ingest\"\ncorpora = \"made\"\nsplit = \"train\"\n\
         [stage.alone]\nkind = \"trim\"\ninput = \"speech\"\n\
         [stage.size]\nkind = \"command\"\nfor_each = \"alone\"\nrun = \"wc -c < {input} > {output}\"\n\
         [stage.sizes]\nkind = \"command\"\ninputs = { size = \"size\" }\n\
         run = \"cat {size}/*.safetensors | grep -a -o '[0-9]*$' > {out}/sizes.txt\"\n\
         outputs = [\"sizes.txt\"]\n",
    );
    space.run_well("t.toml");
    let sizes = space.read("runs/t/sizes/sizes.txt");
    assert_eq!(sizes.lines().count(), 4);
    for size in sizes.lines() {
        // From the first tone to the end of the second, to a hop or so; 32-bit samples and a header.
        let samples: i64 = (size.parse::<i64>().unwrap() - 58) / 4;
        assert!((samples - 8000).abs() <= 500, "{samples}");
    }
}

#[test]
fn a_graph_trims_and_what_predict_cannot_do_is_said() {
    let space = trained_without_silence();
    let written = space.stdout(&["export", MODEL, "--onnx", "m.onnx"]);
    assert!(written.contains("not in it: resampling to"), "{written}");
    assert!(!written.contains("trim"), "{written}");
    // Silence that is trimmed before the rate is changed is other silence.
    space.edit("m.toml", "input = \"more\"", "input = \"speech_alone\"");
    space.edit(
        "m.toml",
        "kind = \"trim\"\ninput = \"audio\"",
        "kind = \"trim\"\ninput = \"more\"",
    );
    space.edit(
        "m.toml",
        "input = \"speech_alone\"\nsample_rate_hz",
        "input = \"audio\"\nsample_rate_hz",
    );
    space.run_well("m.toml");
    let refused = space.refused(&["predict", MODEL, "corpora"]);
    assert!(refused.contains("behind the last `resample`"), "{refused}");
}
