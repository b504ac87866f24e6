//! `docs/events.md` and `docs/events.schema.json` have every event and every field of each.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Event;

const DOCS: &str = include_str!("../../../../docs/events.md");
const SCHEMA: &str = include_str!("../../../../docs/events.schema.json");

/// Printed by the command line alone.
const ERROR: &str = "error";

/// Stands for all that stages report in words of their own.
const STAGE: &str = "stage";

/// All names that [`name`] gives, in the order of the documentation.
const NAMES: [&str; 19] = [
    "run_started",
    "items_left_out",
    "step_missed",
    "step_started",
    "step_waiting",
    "step_progress",
    "warning",
    "item_bad",
    "items_retried",
    "items_damaged",
    "result_damaged",
    "step_failed",
    "step_finished",
    "remote_off",
    "remote_refused",
    "remote_damaged",
    "remote_fetched",
    "remote_pushed",
    "run_finished",
];

/// What programs know an event by. A new one goes into [`NAMES`] too, and into the documentation and the schema.
fn name(event: &Event) -> &'static str {
    match event {
        Event::RunStarted { .. } => "run_started",
        Event::ItemsLeftOut { .. } => "items_left_out",
        Event::StepMissed { .. } => "step_missed",
        Event::StepStarted { .. } => "step_started",
        Event::StepWaiting { .. } => "step_waiting",
        Event::StepProgress { .. } => "step_progress",
        Event::Stage(_) => STAGE,
        Event::Warning { .. } => "warning",
        Event::ItemBad { .. } => "item_bad",
        Event::ItemsRetried { .. } => "items_retried",
        Event::ItemsDamaged { .. } => "items_damaged",
        Event::ResultDamaged { .. } => "result_damaged",
        Event::StepFailed { .. } => "step_failed",
        Event::StepFinished { .. } => "step_finished",
        Event::RemoteOff { .. } => "remote_off",
        Event::RemoteRefused { .. } => "remote_refused",
        Event::RemoteDamaged { .. } => "remote_damaged",
        Event::RemoteFetched { .. } => "remote_fetched",
        Event::RemotePushed { .. } => "remote_pushed",
        Event::RunFinished { .. } => "run_finished",
    }
}

fn keys(object: &Json) -> BTreeSet<&str> {
    let fields = object.as_object().unwrap();
    fields.keys().map(String::as_str).collect()
}

/// The sections of the documentation: name of the event, example, and the names in the table of fields.
fn sections() -> Vec<(&'static str, Json, BTreeSet<&'static str>)> {
    let sections = DOCS.split("\n### `").skip(1);
    let section = |text: &'static str| {
        let (name, rest) = text.split_once('`').unwrap();
        let (_, rest) = rest.split_once("```json\n").unwrap();
        let (example, rest) = rest.split_once("\n```").unwrap();
        let (_, rest) = rest.split_once("|---|---|---|\n").unwrap();
        let fields = rest.lines().map_while(|line| line.strip_prefix("| `"));
        let fields = fields.map(|line| line.split_once('`').unwrap().0);
        (
            name,
            serde_json::from_str(example).unwrap(),
            fields.collect(),
        )
    };
    sections.map(section).collect()
}

#[test]
fn every_event_and_field_is_documented_and_in_the_schema() {
    let schema: Json = serde_json::from_str(SCHEMA).unwrap();
    let sections = sections();
    let documented: Vec<&str> = sections.iter().map(|(name, ..)| *name).collect();
    let is_own = |name: &&str| NAMES.contains(name) || *name == ERROR;
    let own: Vec<&str> = documented.iter().copied().filter(is_own).collect();
    assert_eq!(own, [&NAMES[..], &[ERROR]].concat());
    let in_schema = schema["oneOf"].as_array().unwrap().iter();
    let in_schema: Vec<&str> = in_schema
        .map(|one| {
            let reference = one["$ref"].as_str().unwrap();
            reference.strip_prefix("#/$defs/").unwrap()
        })
        .collect();
    assert_eq!(in_schema, documented);

    for (documented, example, fields) in &sections {
        let described = &schema["$defs"][documented];
        let mut expected = keys(&described["properties"]);
        assert_eq!(keys(example), expected, "{documented}");
        assert_eq!(
            described["required"].as_array().unwrap().len(),
            expected.len()
        );
        expected.remove("event");
        expected.remove("at_s");
        assert_eq!(fields, &expected, "{documented}");
        if *documented == ERROR {
            continue;
        }
        let event: Event = serde_json::from_value(example.clone()).unwrap();
        match name(&event) {
            STAGE => assert!(!NAMES.contains(documented), "{documented}"),
            name => assert_eq!(name, *documented),
        }
        // What is not in the example was not read, and what is written is all in it.
        let line: Json = serde_json::from_str(&event.line(0.25)).unwrap();
        assert_eq!(&line, example);
    }
}

#[test]
fn causes_and_statuses_are_those_of_the_schema() {
    let schema: Json = serde_json::from_str(SCHEMA).unwrap();
    let listed = |event: &str, field: &str| {
        let values = &schema["$defs"][event]["properties"][field]["enum"];
        values.as_array().unwrap().clone()
    };
    for cause in listed("step_missed", "cause") {
        let read: super::MissCause = serde_json::from_value(cause.clone()).unwrap();
        use super::MissCause::{After, Changed, Damaged, FirstRun, Removed, Retry, Unknown};
        // Another cause does not compile here, and goes into the schema too.
        match read {
            FirstRun | Changed | After | Damaged | Removed | Retry | Unknown => {}
        }
        assert!(DOCS.contains(&format!("| `{}` |", cause.as_str().unwrap())));
    }
    for status in listed("step_finished", "status") {
        let read: super::Status = serde_json::from_value(status.clone()).unwrap();
        use super::Status::{Executed, Failed, Hit, Skipped};
        match read {
            Hit | Executed | Failed | Skipped => {}
        }
        assert!(DOCS.contains(&format!("`{}`: ", status.as_str().unwrap())));
    }
    assert_eq!(listed("step_missed", "cause").len(), 7);
    assert_eq!(listed("step_finished", "status").len(), 4);
    assert_eq!(
        schema["$defs"]["run_started"]["properties"]["schema_version"]["const"],
        super::SCHEMA_VERSION
    );
}
