//! Messages that once said too little, or the same too often: each as a person meets it.

use super::workspace::Workspace;

#[test]
fn a_split_table_without_lines_is_told_in_the_plan_with_its_name() {
    let space = Workspace::with_corpus(3);
    space.write(
        "tables/split.tsv",
        "# made by hand\nspeaker\tsplit\tgender\tutterances\thours\n",
    );
    space.edit(
        "pipe.toml",
        "split = \"train\"",
        "split_file = \"tables/split.tsv\"",
    );
    let planned = space.stdout_of_exit(&["plan", "pipe.toml"], 1);
    assert!(
        planned.contains("the split table tables/split.tsv assigns nobody")
            && planned.contains("ingest::empty_split_table"),
        "{planned}"
    );
    // One that is about other speakers has its name in the message too.
    space.write(
        "tables/split.tsv",
        "speaker\tsplit\tgender\tutterances\thours\nmade/s0\ttrain\n",
    );
    let planned = space.stdout_of_exit(&["plan", "pipe.toml"], 1);
    assert!(
        planned.contains("tables/split.tsv: the split table does not assign made/s1, made/s2")
            && planned.contains("corpus::split::unassigned"),
        "{planned}"
    );
}

#[test]
fn a_run_is_shown_with_its_steps_in_order() {
    let space = Workspace::with_corpus(3);
    space.run_well("pipe.toml");
    let shown = space.stdout(&["show", "pipe:1"]);
    let at = |step: &str| {
        let line = shown
            .lines()
            .position(|line| line.trim_start().starts_with(step));
        line.unwrap_or_else(|| panic!("no {step} in {shown}"))
    };
    let places = ["speech", "audio", "fbank", "count"].map(at);
    assert!(places.is_sorted(), "{shown}");
    assert!(shown.contains("over all cores"), "{shown}");
}

#[test]
fn addresses_and_paths_in_help_are_in_one_piece() {
    let space = Workspace::with_corpus(1);
    space.edit(
        "pipe.toml",
        "split = \"train\"",
        "split = { protocol = \"emobox\", folder = \"no-such-folder/with/a/rather-long-name/that-has-hyphens-and/slashes-in-it\", fold = 1 }",
    );
    for columns in ["40", "60", "80", "100"] {
        let mut command = space.command(&["plan", "pipe.toml"]);
        let output = command.env("COLUMNS", columns).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("https://github.com/emo-box/EmoBox"), "{told}");
        assert!(
            told.contains(
                "no-such-folder/with/a/rather-long-name/that-has-hyphens-and/slashes-in-it"
            ),
            "{told}"
        );
    }
}

#[test]
fn a_folder_named_like_a_known_corpus_is_told_what_to_do_with_a_copy_of_it() {
    let space = Workspace::with_corpus(3);
    let told = space.refused(&["corpora", "add", "corpora/made"]);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("has a corpus `made` already")
            && told.contains("this folder is where its entry has it")
            && told.contains("`pipe corpora made` compares it")
            && told.contains("--name"),
        "{told}"
    );
    // Elsewhere, and like one that comes with the program.
    std::fs::rename(space.join("corpora/made"), space.join("emovo")).unwrap();
    let output = space.pipe(&["corpora", "add", "emovo"]);
    let told = String::from_utf8_lossy(&output.stderr);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(output.status.success(), "{told}");
    assert!(
        told.contains("comes with the program") && told.contains("put it at corpora/"),
        "{told}"
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("[corpus.emovo]"));
}
