//! The methods of Parry et al. (2022) on made corpora, with the numbers that they have always given.
//!
//! A change that is not meant to change results leaves the snapshot as it is: predictions have the same bits on every
//! machine, so that the digest of the table stands for all of them. One that is meant to says so in CHANGELOG.md and in the
//! version of the stage.

use std::fmt::Write as _;

use pipe_foundation::Digest;
use serde_json::Value as Json;

use super::manifests::{NEAR_AND_FAR, REPORT, TEST, UNHEARD, front_end};
use super::workspace::Workspace;

const METHODS: &str = r#"[matrix]
method = [
    { name = "baseline", heads = [] },
    { name = "MTL", heads = [{ attribute = "corpus", mode = "shared" }, { attribute = "gender", mode = "shared" }] },
    { name = "GR", heads = [{ attribute = "corpus", mode = "grad_reverse" }, { attribute = "speaker", mode = "grad_reverse" }] },
    { name = "AD", heads = [{ attribute = "language", mode = "discriminator" }] },
]
"#;

/// The paper's network made narrow; a higher rate, so that it learns in few epochs; all else is as the stage has it by default.
const TRAIN: &str = r#"[stage.train]
kind = "train"
input = "fbank"
heads = "${matrix.method.heads}"
epochs = 8
batch = 8
learning_rate = 0.05
encoder = [
    { layer = "conv", channels = 16, width = 5, padding = 2, pool_width = 3, pool_stride = 2 },
    { layer = "conv", channels = 16, width = 5, padding = 2, pool_width = 3, pool_stride = 2 },
    { layer = "lstm", units = 16, bidirectional = true, layers = 1 },
    { layer = "time_pool", how = "last_states" },
]
"#;

#[test]
fn the_methods_of_the_paper_give_the_numbers_that_they_always_gave() {
    let manifest = [
        METHODS,
        NEAR_AND_FAR,
        UNHEARD,
        &front_end(r#"["speech", "unseen"]"#),
        TRAIN,
        TEST,
        REPORT,
    ];
    let space = Workspace::synthetic("paper.toml", manifest.concat());
    space.run_well("paper.toml");
    let mut told = String::new();
    for method in ["baseline", "MTL", "GR", "AD"] {
        let folder = format!("runs/paper/test/method={method}");
        let predictions = space.read(&format!("{folder}/predictions.csv"));
        let metrics: Json =
            serde_json::from_str(&space.read(&format!("{folder}/metrics.json"))).unwrap();
        let digest = Digest::of(predictions.as_bytes()).hex();
        writeln!(told, "{method}: predictions {digest}").unwrap();
        for (corpus, found) in metrics["corpora"].as_object().unwrap() {
            writeln!(told, "  {corpus}: UA {}, WA {}", found["ua"], found["wa"]).unwrap();
        }
    }
    insta::assert_snapshot!("paper", told);
}
