//! A stage of kind `audit`: a study stops before it trains on data whose audit has errors, and its report shows what was
//! found, as `pipe audit` does.

use std::fs;

use serde_json::Value as Json;

use super::folds::{acted, crossed};
use super::manifests::{ENCODER, front_end};
use super::partitions::write_emobox;
use super::workspace::{Run, Workspace, lines_of_json};

/// A stage that audits another.
pub const AUDIT: &str = "[stage.audit]\nkind = \"audit\"\ninput = \"speech\"\n";

/// A study of a published fold whose texts are tested in turn by the same speakers, with an audit in its report.
fn published(audit: &str, leaks: &str) -> Workspace {
    let split = r#"{ protocol = "emobox", folder = "protocol", fold = 1 }"#;
    let mut manifest = crossed(split, "", "")
        .replace("[matrix]\nfold = { folds_of = \"speech\" }", "")
        .replace("kind = \"report\"", "kind = \"report\"\naudits = \"audit\"");
    for kind in ["ingest", "train", "evaluate"] {
        let kind = format!("kind = \"{kind}\"");
        manifest = manifest.replace(&kind, &format!("{kind}\nleaks = {leaks}"));
    }
    let space = acted(3, format!("{manifest}\n{audit}"));
    write_emobox(&space);
    space
}

/// A file of a result, as JSON.
pub fn of_step(space: &Workspace, name: &str) -> Json {
    serde_json::from_str(&space.read(&format!("runs/p/{name}"))).unwrap()
}

/// The findings of `pipe audit --json`, each without the name of its source.
pub fn told(space: &Workspace, manifest: &str, code: i32) -> Vec<Json> {
    let lines = lines_of_json(&space.stdout_of_exit(&["audit", manifest, "--json"], code));
    let findings = lines
        .into_iter()
        .filter(|line| line["event"] == "audit_finding");
    findings
        .map(|mut line| {
            let fields = line.as_object_mut().unwrap();
            fields.remove("event");
            fields.remove("source");
            line
        })
        .collect()
}

fn names(findings: &[Json], code: &str) -> Vec<String> {
    let found = findings.iter().find(|finding| finding["code"] == code);
    let found = found.unwrap_or_else(|| panic!("no {code} in {findings:?}"));
    serde_json::from_value(found["names"].clone()).unwrap()
}

/// A run whose audit takes both stages that list recordings.
fn audited_together(space: &Workspace) -> Run {
    space.edit(
        "p.toml",
        "input = \"speech\"\n[stage.held_out]",
        "input = [\"speech\", \"held_out\"]\n[stage.held_out]",
    );
    space.run("p.toml", &[])
}

#[test]
fn the_shared_speakers_of_a_published_fold_are_in_the_audit_and_in_the_report() {
    let space = published(
        &format!("{AUDIT}fail_on = \"never\"\n"),
        "{ shared_speaker = \"warn\" }",
    );
    // What `leaks` of the stage puts up with is no error of the audit.
    let findings = told(&space, "p.toml", 0);
    let shared = names(&findings, "audit::shared_speaker");
    assert_eq!(shared.len(), 3, "{shared:?}");
    for (speaker, shared) in ["acted/00 (", "acted/01 (", "acted/02 ("]
        .iter()
        .zip(&shared)
    {
        assert!(
            shared.starts_with(speaker) && shared.contains("test 3"),
            "{shared}"
        );
    }

    space.run_well("p.toml");
    let audit = of_step(&space, "audit/audit.json");
    assert_eq!(audit["sources"][0]["source"], "speech");
    assert_eq!(audit["sources"][0]["findings"], Json::Array(findings));
    assert_eq!(
        of_step(&space, "report/report.json")["audits"],
        Json::Array(vec![audit])
    );
    let forms = [
        space.read("runs/p/report/report.md").replace('\\', ""),
        space.read("runs/p/report/report.html"),
        space.stdout(&["show", "p/report"]),
        space.stdout(&["show", "p/audit"]),
    ];
    for form in &forms {
        assert!(form.contains("audit::shared_speaker"), "{form}");
        assert!(form.contains("acted/00 (test 3,"), "{form}");
        assert!(form.contains("Utterances by class, speech"), "{form}");
    }
    let page = &forms[1];
    let section = &page[page.find("<section id=\"audit\">").unwrap()..];
    let section = &section[..section.find("</section>").unwrap()];
    for name in shared {
        assert!(section.contains(&format!("<li>{name}</li>")), "{section}");
    }
}

#[test]
fn trainings_wait_for_the_audit_of_their_data_and_do_not_start_after_an_error() {
    const NAMED: &str = "fail_on = { shared_speaker = \"error\" }\n";
    let space = published(&format!("{AUDIT}{NAMED}"), "\"warn\"");
    let run = space.run("p.toml", &[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let error = run.error();
    assert!(
        error.contains("3 speakers are in more than one split"),
        "{error}"
    );
    assert!(error.contains("[audit::shared_speaker]"), "{error}");
    let help = run.failure()["help"].as_str().unwrap();
    assert!(help.contains("fail_on = \"never\""), "{help}");
    assert!(help.contains("audit"), "{help}");
    assert!(
        !run.executed().contains(&"train".into()),
        "{:?}",
        run.executed()
    );
    // Whoever is told so continues, and the report says what it does without.
    let run = space.run("p.toml", &["--keep-going"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(
        run.executed().contains(&"train".into()),
        "{:?}",
        run.executed()
    );
    let report = space.read("runs/p/report/report.md");
    assert!(
        report.contains("1 step could not be made and is missing here: audit."),
        "{report}"
    );
    space.edit("p.toml", NAMED, "fail_on = \"never\"\n");
    let run = space.run_well("p.toml");
    assert_eq!(run.executed(), ["audit", "report"]);
}

/// Recordings of a corpus in two parts by their speakers, and nothing but an audit of them.
pub fn audited_alone() -> Workspace {
    let split = r#"{ lists = { train = "train.txt", test = "test.txt" } }"#;
    let manifest = format!(
        "[stage.speech]\nkind = \"ingest\"\ncorpora = \"acted\"\nsplit = {split}\nmax_bad = 1.0\n{AUDIT}"
    );
    let space = acted(4, manifest);
    let files = |speakers: [&str; 2]| -> String {
        let table = space.read("acted/labels.csv");
        let names = table.lines().filter_map(|line| line.split(',').next());
        let own = names.filter(|name| speakers.contains(&&name[..2]));
        own.map(|name| format!("{name}\n")).collect()
    };
    space.write("train.txt", files(["00", "01"]));
    space.write("test.txt", files(["02", "03"]));
    space
}

#[test]
fn an_audit_is_repeated_when_what_it_reads_has_changed() {
    let space = audited_alone();
    let audits = || {
        space
            .run_well("p.toml")
            .executed()
            .contains(&"audit".into())
    };
    assert!(audits());
    assert!(!audits(), "nothing has changed");
    assert_eq!(names_of_kinds(&space), ["audit::shared_text"]);
    // A column that the ingest stage does not keep.
    let table = space.read("acted/labels.csv");
    space.write("acted/labels.csv", table.replace(",1\n", ",0\n"));
    assert!(audits());
    assert_eq!(
        names_of_kinds(&space),
        ["audit::shared_session", "audit::shared_text"]
    );
    // The order of the table says nothing.
    space.write("acted/labels.csv", table.replace(",1\n", ",0\n") + "\n");
    assert!(!audits());
    space.tone("acted/03bjoy.wav", 8_000, 0.9, 300.0);
    assert!(audits());
    space.write("p.toml", space.read("p.toml") + "threads = 2\n");
    assert!(!audits(), "threads change no result");
}

fn names_of_kinds(space: &Workspace) -> Vec<String> {
    let audit = of_step(space, "audit/audit.json");
    let findings = audit["sources"][0]["findings"].as_array().unwrap();
    let codes = findings
        .iter()
        .map(|found| found["code"].as_str().unwrap().to_owned());
    codes.collect()
}

#[test]
fn recordings_that_a_run_sets_aside_are_found_as_by_the_command() {
    let space = audited_alone();
    let whole = fs::read(space.join("acted/00ajoy.wav")).unwrap();
    space.write("acted/00ajoy.wav", &whole[..whole.len() / 2]);
    space.write("acted/01bjoy.wav", "no audio, but some text in a file");
    fs::remove_file(space.join("acted/02bjoy.wav")).unwrap();
    space.run_well("p.toml");
    let audit = of_step(&space, "audit/audit.json");
    let findings = told(&space, "p.toml", 0);
    for code in [
        "audit::cut_recording",
        "audit::unreadable_recording",
        "audit::left_out",
    ] {
        assert_eq!(names(&findings, code).len(), 1, "{code}");
    }
    assert_eq!(audit["sources"][0]["findings"], Json::Array(findings));
    assert_eq!(audit["errors"], 0);
}

#[test]
fn an_audit_takes_ingest_stages_alone() {
    let space = audited_alone();
    space.edit(
        "p.toml",
        "input = \"speech\"",
        "input = [\"speech\", \"slow\"]",
    );
    space.write(
        "p.toml",
        space.read("p.toml")
            + "[stage.slow]\nkind = \"resample\"\ninput = \"speech\"\nrate_hz = 8000\n",
    );
    let error = space.refused(&["plan", "p.toml"]);
    assert!(error.contains("`slow` is not an ingest stage"), "{error}");
    assert!(error.contains("its kind is \"resample\""), "{error}");
    assert!(
        error.contains("[\"speech\", \"slow\"]"),
        "the place is shown: {error}"
    );
}

#[test]
fn all_folds_are_audited_at_once_and_each_recording_is_read_once() {
    let split = r#"{ leave_one_out = "speaker", fold = "${matrix.fold}", validation = 0.2 }"#;
    let manifest = format!(
        "[matrix]\nfold = {{ folds_of = \"speech\" }}\n[stage.speech]\nkind = \"ingest\"\ncorpora = \"acted\"\nsplit = {split}\n{AUDIT}"
    );
    let space = acted(3, manifest);
    let run = space.run_well("p.toml");
    assert!(run.executed().contains(&"audit".into()));
    let audit = of_step(&space, "audit/audit.json");
    let sources = audit["sources"].as_array().unwrap();
    let names: Vec<&str> = sources
        .iter()
        .map(|source| source["source"].as_str().unwrap())
        .collect();
    // Folds of which the same is to be reported are reported together.
    assert_eq!(
        names.join(", "),
        "speech[fold=00], speech[fold=01], speech[fold=02]"
    );
}

/// Speaker 01 validates instead of being trained on.
fn validate_on_one(space: &Workspace) {
    let train = space.read("train.txt");
    let (dev, train): (Vec<&str>, Vec<&str>) =
        train.lines().partition(|name| name.starts_with("01"));
    space.write("dev.txt", dev.join("\n"));
    space.write("train.txt", train.join("\n"));
    space.edit(
        "p.toml",
        "train.txt\", ",
        "train.txt\", validation = \"dev.txt\", ",
    );
}

/// The audit names as errors what the evaluation puts up with.
fn refuse_leaks(space: &Workspace) {
    let named =
        "kind = \"audit\"\nfail_on = { shared_speaker = \"error\", shared_audio = \"error\" }";
    space.edit("p.toml", "kind = \"audit\"", named);
}

#[test]
fn what_different_ingest_stages_list_for_training_and_test_is_compared() {
    let space = audited_alone();
    validate_on_one(&space);
    let held_out = format!(
        "[stage.held_out]\nkind = \"ingest\"\ncorpora = \"acted\"\nsplit = \"test\"\n{}{}\
         [stage.train]\nkind = \"train\"\ninput = \"fbank\"\nepochs = 1\n{ENCODER}\
         [stage.score]\nkind = \"evaluate\"\nleaks = \"warn\"\nmodel = \"train\"\ninput = \"held_fbank\"\n",
        front_end("\"speech\""),
        front_end("\"held_out\"")
            .replace("stage.", "stage.held_")
            .replace("input = \"audio\"", "input = \"held_audio\""),
    );
    space.write("p.toml", space.read("p.toml") + &held_out);
    refuse_leaks(&space);
    let run = audited_together(&space);
    let error = run.error();
    assert!(
        error.contains("2 speakers are in more than one split"),
        "{error}"
    );
    let audit: Json = serde_json::from_str(&space.read("runs/p/audit/failed/audit.json")).unwrap();
    let findings = audit["sources"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|source| {
            let findings = source["findings"].as_array().unwrap().iter();
            findings.cloned()
        });
    assert_eq!(findings.collect::<Vec<_>>(), told(&space, "p.toml", 1));
    let last = audit["sources"].as_array().unwrap().last().unwrap();
    assert_eq!(last["source"], "trained on speech, evaluated on held_out");
    assert!(!run.executed().contains(&"train".into()));
}

#[test]
fn ingest_stages_that_feed_one_chain_are_compared() {
    let space = audited_alone();
    validate_on_one(&space);
    let corpora = space.read("corpora.toml");
    let section = corpora[corpora.find("[corpus.acted]").unwrap()..].replace("acted", "again");
    space.write("corpora.toml", format!("{corpora}\n{section}"));
    let names = space.read("acted/labels.csv");
    let names = names.lines().filter_map(|line| line.split(',').next());
    for name in names.filter(|name| name.ends_with(".wav")) {
        space.tone(&format!("again/{name}"), 8_000, 1.0, 300.0);
    }
    space.write("again/labels.csv", space.read("acted/labels.csv"));
    fs::copy(
        space.join("acted/00ajoy.wav"),
        space.join("again/00ajoy.wav"),
    )
    .unwrap();
    let chain = format!(
        "[stage.held_out]\nkind = \"ingest\"\ncorpora = \"again\"\nsplit = \"test\"\n{}\
         [stage.train]\nkind = \"train\"\ninput = \"fbank\"\nepochs = 1\n{ENCODER}\
         [stage.score]\nkind = \"evaluate\"\nleaks = \"warn\"\nmodel = \"train\"\ninput = \"fbank\"\n",
        front_end("[\"speech\", \"held_out\"]"),
    );
    space.write("p.toml", space.read("p.toml") + &chain);
    refuse_leaks(&space);
    let run = audited_together(&space);
    let error = run.error();
    let shared =
        "the same file is in more than one split: acted/00ajoy (train) = again/00ajoy (test)";
    assert!(error.contains(shared), "{error}");
    assert!(!run.executed().contains(&"train".into()));
    let audit: Json = serde_json::from_str(&space.read("runs/p/audit/failed/audit.json")).unwrap();
    let last = audit["sources"].as_array().unwrap().last().unwrap();
    assert_eq!(
        last["source"],
        "trained on speech, evaluated on held_out, speech"
    );
    assert_eq!(audit["errors"], 1);
    assert_eq!(
        told(&space, "p.toml", 1)
            .iter()
            .filter(|found| found["severity"] == "error")
            .count(),
        1
    );
}
