//! Findings of an audit that are put up with, one kind at a time, and what an audit tells of data that cannot be run.

use std::fs;

use super::audit::{findings, message, with_splits};
use super::audit_stages::{AUDIT, audited_alone, of_step, told};

#[test]
fn leaks_that_a_stage_puts_up_with_are_warnings_of_its_audit_and_other_errors_are_named_one_by_one()
{
    let space = audited_alone();
    // A held-out class that training lacks, and a speaker in both.
    let table = space.read("acted/labels.csv");
    space.write(
        "acted/labels.csv",
        table
            .replace(",neutral,", ",joy,")
            .replace("03ajoy.wav,03,female,joy,", "03ajoy.wav,00,male,neutral,"),
    );
    space.edit("p.toml", "max_bad", "leaks = \"warn\"\nmax_bad");
    let run = space.run("p.toml", &[]);
    let error = run.error();
    assert!(
        error.contains("[audit::class_missing_in_training]"),
        "{error}"
    );
    assert!(!error.contains("shared_speaker"), "{error}");
    let line = "fail_on = { class_missing_in_training = \"warn\" }";
    let help = run.failure()["help"].as_str().unwrap();
    assert!(help.contains(line), "{help}");
    space.edit("p.toml", AUDIT, &format!("{AUDIT}{line}\n"));
    space.edit(
        "p.toml",
        "leaks = \"warn\"",
        "leaks = { shared_speaker = \"warn\" }",
    );
    space.run_well("p.toml");
    let audit = of_step(&space, "audit/audit.json");
    assert_eq!(audit["errors"], 0, "{audit}");
    let findings = audit["sources"][0]["findings"].as_array().unwrap().clone();
    assert_eq!(findings, told(&space, "p.toml", 0));
    let message = |code: &str| {
        let found = findings.iter().find(|finding| finding["code"] == code);
        let found = found.unwrap_or_else(|| panic!("no {code} in {findings:?}"));
        assert_eq!(found["severity"], "warning");
        found["message"].as_str().unwrap().to_owned()
    };
    let shared = message("audit::shared_speaker");
    assert!(
        shared.ends_with("; `leaks` of speech puts up with it"),
        "{shared}"
    );
    let missing = message("audit::class_missing_in_training");
    assert!(
        missing.ends_with("; `fail_on` of the audit puts up with it"),
        "{missing}"
    );
    // What an audit names itself, it decides.
    space.edit(
        "p.toml",
        line,
        "fail_on = { class_missing_in_training = \"warn\", shared_speaker = \"error\" }",
    );
    let run = space.run("p.toml", &[]);
    assert!(
        run.error().contains("[audit::shared_speaker]"),
        "{}",
        run.stderr
    );
    told(&space, "p.toml", 1);
}

#[test]
fn rows_that_contradict_each_other_hide_nothing_else() {
    let space = with_splits();
    let table = space.read("corpora/made/table.csv");
    space.write(
        "corpora/made/table.csv",
        table + "audio/0000.wav,s0,female,en,sad\n",
    );
    fs::copy(
        space.join("corpora/made/audio/0001.wav"),
        space.join("corpora/made/audio/0003.wav"),
    )
    .unwrap();
    let found = findings(&space, "pipe.toml", 1);
    let told = message(&found, "audit::not_listed", "error");
    assert!(told.contains("0000"), "{told}");
    message(&found, "audit::shared_audio", "error");
}
