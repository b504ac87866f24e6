//! A plan as work for a cluster: its units and what they ask for, their results in the cache, and the folder of a run.

mod cache_results;
mod handed_in;
mod run_file;
mod works;

pub use cache_results::CacheResults;
pub use handed_in::{HandedIn, handed_in};
pub use run_file::{RUN_FILE, RunFile};
pub use works::{plan_key_of, works};
