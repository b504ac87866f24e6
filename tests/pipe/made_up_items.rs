//! Synthetic corpora of a few lines that would be millions of utterances: counted before any is listed.

use super::bounded::{assert_says, refused, run_large};
use super::small_manifests::{meets, numbers, space};

#[test]
fn made_up_corpora_are_counted_before_they_are_listed() {
    let entry = |name: &str, speakers: usize, each: usize| {
        format!(
            "[corpus.{name}]\nroot = \"-\"\nreader = \"synthetic\"\ntitle = \"\"\nlanguage = \"en\"\nlicence = \"\"\nsource = \"\"\n\
             labels = {{ positive = [\"happiness\"], negative = [\"sadness\"] }}\n\
             options = {{ speakers = {speakers}, utterances_per_label = {each} }}\n"
        )
    };
    let ingest =
        |split: &str| format!("[stage.s]\nkind = \"ingest\"\ncorpora = \"big\"\n{split}\n");
    let space = space(&ingest("split = \"train\""));
    space.write("corpora.toml", entry("big", 1000, 1000));
    assert_eq!(meets(&space, "made_items"), "made_items=2000000");
    let said = refused(&space, &["plan", "m.toml"]);
    assert_says(&said, "sources make up 2,000,000 items");
    // Folds are listed before there are steps.
    let folds = "[matrix.fold]\nfolds_of = \"s\"\n".to_owned()
        + &ingest("split = { leave_one_out = \"speaker\", fold = \"${matrix.fold}\" }");
    space.write("m.toml", folds);
    let said = refused(&space, &["plan", "m.toml"]);
    assert_says(
        &said,
        "would have 2,000,000 utterances; the limit `made_items` is 200,000",
    );
    assert_says(&said, "--limit made_items=2000000");
    // So are the variants of one stage.
    space.write("corpora.toml", entry("big", 100, 10));
    let seeds = format!("[matrix]\nseed = {}\n", numbers(101));
    let varied = ingest(
        "split = { train = 0.5, validation = 0.25, test = 0.25, seed = \"${matrix.seed}\" }",
    );
    space.write("m.toml", seeds + &varied);
    assert_eq!(meets(&space, "made_items"), "made_items=202000");
    let meant = ["plan", "m.toml", "--limit", "made_items=202000"];
    assert_eq!(run_large(&space, &meant).code, Some(0));
}
