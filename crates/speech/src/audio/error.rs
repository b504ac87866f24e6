//! What can be wrong with an audio file, each with the file's path.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use super::rates::RATES_HZ;
use super::revision::REVISION;

/// Why a file could not be read, or written, as audio.
#[derive(Debug, Error, Diagnostic)]
pub enum AudioError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    #[diagnostic(
        code(audio::io),
        help("check that the file exists and may be read or written")
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried, a verb.
        action: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file has no bytes.
    #[error("{} is empty (0 bytes)", path.display())]
    #[diagnostic(
        code(audio::empty_file),
        help("the copy of the corpus is incomplete: download this file again")
    )]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// A git-lfs pointer in place of the audio.
    #[error("{} is a git-lfs pointer, not the audio itself", path.display())]
    #[diagnostic(
        code(audio::git_lfs_pointer),
        help("run `git lfs pull` in the corpus folder, or download the files from the publisher")
    )]
    GitLfsPointer {
        /// The file.
        path: PathBuf,
    },
    /// A known format that is not supported.
    #[error("{} is {format}, which is not supported", path.display())]
    #[diagnostic(
        code(audio::unsupported_format),
        help(
            "convert it, for example with `ffmpeg -i INPUT OUTPUT.wav`; WAV, AIFF, SPHERE, Wave64, FLAC, MP3, Ogg Vorbis and AAC or Apple Lossless in MP4 are supported"
        )
    )]
    UnsupportedFormat {
        /// The file.
        path: PathBuf,
        /// The format's name.
        format: &'static str,
    },
    /// Nothing known starts like this.
    #[error("{} is not in a known audio format; it starts with {first_bytes}", path.display())]
    #[diagnostic(
        code(audio::unknown_format),
        help(
            "WAV, AIFF, SPHERE, Wave64, FLAC, MP3, Ogg Vorbis and AAC or Apple Lossless in MP4 are supported, whatever the file extension"
        )
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// The first bytes, printable ones as they are, others as `\xNN`.
        first_bytes: String,
    },
    /// The header contradicts itself or the format.
    #[error("{} has a broken {format} header: {detail}", path.display())]
    #[diagnostic(
        code(audio::malformed),
        help("the file is damaged: download it again, or leave it out")
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The format's name.
        format: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// Two chunks of samples.
    #[error(
        "{} has two `data` chunks, at bytes {first} and {second}: which of them is the recording cannot be known",
        path.display()
    )]
    #[diagnostic(
        code(audio::two_recordings),
        help(
            "the file is damaged, or two in one: keep the chunk that is wanted in a file of its own, or leave it out"
        )
    )]
    TwoRecordings {
        /// The file.
        path: PathBuf,
        /// Where the first is.
        first: u64,
        /// Where the second is.
        second: u64,
    },
    /// A valid file with a coding that is not supported.
    #[error("{} contains {format} with {coding}, which is not supported", path.display())]
    #[diagnostic(code(audio::unsupported_coding), help("{advice}"))]
    UnsupportedCoding {
        /// The file.
        path: PathBuf,
        /// The format's name.
        format: &'static str,
        /// The coding.
        coding: String,
        /// What to do.
        advice: &'static str,
    },
    /// Files that were joined byte by byte: the header of the first tells nothing of the second.
    #[error(
        "{} has several recordings in {format} one after another{}",
        path.display(),
        at.map_or_else(String::new, |at| format!(", the second from byte {at} on"))
    )]
    #[diagnostic(
        code(audio::joined),
        help(
            "keep each in a file of its own, or make one of them, for example with `ffmpeg -i INPUT OUTPUT.wav`"
        )
    )]
    Joined {
        /// The file.
        path: PathBuf,
        /// The format's name.
        format: &'static str,
        /// Where the second begins, where that is known, in bytes from the start of the first.
        at: Option<u64>,
    },
    /// A coding that programs read in different ways.
    #[error("{} contains {format} with {coding}, which programs read in different ways", path.display())]
    #[diagnostic(
        code(audio::unclear_coding),
        help("convert it to 16-bit PCM with the program that has written it")
    )]
    UnclearCoding {
        /// The file.
        path: PathBuf,
        /// The format's name.
        format: &'static str,
        /// The coding.
        coding: String,
    },
    /// A rate that no recording of speech has.
    #[error(
        "{} has a sample rate of {rate_hz} Hz; from {} to {} Hz are supported",
        path.display(), RATES_HZ.start(), RATES_HZ.end()
    )]
    #[diagnostic(
        code(audio::unsupported_rate),
        help("the header is damaged, or this is not a recording of speech: leave the file out")
    )]
    UnsupportedRate {
        /// The file.
        path: PathBuf,
        /// The rate in Hz.
        rate_hz: u32,
    },
    /// Fewer bytes of samples than the header promises.
    #[error(
        "{} is cut short: its header promises {promised_bytes} bytes of samples, but it has {present_bytes}",
        path.display()
    )]
    #[diagnostic(
        code(audio::truncated),
        help("the copy is incomplete: download this file again")
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes of samples by the header.
        promised_bytes: u64,
        /// Bytes of samples in the file.
        present_bytes: u64,
    },
    /// Fewer samples than the header of a compressed file promises.
    #[error(
        "{} is cut short: its header promises {promised_frames} samples of each channel, but it has {present_frames}",
        path.display()
    )]
    #[diagnostic(
        code(audio::cut_short),
        help("the copy is incomplete: download this file again")
    )]
    CutShort {
        /// The file.
        path: PathBuf,
        /// Samples of each channel by the header.
        promised_frames: u64,
        /// Samples of each channel in the file.
        present_frames: u64,
    },
    /// A compressed file ends where more must follow.
    #[error(
        "{} is cut short: it ends {}in the middle of what {format} files must have{}",
        path.display(),
        needed_and_present.map_or_else(String::new, |(_, present)| format!("at byte {present}, ")),
        needed_and_present.map_or_else(String::new, |(needed, _)| format!(", which goes on to byte {needed}"))
    )]
    #[diagnostic(
        code(audio::ends_early),
        help("the copy is incomplete: download this file again")
    )]
    EndsEarly {
        /// The file.
        path: PathBuf,
        /// The format's name.
        format: &'static str,
        /// Bytes that there must be at least, and those that there are, where that is known.
        needed_and_present: Option<(u64, u64)>,
    },
    /// Compressed bytes that cannot be decoded.
    #[error("{} contains damaged {format}: {detail}", path.display())]
    #[diagnostic(
        code(audio::damaged),
        help(
            "download this file again; if another program plays it, convert it with that one, for example `ffmpeg -i INPUT OUTPUT.wav`"
        )
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The format's name.
        format: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// A valid header and not one sample.
    #[error("{} contains no samples", path.display())]
    #[diagnostic(
        code(audio::no_samples),
        help("leave the file out, or download it again")
    )]
    NoSamples {
        /// The file.
        path: PathBuf,
    },
    /// The channel asked for is not in the file.
    #[error("{} has {channels} channel{}, but channel {channel} (counted from 0) was requested", path.display(), if *channels == 1 { "" } else { "s" })]
    #[diagnostic(
        code(audio::no_such_channel),
        help("channels are counted from 0; omit the channel to use the mean of all")
    )]
    NoSuchChannel {
        /// The file.
        path: PathBuf,
        /// The channel asked for, counted from 0.
        channel: u16,
        /// Channels in the file.
        channels: u16,
    },
    /// A segment that the file does not contain.
    #[error(
        "{} does not contain the segment: from {start_s} s to {}, and it lasts {duration_s:.3} s",
        path.display(),
        if end_s.is_finite() { format!("{end_s} s") } else { "its end".into() }
    )]
    #[diagnostic(
        code(audio::bad_segment),
        help(
            "a segment has 0 <= start < end, and may extend past the end of the file by at most 0.1 s"
        )
    )]
    BadSegment {
        /// The file.
        path: PathBuf,
        /// Start asked for, in seconds.
        start_s: f64,
        /// End asked for, in seconds; infinite for the end of the file.
        end_s: f64,
        /// Length of the file in seconds.
        duration_s: f64,
    },
    /// A float sample is infinite or not a number.
    #[error(
        "{} contains a sample that is not a finite number{} (frame {frame})",
        path.display(),
        if *bits == 64 { " of 32 bits, in which samples are kept" } else { "" }
    )]
    #[diagnostic(
        code(audio::not_finite),
        help("the file is damaged: download it again, or leave it out")
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The frame (sample of every channel), counted from 0 at the file's start.
        frame: u64,
        /// Bits of a stored sample: one of 64 may be finite, and yet too large for 32.
        bits: u16,
    },
    /// A float sample is no sound: full scale is 1.
    #[error("{} contains a sample of {sample:e} (frame {frame}), where full scale is 1", path.display())]
    #[diagnostic(
        code(audio::beyond_scale),
        help(
            "the file is damaged, or its numbers are not those of float samples: download it again, or leave it out"
        )
    )]
    BeyondScale {
        /// The file.
        path: PathBuf,
        /// The frame (sample of every channel), counted from 0 at the file's start.
        frame: u64,
        /// Its value.
        sample: f32,
    },
    /// The user asked to stop.
    #[error("the work on {} was interrupted", path.display())]
    #[diagnostic(code(audio::interrupted))]
    Interrupted {
        /// The file.
        path: PathBuf,
    },
}

impl AudioError {
    /// What is wrong, without the path of the file: it is the same for every file of the same content.
    pub fn without_path(&self) -> String {
        let path = self.path().display().to_string();
        self.to_string().replacen(&path, "the file", 1)
    }

    /// The revision of the readers that finds this; see [`AudioInfo::revision`](super::AudioInfo::revision).
    pub fn revision(&self) -> u32 {
        /// What the first version read.
        const FIRST: [&str; 6] = ["WAV", "RIFX", "RF64", "AIFF", "AIFC", "SPHERE"];
        match self {
            Self::UnsupportedFormat { .. }
            | Self::UnknownFormat { .. }
            | Self::UnclearCoding { .. }
            | Self::Joined { .. }
            | Self::TwoRecordings { .. }
            | Self::CutShort { .. }
            | Self::EndsEarly { .. }
            | Self::Damaged { .. }
            | Self::BeyondScale { .. } => REVISION,
            Self::Malformed { format, .. } | Self::UnsupportedCoding { format, .. }
                if !FIRST.contains(format) =>
            {
                REVISION
            }
            _ => 0,
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::EmptyFile { path }
            | Self::GitLfsPointer { path }
            | Self::UnsupportedFormat { path, .. }
            | Self::UnknownFormat { path, .. }
            | Self::Malformed { path, .. }
            | Self::TwoRecordings { path, .. }
            | Self::UnsupportedCoding { path, .. }
            | Self::UnclearCoding { path, .. }
            | Self::Joined { path, .. }
            | Self::Truncated { path, .. }
            | Self::NoSamples { path }
            | Self::NoSuchChannel { path, .. }
            | Self::BadSegment { path, .. }
            | Self::UnsupportedRate { path, .. }
            | Self::NotFinite { path, .. }
            | Self::CutShort { path, .. }
            | Self::EndsEarly { path, .. }
            | Self::Damaged { path, .. }
            | Self::BeyondScale { path, .. }
            | Self::Interrupted { path } => path,
        }
    }
}
