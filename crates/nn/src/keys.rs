//! The keys of what a manifest can choose, such as a kind of layer: names, values, defaults and documentation.

/// One key in the manifest.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub values: Values,
    /// What holds when it is absent.
    pub absent: Absent,
    /// One sentence for `pipe schema`: meaning and unit.
    pub doc: &'static str,
}

/// What values a key takes.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// `true` or `false`.
    Bool,
    /// An integer in a closed range.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A number in a closed range.
    Float {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// One of these strings.
    Choice(&'static [&'static str]),
}

impl Values {
    /// A size of at least 1.
    pub const POSITIVE: Self = Self::Integer {
        min: 1,
        max: 65_536,
    };
    /// A count from 0.
    pub const NATURAL: Self = Self::Integer {
        min: 0,
        max: i64::MAX,
    };
    /// A fraction from 0 to 1.
    pub const FRACTION: Self = Self::Float { min: 0.0, max: 1.0 };
    /// A probability below 1.
    pub const BELOW_ONE: Self = Self::Float {
        min: 0.0,
        max: 0.999_999,
    };
}

/// What holds when a key is absent.
#[derive(Clone, Copy, Debug)]
pub enum Absent {
    /// It is an error.
    Error,
    /// There is no value.
    Null,
    /// This JSON value.
    Default(&'static str),
}

impl Key {
    /// A key that must be given.
    pub const fn required(name: &'static str, values: Values, doc: &'static str) -> Self {
        Self {
            name,
            values,
            absent: Absent::Error,
            doc,
        }
    }

    /// A key that may be left out.
    pub const fn optional(name: &'static str, values: Values, doc: &'static str) -> Self {
        Self {
            name,
            values,
            absent: Absent::Null,
            doc,
        }
    }

    /// A key with a default, written as JSON.
    pub const fn default(
        name: &'static str,
        values: Values,
        json: &'static str,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            values,
            absent: Absent::Default(json),
            doc,
        }
    }
}
