//! `leaks` for each kind of leak: what is named is warned of, what is not stays an error, and the error says what to write.

use super::folds::acted;
use super::manifests::{ENCODER, REPORT, TEST, front_end};
use super::workspace::Workspace;

/// Speaker 00 is trained on and tested, and one recording of another speaker is a copy of one that is tested.
fn leaking(leaks: &str) -> Workspace {
    let split = r#"{ lists = { train = "train.txt", validation = "dev.txt", test = "test.txt" } }"#;
    let manifest = format!(
        "[stage.speech]\nkind = \"ingest\"\ncorpora = \"acted\"\nsplit = {split}\n{leaks}\n{}\
         [stage.train]\nkind = \"train\"\ninput = \"fbank\"\nepochs = 1\nbatch = 6\nlearning_rate = 0.02\n{ENCODER}{TEST}{REPORT}",
        front_end("\"speech\"")
    );
    let space = acted(4, manifest);
    let table = space.read("acted/labels.csv");
    let names: Vec<&str> = table
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    let of = |wanted: &dyn Fn(&str) -> bool| -> String {
        let own = names.iter().filter(|name| wanted(name));
        own.map(|name| format!("{name}\n")).collect()
    };
    let shared = |name: &str| name.starts_with("00b");
    space.write(
        "train.txt",
        of(&|name| (name.starts_with("00") && !shared(name)) || name.starts_with("01")),
    );
    space.write("dev.txt", of(&|name| name.starts_with("02")));
    space.write(
        "test.txt",
        of(&|name| name.starts_with("03") || shared(name)),
    );
    std::fs::copy(
        space.join("acted/03ajoy.wav"),
        space.join("acted/01ajoy.wav"),
    )
    .unwrap();
    space
}

#[test]
fn what_a_table_does_not_name_stays_an_error_that_says_what_to_write() {
    let space = leaking("");
    let run = space.run("p.toml", &[]);
    let error = run.error();
    assert!(error.contains("[shared_audio, shared_speaker]"), "{error}");
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    assert!(told.contains("speaker acted/00 is in"), "{told}");
    let line = "leaks = { shared_audio = \"warn\", shared_speaker = \"warn\" }";
    let help = run.failure()["help"].as_str().unwrap();
    assert!(help.contains(line), "{help}");

    space.edit(
        "p.toml",
        "test.txt\" } }\n",
        "test.txt\" } }\nleaks = { shared_speaker = \"warn\" }\n",
    );
    let run = space.run("p.toml", &[]);
    let error = run.error();
    assert!(
        error.contains("[shared_audio]") && error.contains("03ajoy"),
        "{error}"
    );
    assert!(!error.contains("speaker acted/00 is in"), "{error}");

    space.edit(
        "p.toml",
        "{ shared_speaker = \"warn\" }",
        "{ shared_speaker = \"warn\", shared_audio = \"warn\" }",
    );
    let run = space.run("p.toml", &[]);
    let warned = run.warnings().join("\n");
    assert!(warned.contains("speaker acted/00 is in"), "{warned}");
    assert!(
        warned.contains("the same audio is in more than one part"),
        "{warned}"
    );
    // Training and validation share nothing; the evaluation does not allow it, which is reported before anything starts.
    assert!(run.executed().is_empty());
    let error = run.error();
    assert!(error.contains("[shared_audio, shared_speaker]"), "{error}");
    assert!(
        error.contains("speaker acted/00 was in training"),
        "{error}"
    );
    space.edit(
        "p.toml",
        "kind = \"evaluate\"",
        "kind = \"evaluate\"\nleaks = { shared_speaker = \"warn\", shared_audio = \"warn\" }",
    );
    let run = space.run_well("p.toml");
    assert!(
        run.warnings()
            .join("\n")
            .contains("has the same features as")
    );
}

#[test]
fn sessions_and_columns_that_were_to_stay_whole_have_kinds_of_their_own() {
    let space = leaking("leaks = { shared_speaker = \"warn\", shared_audio = \"warn\" }");
    let table = space
        .read("acted/labels.csv")
        .replace(",session\n", ",room\n");
    space.write("acted/labels.csv", table);
    space.run("p.toml", &[]);
    let pinned = space.read("runs/p/speech/split.tsv");
    space.write("pin.tsv", pinned);
    space.edit(
        "p.toml",
        "split = { lists",
        "split_file = \"pin.tsv\"\n#split = { lists",
    );
    space.edit("p.toml", "#split", "split = { train = 0.8, validation = 0.1, test = 0.1, groups = [\"room\", \"text\"] }\n#split");
    let run = space.run("p.toml", &[]);
    let error = run.error();
    assert!(error.contains("[shared_group, shared_text]"), "{error}");
    space.edit(
        "p.toml",
        "shared_audio = \"warn\" }",
        "shared_audio = \"warn\", shared_text = \"warn\" }",
    );
    let run = space.run("p.toml", &[]);
    let error = run.error();
    assert!(
        error.contains("[shared_group]") && error.contains("room"),
        "{error}"
    );
}

#[test]
fn a_kind_that_no_stage_knows_is_reported_at_its_place_before_anything_is_listed() {
    let space = leaking("leaks = { speaker = \"warn\" }");
    let error = space.refused(&["plan", "p.toml"]);
    assert!(error.contains("unknown key `speaker`"), "{error}");
    assert!(error.contains("leaks = { speaker = \"warn\" }"), "{error}");
    for kind in [
        "shared_speaker",
        "shared_audio",
        "shared_segment",
        "shared_session",
        "shared_group",
    ] {
        assert!(error.contains(kind), "{kind}: {error}");
    }
    space.edit(
        "p.toml",
        "{ speaker = \"warn\" }",
        "{ shared_speaker = \"ignore\" }",
    );
    let error = space.refused(&["plan", "p.toml"]);
    assert!(
        error.contains("\"ignore\" is not a value of `shared_speaker`"),
        "{error}"
    );
    // What training does not look for, it cannot be told to put up with.
    space.edit("p.toml", "leaks = { shared_speaker = \"ignore\" }", "");
    space.edit(
        "p.toml",
        "kind = \"train\"",
        "kind = \"train\"\nleaks = { shared_session = \"warn\" }",
    );
    let error = space.refused(&["plan", "p.toml"]);
    assert!(error.contains("unknown key `shared_session`"), "{error}");
}

#[test]
fn one_word_means_all_kinds_as_it_always_has() {
    let space = leaking("leaks = \"warn\"");
    space.edit(
        "p.toml",
        "kind = \"evaluate\"",
        "kind = \"evaluate\"\nleaks = \"warn\"",
    );
    space.run_well("p.toml");
    space.edit(
        "p.toml",
        "kind = \"train\"",
        "kind = \"train\"\nleaks = \"error\"",
    );
    assert!(
        space.run_well("p.toml").executed().is_empty(),
        "the default, written out"
    );
}

#[test]
fn files_that_are_broken_in_the_same_way_count_as_bad_and_are_no_leak() {
    let space = Workspace::with_corpus(48);
    // Of several speakers, in all splits.
    for (index, bytes) in [
        (0, ""),
        (9, ""),
        (18, ""),
        (27, "RIFF"),
        (36, "RIFF"),
        (45, "RIFF"),
    ] {
        space.write(&format!("corpora/made/audio/{index:04}.wav"), bytes);
    }
    let run = space.run("pipe.toml", &["--set", "speech.max_bad=0.2"]);
    assert_eq!(run.code, Some(0), "{:?}", run.events);
    assert_eq!(run.events_of("item_bad").len(), 6, "{:?}", run.events);
}
