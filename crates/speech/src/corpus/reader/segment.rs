//! Names of utterances that are parts of files.

/// Name of a part of a file: start and end in milliseconds, padded so that names sort by time.
pub(super) fn segment_name(start_s: f64, end_s: f64) -> String {
    format!("{:08.0}-{:08.0}", start_s * 1000.0, end_s * 1000.0)
}
