//! Corpora of one's own: drafting their entries, and entries on top of those that come with the program.

use std::fs;

use super::workspace::{Workspace, lines_of_json};

/// A folder with eight recordings of four speakers, and a table of them in German.
fn with_table() -> Workspace {
    let space = Workspace::new();
    let mut table = String::from("Datei;Sprecher ID;speaker;gender;emotion\n");
    for index in 0..8 {
        let (speaker, label) = (index % 4, ["Freude", "neutral", "Wut", "Trauer"][index / 2]);
        space.tone(
            &format!("data/calls/wav/{index}.wav"),
            16_000,
            0.3,
            150.0 + index as f64,
        );
        let gender = ["f", "m"][index % 2];
        table += &format!("{index};{index};s{speaker};{gender};{label}\n");
    }
    space.write("data/calls/labels.csv", table);
    space
}

#[test]
fn a_table_of_a_corpus_in_another_form_is_refused_with_the_one_to_write() {
    let space = Workspace::with_corpus(4);
    let entry = space.read("corpora.toml");
    for (written, told) in [
        ("genders = { s0 = \"x\" }", "genders = { s01 = \"female\""),
        ("genders = \"female\"", "genders = { s01 = \"female\""),
        (
            "[corpus.made.genders]\ns0 = [\"female\"]",
            "genders = { s01 = \"female\"",
        ),
        ("names = [\"W\"]", "names = { W = \"anger\""),
    ] {
        space.write("corpora.toml", format!("{entry}{written}\n"));
        let refused = space.refused(&["plan", "pipe.toml"]);
        let words = refused.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(told), "{written}: {refused}");
        assert!(!words.contains("wanted string"), "{refused}");
    }
}

#[test]
fn a_drafted_entry_is_appended_and_runs() {
    let space = with_table();
    let own = "# Mine, with a comment.\nfolder = \"data\" # here";
    space.write("corpora.toml", own);
    let printed = space.stdout(&["corpora", "add", "data/calls"]);
    assert_eq!(space.read("corpora.toml"), own, "printing writes nothing");
    for wanted in [
        "[corpus.calls]\nroot = \"calls\"\nreader = \"table\"\n",
        "audio_folder = \"wav\" # where its paths start\n",
        "path = \"Datei\" # 8 of 8 rows have a file that is there\n",
        "speaker = \"speaker\" # 4 speakers: s0, s1, s2, s3\n",
        "emotion = \"emotion\" # 4 labels\n",
        "negative = [\"Trauer\", \"Wut\"] # 4 utterances\n",
        "Freude = \"happiness\"\n",
    ] {
        assert!(printed.contains(wanted), "{wanted}: {printed}");
    }
    let told = space.stdout(&["corpora", "add", "data/calls/labels.csv", "--write"]);
    assert!(
        told.starts_with("appended [corpus.calls] to corpora.toml"),
        "{told}"
    );
    assert_eq!(space.read("corpora.toml"), format!("{own}\n\n{printed}"));
    let told = space.stdout(&["corpora", "calls"]);
    assert!(told.starts_with("calls: calls (corpora.toml)\n"), "{told}");
    assert!(
        told.contains("utterances 8, speakers 4, 2.4 s; 8 usable"),
        "{told}"
    );
    space.write(
        "pipe.toml",
        "[stage.speech]\nkind = \"ingest\"\ncorpora = \"calls\"\nsplit = \"train\"\n",
    );
    assert_eq!(space.run_well("pipe.toml").steps().0, 1);
    let error = space.refused(&["corpora", "add", "data/calls", "--write"]);
    assert!(error.contains("has a corpus `calls` already"), "{error}");
    let error = space.refused(&["corpora", "add", "data/calls", "--name", "a/b", "--write"]);
    assert!(error.contains("could not be read"), "{error}");
    assert_eq!(space.read("corpora.toml"), format!("{own}\n\n{printed}"));
    space.stdout(&["corpora", "add", "data/calls", "--name", "again", "--write"]);
    assert!(space.stdout(&["corpora", "again"]).contains("8 usable"));
}

#[test]
fn the_first_entry_makes_the_file() {
    let space = with_table();
    fs::rename(space.join("data"), space.join("corpora")).unwrap();
    space.stdout(&["corpora", "add", "corpora/calls", "--write"]);
    let text = space.read("corpora.toml");
    assert!(text.contains("\nfolder = \"corpora\"\n"), "{text}");
    assert!(space.stdout(&["corpora", "calls"]).contains("8 usable"));
    let error = space.refused(&["corpora", "add", "nowhere"]);
    assert!(error.contains("nowhere cannot be read"), "{error}");
    space.write("empty/notes.txt", "");
    let error = space.refused(&["corpora", "add", "empty"]);
    assert!(error.contains("it has 1 .txt"), "{error}");
}

#[test]
fn own_entries_are_on_top_of_those_that_come_with_the_program() {
    let space = Workspace::with_corpus(4);
    space.write(
        "built_in.toml",
        "[stage.speech]\nkind = \"ingest\"\ncorpora = [\"made\", \"synthetic_kitchen\"]\nsplit = \"train\"\n",
    );
    assert_eq!(space.run_well("built_in.toml").steps().0, 1);
    let from = |name: &str| {
        let line = space.stdout(&["corpora", name, "--json"]);
        lines_of_json(&line)[0]["from"].clone()
    };
    assert_eq!(from("made"), "corpora.toml");
    assert_eq!(from("synthetic_kitchen"), "built in");
    // An entry with a reader replaces the whole one; without, what it does not name is as it was.
    let own = space.read("corpora.toml");
    let moved = "[corpus.ravdess]\nroot = \"elsewhere\"\n";
    space.write("corpora.toml", format!("{own}{moved}"));
    let told = space.stdout_of_exit(&["corpora", "ravdess"], 1);
    assert!(
        told.contains("ravdess: RAVDESS: Ryerson") && told.contains("elsewhere"),
        "{told}"
    );
    space.write(
        "corpora.toml",
        format!("{own}{moved}reader = \"ravdess\"\n"),
    );
    let refused = space.refused(&["corpora", "ravdess"]);
    assert!(refused.contains("lacks the key `title`"), "{refused}");
    // A copy with fewer utterances than the official counts say is no secret of `pipe corpora`.
    let official = "official = { utterances = 20, speakers = 4 }\n";
    space.write(
        "corpora.toml",
        own.replace("options = {", &format!("{official}options = {{")),
    );
    let planned = space.pipe(&["plan", "pipe.toml"]);
    let warned = String::from_utf8(planned.stderr).unwrap();
    assert!(
        warned.contains("this copy has 4 of the 20 utterances"),
        "{warned}"
    );
    space.write("corpora.toml", own);
    let entry = "\n[corpus.synthetic_kitchen]\nroot = \"\"\nreader = \"synthetic\"\ntitle = \"Mine\"\nlanguage = \"en\"\nlicence = \"\"\nsource = \"\"\nlabels = { neutral = [\"neutral\"] }\noptions = { seed = 1, speakers = 2, utterances_per_label = 1, rate_hz = 16000, room = \"studio\", noise = \"white\", snr_db = 44, tilt_db = 2, level_db = -43, strength = 1.2 }\n";
    space.write("corpora.toml", space.read("corpora.toml") + entry);
    let told = space.stdout(&["corpora", "synthetic_kitchen"]);
    assert!(
        told.starts_with("synthetic_kitchen: Mine (corpora.toml)\n"),
        "{told}"
    );
    assert!(told.contains("speakers 2"), "{told}");
    // Without a file, there are those of the program.
    fs::remove_file(space.join("corpora.toml")).unwrap();
    let told = space.stdout(&["corpora"]);
    assert!(
        told.contains("ravdess: ") && !told.contains("made: "),
        "{told}"
    );
}
