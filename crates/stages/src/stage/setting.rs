//! What stages are built with beside what the manifest says of them.

use pipe_foundation::Limit;
use pipe_nn::model::Devices;
use pipe_speech::corpus::Corpora;

use super::ingest::SharedListings;
use super::made_items::MadeItems;

/// What stages are built with besides what the manifest says of them.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The corpora that can be named.
    pub corpora: Corpora,
    /// Where trainings and evaluations compute.
    pub devices: Devices,
    /// How long a file may be that is read as a whole because the manifest or `corpora.toml` names it.
    pub file_bytes: Limit,
    /// How many items sources may make up, and how many those that were built do.
    pub made_items: MadeItems,
    /// What sources list, for the variants that list the same.
    pub shared_listings: SharedListings,
    /// Whether programs run in a sandbox.
    pub sandbox: bool,
}
