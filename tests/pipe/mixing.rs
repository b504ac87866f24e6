//! Trainings on blends of utterances: `mixup`.

use super::tasks::space;

#[test]
fn blends_are_another_training_and_none_is_the_one_that_was() {
    let space = space("[]", "");
    space.edit("task.toml", "epochs = 15", "epochs = 2");
    let plain = space.run_well("task.toml").key("train");
    space.edit(
        "task.toml",
        "epochs = 2",
        "epochs = 2\nmixup = { alpha = 0.3 }",
    );
    let run = space.run_well("task.toml");
    assert_eq!(run.executed(), ["train", "test", "report"]);
    assert_ne!(run.key("train"), plain);
    space.edit("task.toml", "mixup = { alpha = 0.3 }", "");
    let run = space.run_well("task.toml");
    assert_eq!((run.executed().len(), run.key("train")), (0, plain));
}

#[test]
fn blends_beside_attribute_heads_are_refused_where_they_are_written() {
    let space = space(r#"[{ attribute = "gender", mode = "shared" }]"#, "");
    space.edit("task.toml", "epochs = 15", "mixup = { alpha = 0.3 }");
    let message = space.refused(&["plan", "task.toml"]);
    assert!(
        message.contains("mixup blends the targets of tasks"),
        "{message}"
    );
    assert!(message.contains("task.toml:"), "{message}");
    space.edit("task.toml", "alpha = 0.3", "alpha = 9");
    assert!(space.refused(&["plan", "task.toml"]).contains("mixup"));
}
