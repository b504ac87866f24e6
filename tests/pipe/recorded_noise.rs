//! `augment` with recordings of noise, impulse responses of rooms, and a telephone channel.

use super::workspace::Workspace;

const MANIFEST: &str = r#"
[stage.speech]
kind = "ingest"
corpora = "made"
split = "train"

[stage.copies]
kind = "augment"
input = "speech"
copies = 2
speed = [1.0, 1.0]
snr_db = [5.0, 20.0]
noise_folder = "noise"
reverb_folder = "rooms"
reverb_share = 0.5
telephone_share = 0.5

[stage.fbank]
kind = "fbank"
input = "copies"
"#;

fn space() -> Workspace {
    let space = Workspace::with_corpus(6);
    space.write("pipe.toml", MANIFEST);
    space.tone("noise/hum.wav", 16_000, 3.0, 50.0);
    space.tone("noise/deep/whine.wav", 44_100, 0.1, 4000.0);
    space.write("noise/README.txt", "where they are from");
    space.tone("rooms/hall.wav", 16_000, 0.2, 1000.0);
    space
}

#[test]
fn copies_are_made_once_and_again_when_a_recording_of_noise_changes() {
    let space = space();
    // Six utterances; two copies and the original of each.
    assert_eq!(space.run_well("pipe.toml").items(), (6 + 18 + 18, 0));
    assert_eq!(space.run_well("pipe.toml").executed(), [""; 0]);
    space.write("noise/README.txt", "what is no audio is not read");
    assert_eq!(space.run_well("pipe.toml").executed(), [""; 0]);
    space.tone("noise/hum.wav", 16_000, 3.0, 60.0);
    let run = space.run_well("pipe.toml");
    assert_eq!(run.executed(), ["copies", "fbank"]);
}

#[test]
fn a_broken_recording_of_noise_ends_the_step_and_is_named() {
    let space = space();
    for name in ["noise/hum.wav", "noise/deep/whine.wav"] {
        space.write(name, "no audio");
    }
    let run = space.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(1));
    let error = run.failure()["error"].as_str().unwrap().to_owned();
    assert!(error.contains(".wav"), "{error}");
    assert!(run.events_of("item_bad").is_empty(), "{:?}", run.events);
}

#[test]
fn folders_without_recordings_and_parameters_without_effect_are_mistakes_of_the_manifest() {
    for (old, new, expected) in [
        ("\"noise\"", "\"absent\"", "absent does not exist"),
        ("\"noise\"", "\"pipe.toml\"", "pipe.toml is not a folder"),
        ("\"noise\"", "\"empty\"", "empty has no audio files"),
        (
            "snr_db = [5.0, 20.0]\n",
            "",
            "`noise_folder` has no effect without `snr_db`",
        ),
        (
            "reverb_folder = \"rooms\"\n",
            "",
            "`reverb_share` has no effect without `reverb_folder`",
        ),
        ("telephone_share = 0.5", "telephone_share = 1.5", "1.5"),
        (
            "telephone_share = 0.5",
            "telephone_law = \"a_law\"",
            "`telephone_law` has no effect without `telephone_share`",
        ),
    ] {
        let space = space();
        space.write("empty/README.txt", "");
        space.edit("pipe.toml", old, new);
        let told = space.refused(&["plan", "pipe.toml"]);
        assert!(told.contains(expected), "{expected}: {told}");
    }
}
