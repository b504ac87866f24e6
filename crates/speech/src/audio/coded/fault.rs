//! What goes wrong between the bytes of a compressed recording and its samples.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use symphonia::core::errors::Error;

use crate::audio::AudioError;
use crate::audio::format::AudioFormat;

/// Why a compressed recording cannot be read on.
#[derive(Debug)]
pub enum Fault {
    /// The file itself cannot be read.
    Io(std::io::Error),
    /// What ought to be there is not.
    Ends,
    /// The file ends before the byte that a part of it must reach, counted without tags in front.
    Cut {
        /// Bytes that there must be.
        needed: u64,
        /// Bytes that there are.
        present: u64,
    },
    /// The bytes are not what they should be, as a clause.
    Damaged(String),
    /// A valid coding that is not decoded, and what to do about it.
    Unsupported(String, &'static str),
    /// Another recording follows.
    Joined,
    /// An error that says all there is to say.
    Told(AudioError),
}

/// What to do with a file of a coding that is not decoded.
pub const CONVERT: &str = "convert it, for example with `ffmpeg -i INPUT OUTPUT.wav`";

impl Fault {
    /// A part that goes on to the byte before `needed`, in a file of `present` bytes.
    pub fn cut(needed: u64, present: u64) -> Self {
        Self::Cut { needed, present }
    }

    /// As an error about the file at `path`.
    pub fn of(self, path: &Path, format: AudioFormat) -> AudioError {
        let damaged = |detail: String| AudioError::Damaged {
            path: path.to_path_buf(),
            format: format.name(),
            detail,
        };
        match self {
            Self::Io(source) => AudioError::Io {
                path: path.to_path_buf(),
                action: "read",
                source,
            },
            Self::Ends => AudioError::EndsEarly {
                path: path.to_path_buf(),
                format: format.name(),
                needed_and_present: None,
            },
            Self::Cut { needed, present } => AudioError::EndsEarly {
                path: path.to_path_buf(),
                format: format.name(),
                needed_and_present: Some((needed, present)),
            },
            Self::Damaged(detail) => damaged(detail),
            Self::Unsupported(coding, advice) => AudioError::UnsupportedCoding {
                path: path.to_path_buf(),
                format: format.name(),
                coding,
                advice,
            },
            Self::Joined => AudioError::Joined {
                path: path.to_path_buf(),
                format: format.name(),
                at: None,
            },
            Self::Told(error) => error,
        }
    }
}

impl From<AudioError> for Fault {
    fn from(error: AudioError) -> Self {
        Self::Told(error)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => Self::Ends,
            // What readers of bits say of bytes that are in memory.
            ErrorKind::Other | ErrorKind::InvalidData | ErrorKind::InvalidInput
                if error.raw_os_error().is_none() =>
            {
                Self::Damaged(error.to_string())
            }
            _ => Self::Io(error),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::IoError(error) => error.into(),
            Error::DecodeError(what) => Self::Damaged(what.to_string()),
            Error::Unsupported(what) => Self::Unsupported(what.to_string(), CONVERT),
            Error::ResetRequired => Self::Damaged("another stream follows the first".to_string()),
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// Runs a step of a decoder. It is written by others, and bytes that its author has not thought of must not end more than
/// the recording.
///
/// # Errors
/// Those of the step; a panic of it.
pub fn guarded<T>(step: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    // Whatever state a panic leaves is dropped with the reader.
    catch_unwind(AssertUnwindSafe(step))
        .unwrap_or_else(|_| Err(Fault::Damaged("the decoder fails on it".to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_decoder_is_an_error_of_the_file() {
        let fault = guarded(|| -> Result<(), Fault> { panic!("index out of bounds") });
        let error = fault
            .expect_err("a panic")
            .of(Path::new("a.mp3"), AudioFormat::Mp3);
        assert_eq!(
            error.to_string(),
            "a.mp3 contains damaged MP3: the decoder fails on it"
        );
    }
}
