//! Units of work: what is done in one go, what it takes of others, and what it asks of a machine.

use serde::{Deserialize, Serialize};

/// What work asks of a machine; 0 where nothing is said, so that settings decide.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Resources {
    /// Cores.
    pub cores: usize,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Devices, such as graphics cards.
    pub devices: usize,
    /// The longest time, in minutes.
    pub minutes: u64,
}

/// A unit of work. Units are known by their places in a list, and the list by the plan that it was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Its name, which no other unit has.
    pub name: String,
    /// What it is an example of: like work is submitted together.
    pub like: String,
    /// A name for people of the work that it is submitted with.
    pub title: String,
    /// Units that it takes results of.
    pub after: Vec<usize>,
    /// False where it can do with the results of some of them, if the others have failed.
    pub needs_all: bool,
    /// What it asks for.
    pub resources: Resources,
    /// How many items it makes one by one, where it does; several jobs can then share them.
    pub items: Option<usize>,
    /// True where several do their work side by side as fast as one, since they wait for the same device.
    pub shares_device: bool,
    /// The key of its result, once it is known.
    pub key: Option<String>,
    /// All that its key depends on but results, as a digest.
    pub plan_key: Option<String>,
}

/// A share of the items of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Share {
    /// Which, from 0.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}
