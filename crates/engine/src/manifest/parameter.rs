//! Declarations of parameters: one list a stage kind serves checking, defaults, keys, `pipe schema` and the docs.

use crate::artifact::ArtifactKind;

/// One parameter of a stage.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its key in the manifest.
    pub name: &'static str,
    /// What values it takes.
    pub shape: Shape,
    /// What holds when it is absent.
    pub absent: Absent,
    /// One or two sentences for `pipe schema`: meaning and unit.
    pub doc: &'static str,
    /// False for what cannot change the result (threads, limits on bad items), or decides only which items a source
    /// lists, which are in the key themselves: it stays out of the key.
    pub keyed: bool,
}

impl Parameter {
    /// A parameter that must be given.
    pub const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self {
            name,
            shape,
            absent: Absent::Error,
            doc,
            keyed: true,
        }
    }

    /// A parameter that may be left out.
    pub const fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self {
            name,
            shape,
            absent: Absent::Null,
            doc,
            keyed: true,
        }
    }

    /// A parameter with a default, written as JSON.
    pub const fn default(
        name: &'static str,
        shape: Shape,
        json: &'static str,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            shape,
            absent: Absent::Default(json),
            doc,
            keyed: true,
        }
    }

    /// The same parameter, kept out of keys.
    pub const fn unkeyed(mut self) -> Self {
        self.keyed = false;
        self
    }
}

/// What holds when a parameter is absent.
#[derive(Clone, Copy, Debug)]
pub enum Absent {
    /// It is an error.
    Error,
    /// There is no value.
    Null,
    /// This JSON value.
    Default(&'static str),
}

/// What values a parameter takes.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// An integer in a closed range.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A number in a closed range; integers are taken too.
    Float {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// Two numbers in a closed range, the smaller first.
    Range {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// Any string.
    Text,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A path, relative to the manifest it is written in.
    Path,
    /// A name of something outside the manifest that the domain looks for; with what is expected, such as
    /// "the name of a corpus".
    Named(&'static str),
    /// The name of a step whose artifact is taken.
    Input(&'static [ArtifactKind]),
    /// A list.
    List(&'static Self),
    /// One value or a list of them; becomes a list.
    OneOrMany(&'static Self),
    /// A table with declared keys.
    Table(&'static [Parameter]),
    /// A table with free keys.
    Map(&'static Self),
    /// A table whose `tag` chooses the declared keys.
    Tagged {
        /// The key that chooses.
        tag: &'static str,
        /// Each choice and its keys.
        variants: &'static [Variant],
    },
    /// The first that fits by type; of several tables, the one with the most of its required keys there.
    Either(&'static [Self]),
}

/// One choice of a tagged table.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Value of the tag.
    pub name: &'static str,
    /// Its keys besides the tag.
    pub parameters: &'static [Parameter],
    /// One sentence for `pipe schema`.
    pub doc: &'static str,
}

impl Shape {
    /// Any integer from 0.
    pub const NATURAL: Self = Self::Integer {
        min: 0,
        max: i64::MAX,
    };

    /// What is expected, for messages.
    pub fn describe(&self) -> String {
        match self {
            Self::Bool => "`true` or `false`".into(),
            Self::Integer {
                min: 0,
                max: i64::MAX,
            } => "an integer of at least 0".into(),
            Self::Integer { min, max: i64::MAX } => format!("an integer of at least {min}"),
            Self::Integer { min, max } => format!("an integer from {min} to {max}"),
            Self::Float { min, max } if *min == f64::MIN && *max == f64::MAX => "a number".into(),
            Self::Float { min, max } if *max == f64::MAX => format!("a number of at least {min}"),
            Self::Float { min, max } => format!("a number from {min} to {max}"),
            Self::Range { min, max } => {
                format!("a list [least, most] of numbers from {min} to {max}")
            }
            Self::Text => "a string".into(),
            Self::Choice(choices) => {
                let names: Vec<String> = choices.iter().map(|name| format!("\"{name}\"")).collect();
                format!("one of {}", names.join(", "))
            }
            Self::Path => "a path".into(),
            Self::Named(expected) => (*expected).into(),
            Self::Input(kinds) => {
                let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                format!("the name of a stage that produces {}", names.join(" or "))
            }
            Self::List(item) => format!("a list of {}", item.describe_several()),
            Self::OneOrMany(item) => format!("{}, or a list of them", item.describe()),
            Self::Table(_) => "a table".into(),
            Self::Map(item) => format!("a table of {}", item.describe_several()),
            Self::Tagged { tag, .. } => format!("a table with the key `{tag}`"),
            Self::Either(shapes) => {
                let is_table = |shape: &&Self| matches!(shape, Self::Table(_));
                let tables = shapes.iter().filter(is_table).count();
                let others = shapes.iter().filter(|shape| !is_table(shape));
                let mut parts: Vec<String> = others.map(Self::describe).collect();
                match tables {
                    0 => {}
                    1 => parts.push("a table".into()),
                    _ => parts.push(format!("a table in one of {tables} forms")),
                }
                parts.join(", or ")
            }
        }
    }

    /// What is expected of several values, for messages ("strings").
    fn describe_several(&self) -> String {
        match self {
            Self::Bool => "`true` or `false`".into(),
            Self::Text => "strings".into(),
            Self::Path => "paths".into(),
            Self::Table(_) => "tables".into(),
            Self::Tagged { tag, .. } => format!("tables with the key `{tag}`"),
            Self::List(item) => format!("lists of {}", item.describe_several()),
            Self::Map(item) => format!("tables of {}", item.describe_several()),
            Self::Integer { .. } => self.describe().replacen("an integer", "integers", 1),
            Self::Float { .. } => self.describe().replacen("a number", "numbers", 1),
            Self::Either(shapes) => {
                let parts: Vec<String> = shapes.iter().map(Self::describe_several).collect();
                parts.join(" or ")
            }
            Self::Range { .. }
            | Self::Choice(_)
            | Self::Named(_)
            | Self::Input(_)
            | Self::OneOrMany(_) => {
                format!("values, each {}", self.describe())
            }
        }
    }
}
