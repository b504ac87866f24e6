//! `trim` and `vad`: silence is gone from what a model learns, and from what it predicts on.

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

/// A syllable of harmonics between two stretches of noise, which `trim` cannot tell from it.
fn noisy(index: usize) -> Vec<i16> {
    let mut state = 1 + index as u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 16) / 32_768.0 - 1.0
    };
    let (before, length) = (9600 + 40 * index, 8000);
    let syllable = |sample: usize| {
        let within = sample.checked_sub(before).filter(|at| *at < length);
        within.map_or(0.0, |at| {
            let turns = (110 + index) as f64 * at as f64 / 16_000.0;
            let swell = (std::f64::consts::PI * at as f64 / length as f64).sin();
            let harmonic = |number: u32| (std::f64::consts::TAU * f64::from(number) * turns).sin();
            swell * (1..=12).map(harmonic).sum::<f64>()
        })
    };
    (0..before + length + 8000)
        .map(|sample| (800.0 * syllable(sample) + 600.0 * noise()) as i16)
        .collect()
}

#[test]
fn speech_is_found_where_noise_hides_silence() {
    let space = Workspace::with_corpus(4);
    for index in 0..4 {
        let name = format!("corpora/made/audio/{index:04}.wav");
        space.write_pcm(&name, 16_000, &noisy(index));
    }
    space.write(
        "v.toml",
        "[stage.speech]\nkind = \"ingest\"\ncorpora = \"made\"\nsplit = \"train\"\n\
         [stage.by_energy]\nkind = \"trim\"\ninput = \"speech\"\n\
         [stage.found]\nkind = \"vad\"\ninput = \"speech\"\nmargin_s = 0.0\n\
         [stage.lengths]\nkind = \"command\"\nfor_each = \"by_energy\"\nrun = \"wc -c < {input} > {output}\"\n\
         [stage.of_found]\nkind = \"command\"\nfor_each = \"found\"\nrun = \"wc -c < {input} > {output}\"\n\
         [stage.sizes]\nkind = \"command\"\ninputs = { all = \"lengths\", found = \"of_found\" }\n\
         run = \"for f in {all} {found}; do cat $f/*.safetensors | grep -a -o '[0-9]*$'; done > {out}/sizes.txt\"\n\
         outputs = [\"sizes.txt\"]\n",
    );
    space.run_well("v.toml");
    let sizes = space.read("runs/v/sizes/sizes.txt");
    // 32-bit samples and a header.
    let samples: Vec<i64> = (sizes.lines())
        .map(|size| (size.parse::<i64>().unwrap() - 58) / 4)
        .collect();
    let [all @ .., _, _, _, _] = &samples[..] else {
        panic!("{sizes}");
    };
    assert_eq!((all.len(), samples.len()), (4, 8));
    assert!(all.iter().all(|samples| *samples > 25_000), "{samples:?}");
    for found in &samples[4..] {
        assert!((6500..9500).contains(found), "{samples:?}");
    }
    assert!(space.run_well("v.toml").executed().is_empty());
    space.edit(
        "v.toml",
        "margin_s = 0.0",
        "margin_s = 0.0\nthreshold_db = 2.0",
    );
    let executed = space.run_well("v.toml").executed();
    assert!(executed.contains(&"found".into()), "{executed:?}");
    assert!(!executed.contains(&"by_energy".into()), "{executed:?}");
}

#[test]
fn predict_finds_speech_as_training_did() {
    let space = trained();
    for index in 0..48 {
        let name = format!("corpora/made/audio/{index:04}.wav");
        space.write_pcm(&name, 16_000, &noisy(index));
    }
    space.edit(
        "m.toml",
        FBANK,
        "[stage.speech_alone]\nkind = \"vad\"\ninput = \"audio\"\nmargin_s = 0.01\n\
         [stage.fbank]\nkind = \"fbank\"\ninput = \"speech_alone\"",
    );
    space.run_well("m.toml");
    assert_predicts_as_evaluated(&space);
    let refused = space.refused(&["export", MODEL, "--onnx", "m.onnx"]);
    assert!(refused.contains("onnx::features"), "{refused}");
    let exported = ["export", MODEL, "--onnx", "m.onnx", "--input", "features"];
    let told = space.stdout(&exported);
    assert!(told.contains("speech found by `vad`"), "{told}");
}
