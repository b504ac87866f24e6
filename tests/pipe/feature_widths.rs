//! Layers and the features that they get: what does not fit is refused while a run is planned.

use super::workspace::Workspace;

fn space(bins: usize, encoder: &str) -> Workspace {
    let space = Workspace::with_corpus(8);
    space.write(
        "p.toml",
        format!(
            "[stage.speech]\nkind = \"ingest\"\ncorpora = \"made\"\nsplit = {{ train = 0.5, validation = 0.25, test = 0.25 }}\n\
             [stage.fbank]\nkind = \"fbank\"\ninput = \"speech\"\nbins = {bins}\n\
             [stage.functionals]\nkind = \"functionals\"\ninput = \"fbank\"\npercentiles = [50]\n\
             [stage.train]\nkind = \"train\"\ninput = \"fbank\"\nepochs = 1\nencoder = [\n{encoder},\n{{ layer = \"time_pool\", how = \"mean\" }},\n]\n"
        ),
    );
    space
}

const TRANSFORMER: &str = "{ layer = \"transformer\", heads = HEADS, units = 16 }";

#[test]
fn layers_that_fit_the_features_at_hand_alone_are_no_mistake() {
    let space = space(30, &TRANSFORMER.replace("HEADS", "3"));
    space.stdout(&["plan", "p.toml"]);
    space.run_well("p.toml");
    // Three values of each bin, and three parts of them.
    space.edit(
        "p.toml",
        "input = \"fbank\"\nepochs",
        "input = \"functionals\"\nepochs",
    );
    space.edit(
        "p.toml",
        &TRANSFORMER.replace("HEADS", "3"),
        "{ layer = \"weighted_sum\", parts = 9 }",
    );
    space.run_well("p.toml");
}

#[test]
fn layers_that_do_not_fit_are_refused_before_anything_is_computed() {
    for (encoder, expected) in [
        (TRANSFORMER.replace("HEADS", "8"), "20 values"),
        (
            "{ layer = \"weighted_sum\", parts = 3 }".to_owned(),
            "20 values",
        ),
        (
            "{ layer = \"linear\", units = 65536 }, { layer = \"linear\", units = 65536 }"
                .to_owned(),
            "parameters",
        ),
    ] {
        let space = space(20, &encoder);
        let told = space.refused(&["plan", "p.toml"]);
        assert!(
            told.contains(expected) && told.contains("p.toml:"),
            "{told}"
        );
    }
}
