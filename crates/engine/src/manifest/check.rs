//! Checks a table against declared parameters and fills in defaults; finds every error in one pass.

mod range;

use std::collections::{BTreeSet, HashMap};

use serde_json::Value as Json;

use crate::artifact::ArtifactKind;
use crate::source::Place;

use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::fitting::fitting;
use super::parameter::{Absent, Parameter, Shape};
use super::suggest::{near, suggest};
use super::value::{Node, Table, Value};

/// A checked table: canonical values with defaults, and where each given value was written.
#[derive(Clone, Debug)]
pub struct Checked {
    /// All parameters in declared order; absent optional ones are left out, and what is wrong.
    pub values: serde_json::Map<String, Json>,
    /// Dotted path (`encoder.0.width`) to place, for values that were written.
    pub places: HashMap<String, Place>,
    /// Dotted path of each reference to another stage, with what is accepted there.
    pub inputs: Vec<InputReference>,
    /// Dotted path and value of each [`Shape::Named`].
    pub named: Vec<(String, String)>,
    /// Dotted path and value of each [`Shape::Path`].
    pub paths: Vec<(String, String)>,
    /// Whether a value is missing because what it refers to is unknown, which was reported there.
    pub has_unknown: bool,
}

impl Checked {
    /// Where the parameter at a dotted path, or the nearest one around it, was written.
    pub fn place_of(&self, path: &str, otherwise: &Place) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return place.clone();
            }
            match path.rsplit_once('.') {
                Some((parent, _)) => path = parent,
                None => return otherwise.clone(),
            }
        }
    }
}

/// A reference to another stage.
#[derive(Clone, Debug)]
pub struct InputReference {
    /// Dotted path of the parameter.
    pub path: String,
    /// Name of the stage.
    pub stage: String,
    /// What it may make.
    pub accepts: &'static [ArtifactKind],
}

/// Checks `table` against `parameters`; keys in `ignore` are somebody else's.
pub fn check(
    table: &Table,
    table_place: &Place,
    what: &str,
    parameters: &'static [Parameter],
    ignore: &[&str],
    diagnostics: &mut Diagnostics,
) -> Checked {
    let mut checker = Checker {
        diagnostics,
        checked: Checked {
            values: serde_json::Map::new(),
            places: HashMap::new(),
            inputs: Vec::new(),
            named: Vec::new(),
            paths: Vec::new(),
            has_unknown: false,
        },
    };
    let values = checker.table("", table, table_place, what, parameters, ignore);
    checker.checked.values = values;
    checker.checked
}

struct Checker<'a> {
    diagnostics: &'a mut Diagnostics,
    checked: Checked,
}

impl Checker<'_> {
    fn table(
        &mut self,
        path: &str,
        table: &Table,
        table_place: &Place,
        what: &str,
        parameters: &'static [Parameter],
        ignore: &[&str],
    ) -> serde_json::Map<String, Json> {
        let known: BTreeSet<&str> = parameters.iter().map(|parameter| parameter.name).collect();
        // A required key that is only misspelt is not reported as missing, too.
        let mut misspelt: BTreeSet<&str> = BTreeSet::new();
        for entry in table.entries() {
            if !known.contains(entry.key.as_str()) && !ignore.contains(&entry.key.as_str()) {
                let names = parameters.iter().map(|parameter| parameter.name);
                let valid = ignore.iter().copied().chain(names);
                if self.diagnostics.is_explaining() {
                    misspelt.extend(near(&entry.key, valid.clone()).first());
                }
                let diagnostic = Diagnostic::new(
                    "manifest::unknown_key",
                    format!("unknown key `{}`", entry.key),
                )
                .at(&entry.key_place, format!("{what} has no such key"));
                let help = || suggest(&entry.key, valid);
                self.diagnostics.push_with_help(diagnostic, help);
            }
        }
        let mut values = serde_json::Map::new();
        for parameter in parameters {
            let path = join(path, parameter.name);
            match table.entry(parameter.name) {
                Some(entry) => {
                    self.checked
                        .places
                        .insert(path.clone(), entry.node.place.clone());
                    if let Some(value) = self.value(&path, &entry.node, &parameter.shape) {
                        values.insert(parameter.name.into(), value);
                    }
                }
                None => match parameter.absent {
                    Absent::Null => {}
                    Absent::Default(json) => {
                        values.insert(parameter.name.into(), default_value(parameter.name, json));
                    }
                    Absent::Error if misspelt.contains(parameter.name) => {}
                    Absent::Error => self.diagnostics.push(
                        Diagnostic::new(
                            "manifest::missing_key",
                            format!("{what} needs the key `{}`", parameter.name),
                        )
                        .at(table_place, format!("`{}` is missing", parameter.name))
                        .help(format!(
                            "add `{}`: {}",
                            parameter.name,
                            parameter.shape.describe()
                        )),
                    ),
                },
            }
        }
        values
    }

    fn value(&mut self, path: &str, node: &Node, shape: &'static Shape) -> Option<Json> {
        match (shape, &node.value) {
            (_, Value::Unknown) => {
                self.checked.has_unknown = true;
                None
            }
            (Shape::Bool, Value::Bool(value)) => Some(Json::Bool(*value)),
            (Shape::Integer { min, max }, Value::Integer(value)) => {
                if (min..=max).contains(&value) {
                    return Some(Json::from(*value));
                }
                self.out_of_range(path, node, shape)
            }
            (Shape::Float { min, max }, Value::Integer(_) | Value::Float(_)) => {
                let value = node.value.number()?;
                if (*min..=*max).contains(&value) {
                    return Some(Json::from(value));
                }
                self.out_of_range(path, node, shape)
            }
            (Shape::Range { min, max }, Value::List(nodes)) => {
                self.range(path, node, nodes, (*min, *max))
            }
            (Shape::Text, Value::Text(value)) => Some(Json::String(value.clone())),
            (Shape::Path, Value::Text(value)) => {
                self.checked.paths.push((path.into(), value.clone()));
                Some(Json::String(value.clone()))
            }
            (Shape::Choice(choices), Value::Text(value)) => {
                if choices.contains(&value.as_str()) {
                    return Some(Json::String(value.clone()));
                }
                self.wrong_choice(last(path), value, node, choices);
                None
            }
            (Shape::Named(_), Value::Text(value)) => {
                self.checked.named.push((path.into(), value.clone()));
                Some(Json::String(value.clone()))
            }
            (Shape::Input(accepts), Value::Text(value)) => {
                self.checked.inputs.push(InputReference {
                    path: path.into(),
                    stage: value.clone(),
                    accepts,
                });
                Some(Json::String(value.clone()))
            }
            (Shape::List(item), Value::List(nodes)) => self.list(path, nodes, item),
            (Shape::OneOrMany(item), Value::List(nodes)) => {
                if nodes.is_empty() {
                    self.diagnostics.push(
                        Diagnostic::new(
                            "manifest::empty_list",
                            format!("`{}` is empty", last(path)),
                        )
                        .at(&node.place, format!("expected {}", shape.describe())),
                    );
                }
                self.list(path, nodes, item)
            }
            (Shape::OneOrMany(item), _) => {
                let path = join(path, "0");
                self.checked.places.insert(path.clone(), node.place.clone());
                Some(Json::Array(vec![self.value(&path, node, item)?]))
            }
            (Shape::Table(parameters), Value::Table(table)) => {
                let what = format!("`{}`", last(path));
                let before = self.diagnostics.len();
                let values = self.table(path, table, &node.place, &what, parameters, &[]);
                (self.diagnostics.len() == before).then_some(Json::Object(values))
            }
            (Shape::Map(item), Value::Table(table)) => {
                let mut values = serde_json::Map::new();
                for entry in table.entries() {
                    let path = join(path, &entry.key);
                    self.checked
                        .places
                        .insert(path.clone(), entry.node.place.clone());
                    if let Some(value) = self.value(&path, &entry.node, item) {
                        values.insert(entry.key.clone(), value);
                    }
                }
                values.sort_keys();
                Some(Json::Object(values))
            }
            (Shape::Tagged { tag, variants }, Value::Table(table)) => {
                self.tagged(path, node, table, tag, variants)
            }
            (Shape::Either(shapes), value) => match fitting(shapes, value) {
                Some(shape) => self.value(path, node, shape),
                None => self.wrong_type(path, node, shape),
            },
            _ => self.wrong_type(path, node, shape),
        }
    }

    /// The list, unless one of its items is wrong.
    fn list(&mut self, path: &str, nodes: &[Node], item: &'static Shape) -> Option<Json> {
        let mut values = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            let path = join(path, &index.to_string());
            self.checked.places.insert(path.clone(), node.place.clone());
            values.extend(self.value(&path, node, item));
        }
        (values.len() == nodes.len()).then_some(Json::Array(values))
    }

    fn tagged(
        &mut self,
        path: &str,
        node: &Node,
        table: &Table,
        tag: &'static str,
        variants: &'static [super::parameter::Variant],
    ) -> Option<Json> {
        let names = || variants.iter().map(|variant| variant.name);
        let before = self.diagnostics.len();
        let Some(entry) = table.entry(tag) else {
            self.diagnostics.push(
                Diagnostic::new(
                    "manifest::missing_key",
                    format!("`{}` needs the key `{tag}`", last(path)),
                )
                .at(&node.place, format!("`{tag}` is missing"))
                .help(format!("add `{tag}`: {}", one_of(names()))),
            );
            return None;
        };
        let found = entry.node.value.describe();
        let Some(variant) = variants.iter().find(|variant| variant.name == found) else {
            let names: Vec<&'static str> = names().collect();
            self.wrong_choice(tag, &found, &entry.node, &names);
            return None;
        };
        let what = format!("`{tag} = \"{}\"`", variant.name);
        let mut values = serde_json::Map::new();
        values.insert(tag.into(), Json::String(variant.name.into()));
        values.extend(self.table(path, table, &node.place, &what, variant.parameters, &[tag]));
        (self.diagnostics.len() == before).then_some(Json::Object(values))
    }

    fn wrong_choice(&mut self, name: &str, found: &str, node: &Node, choices: &[&'static str]) {
        const LONGEST_LABEL: usize = 60;
        let mut label = format!("expected {}", one_of(choices.iter().copied()));
        let mut help = Vec::new();
        let is_explained = self.diagnostics.is_explaining();
        if is_explained && !near(found, choices.iter().copied()).is_empty() {
            help.push(suggest(found, choices.iter().copied()));
        }
        // Labels are not wrapped, help is.
        if label.len() > LONGEST_LABEL {
            help.push(format!(
                "values: {}",
                label.trim_start_matches("expected one of ")
            ));
            label = format!("not a value of `{name}`");
        }
        let diagnostic = Diagnostic::new(
            "manifest::choice",
            format!("\"{found}\" is not a value of `{name}`"),
        )
        .at(&node.place, label);
        self.diagnostics.push(match help.is_empty() {
            true => diagnostic,
            false => diagnostic.help(help.join(" ")),
        });
    }

    fn out_of_range(&mut self, path: &str, node: &Node, shape: &Shape) -> Option<Json> {
        self.diagnostics.push(
            Diagnostic::new(
                "manifest::range",
                format!(
                    "`{}` is out of range: {}",
                    last(path),
                    node.value.describe()
                ),
            )
            .at(&node.place, format!("expected {}", shape.describe())),
        );
        None
    }

    fn wrong_type(&mut self, path: &str, node: &Node, shape: &Shape) -> Option<Json> {
        const LONGEST: usize = 50;
        let diagnostic = Diagnostic::new(
            "manifest::type",
            format!("`{}` has the wrong type", last(path)),
        );
        let (expected, found) = (shape.describe(), node.value.found());
        // Labels are not wrapped, help is.
        self.diagnostics.push(match expected.len() > LONGEST {
            true => diagnostic
                .at(&node.place, format!("found {found}"))
                .help(format!("expected {expected}")),
            false => diagnostic.at(&node.place, format!("expected {expected}, found {found}")),
        });
        None
    }
}

fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    match &names[..] {
        [one] => one.clone(),
        _ => format!("one of {}", names.join(", ")),
    }
}

fn default_value(name: &str, json: &str) -> Json {
    serde_json::from_str(json)
        .unwrap_or_else(|error| unreachable!("the default of `{name}` is not JSON: {error}"))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.into()
    } else {
        format!("{path}.{name}")
    }
}

fn last(path: &str) -> &str {
    let name = path.rsplit('.').find(|part| part.parse::<usize>().is_err());
    name.unwrap_or(path)
}
