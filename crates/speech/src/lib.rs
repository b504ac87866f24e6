//! Speech as data: audio files, the front end that makes features of them, and corpora of emotional speech.
//!
//! It knows nothing of networks or pipelines.
//!
//! | module | what |
//! |---|---|
//! | [`audio`] | WAV, SPHERE and AIFF as one channel of samples |
//! | [`dsp`] | resampling, log-mel filterbank, normalisation, augmentation |
//! | `times` | times as tables write them |
//! | `parquet_table` | tables in Parquet |
//! | [`corpus`] | readers, label maps, split, leaks, synthetic corpora |
//! | [`feature_files`] | features that other programs have computed |

pub mod audio;
pub mod dsp;
mod times;
mod parquet_table;
pub mod corpus;
pub mod feature_files;
