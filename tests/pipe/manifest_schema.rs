//! The JSON Schema of manifests: what comes with the program fits it, and a mistake is found at its key.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::workspace::Workspace;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What is wrong, with its place.
type Wrong = Vec<(String, String)>;

/// All that is wrong with `value`, as validators tell it: of the keywords that the schema of manifests uses.
fn validate(schema: &Json, value: &Json, place: &str) -> Wrong {
    let mut wrong = Wrong::new();
    let below = |name: &str| format!("{place}{}{name}", if place.is_empty() { "" } else { "." });
    for (keyword, wanted) in schema.as_object().expect("a schema") {
        let list = || wanted.as_array().expect("a list").iter();
        let bound = wanted.as_f64();
        let number = value.as_f64();
        let length = value.as_array().map(|items| items.len() as f64);
        let is_kept = match keyword.as_str() {
            "$schema" | "title" | "description" | "default" | "then" | "else" => true,
            // Names of manifests are no matter of this test.
            "minLength" | "maxLength" => true,
            "type" => is_of_type(wanted.as_str().unwrap(), value),
            "const" => value == wanted,
            "enum" => list().any(|choice| choice == value),
            "minimum" => number.is_none() || number >= bound,
            "maximum" => number.is_none() || number <= bound,
            "minItems" => length.is_none() || length >= bound,
            "maxItems" => length.is_none() || length <= bound,
            "pattern" => {
                assert_eq!(wanted, "\\$\\{[^}]+\\}");
                value.as_str().is_none_or(|text| text.contains("${"))
            }
            "anyOf" | "oneOf" => list().any(|schema| validate(schema, value, place).is_empty()),
            "required" => {
                let lacks =
                    |name: &&Json| value.is_object() && value.get(name.as_str().unwrap()).is_none();
                let lacking = list().filter(lacks);
                wrong.extend(lacking.map(|name| (place.to_owned(), format!("lacks {name}"))));
                true
            }
            "allOf" => {
                wrong.extend(list().flat_map(|schema| validate(schema, value, place)));
                true
            }
            "if" => {
                let then = match validate(wanted, value, place).is_empty() {
                    true => "then",
                    false => "else",
                };
                let then = schema.get(then).into_iter();
                wrong.extend(then.flat_map(|schema| validate(schema, value, place)));
                true
            }
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                wrong.extend(
                    items.flat_map(|(at, item)| validate(wanted, item, &below(&at.to_string()))),
                );
                true
            }
            "properties" => {
                for (name, schema) in wanted.as_object().unwrap() {
                    let own = value.get(name).into_iter();
                    wrong.extend(own.flat_map(|value| validate(schema, value, &below(name))));
                }
                true
            }
            "additionalProperties" => {
                let named = |name: &str| schema.get("properties").and_then(|all| all.get(name));
                let all = value.as_object().into_iter().flatten();
                for (name, value) in all.filter(|(name, _)| named(name).is_none()) {
                    match wanted {
                        Json::Bool(false) => wrong.push((below(name), "unknown key".into())),
                        schema => wrong.extend(validate(schema, value, &below(name))),
                    }
                }
                true
            }
            other => panic!("the keyword `{other}` is not known"),
        };
        if !is_kept {
            wrong.push((place.to_owned(), format!("{keyword}: {wanted}")));
        }
    }
    wrong
}

fn is_of_type(name: &str, value: &Json) -> bool {
    match name {
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type `{other}` is not known"),
    }
}

fn of_toml(text: &str) -> Json {
    let table: toml::Table = text.parse().unwrap();
    serde_json::to_value(table).unwrap()
}

fn schema() -> Json {
    serde_json::from_str(&Workspace::new().stdout(&["schema", "--json"])).unwrap()
}

#[test]
fn the_schema_in_the_documents_is_that_of_the_program() {
    let own = Workspace::new().stdout(&["schema", "--json"]);
    let path = Path::new(ROOT).join("docs/manifest.schema.json");
    let documented = fs::read_to_string(&path).unwrap_or_default();
    let differs = own
        .lines()
        .zip(documented.lines())
        .find(|(own, other)| own != other);
    assert!(
        own == documented,
        "docs/manifest.schema.json is not what `pipe schema --json` prints; the first difference: {differs:?}"
    );
}

#[test]
fn manifests_that_come_with_the_program_name_the_schema_and_fit_it() {
    let schema = schema();
    let mut tried = 0;
    for folder in ["pipelines", "pipelines/include"] {
        for entry in fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            tried += 1;
            let text = fs::read_to_string(&path).unwrap();
            let named = text
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("#:schema "));
            let named = named.unwrap_or_else(|| panic!("{}", path.display()));
            let named = path.parent().unwrap().join(named).canonicalize();
            let wanted = Path::new(ROOT)
                .join("docs/manifest.schema.json")
                .canonicalize();
            assert_eq!(named.unwrap(), wanted.unwrap(), "{}", path.display());
            let wrong = validate(&schema, &of_toml(&text), "");
            assert!(wrong.is_empty(), "{}: {wrong:?}", path.display());
        }
    }
    assert!(tried >= 14, "{tried}");
}

#[test]
fn a_mistake_is_found_at_its_key_with_what_is_expected_there() {
    let schema = schema();
    let demo = fs::read_to_string(Path::new(ROOT).join("pipelines/demo.toml")).unwrap();
    let stage = |lines: &str| format!("{demo}\n[stage.more]\n{lines}\n");
    for (lines, place, what) in [
        (
            "kind = \"fbank\"\ninput = \"audio\"\nbnis = 30",
            "stage.more.bnis",
            "unknown key",
        ),
        (
            "kind = \"fbank\"\ninput = \"audio\"\nbins = \"many\"",
            "stage.more.bins",
            "integer",
        ),
        ("kind = \"fbank\"", "stage.more", "lacks \"input\""),
        ("kind = \"fbnak\"", "stage.more.kind", "\"fbank\""),
        (
            "kind = \"train\"\ninput = \"fbank\"\nepochs = 0",
            "stage.more.epochs",
            "minimum",
        ),
        (
            "kind = \"train\"\ninput = \"fbank\"\nencoder = [{ layer = \"lstm\", untis = 3 }]",
            "stage.more.encoder.0.untis",
            "unknown key",
        ),
        (
            "kind = \"report\"\nresources = { coers = 2 }",
            "stage.more.resources.coers",
            "unknown key",
        ),
        ("only = 3\nkind = \"report\"", "stage.more.only", "object"),
    ] {
        let wrong = validate(&schema, &of_toml(&stage(lines)), "");
        let found = wrong
            .iter()
            .any(|(at, told)| at == place && told.contains(what));
        assert!(found, "{lines}: {wrong:?}");
        // Nothing that is right is called wrong besides; a key that is lacking may be another thing that is.
        let others = wrong.iter().filter(|(at, _)| !at.starts_with("stage.more"));
        assert_eq!(others.count(), 0, "{lines}: {wrong:?}");
    }
    // What an included manifest has is amended without its kind, and values may come from variables.
    for right in [
        "epochs = 3",
        "kind = \"fbank\"\ninput = \"audio\"\nbins = \"${bins}\"",
        "kind = \"${kind}\"\nanything = 1",
    ] {
        let wrong = validate(&schema, &of_toml(&stage(right)), "");
        assert!(wrong.is_empty(), "{right}: {wrong:?}");
    }
    assert!(!validate(&schema, &of_toml("stages = {}"), "").is_empty());
}
