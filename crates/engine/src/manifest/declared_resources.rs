//! `resources`, a key of every stage: what one step of it takes of a machine, for whoever has to ask for one.

use serde_json::{Map, Value as Json};

use super::check::check;
use super::diagnostics::Diagnostics;
use super::parameter::{Parameter, Shape};
use super::value::{Table, Value};

/// The key in a stage's table.
pub const KEY: &str = "resources";

/// What the table may say. No key depends on it.
pub const PARAMETERS: &[Parameter] = &[
    Parameter::optional(
        "cores",
        Shape::Integer {
            min: 1,
            max: 65_536,
        },
        "Cores to ask for.",
    )
    .unkeyed(),
    Parameter::optional(
        "memory_gb",
        Shape::Float {
            min: 0.001,
            max: 1e6,
        },
        "Memory to ask for, in GB of 10^9 bytes.",
    )
    .unkeyed(),
    Parameter::optional(
        "devices",
        Shape::Integer { min: 0, max: 1024 },
        "Devices to ask for.",
    )
    .unkeyed(),
    Parameter::optional(
        "minutes",
        Shape::Integer {
            min: 1,
            max: 1_000_000,
        },
        "The longest that a step takes, in minutes; what takes longer is ended.",
    )
    .unkeyed(),
];

/// What a stage declares that one of its steps takes of a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeclaredResources {
    /// Cores.
    pub cores: Option<usize>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Devices.
    pub devices: Option<usize>,
    /// The longest time, in minutes.
    pub minutes: Option<u64>,
}

impl DeclaredResources {
    /// Reads them of the table of a stage, which is called `what` in messages.
    pub fn read(table: &Table, what: &str, diagnostics: &mut Diagnostics) -> Self {
        let Some(node) = table.get(KEY) else {
            return Self::default();
        };
        match &node.value {
            Value::Table(inner) => {
                let what = format!("`{KEY}` of {what}");
                let checked = check(inner, &node.place, &what, PARAMETERS, &[], diagnostics);
                Self::of(&checked.values)
            }
            Value::Unknown => Self::default(),
            other => {
                let found = other.found();
                let wrong = super::diagnostic::Diagnostic::new(
                    "manifest::type",
                    format!("`{KEY}` has the wrong type"),
                );
                diagnostics.push(wrong.at(
                    &node.place,
                    format!(
                        "expected a table such as {{ cores = 4, minutes = 60 }}, found {found}"
                    ),
                ));
                Self::default()
            }
        }
    }

    fn of(values: &Map<String, Json>) -> Self {
        let whole = |name: &str| values.get(name).and_then(Json::as_u64);
        let small = |name: &str| whole(name).and_then(|value| usize::try_from(value).ok());
        let gigabytes = values.get("memory_gb").and_then(Json::as_f64);
        Self {
            cores: small("cores"),
            memory_bytes: gigabytes.map(|gigabytes| (gigabytes * 1e9).round() as u64),
            devices: small("devices"),
            minutes: whole("minutes"),
        }
    }
}
