//! Bundles: one file with a run's manifest, lock file, tables and results, for somebody else to look at and to reproduce.
//!
//! A bundle is a tar archive in zstd. Its first entry, `bundle.json`, lists every other with its length and digest. The
//! same content gives the same bytes.
//!
//! | in the bundle | what |
//! |---|---|
//! | `bundle.json` | what it is, and the list of its files |
//! | `project/` | the manifest with what it includes and the files that it names, its lock file, the entries of `corpora.toml` that it uses |
//! | `data/<source>.tsv` | what each source listed: utterances, splits, labels, digests of recordings |
//! | `data/notes.json` | what readers warned of, and what was left out |
//! | `results/<step>/` | what steps made: models, histories, predictions, reports |
//! | `features/<step>/`, `audio/<corpus>/` | features and recordings, where they were asked for |

mod altered;
mod archive;
mod audio;
mod collect;
mod contents;
mod data_change;
mod error;
mod features;
mod list;
mod opened;
mod places;
mod project_files;
mod receive;
mod ro_crate;
mod signature;
mod signing;
mod verdict;

pub use archive::write;
pub use collect::{PROJECT, collect};
pub use contents::{Collected, Content, Contents};
pub use data_change::{DataChange, data_changes};
pub use error::BundleError;
pub use features::add_features;
pub use opened::{BundleLimits, OpenedBundle};
pub use places::{PlacesGiven, places_outside};
pub use project_files::{ProjectFiles, project_files};
pub use receive::{corpora_at, unpack, unpack_or_reuse};
pub use ro_crate::{RunTimes, write_crate};
pub use signature::{SignatureError, Signed, check_signature, public_key, signature_path};
pub use signing::SigningKey;
pub use verdict::{Comparison, NumberChange, PredictionChange, Verdict, number_changes};
