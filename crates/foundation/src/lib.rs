//! What every part of `pipe` rests on: digests, the layer to the system, files that appear whole, files that strangers
//! name, functions and random streams with the same bits on every machine, matrix products, threads, features over
//! time, text in tables, causes in sentences, keys of manifests, and how long work reports its progress.
//!
//! It knows nothing of speech, networks or pipelines.

#[cfg(not(unix))]
compile_error!(
    "pipe runs on Linux: its cache needs flock, inodes and symbolic links, and its commands need process groups"
);
#[cfg(target_endian = "big")]
compile_error!(
    "pipe needs a little-endian processor: features are read from the cache without conversion"
);

mod grouped;
pub mod keys;
mod by_cause;
mod length_text;
mod limit;
mod real_path;
pub mod regular_file;
mod digest;
pub mod system;
mod file_digest;
pub mod durable;
pub mod machine_fault;
pub mod spreadsheet;
pub mod sync;
pub mod exact;
pub mod random;
mod agreement;
pub mod arithmetic;
mod tree_sum;
mod vectorised;
mod buffer;
pub mod matmul;
mod workers;
mod features;
mod standardisation;
pub mod panics;
pub mod progress;
pub mod interruptible_copy;
#[cfg(any(test, feature = "test-support"))]
pub mod test_support;

pub use agreement::{Agreement, PairMoments};
pub use buffer::Buffer;
pub use by_cause::by_cause;
pub use digest::Digest;
pub use features::{Features, FeaturesView};
pub use grouped::grouped;
pub use length_text::length_text;
pub use limit::Limit;
pub use real_path::real_path;
pub use standardisation::{Moments, Standardisation};
pub use tree_sum::tree_sum;
pub use workers::{ThreadCount, ThreadError, Workers, start_shared_threads, thread_pool};
