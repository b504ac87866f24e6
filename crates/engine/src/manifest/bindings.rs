//! What `${name}` stands for: variables of `[vars]` and values of `[matrix]`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::budget::Budget;
use super::nesting::MOST_NESTED;
use super::value::{Node, Table, Value};

/// Names to values: `seed`, `matrix.method`. Fields of tables are found below them: `matrix.method.heads`.
#[derive(Clone, Debug)]
pub struct Bindings<'a> {
    /// What is bound around these, and holds unless it is bound here too.
    outer: Option<&'a Bindings<'a>>,
    values: BTreeMap<String, Cow<'a, Node>>,
    /// All axes, as `matrix.seed`, to be suggested where they have no value here.
    axes: &'a [String],
    budget: &'a Budget,
}

impl<'a> Bindings<'a> {
    /// No bindings yet; what is made of them is taken from `budget`.
    pub fn new(budget: &'a Budget) -> Self {
        Self {
            outer: None,
            values: BTreeMap::new(),
            axes: &[],
            budget,
        }
    }

    /// Bindings that add to `outer`.
    pub fn within(outer: &'a Bindings<'a>) -> Self {
        Self {
            outer: Some(outer),
            ..Self::new(outer.budget)
        }
    }

    /// The same with another budget.
    pub fn with_budget<'b>(&'b self, budget: &'b Budget) -> Bindings<'b> {
        Bindings {
            budget,
            ..Bindings::within(self)
        }
    }

    /// What may still be made.
    pub fn budget(&self) -> &'a Budget {
        self.budget
    }

    /// Binds `name` to a value, which is kept here unless it is borrowed.
    pub fn bind(&mut self, name: impl Into<String>, node: Cow<'a, Node>) {
        self.values.insert(name.into(), node);
    }

    /// Tells of the axes that the matrix has, as `matrix.seed`, so that they can be suggested.
    pub fn mention(&mut self, axes: &'a [String]) {
        self.axes = axes;
    }

    /// What `name` stands for.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.own(name).or_else(|| self.outer?.get(name))
    }

    fn own(&self, name: &str) -> Option<&Node> {
        if let Some(node) = self.values.get(name) {
            return Some(node);
        }
        // Values are nested only so deep.
        name.rmatch_indices('.')
            .take(MOST_NESTED)
            .find_map(|(dot, _)| {
                let node = self.values.get(&name[..dot])?;
                field(node, &name[dot + 1..])
            })
    }

    /// Whether `name` would be a field of something unknown.
    pub fn is_part_of_unknown(&self, name: &str) -> bool {
        name.rmatch_indices('.').take(MOST_NESTED).any(|(dot, _)| {
            let whole = self.get(&name[..dot]);
            whole.is_some_and(|node| matches!(node.value, Value::Unknown))
        })
    }

    /// All names, those of fields too.
    pub fn names(&self) -> Vec<String> {
        let mut names = self.outer.map_or_else(Vec::new, Bindings::names);
        let outer = names.len();
        for (name, node) in &self.values {
            names.push(name.clone());
            if let Value::Table(table) = &node.value {
                add_fields(name, table, &mut names);
            }
        }
        names[outer..].sort_unstable();
        names.extend(self.axes.iter().cloned());
        names
    }
}

/// The field of a table at a dotted path; keys may contain dots too.
fn field<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
    let Value::Table(table) = &node.value else {
        return None;
    };
    table.get(path).or_else(|| {
        path.match_indices('.')
            .take(MOST_NESTED)
            .find_map(|(dot, _)| field(table.get(&path[..dot])?, &path[dot + 1..]))
    })
}

fn add_fields(name: &str, table: &Table, names: &mut Vec<String>) {
    for entry in table.entries() {
        let name = format!("{name}.{}", entry.key);
        if let Value::Table(inner) = &entry.node.value {
            add_fields(&name, inner, names);
        }
        names.push(name);
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::limits::Limits;
    use crate::manifest::parse::parse;
    use crate::source::Source;

    use super::*;

    #[test]
    fn fields_are_found_below_their_values() {
        let text = "a = { b = { c = 1 }, \"d.e\" = { f = 2 } }\n\"a.x\" = 3";
        let table = parse(&Source::new("test.toml", text)).unwrap();
        let budget = Budget::new(&Limits::default());
        let mut outer = Bindings::new(&budget);
        for entry in table.entries() {
            outer.bind(entry.key.clone(), Cow::Borrowed(&entry.node));
        }
        let axes = ["matrix.seed".to_owned()];
        let mut bindings = Bindings::within(&outer);
        bindings.mention(&axes);
        let found = |name: &str| bindings.get(name).map(|node| node.value.describe());
        assert_eq!(found("a.b.c").as_deref(), Some("1"));
        assert_eq!(found("a.d.e.f").as_deref(), Some("2"));
        assert_eq!(found("a.x").as_deref(), Some("3"));
        assert_eq!(found("a.b").as_deref(), Some("c=1"));
        for absent in ["a.b.d", "a.d", "b", "a.", ".", "matrix.seed"] {
            assert_eq!(found(absent), None, "{absent}");
        }
        assert_eq!(found(&".".repeat(1 << 20)), None);
        let names = bindings.names();
        let expected = [
            "a",
            "a.b",
            "a.b.c",
            "a.d.e",
            "a.d.e.f",
            "a.x",
            "matrix.seed",
        ];
        assert_eq!(names, expected);
    }
}
