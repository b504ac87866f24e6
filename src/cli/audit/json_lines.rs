//! An audit for programs: one line of JSON for each row of its tables and each finding.

use serde_json::json;

use pipe_stages::audit::{AuditOutcome, Severities};

/// What was found, as lines that end with the numbers of errors, warnings and notes.
pub fn json_lines(outcome: &AuditOutcome) -> String {
    let mut text = String::new();
    let mut line = |value: serde_json::Value| text.push_str(&format!("{value}\n"));
    for audit in &outcome.sources {
        let source = &audit.source;
        for row in &audit.class_table {
            let counts = audit.classes.iter().zip(&row.utterances);
            let counts: serde_json::Map<_, _> = counts
                .map(|(class, count)| (class.clone(), json!(count)))
                .collect();
            line(
                json!({ "event": "audit_classes", "source": source, "corpus": row.corpus, "split": row.split, "utterances": counts }),
            );
        }
        for row in &audit.duration_table {
            line(with_event("audit_durations", source, json!(row)));
        }
        for finding in &audit.findings {
            line(with_event("audit_finding", source, json!(finding)));
        }
    }
    let Severities {
        errors,
        warnings,
        notes,
    } = outcome.severities;
    line(
        json!({ "event": "audit_finished", "errors": errors, "warnings": warnings, "notes": notes }),
    );
    text
}

fn with_event(event: &str, source: &str, value: serde_json::Value) -> serde_json::Value {
    let mut line = json!({ "event": event, "source": source });
    if let (Some(line), serde_json::Value::Object(value)) = (line.as_object_mut(), value) {
        line.extend(value);
    }
    line
}
