//! Manifests with many variants: the errors that are reported, and what `pipe why` finds in their history.

use super::workspace::Workspace;

fn list(count: usize) -> String {
    let numbers: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    numbers.join(", ")
}

/// What `pipe plan` says of a manifest that it refuses.
fn refused(text: &str) -> String {
    Workspace::with_manifest("many.toml", text).refused(&["plan", "many.toml"])
}

#[test]
fn an_error_of_every_value_is_reported_once() {
    let said = refused(&format!(
        r#"[matrix]
number = [{}]
[stage.x]
kind = "command"
run = ["x", "${{matrix.number}}"]
outputs = ["a"]
"#,
        list(10_000)
    ));
    assert_eq!(
        said.matches("`run` has the wrong type").count(),
        1,
        "{said}"
    );
    assert!(
        said.contains("9999 more values of the axis `number`"),
        "{said}"
    );
    assert!(said.contains("number = [0, 1, 2"), "{said}");
    assert!(
        said.lines().all(|line| line.chars().count() < 300),
        "{said}"
    );
}

#[test]
fn different_errors_of_many_values_are_reported_up_to_a_limit() {
    let said = refused(&format!(
        r#"[matrix]
bins = [{}]
[stage.speech]
kind = "ingest"
corpora = "made"
[stage.fbank]
kind = "fbank"
input = "speech"
bins = "${{matrix.bins}}"
bin = 3
"#,
        list(3000)
    ));
    assert_eq!(said.matches("`bins` is out of range").count(), 5, "{said}");
    // 0 and those from 1025 on are wrong.
    assert!(
        said.contains("1971 more values of the axis `bins`"),
        "{said}"
    );
    // What does not depend on the value is reported once.
    assert_eq!(said.matches("unknown key `bin`").count(), 1, "{said}");
    assert!(
        said.lines().all(|line| line.chars().count() < 300),
        "{said}"
    );
}

#[test]
fn why_names_the_input_that_changed_and_not_one_with_a_similar_name() {
    let space = Workspace::with_manifest(
        "pipe.toml",
        r#"[stage.one]
kind = "command"
run = "echo 1 > {out}/x"
outputs = ["x"]
[stage.ten]
kind = "command"
run = "echo 10 > {out}/x"
outputs = ["x"]
[stage.both]
kind = "command"
inputs = { a = "one", ab = "ten" }
run = "cat {a}/x {ab}/x > {out}/x"
outputs = ["x"]
"#,
    );
    space.run_well("pipe.toml");
    space.edit("pipe.toml", "echo 10", "echo 11");
    space.run_well("pipe.toml");
    let why = space.stdout(&["why", "pipe.toml"]);
    assert!(why.contains("the result of `ten` changed"), "{why}");
    assert!(!why.contains("the result of `one` changed"), "{why}");
}
