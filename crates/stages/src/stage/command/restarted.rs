//! What is told when a program that is kept running has to be started again.

use pipe_foundation::progress::WorkReport;
use serde_json::{Map, Value as Json};

/// A program is started again for an item.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramRestarted {
    /// Id of the item that it was to make.
    pub item: String,
    /// Why, as a sentence without its full stop.
    pub reason: String,
}

impl WorkReport for ProgramRestarted {
    fn name(&self) -> &'static str {
        "program_restarted"
    }

    fn fields(&self) -> Map<String, Json> {
        let fields = [("item", &self.item), ("reason", &self.reason)];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.as_str().into()));
        Map::from_iter(fields)
    }

    fn is_decision(&self) -> bool {
        true
    }
}
