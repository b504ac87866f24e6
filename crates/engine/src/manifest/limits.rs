//! What a manifest may ask for: limits that no manifest written by hand meets, so that a few lines by a stranger can
//! neither fill the memory nor keep the machine busy.
//!
//! A manifest cannot raise them, since that would be the stranger's choice; the command line can.

use std::collections::BTreeMap;

use pipe_foundation::{Limit, grouped};

use super::diagnostic::Diagnostic;
use super::suggest::suggest;

/// Declares [`Limits`] with each field's name, default and reason in one place.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident = $most:expr;)+) => {
        /// The limits that hold while a manifest is read, and for the files that it names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $name: Limit,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self {
                    $($name: Limit { name: stringify!($name), most: $most },)+
                }
            }
        }

        impl Limits {
            /// Those that are higher than by default, by name.
            pub fn raised(&self) -> BTreeMap<String, u64> {
                let own = self.all().into_iter().zip(Self::default().all());
                let raised = own.filter(|(own, usual)| own.most > usual.most);
                raised.map(|(own, _)| (own.name.to_owned(), own.most)).collect()
            }

            /// All of them.
            pub fn all(&self) -> Vec<Limit> {
                vec![$(self.$name,)+]
            }

            fn named(&mut self, name: &str) -> Option<&mut Limit> {
                $(if name == stringify!($name) {
                    return Some(&mut self.$name);
                })+
                None
            }
        }
    };
}

limits! {
    /// Bytes of a manifest together with all that it includes; also those of a file of the domain that it names. Parsed, a byte takes up to
    /// a hundred bytes of memory.
    manifest_bytes = 2 << 20;
    /// Files that a manifest includes, directly or not, each as often as it is included: two includes in each of thirty
    /// files would be a billion.
    includes = 1000;
    /// How deep included files include others.
    include_depth = 32;
    /// Bytes of one value, such as a variable or a stage's table, after variables are filled in.
    value_bytes = 4 << 20;
    /// Bytes of all values of all steps after variables are filled in. The text of every value counts, and 48 bytes for
    /// each value in a list or table.
    expanded_bytes = 128 << 20;
    /// Axes of the matrix.
    axes = 64;
    /// Values of one axis.
    axis_values = 10_000;
    /// Variants of one stage: all combinations of the values of its axes, before `exclude` and `only` leave some out.
    variants = 50_000;
    /// Different sets of axes that the entries of `exclude` name; each of them is looked up for every variant.
    exclude_sets = 100;
    /// Stages.
    stages = 10_000;
    /// Steps: the variants of all stages together.
    steps = 100_000;
    /// Inputs of all steps together. A stage that takes all variants of another has one for each of them, in each of its
    /// own variants.
    inputs = 1_000_000;
    /// Items that a step may make of each item of a source. Stages that make copies, or that take several stages which
    /// take the same, multiply them.
    copies = 10_000;
    /// Items that sources make up, rather than find on disk, over all steps. Each takes about a kilobyte of memory before it
    /// is made.
    made_items = 200_000;
    /// Bytes of a file that is read as a whole because a manifest or a file of the domain names it, such as a
    /// table. Parsed, a byte may take several bytes of memory.
    file_bytes = 256 << 20;
}

/// What a value in a list or table counts besides its text, about what it takes in memory.
pub const VALUE_BYTES: u64 = 48;

impl Limits {
    /// Sets the limit called `name`.
    ///
    /// # Errors
    /// A lower-case fragment with the nearest names, where there is no such limit.
    pub fn set(&mut self, name: &str, most: u64) -> Result<(), String> {
        match self.named(name) {
            Some(limit) => {
                limit.most = most;
                Ok(())
            }
            None => {
                let limits = self.all();
                let names = limits.iter().map(|limit| limit.name);
                Err(format!(
                    "there is no limit `{name}`; {}",
                    suggest(name, names)
                ))
            }
        }
    }
}

/// What a manifest asks too much of; nothing more is read of it.
#[derive(Clone, Debug)]
pub struct Exceeded(Box<Diagnostic>);

impl From<Diagnostic> for Exceeded {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(Box::new(diagnostic))
    }
}

impl From<Exceeded> for Diagnostic {
    fn from(exceeded: Exceeded) -> Self {
        *exceeded.0
    }
}

/// A manifest asks for `found` of something: `what` says of what, such as "the axis `seed` has 20,000 values".
pub fn exceeded(limit: Limit, what: impl Into<String>, found: u64) -> Diagnostic {
    diagnostic(limit, what).help(meant(limit.advice(found)))
}

/// As [`exceeded`], where the work was stopped before it was known how much would be enough.
pub fn reached(limit: Limit, what: impl Into<String>) -> Diagnostic {
    diagnostic(limit, what).help(meant(limit.advice_to_try()))
}

fn diagnostic(limit: Limit, what: impl Into<String>) -> Diagnostic {
    let (what, most) = (what.into(), grouped(limit.most));
    Diagnostic::new(
        "manifest::limit",
        format!("{what}; the limit `{}` is {most}", limit.name),
    )
}

fn meant(advice: String) -> String {
    format!("if this is meant, {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_set_by_name() {
        let mut limits = Limits::default();
        for limit in Limits::default().all() {
            limits.set(limit.name, limit.most + 1).unwrap();
        }
        let raised = limits.all();
        let raised_names: Vec<&str> = raised.iter().map(|limit| limit.name).collect();
        for (limit, raised) in Limits::default().all().iter().zip(raised) {
            assert_eq!((limit.name, limit.most + 1), (raised.name, raised.most));
        }
        assert_eq!(limits.raised().len(), raised_names.len());
        assert!(Limits::default().raised().is_empty());
        limits.set("axes", 1).unwrap();
        assert!(!limits.raised().contains_key("axes"));
        let told = limits.set("varients", 1).unwrap_err();
        assert_eq!(
            told,
            "there is no limit `varients`; did you mean `variants`?"
        );
    }

    #[test]
    fn what_was_found_the_limit_and_the_option_are_reported() {
        let limit = Limits::default().axis_values;
        let told = exceeded(limit, "the axis `seed` has 20,000 values", 20_000);
        assert_eq!(
            told.to_string(),
            "the axis `seed` has 20,000 values; the limit `axis_values` is 10,000"
        );
        assert_eq!(
            miette::Diagnostic::help(&told).unwrap().to_string(),
            "if this is meant, `--limit axis_values=20000` raises this limit"
        );
    }
}
