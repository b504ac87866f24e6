//! A proposed entry as text for `corpora.toml`.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::counted::counted;
use super::{Proposal, labels};

impl Proposal {
    /// The entry as text, ending with a line break; its root is written below `folder`, the folder of all corpora, where
    /// it is there.
    pub fn to_toml(&self, folder: &Path) -> String {
        let name = &self.name;
        let config = &self.config;
        let root = self.root.strip_prefix(folder).unwrap_or(&self.root);
        let root = root.to_string_lossy();
        let mut text = String::new();
        for comment in &self.comments {
            // No text of a file can end the comment.
            let here = format!("[corpus.{}", key(name));
            let comment = comment
                .replace(char::is_control, " ")
                .replace("[corpus.NAME", &here);
            line(&mut text, &format!("# {comment}"));
        }
        line(&mut text, &format!("[corpus.{}]", key(name)));
        for (name, value) in [
            ("root", root.as_ref()),
            ("reader", &config.reader),
            ("title", &config.title),
            ("language", &config.language),
            ("licence", &config.licence),
            ("source", &config.source),
        ] {
            self.pair(&mut text, "", name, &string(value));
        }
        if let Some(official) = &config.official {
            let official = serde_json::to_value(official).unwrap_or_default();
            self.table(&mut text, "official", &official);
        }
        if !config.names.is_empty() {
            line(&mut text, "");
            line(
                &mut text,
                "# What the labels mean, in words that class maps share.",
            );
            line(&mut text, &format!("[corpus.{}.names]", key(name)));
            for (label, meaning) in &config.names {
                self.pair(&mut text, "names", label, &string(meaning));
            }
        }
        self.label_lists(&mut text);
        let classes = serde_json::to_value(&config.classes).unwrap_or_default();
        self.table(&mut text, "classes", &classes);
        if !config.genders.is_empty() {
            let genders = serde_json::to_value(&config.genders).unwrap_or_default();
            self.table(&mut text, "genders", &genders);
        }
        let options = Value::Object(config.options.clone().into_iter().collect());
        self.table(&mut text, "options", &options);
        text
    }

    fn label_lists(&self, text: &mut String) {
        let lists = &self.config.labels;
        let unknown = labels::unknown(&self.labels);
        line(text, "");
        if !unknown.is_empty() {
            let unknown = unknown
                .iter()
                .map(|(label, count)| format!("{} ({count})", string(label)));
            let unknown: Vec<String> = unknown.collect();
            let comment = format!(
                "# TO DO: these labels are left out until they are in one of the lists, or in `dropped`: {}.",
                unknown.join(", ")
            );
            line(text, &comment.replace(char::is_control, " "));
        }
        line(text, &format!("[corpus.{}.labels]", key(&self.name)));
        for (class, labels) in [
            ("positive", &lists.positive),
            ("neutral", &lists.neutral),
            ("negative", &lists.negative),
            ("dropped", &lists.dropped),
        ] {
            if labels.is_empty() && class == "dropped" {
                continue;
            }
            let count: usize = labels
                .iter()
                .filter_map(|label| self.labels.get(label))
                .sum();
            let list: Vec<String> = labels.iter().map(|label| string(label)).collect();
            let comment = match count {
                0 => String::new(),
                count => format!(" # {}", counted(count, "utterance")),
            };
            line(text, &format!("{class} = [{}]{comment}", list.join(", ")));
        }
    }

    /// A table with the tables in it after it.
    fn table(&self, text: &mut String, path: &str, value: &Value) {
        let Some(entries) = value.as_object().filter(|entries| !entries.is_empty()) else {
            return;
        };
        line(text, "");
        let keys: Vec<String> = path.split('.').map(key).collect();
        line(
            text,
            &format!("[corpus.{}.{}]", key(&self.name), keys.join(".")),
        );
        for (name, value) in entries.iter().filter(|(_, value)| !value.is_object()) {
            if let Some(value) = toml_of(value) {
                self.pair(text, path, name, &value);
            }
        }
        for (name, value) in entries.iter().filter(|(_, value)| value.is_object()) {
            self.table(text, &format!("{path}.{name}"), value);
        }
    }

    fn pair(&self, text: &mut String, path: &str, name: &str, value: &str) {
        let place = match path {
            "" => name.to_string(),
            path => format!("{path}.{name}"),
        };
        let comment = self
            .key_comments
            .get(&place)
            .map(|comment| format!(" # {}", comment.replace(char::is_control, " ")));
        line(
            text,
            &format!("{} = {value}{}", key(name), comment.unwrap_or_default()),
        );
    }
}

fn line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{line}");
}

fn string(value: &str) -> String {
    toml::Value::from(value).to_string()
}

/// A key, in quotes where it needs them.
fn key(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    match !name.is_empty() && name.chars().all(plain) {
        true => name.to_string(),
        false => string(name),
    }
}

/// A value that is no table; nothing for null, which TOML has not.
fn toml_of(value: &Value) -> Option<String> {
    toml::Value::try_from(value)
        .ok()
        .map(|value| value.to_string())
}
