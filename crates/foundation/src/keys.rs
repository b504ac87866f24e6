//! The keys of what a manifest can choose, such as a kind of layer: names, values, defaults and documentation.

use serde_json::{Map, Value};

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
    /// Two numbers in a closed range, the smaller first.
    Range {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A folder of recordings: their names and contents are what counts, and where the folder is does not.
    Recordings,
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

    /// Why a value is not one of these: a number out of its bounds, or a range that is none. Other values are for their
    /// readers to refuse.
    pub fn misfit(&self, value: &Value) -> Option<String> {
        let numbers = || value.as_array()?.iter().map(Value::as_f64).collect();
        match *self {
            Self::Float { min, max } => {
                let number = value.as_f64();
                let fits = number.is_some_and(|number| (min..=max).contains(&number));
                (!fits).then(|| format!("is {value}; expected {min} to {max}"))
            }
            Self::Range { min, max } => {
                let numbers: Option<Vec<f64>> = numbers();
                let fits = |range: &[f64]| match range {
                    [least, most] => min <= *least && least <= most && *most <= max,
                    _ => false,
                };
                let fits = numbers.is_some_and(|range| fits(&range));
                (!fits).then(|| format!("= {value} is not a range within {min}..={max}"))
            }
            _ => None,
        }
    }
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

/// The values of `keys` among those that are `given`, and the defaults of those that are not.
///
/// # Errors
/// A default that is not JSON.
pub fn values_of(
    keys: &[Key],
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, serde_json::Error> {
    let mut values = Map::new();
    for key in keys {
        let value = match (given.get(key.name), key.absent) {
            (Some(value), _) => value.clone(),
            (None, Absent::Default(json)) => serde_json::from_str(json)?,
            (None, Absent::Error | Absent::Null) => continue,
        };
        values.insert(key.name.into(), value);
    }
    Ok(values)
}

/// The keys of several lists, `COUNT` in all ([`count`]), in their order; a name that comes again is left out.
pub const fn joined<const COUNT: usize>(lists: &[&[Key]]) -> [Key; COUNT] {
    let mut all = [Key::required("", Values::Bool, ""); COUNT];
    let (mut list, mut next) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            if is_new(lists, list, at) {
                all[next] = lists[list][at];
                next += 1;
            }
            at += 1;
        }
        list += 1;
    }
    all
}

/// Names of several lists.
pub const fn count(lists: &[&[Key]]) -> usize {
    let (mut list, mut all) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            all += is_new(lists, list, at) as usize;
            at += 1;
        }
        list += 1;
    }
    all
}

/// Whether no list before has the name of this key.
const fn is_new(lists: &[&[Key]], list: usize, key: usize) -> bool {
    let mut before = 0;
    while before < list {
        let mut at = 0;
        while at < lists[before].len() {
            if is_same(lists[before][at].name, lists[list][key].name) {
                return false;
            }
            at += 1;
        }
        before += 1;
    }
    true
}

/// `==` of texts, which cannot be used before the program runs.
const fn is_same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut at = 0;
    while at < left.len() && at < right.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    left.len() == right.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const A: Key = Key::default("a", Values::FRACTION, "0.5", "");
    const AB: Key = Key::optional("ab", Values::Range { min: 0.0, max: 9.0 }, "");
    const LISTS: [&[Key]; 3] = [&[A], &[AB, A], &[AB]];

    #[test]
    fn lists_are_joined_and_names_that_come_again_left_out() {
        const ALL: [Key; count(&LISTS)] = joined(&LISTS);
        assert_eq!(ALL.map(|key| key.name), ["a", "ab"]);
    }

    #[test]
    fn values_are_those_given_or_the_defaults_and_must_fit() {
        let given = json!({ "ab": [1, 2.5], "other": 3 });
        let values = values_of(LISTS[1], given.as_object().unwrap()).unwrap();
        assert_eq!(Value::from(values), json!({ "ab": [1, 2.5], "a": 0.5 }));
        assert_eq!(A.values.misfit(&json!(1)), None);
        assert_eq!(AB.values.misfit(&given["ab"]), None);
        let told = A.values.misfit(&json!(1.5)).unwrap();
        assert_eq!(told, "is 1.5; expected 0 to 1");
        for wrong in [
            json!([1]),
            json!([2, 1]),
            json!([1, 9.5]),
            json!([-1, 2]),
            json!(3),
        ] {
            let told = AB.values.misfit(&wrong).unwrap();
            assert!(told.ends_with("is not a range within 0..=9"), "{told}");
        }
    }
}
