//! What tests of several crates share: reproducible noise, visible skipping, the folder of real recordings.

mod noise;
mod recordings;
mod skipped;

pub use noise::noise;
pub use recordings::corpora_folder;
pub use skipped::skipped;
