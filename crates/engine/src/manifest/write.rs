//! A manifest as text again: includes merged, overrides applied, in the order of the tables.

use super::value::{Table, Value};

/// The table as TOML; reading it gives the same table.
pub fn text(table: &Table) -> String {
    let mut text = String::new();
    for entry in table.entries() {
        if !matches!(entry.node.value, Value::Table(_)) {
            text.push_str(&line(&entry.key, &entry.node.value));
        }
    }
    for entry in table.entries() {
        let Value::Table(inner) = &entry.node.value else {
            continue;
        };
        match entry.key.as_str() {
            // `[stage]` itself holds nothing but tables.
            "stage" => inner.entries().iter().for_each(|stage| {
                let name = format!("stage.{}", key(&stage.key));
                match &stage.node.value {
                    Value::Table(stage) => section(&name, stage, &mut text),
                    other => text.push_str(&line(&name, other)),
                }
            }),
            name => section(&key(name), inner, &mut text),
        }
    }
    text
}

fn section(name: &str, table: &Table, text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&format!("[{name}]\n"));
    for entry in table.entries() {
        text.push_str(&line(&entry.key, &entry.node.value));
    }
}

/// `key = value`; a long list takes several lines.
fn line(name: &str, value: &Value) -> String {
    const LONGEST: usize = 100;
    let short = format!("{} = {}\n", key(name), inline(value));
    match value {
        Value::List(items) if short.chars().count() > LONGEST => {
            let items: String = items
                .iter()
                .map(|item| format!("    {},\n", inline(&item.value)))
                .collect();
            format!("{} = [\n{items}]\n", key(name))
        }
        _ => short,
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        // Debug keeps the point of whole numbers.
        Value::Float(value) => format!("{value:?}"),
        Value::Text(text) => quoted(text),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) => {
            let entries: Vec<String> = table
                .entries()
                .iter()
                .map(|entry| format!("{} = {}", key(&entry.key), inline(&entry.node.value)))
                .collect();
            match entries.is_empty() {
                true => "{}".into(),
                false => format!("{{ {} }}", entries.join(", ")),
            }
        }
        Value::Unknown => quoted("?"),
    }
}

fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match !name.is_empty() && name.chars().all(bare) {
        true => name.into(),
        false => quoted(name),
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::value::parse;
    use crate::source::Source;

    #[test]
    fn what_is_written_reads_as_the_same() {
        let written = r#"
name = "a \"b\" \\ \u0007"
[vars]
seed = 1
rate = 0.5
whole = 2.0
"odd key" = true
[matrix]
method = [{ name = "baseline", heads = [] }, { name = "GR C", heads = [{ attribute = "corpus", mode = "grad_reverse" }] }]
[matrix.fold]
leave_one_out = ["a", "b"]
[stage.speech]
kind = "ingest"
split = { train = 0.8, seed = -3 }
[stage.audio]
kind = "resample"
input = ["speech"]
"#;
        let read = |text: &str| parse(&Source::new("test.toml", text)).unwrap();
        let first = text(&read(written));
        assert_eq!(text(&read(&first)), first);
        let value = |text: &str| -> toml::Value { toml::from_str(text).unwrap() };
        assert_eq!(value(&first), value(written));
    }
}
