//! What the fuzz targets share.
//!
//! Checksums would keep a fuzzer out of everything behind them, so inputs come without, and [`document`] and [`framed`]
//! put them on as the program does.

pub mod audio;
mod corpus;
mod folder;
mod framing;

pub use corpus::{FILE_BYTES, check_listing, shipped};
pub use folder::{empty, folder, write};
pub use framing::{document, flac, framed, ogg, safetensors, tensors};
