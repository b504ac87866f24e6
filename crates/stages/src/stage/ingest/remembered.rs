//! The length of a recording and the revision of what reads it, as the one number that is remembered of a file. The first
//! versions of the program remembered the length alone, and 0 of what they could not read.

use pipe_speech::audio::{AudioInfo, REVISION};

/// Of a recording: its length, less than 0 where it takes a later revision.
pub fn of(info: &AudioInfo) -> f64 {
    match (info.frames, info.revision) {
        (0, revision) => of_unreadable(revision),
        (_, 0) => info.duration_s(),
        _ => -info.duration_s(),
    }
}

/// Of what cannot be read.
pub fn of_unreadable(revision: u32) -> f64 {
    match revision {
        0 => -0.0,
        _ => f64::NEG_INFINITY,
    }
}

/// Whether it was found by a version that could read less than this one.
pub fn is_outdated(found: f64) -> bool {
    found == 0.0 && found.is_sign_positive()
}

/// Length in seconds, 0 of what cannot be read, and revision.
pub fn read(found: f64) -> (f64, u32) {
    match found {
        f64::NEG_INFINITY => (0.0, REVISION),
        length if length < 0.0 => (-length, REVISION),
        length => (length.max(0.0), 0),
    }
}

#[cfg(test)]
mod tests {
    use pipe_speech::audio::{AudioFormat, SampleCoding};

    use super::*;

    #[test]
    fn what_is_remembered_reads_back() {
        let info = |frames, revision| AudioInfo {
            format: AudioFormat::Flac,
            rate_hz: 8_000,
            channels: 1,
            frames,
            bits: 16,
            coding: SampleCoding::Flac,
            revision,
        };
        for (found, expected) in [
            (of(&info(4_000, 0)), (0.5, 0)),
            (of(&info(4_000, REVISION)), (0.5, REVISION)),
            (of(&info(0, 0)), (0.0, 0)),
            (of_unreadable(0), (0.0, 0)),
            (of_unreadable(REVISION), (0.0, REVISION)),
        ] {
            assert_eq!(read(found), expected);
            assert!(!is_outdated(found));
        }
        assert!(is_outdated(0.0) && !is_outdated(1.5));
    }
}
