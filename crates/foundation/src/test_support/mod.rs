//! What tests of several crates share: reproducible noise, a user who interrupts, visible skipping, the folder of real
//! recordings.

mod interrupting;
mod noise;
mod recordings;
mod skipped;

pub use interrupting::InterruptsAfter;
pub use noise::noise;
pub use recordings::corpora_folder;
pub use skipped::skipped;
