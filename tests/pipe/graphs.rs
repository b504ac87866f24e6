//! Drawings of manifests with many variants: stages instead of steps.

use super::workspace::Workspace;

/// [`Workspace::with_corpus`] with a program in `variants` variants.
fn workspace(variants: usize) -> Workspace {
    let space = Workspace::with_corpus(2);
    let numbers: Vec<String> = (0..variants).map(|number| number.to_string()).collect();
    let more = format!(
        r#"
[matrix]
number = [{}]
[stage.say]
kind = "command"
inputs = {{ features = "fbank" }}
run = "echo ${{matrix.number}} > {{out}}/number.txt"
outputs = ["number.txt"]
[stage.all]
kind = "command"
inputs = {{ said = "say" }}
run = "ls {{said}} > {{out}}/names.txt"
outputs = ["names.txt"]
"#,
        numbers.join(", ")
    );
    space.write("pipe.toml", space.read("pipe.toml") + &more);
    space
}

#[test]
fn a_collapsed_drawing_has_a_node_for_each_stage_with_the_number_of_its_variants() {
    let space = workspace(3);
    let dot = space.stdout(&["graph", "pipe.toml", "--collapse"]);
    assert!(
        dot.contains("[label = \"say\\ncommand, 3 variants\"]"),
        "{dot}"
    );
    assert!(
        dot.contains("[label = \"fbank\\nfbank\", style = rounded]"),
        "{dot}"
    );
    assert_eq!(dot.matches(" [label").count(), 6, "{dot}");
    // speech, audio, fbank, each in a row; count and say after fbank, all after say.
    assert_eq!(dot.matches(" -> ").count(), 5, "{dot}");
    let mermaid = space.stdout(&["graph", "pipe.toml", "--collapse", "--format", "mermaid"]);
    assert!(
        mermaid.contains("[\"say<br/><small>command, 3 variants</small>\"]"),
        "{mermaid}"
    );
    assert_eq!(mermaid.matches(" --> ").count(), 5, "{mermaid}");
}

#[test]
fn many_steps_are_drawn_as_stages_unless_one_asks_for_all() {
    // With five other steps, 60 in all, and then one more.
    let few = workspace(55).stdout(&["graph", "pipe.toml"]);
    assert_eq!(few.matches(" [label").count(), 60, "{few}");
    let space = workspace(56);
    let many = space.stdout(&["graph", "pipe.toml"]);
    assert!(many.contains("say\\ncommand, 56 variants"), "{many}");
    let all = space.stdout(&["graph", "pipe.toml", "--all"]);
    assert_eq!(all.matches(" [label").count(), 61, "{all}");
    assert!(
        space
            .refused(&["graph", "pipe.toml", "--all", "--collapse"])
            .contains("cannot be used with")
    );
}
