//! `pipe schema`: the stage kinds, their parameters, defaults and ranges; with `--json` as a JSON Schema.

use pipe_engine::manifest::{
    Absent, Kind, Parameter, RESOURCE_PARAMETERS, RESOURCES, Shape, suggest,
};
use serde_json::{Map, Value as Json, json};

use pipe_stages::stage::kinds;

use super::arguments::{Common, SchemaArguments};
use super::console::print;
use super::error::CliError;
use super::wrapped::wrapped;

/// Describes one kind or all.
pub fn schema(arguments: &SchemaArguments, common: &Common) -> Result<u8, CliError> {
    let shown: Vec<&Kind> = match &arguments.kind {
        None => kinds().to_vec(),
        Some(name) => {
            let found = kinds().iter().find(|kind| kind.name == name);
            vec![*found.ok_or_else(|| CliError::Usage {
                message: format!("unknown stage kind `{name}`"),
                help: suggest(name, kinds().iter().map(|kind| kind.name)),
            })?]
        }
    };
    if common.json {
        let text = serde_json::to_string_pretty(&json_schema(&shown)).unwrap_or_default();
        print(&format!("{text}\n"))?;
        return Ok(0);
    }
    let mut text = String::new();
    for kind in shown {
        text.push_str(&format!(
            "kind = \"{}\"\n{}",
            kind.name,
            wrapped(kind.doc, 2)
        ));
        for parameter in kind.parameters {
            describe(parameter, 2, &mut text);
        }
        text.push('\n');
    }
    print(text.trim_end_matches('\n'))?;
    print("\n")?;
    Ok(0)
}

fn describe(parameter: &Parameter, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    let state = match parameter.absent {
        Absent::Error => "required".to_string(),
        Absent::Null => "optional".to_string(),
        Absent::Default(json) if json.len() > 60 => "default: see --json".to_string(),
        Absent::Default(json) => format!("default {json}"),
    };
    text.push_str(&format!(
        "{pad}{} ({state})\n{}{}",
        parameter.name,
        wrapped(parameter.doc, indent + 2),
        wrapped(&parameter.shape.describe(), indent + 2)
    ));
    nested(&parameter.shape, indent + 4, text);
}

fn nested(shape: &Shape, indent: usize, text: &mut String) {
    match shape {
        Shape::Table(parameters) => parameters
            .iter()
            .for_each(|parameter| describe(parameter, indent, text)),
        Shape::Tagged { tag, variants } => {
            let pad = " ".repeat(indent);
            for variant in *variants {
                text.push_str(&format!(
                    "{pad}{tag} = \"{}\"\n{}",
                    variant.name,
                    wrapped(variant.doc, indent + 2)
                ));
                variant
                    .parameters
                    .iter()
                    .for_each(|parameter| describe(parameter, indent + 4, text));
            }
        }
        Shape::List(item) | Shape::OneOrMany(item) | Shape::Map(item) => nested(item, indent, text),
        Shape::Either(shapes) => {
            let is_table = |shape: &&Shape| matches!(shape, Shape::Table(_));
            let tables = shapes.iter().filter(is_table).count();
            for shape in *shapes {
                match shape {
                    Shape::Table(parameters) if tables > 1 => {
                        text.push_str(&wrapped(&form(parameters), indent));
                        nested(shape, indent + 2, text);
                    }
                    _ => nested(shape, indent, text),
                }
            }
        }
        _ => {}
    }
}

/// One of several forms of a table, by the keys that it must have.
fn form(parameters: &[Parameter]) -> String {
    let required = parameters
        .iter()
        .filter(|p| matches!(p.absent, Absent::Error));
    let names: Vec<String> = required.map(|p| format!("`{}`", p.name)).collect();
    match names.is_empty() {
        true => "a table of these keys:".into(),
        false => format!("a table with {}:", names.join(" and ")),
    }
}

fn json_schema(shown: &[&Kind]) -> Json {
    let kinds = shown.iter().map(|kind| {
        let mut object = table_schema(kind.parameters);
        object["properties"]["only"] = json!({
            "description": "Limits the stage to some values of some axes of the matrix.",
            "type": "object",
        });
        let mut resources = table_schema(RESOURCE_PARAMETERS);
        resources["description"] = json!(
            "What a step of the stage takes of a machine of a cluster. No key depends on it."
        );
        object["properties"][RESOURCES] = resources;
        (kind.name, kind.doc, object)
    });
    // A stage of an included manifest may be amended without naming its kind again.
    let stage = decided_by("kind", false, kinds.collect());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pipe manifest",
        "type": "object",
        "properties": {
            "name": {
                "description": "Name of this manifest for its results and runs: a relative path without `..`. By default the manifest's own path inside the project, without `.toml` and a leading `pipelines/`; outside the project, the name of the file.",
                "type": "string",
                "minLength": 1,
                "maxLength": 199,
            },
            "description": { "type": "string" },
            "corpora": { "type": "string" },
            "include": { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] },
            "vars": { "type": "object" },
            "matrix": { "type": "object", "additionalProperties": { "anyOf": [{ "type": "array" }, axis_schema()] } },
            "stage": { "type": "object", "additionalProperties": stage },
        },
        "additionalProperties": false,
    })
}

/// A table that is one of several, by the value of the key `tag`: name, description and schema of each. A validator then says
/// what is wrong with the one that is meant, and not that none fits.
fn decided_by(tag: &str, is_required: bool, tables: Vec<(&str, &str, Json)>) -> Json {
    let names: Vec<&str> = tables.iter().map(|(name, ..)| *name).collect();
    let docs: Vec<String> = tables
        .iter()
        .map(|(name, doc, _)| format!("{name}: {doc}"))
        .collect();
    let conditions: Vec<Json> = tables
        .into_iter()
        .map(|(name, doc, mut table)| {
            table["properties"][tag] = json!({ "const": name });
            table["description"] = json!(doc);
            json!({
                "if": { "properties": { tag: { "const": name } }, "required": [tag] },
                "then": table,
            })
        })
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": {
            tag: { "description": docs.join("\n"), "anyOf": [{ "enum": names }, variable()] },
        },
        "allOf": conditions,
    });
    if is_required {
        schema["required"] = json!([tag]);
    }
    schema
}

/// What stands for a value: `"${name}"`.
fn variable() -> Json {
    json!({ "type": "string", "pattern": "\\$\\{[^}]+\\}" })
}

/// An axis that is described rather than listed.
fn axis_schema() -> Json {
    let tables = json!({ "type": "array", "items": { "type": "object", "required": ["name"] }, "minItems": 1 });
    json!({ "oneOf": [
        {
            "description": "Every non-empty subset of some tables, as { name, items }.",
            "type": "object",
            "properties": {
                "subsets_of": tables,
                "each_with": tables,
                "empty": { "type": "string" },
                "sizes": { "type": "array", "items": { "type": "integer", "minimum": 1 }, "minItems": 1 },
            },
            "required": ["subsets_of"],
            "additionalProperties": false,
        },
        {
            "description": "The folds of a stage, as it lists them.",
            "type": "object",
            "properties": { "folds_of": { "type": "string" } },
            "required": ["folds_of"],
            "additionalProperties": false,
        },
        {
            "description": "Each value left out in turn, as { name, left, rest }.",
            "type": "object",
            "properties": { "leave_one_out": { "type": "array", "minItems": 2 } },
            "required": ["leave_one_out"],
            "additionalProperties": false,
        },
    ] })
}

fn table_schema(parameters: &[Parameter]) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for parameter in parameters {
        let mut schema = or_variable(shape_schema(&parameter.shape));
        schema["description"] = json!(parameter.doc);
        match parameter.absent {
            Absent::Error => required.push(json!(parameter.name)),
            Absent::Default(text) => {
                schema["default"] = serde_json::from_str(text).unwrap_or(Json::Null)
            }
            Absent::Null => {}
        }
        properties.insert(parameter.name.into(), schema);
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// Anything may come from a variable: `"${name}"`.
fn or_variable(schema: Json) -> Json {
    if schema == json!({ "type": "string" }) {
        return schema;
    }
    let is_composed = schema["type"] == "object" || schema["type"] == "array";
    match is_composed {
        // What is no text is meant to be the table or the list, and told what is wrong with it.
        true => json!({ "if": { "type": "string" }, "then": variable(), "else": schema }),
        false => json!({ "anyOf": [schema, variable()] }),
    }
}

fn shape_schema(shape: &Shape) -> Json {
    match shape {
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Integer { min, max } if *max == i64::MAX => {
            json!({ "type": "integer", "minimum": min })
        }
        Shape::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Float { min, max } if *max == f64::MAX => {
            json!({ "type": "number", "minimum": min })
        }
        Shape::Float { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
        Shape::Range { min, max } => {
            let number = json!({ "type": "number", "minimum": min, "maximum": max });
            json!({ "type": "array", "items": number, "minItems": 2, "maxItems": 2 })
        }
        Shape::Text | Shape::Path | Shape::Named(_) | Shape::Input(_) => {
            json!({ "type": "string" })
        }
        Shape::Choice(choices) => json!({ "enum": choices }),
        Shape::List(item) => json!({ "type": "array", "items": shape_schema(item) }),
        Shape::OneOrMany(item) => {
            let item = shape_schema(item);
            json!({ "anyOf": [item, { "type": "array", "items": item, "minItems": 1 }] })
        }
        Shape::Table(parameters) => table_schema(parameters),
        Shape::Map(item) => json!({ "type": "object", "additionalProperties": shape_schema(item) }),
        Shape::Tagged { tag, variants } => {
            let tables = variants.iter();
            let tables =
                tables.map(|variant| (variant.name, variant.doc, table_schema(variant.parameters)));
            decided_by(tag, true, tables.collect())
        }
        Shape::Either(shapes) => {
            let choices: Vec<Json> = shapes.iter().map(shape_schema).collect();
            json!({ "anyOf": choices })
        }
    }
}
