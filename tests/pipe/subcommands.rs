//! Every subcommand as a person uses it: what it prints, what it writes, how it exits.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::workspace::{Workspace, lines_of_json};

#[test]
fn plan_tells_what_a_run_would_do_and_writes_no_results() {
    let space = Workspace::with_corpus(3);
    insta::assert_snapshot!("plan_before", space.stdout(&["plan", "pipe.toml"]));
    assert!(!space.join("runs").exists());
    space.run_well("pipe.toml");
    insta::assert_snapshot!("plan_after", space.stdout(&["plan", "pipe.toml"]));
    space.tone("corpora/made/audio/0001.wav", 16_000, 0.3, 999.0);
    insta::assert_snapshot!("plan_one_changed", space.stdout(&["plan", "pipe.toml"]));
    let planned = lines_of_json(&space.stdout(&["plan", "pipe.toml", "--json"]));
    assert_eq!(planned.len(), 4);
    assert_eq!(planned[0]["forecast"]["missing"], 1);
}

#[test]
fn columns_fit_the_longest_name() {
    let space = Workspace::with_corpus(2);
    let long = "filterbank_features_of_every_utterance";
    space.edit("pipe.toml", "[stage.fbank]", &format!("[stage.{long}]"));
    space.edit("pipe.toml", "\"fbank\" }", &format!("\"{long}\" }}"));
    let plan = space.stdout(&["plan", "pipe.toml"]);
    let columns: BTreeSet<usize> = plan
        .lines()
        .filter_map(|line| line.find("  runs"))
        .collect();
    assert_eq!(columns.len(), 1, "{plan}");
    let run = String::from_utf8(space.pipe(&["run", "pipe.toml"]).stderr).unwrap();
    let columns: BTreeSet<usize> = run.lines().filter_map(|line| line.find("  done")).collect();
    assert_eq!(columns.len(), 1, "{run}");
}

#[test]
fn one_thing_is_reported_in_the_singular() {
    let space = Workspace::with_corpus(1);
    space.write(
        "pipe.toml",
        space
            .read("pipe.toml")
            .split("[stage.audio]")
            .next()
            .unwrap(),
    );
    let plan = space.stdout(&["plan", "pipe.toml"]);
    assert!(
        plan.contains("1 step:") && plan.contains("1 item to compute"),
        "{plan}"
    );
    let run = String::from_utf8(space.pipe(&["run", "pipe.toml"]).stderr).unwrap();
    assert!(
        run.contains("pipe.toml: 1 step\n") || run.contains(": 1 step\n"),
        "{run}"
    );
    assert!(
        run.contains("done, 1 item") && !run.contains("1 items"),
        "{run}"
    );
}

#[test]
fn why_names_the_step_and_what_changed() {
    let space = Workspace::with_corpus(3);
    let first = space.stdout(&["why", "pipe.toml"]);
    assert!(first.contains("speech (to run)"), "{first}");
    assert!(first.contains("no earlier run"), "{first}");
    space.run_well("pipe.toml");
    space.edit(
        "pipe.toml",
        "rate_hz = 8000\n",
        "rate_hz = 8000\nmax_bad = 0.1\n",
    );
    space.edit("pipe.toml", "bins = 23", "bins = 24");
    let why = space.stdout(&["why", "pipe.toml"]);
    assert!(why.contains("bins: 23 -> 24"), "{why}");
    let json = lines_of_json(&space.stdout(&["why", "pipe.toml", "--json"]));
    assert_eq!(json.len(), 4);
    let error = space.refused(&["why", "pipe.toml", "--step", "fbnak"]);
    assert!(
        error.contains("no step `fbnak`") && error.contains("did you mean `fbank`?"),
        "{error}"
    );
}

#[test]
fn graph_draws_every_step_and_every_edge() {
    let space = Workspace::with_corpus(2);
    space.edit("pipe.toml", "bins = 23", "bins = \"${matrix.bins}\"");
    space.write(
        "pipe.toml",
        space.read("pipe.toml") + "\n[matrix]\nbins = [20, { name = 'a \"b\"', n = 3 }]\n",
    );
    space.edit(
        "pipe.toml",
        "bins = \"${matrix.bins}\"",
        "bins = 23\nstore = true\nwindow = \"${matrix.bins}\"",
    );
    space.edit(
        "pipe.toml",
        "bins = [20, { name = 'a \"b\"', n = 3 }]",
        "bins = [\"hann\", \"hamming\"]",
    );
    let dot = space.stdout(&["graph", "pipe.toml"]);
    insta::assert_snapshot!("graph_dot", dot);
    // Quotes and braces are balanced, and every edge joins two nodes that are declared.
    assert_eq!(dot.matches('"').count() % 2, 0);
    let nodes: BTreeSet<&str> = dot
        .lines()
        .filter_map(|line| line.trim().split_once(" [label").map(|(node, _)| node))
        .collect();
    let edges: Vec<(&str, &str)> = dot
        .lines()
        .filter_map(|line| line.trim().trim_end_matches(';').split_once(" -> "))
        .collect();
    assert_eq!((nodes.len(), edges.len()), (5, 5));
    assert!(
        edges
            .iter()
            .all(|(a, b)| nodes.contains(a) && nodes.contains(b))
    );
    insta::assert_snapshot!(
        "graph_mermaid",
        space.stdout(&["graph", "pipe.toml", "--format", "mermaid"])
    );
}

#[test]
fn labels_with_quotes_do_not_break_the_drawing() {
    let space = Workspace::with_corpus(2);
    space.edit("pipe.toml", "run = \"wc", "run = \": '${matrix.word}'; wc");
    space.write(
        "pipe.toml",
        space.read("pipe.toml") + "\n[matrix]\nword = ['say \"<a>\" \\ b', \"c\"]\n",
    );
    let dot = space.stdout(&["graph", "pipe.toml"]);
    assert!(
        dot.contains(r#"label = "count[word=say \"<a>\" \\ b]\ncommand""#),
        "{dot}"
    );
    let mermaid = space.stdout(&["graph", "pipe.toml", "--format", "mermaid"]);
    assert!(
        mermaid.contains("count[word=say &quot;&lt;a>&quot; \\ b]"),
        "{mermaid}"
    );
}

#[test]
fn corpora_are_compared_with_their_official_counts() {
    let space = Workspace::with_corpus(6);
    let official = "[corpus.made.official]\nutterances = 6\nspeakers = 4\nlabels = { happy = 2, neutral = 2, sad = 2 }\n";
    space.write("corpora.toml", space.read("corpora.toml") + official);
    insta::assert_snapshot!("corpora_complete", space.stdout(&["corpora", "made"]));
    space.table(5);
    insta::assert_snapshot!(
        "corpora_incomplete",
        space.stdout_of_exit(&["corpora", "made"], 1)
    );
    let line = &lines_of_json(&space.stdout_of_exit(&["corpora", "made", "--json"], 1))[0];
    assert_eq!(
        line["utterances"],
        serde_json::json!({ "found": 5, "official": 6 })
    );
    assert_eq!(line["agrees"], false);
    std::fs::rename(space.join("corpora/made"), space.join("corpora/gone")).unwrap();
    let absent = space.stdout_of_exit(&["corpora", "made"], 1);
    assert!(absent.contains("made by the tests"), "{absent}");
    let listed = space.stdout(&["corpora"]);
    assert!(listed.starts_with(&absent), "a list is no check: {listed}");
    assert!(
        listed.contains("known and not here: crema-d, emo-db, "),
        "{listed}"
    );
    assert!(listed.contains(" (built in)\n"), "{listed}");
    let error = space.refused(&["corpora", "maid"]);
    assert!(
        error.contains("no corpus `maid`") && error.contains("did you mean `made`?"),
        "{error}"
    );
}

#[test]
fn the_cache_tells_its_size_and_finds_damage() {
    let space = Workspace::with_corpus(3);
    let error = space.refused(&["cache", "du"]);
    assert!(error.contains("no cache found at cache"), "{error}");
    space.run_well("pipe.toml");
    let du = space.stdout(&["cache", "du"]);
    assert!(du.contains("in cache"), "{du}");
    let parts = lines_of_json(&space.stdout(&["cache", "du", "--json"]));
    let bytes: u64 = parts
        .iter()
        .map(|part| part["bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(bytes, space.bytes("cache"));
    let whole = space.stdout(&["cache", "verify"]);
    assert!(whole.contains("all intact"), "{whole}");
    let object = space
        .files("cache")
        .into_keys()
        .find(|name| name.starts_with("objects/") && !name.ends_with('/'))
        .unwrap();
    let path = space.join("cache").join(&object);
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a test's own file")]
    permissions.set_readonly(false);
    std::fs::set_permissions(&path, permissions).unwrap();
    std::fs::write(&path, "damaged").unwrap();
    let damaged = space.stdout_of_exit(&["cache", "verify"], 1);
    assert!(damaged.contains("1 damaged"), "{damaged}");
    assert!(damaged.contains("nothing was changed"), "{damaged}");
    assert!(path.exists());
    let repaired = space.stdout_of_exit(&["cache", "verify", "--repair"], 0);
    assert!(repaired.contains("were removed"), "{repaired}");
    assert!(!path.exists());
    space.run_well("pipe.toml");
    assert!(space.stdout(&["cache", "verify"]).contains("all intact"));
}

#[test]
fn schema_describes_every_kind() {
    let space = Workspace::new();
    let all = space.stdout(&["schema"]);
    let kinds = [
        "ingest",
        "audit",
        "resample",
        "trim",
        "vad",
        "fbank",
        "embed",
        "import",
        "functionals",
        "augment",
        "train",
        "evaluate",
        "probe",
        "tsne",
        "report",
        "command",
    ];
    for kind in kinds {
        assert!(all.contains(&format!("kind = \"{kind}\"")), "{kind}");
        let one = space.stdout(&["schema", kind]);
        assert!(
            all.contains(one.trim_end()) && one.starts_with("kind"),
            "{one}"
        );
    }
    let schema: Json = serde_json::from_str(&space.stdout(&["schema", "--json"])).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let stages = &schema["properties"]["stage"]["additionalProperties"]["allOf"];
    assert_eq!(stages.as_array().unwrap().len(), kinds.len());
    // Kinds of leaks are as many as a stage looks for.
    assert!(
        space
            .stdout(&["schema", "ingest"])
            .contains("shared_session")
    );
    assert!(
        !space
            .stdout(&["schema", "train"])
            .contains("shared_session")
    );
    let error = space.refused(&["schema", "fbnak"]);
    assert!(error.contains("did you mean `fbank`?"), "{error}");
}

#[test]
fn version_help_and_slips_of_the_pen() {
    let space = Workspace::new();
    let version = space.stdout(&["--version"]);
    assert_eq!(version, format!("pipe {}\n", pipe::version::VERSION));
    let number = format!("pipe {}", env!("CARGO_PKG_VERSION"));
    assert!(version.starts_with(&number), "{version}");
    insta::assert_snapshot!("help", space.stdout(&["--help"]));
    insta::assert_snapshot!("help_run", space.stdout(&["run", "--help"]));
    insta::assert_snapshot!("slip_subcommand", space.refused(&["rnu", "x.toml"]));
    insta::assert_snapshot!(
        "slip_option",
        space.refused(&["run", "x.toml", "--job", "2"])
    );
    assert_eq!(space.pipe(&[]).status.code(), Some(2));
}

#[test]
fn a_matrix_shares_what_does_not_vary_and_runs_what_is_new() {
    let space = Workspace::with_corpus(3);
    space.edit(
        "pipe.toml",
        "bins = 23",
        "bins = \"${matrix.bins}\"\nwindow = \"${matrix.window}\"",
    );
    space.edit(
        "pipe.toml",
        "inputs = { features = \"fbank\" }",
        "inputs = { features = \"fbank\" } # gathers",
    );
    space.edit(
        "pipe.toml",
        "wc -l < {features}/items.tsv",
        "cat {features}/*/items.tsv | wc -l",
    );
    let matrix = "\n[matrix]\nbins = [20, 23]\nwindow = [\"hann\", \"povey\"]\nexclude = [{ bins = 23, window = \"hann\" }]\n";
    space.write("pipe.toml", space.read("pipe.toml") + matrix);
    let first = space.run_well("pipe.toml");
    let executed: BTreeSet<String> = first.executed().into_iter().collect();
    let expected = [
        "audio",
        "count",
        "fbank[bins=20,window=hann]",
        "fbank[bins=20,window=povey]",
        "fbank[bins=23,window=povey]",
        "speech",
    ];
    assert_eq!(executed, expected.map(str::to_string).into());
    assert_eq!(first.items().0, 3 + 3 + 9, "speech and audio are made once");
    assert_eq!(space.read("runs/pipe/count/count.txt").trim(), "12");
    space.edit("pipe.toml", "bins = [20, 23]", "bins = [20, 23, 26]");
    let second = space.run_well("pipe.toml");
    let executed: BTreeSet<String> = second.executed().into_iter().collect();
    let expected = [
        "count",
        "fbank[bins=26,window=hann]",
        "fbank[bins=26,window=povey]",
    ];
    assert_eq!(executed, expected.map(str::to_string).into());
    assert_eq!(second.items().0, 6);
}

#[test]
fn what_is_left_out_and_what_is_set_aside_is_said() {
    let space = Workspace::with_corpus(4);
    std::fs::remove_file(space.join("corpora/made/audio/0003.wav")).unwrap();
    space.write("corpora/made/audio/0001.wav", "no audio at all");
    let output = space.pipe(&["run", "pipe.toml"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        output.status.code(),
        Some(1),
        "one of four is more than 1 %"
    );
    for expected in [
        "left out",
        "too_many_bad",
        "at least 1 of 4 items",
        "made/table.csv:5: the file does not exist: audio/0003.wav",
        "max_bad",
        "bad items found before the step ended early",
        "dropped.tsv",
        "3 not run",
    ] {
        assert!(stderr.contains(expected), "{expected}: {stderr}");
    }
    space.edit(
        "pipe.toml",
        "split = \"train\"",
        "split = \"train\"\nmax_bad = 0.5",
    );
    let output = space.pipe(&["run", "pipe.toml"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("1 set aside"), "{stderr}");
}
