//! Columns and axes that a split or a report of folds names and that are not there.

use super::folds::{acted, crossed};

#[test]
fn columns_that_no_utterance_has_are_reported_with_the_nearest() {
    let split = r#"{ folds = 2, fold = "${matrix.fold}", groups = ["sesion"] }"#;
    let space = acted(4, crossed(split, "", ""));
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    assert!(
        told.contains(
            "no utterance has the column `sesion` that `groups` names: did you mean `session`?"
        ),
        "{told}"
    );
    let column = "kind = \"ingest\"\ncolumns = [\"sesion\"]";
    space.edit("p.toml", ", groups = [\"sesion\"]", "");
    space.edit("p.toml", "kind = \"ingest\"", column);
    let output = space.pipe(&["plan", "p.toml"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains(
            "no utterance has the column `sesion` that `columns` names: did you mean `session`?"
        ),
        "{told}"
    );
    assert_eq!(told.matches("sesion").count(), 1, "{told}");
}

#[test]
fn axes_that_are_not_there_are_reported() {
    let split = r#"{ folds = 2, fold = "${matrix.fold}" }"#;
    let space = acted(4, crossed(split, "", ""));
    space.edit(
        "p.toml",
        "kind = \"report\"",
        "kind = \"report\"\nfolds = \"vold\"",
    );
    let told = space.refused(&["plan", "p.toml"]);
    assert!(told.contains("no axis `vold`"), "{told}");
    assert!(told.contains("did you mean `fold`?"), "{told}");
    space.edit("p.toml", "\nfolds = \"vold\"", "");
    space.edit("p.toml", "folds_of", "fold_of");
    let told = space.refused(&["plan", "p.toml"]);
    assert!(told.contains("did you mean `folds_of`?"), "{told}");
    assert!(!told.contains("untagged"), "{told}");
    space.edit("p.toml", "[matrix]\nfold = { fold_of = \"speech\" }\n", "");
    let told = space.refused(&["plan", "p.toml"]);
    assert!(
        told.contains("define the axis `fold` in [matrix]"),
        "{told}"
    );
}
