//! Names of utterances that are parts of files.

/// Name of a part of a file: start and end in milliseconds, padded so that names sort by time; an infinite end is the
/// end of the file.
pub(super) fn segment_name(start_s: f64, end_s: f64) -> String {
    match end_s.is_finite() {
        true => format!("{:08.0}-{:08.0}", start_s * 1000.0, end_s * 1000.0),
        false => format!("{:08.0}-end", start_s * 1000.0),
    }
}
