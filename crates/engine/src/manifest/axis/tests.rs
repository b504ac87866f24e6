//! Tests of described axes.

use crate::manifest::budget::Budget;
use crate::manifest::limits::Limits;
use crate::manifest::parse::parse;
use crate::source::Source;

use super::*;

fn axis(text: &str) -> Result<Vec<Node>, Diagnostics> {
    let source = Source::new("test.toml", format!("[axis]\n{text}"));
    let table = parse(&source).unwrap();
    let entry = table.entry("axis").unwrap();
    let Value::Table(inner) = &entry.node.value else {
        panic!("not a table");
    };
    let mut diagnostics = Diagnostics::default();
    let limits = Limits::default();
    let budget = Budget::new(&limits);
    let values = described(entry, inner, &limits, &budget, &mut diagnostics);
    diagnostics.or_ok(values.unwrap_or_default())
}

fn names(values: &[Node]) -> Vec<String> {
    values.iter().map(|value| value.value.describe()).collect()
}

const FOUR: &str = r#"
subsets_of = [
    { name = "C", attribute = "corpus" }, { name = "S", attribute = "speaker" },
    { name = "G", attribute = "gender" }, { name = "L", attribute = "language" },
]
each_with = [{ name = "MTL", mode = "shared" }, { name = "GR", mode = "grad_reverse" }, { name = "AD", mode = "discriminator" }]
empty = "baseline"
"#;

#[test]
fn three_methods_over_four_attributes_are_46_models() {
    let values = axis(FOUR).unwrap();
    let names = names(&values);
    assert_eq!(names.len(), 46);
    let first = [
        "baseline", "MTL C", "MTL S", "MTL G", "MTL L", "MTL C+S", "MTL C+G", "MTL C+L",
    ];
    assert_eq!(names[..8], first);
    assert_eq!(names[8..12], ["MTL S+G", "MTL S+L", "MTL G+L", "MTL C+S+G"]);
    assert_eq!(names[45], "AD C+S+G+L");
    let mut unique = names.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 46);
    let Value::Table(table) = &values[6].value else {
        panic!("not a table");
    };
    let items = &table.get("items").unwrap().value;
    assert_eq!(
        items.describe(),
        "attribute=corpus,mode=shared+attribute=gender,mode=shared"
    );
}

#[test]
fn sizes_keep_some_subsets() {
    let values = axis(&format!("{FOUR}sizes = [1]")).unwrap();
    assert_eq!(values.len(), 13);
    let values = axis(&format!("{FOUR}sizes = [4, 1]")).unwrap();
    assert_eq!(values.len(), 16);
}

#[test]
fn every_value_is_left_out_once() {
    let values = axis("leave_one_out = [\"a\", \"b\", \"c\"]").unwrap();
    assert_eq!(names(&values), ["a", "b", "c"]);
    let Value::Table(table) = &values[1].value else {
        panic!("not a table");
    };
    assert_eq!(table.get("left").unwrap().value.describe(), "b");
    assert_eq!(table.get("rest").unwrap().value.describe(), "a+c");
}

#[test]
fn mistakes_are_reported() {
    for wrong in [
        "",
        "subset_of = []",
        "subsets_of = []",
        "subsets_of = 3",
        "subsets_of = [{ attribute = \"corpus\" }]",
        "subsets_of = [\"C\"]",
        "leave_one_out = [\"a\"]",
        "leave_one_out = \"a\"",
        "leave_one_out = [\"a\", \"b\"]\nempty = \"none\"",
        "leave_one_out = [\"a\", \"b\"]\nsubsets_of = [{ name = \"C\" }]",
    ] {
        assert!(axis(wrong).is_err(), "{wrong}");
    }
    for sizes in ["[0]", "[5]", "[]", "1"] {
        assert!(axis(&format!("{FOUR}sizes = {sizes}")).is_err(), "{sizes}");
    }
}
