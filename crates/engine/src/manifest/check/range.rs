//! Checks of ranges of numbers.

use serde_json::Value as Json;

use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::parameter::Shape;
use crate::manifest::value::{Node, Value};

use super::{Checker, join, last};

impl Checker<'_> {
    /// The two numbers of a range, unless they are none.
    pub(super) fn range(
        &mut self,
        path: &str,
        node: &Node,
        nodes: &[Node],
        (min, max): (f64, f64),
    ) -> Option<Json> {
        let mut numbers = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            let path = join(path, &index.to_string());
            self.checked.places.insert(path.clone(), node.place.clone());
            match node.value.number() {
                Some(number) if (min..=max).contains(&number) => numbers.push(number),
                Some(_) => return self.out_of_range(&path, node, &Shape::Float { min, max }),
                None if matches!(node.value, Value::Unknown) => {
                    self.checked.has_unknown = true;
                    return None;
                }
                None => return self.wrong_type(&path, node, &Shape::Float { min, max }),
            }
        }
        if matches!(numbers[..], [least, most] if least <= most) {
            return Some(Json::from(numbers));
        }
        let name = last(path);
        let diagnostic = Diagnostic::new("manifest::value", format!("`{name}` is not a range"))
            .at(&node.place, "expected two numbers, the smaller first")
            .help(format!(
                "write {name} = [least, most]; the same number twice for a fixed value"
            ));
        self.diagnostics.push(diagnostic);
        None
    }
}
