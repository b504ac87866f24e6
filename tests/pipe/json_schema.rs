//! As much of JSON Schema as the schemas of this project use. A keyword that is not known here fails the test, so that
//! none is passed over.

use serde_json::{Map, Value as Json};

/// Checks `value` against the whole schema. What is named in no schema is wrong too, although JSON Schema allows it.
///
/// # Errors
/// Where and why it does not fit.
pub fn check(schema: &Json, value: &Json) -> Result<(), String> {
    fits(schema, schema, value).map_err(|reason| format!("{reason} in {value}"))
}

fn fits(whole: &Json, schema: &Json, value: &Json) -> Result<(), String> {
    let keywords = schema.as_object().expect("a schema");
    for (keyword, wanted) in keywords {
        let holds = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let pointer = wanted.as_str().and_then(|text| text.strip_prefix('#'));
                let named = pointer.and_then(|pointer| whole.pointer(pointer));
                fits(whole, named.expect("a definition"), value)?;
                true
            }
            "oneOf" => {
                one_of(whole, wanted, value)?;
                true
            }
            "type" => match wanted {
                Json::Array(names) => names.iter().any(|name| is_of_type(name, value)),
                name => is_of_type(name, value),
            },
            "const" => value == wanted,
            "enum" => wanted.as_array().expect("a list").contains(value),
            "minimum" => value.is_null() || value.as_f64() >= wanted.as_f64(),
            "maximum" => value.is_null() || value.as_f64() <= wanted.as_f64(),
            "maxItems" => value.as_array().map(Vec::len) <= wanted.as_u64().map(|n| n as usize),
            "pattern" => {
                assert_eq!(wanted, "^[0-9a-f]{64}$");
                let is_digest = |text: &str| {
                    let hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                    text.len() == 64 && text.bytes().all(hex)
                };
                value.as_str().is_none_or(is_digest)
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    fits(whole, wanted, item)?;
                }
                true
            }
            "required" => {
                let names = wanted.as_array().expect("a list").iter();
                let mut names = names.map(|name| name.as_str().expect("a name"));
                // It asks nothing of what is no object.
                !value.is_object() || names.all(|name| value.get(name).is_some())
            }
            "properties" | "additionalProperties" => {
                properties(whole, keywords, value)?;
                true
            }
            other => panic!("the keyword `{other}` is not known"),
        };
        if !holds {
            return Err(format!("{value} is not {{{keyword:?}: {wanted}}}"));
        }
    }
    Ok(())
}

fn properties(whole: &Json, schema: &Map<String, Json>, value: &Json) -> Result<(), String> {
    let named = schema.get("properties");
    for (name, value) in value.as_object().into_iter().flatten() {
        let described = named.and_then(|named| named.get(name));
        let Some(described) = described.or_else(|| schema.get("additionalProperties")) else {
            return Err(format!("`{name}` is not described"));
        };
        fits(whole, described, value).map_err(|reason| format!("{name}: {reason}"))?;
    }
    Ok(())
}

fn one_of(whole: &Json, schemas: &Json, value: &Json) -> Result<(), String> {
    let tried = schemas.as_array().expect("a list").iter();
    let tried: Vec<_> = tried.map(|schema| fits(whole, schema, value)).collect();
    match tried.iter().filter(|tried| tried.is_ok()).count() {
        1 => Ok(()),
        0 => {
            // Most fail for the name of the event.
            let reasons = tried.into_iter().filter_map(Result::err);
            let reasons: Vec<String> = reasons
                .filter(|reason| !reason.contains("\"const\""))
                .collect();
            Err(reasons.join("; "))
        }
        many => Err(format!("{many} alternatives fit")),
    }
}

fn is_of_type(name: &Json, value: &Json) -> bool {
    match name.as_str().expect("a type") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type `{other}` is not known"),
    }
}

#[test]
fn what_does_not_fit_is_found() {
    let schema = serde_json::json!({
        "oneOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#/$defs/b" }],
        "$defs": {
            "a": {
                "type": "object",
                "properties": {
                    "is": { "const": "a" },
                    "n": { "type": ["integer", "null"], "minimum": 0 },
                    "key": { "type": "string", "pattern": "^[0-9a-f]{64}$" },
                    "list": { "type": "array", "maxItems": 1, "items": { "enum": ["x", "y"] } },
                },
                "required": ["is", "n"],
            },
            "b": {
                "type": "object",
                "properties": { "is": { "const": "b" } },
                "additionalProperties": { "type": "number", "maximum": 1 },
                "required": ["is"],
            },
        },
    });
    let fits = |text: &str| check(&schema, &serde_json::from_str(text).unwrap()).is_ok();
    for good in [
        r#"{"is": "a", "n": 0}"#,
        r#"{"is": "a", "n": null, "list": ["x"]}"#,
        r#"{"is": "b"}"#,
        r#"{"is": "b", "any": 0.5}"#,
    ] {
        assert!(fits(good), "{good}");
    }
    assert!(fits(&format!(
        r#"{{"is": "a", "n": 1, "key": "{}"}}"#,
        "0".repeat(64)
    )));
    for bad in [
        r#"{}"#,
        r#"{"is": "c"}"#,
        r#"{"is": "a"}"#,
        r#"{"is": "a", "n": -1}"#,
        r#"{"is": "a", "n": 0.5}"#,
        r#"{"is": "a", "n": 0, "other": 1}"#,
        r#"{"is": "a", "n": 0, "key": "0"}"#,
        r#"{"is": "a", "n": 0, "list": ["z"]}"#,
        r#"{"is": "a", "n": 0, "list": ["x", "y"]}"#,
        r#"{"is": "b", "any": 2}"#,
        r#"["a"]"#,
    ] {
        assert!(!fits(bad), "{bad}");
    }
}
