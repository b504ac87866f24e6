//! Recognises a file by its first bytes, whatever its extension says.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::AudioError;

/// Container formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioFormat {
    /// RIFF/WAVE.
    Wav,
    /// RIFX/WAVE: WAV with every number big-endian.
    Rifx,
    /// RF64 or BW64: WAV with 64-bit sizes in a `ds64` chunk.
    Rf64,
    /// Audio Interchange File Format.
    Aiff,
    /// AIFF with a named sample coding.
    Aifc,
    /// NIST SPHERE.
    Sphere,
}

impl AudioFormat {
    /// The format's name for people.
    pub fn name(self) -> &'static str {
        match self {
            AudioFormat::Wav => "WAV",
            AudioFormat::Rifx => "RIFX",
            AudioFormat::Rf64 => "RF64",
            AudioFormat::Aiff => "AIFF",
            AudioFormat::Aifc => "AIFC",
            AudioFormat::Sphere => "SPHERE",
        }
    }
}

/// Bytes that [`sniff`] wants to see, or all of a shorter file.
pub const SNIFF_BYTES: usize = 64;

/// Recognises the format from the first [`SNIFF_BYTES`] bytes of a file.
///
/// # Errors
/// Names an empty file, a git-lfs pointer, a known format that is not read, and otherwise shows the first bytes.
pub fn sniff(path: &Path, head: &[u8]) -> Result<AudioFormat, AudioError> {
    let path = || path.to_path_buf();
    if head.is_empty() {
        return Err(AudioError::EmptyFile { path: path() });
    }
    if head.starts_with(b"version https://git-lfs") {
        return Err(AudioError::GitLfsPointer { path: path() });
    }
    if head.starts_with(b"NIST_1A") {
        return Ok(AudioFormat::Sphere);
    }
    match (head.get(..4), head.get(8..12)) {
        (Some(b"RIFF"), Some(b"WAVE")) => return Ok(AudioFormat::Wav),
        (Some(b"RIFX"), Some(b"WAVE")) => return Ok(AudioFormat::Rifx),
        (Some(b"RF64" | b"BW64"), Some(b"WAVE")) => return Ok(AudioFormat::Rf64),
        (Some(b"FORM"), Some(b"AIFF")) => return Ok(AudioFormat::Aiff),
        (Some(b"FORM"), Some(b"AIFC")) => return Ok(AudioFormat::Aifc),
        _ => {}
    }
    if let Some(format) = known_but_unread(head) {
        return Err(AudioError::UnsupportedFormat {
            path: path(),
            format,
        });
    }
    Err(AudioError::UnknownFormat {
        path: path(),
        first_bytes: show(&head[..head.len().min(16)]),
    })
}

fn known_but_unread(head: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 12] = [
        (b"fLaC", "FLAC"),
        (b"OggS", "Ogg (Vorbis or Opus)"),
        (b"ID3", "MP3"),
        (b"\xff\xfb", "MP3"),
        (b"\xff\xf3", "MP3"),
        (b".snd", "Sun AU"),
        (b"caff", "Core Audio (CAF)"),
        (b"ajkg", "Shorten"),
        (b"wvpk", "WavPack"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "a gzip file"),
        (b"<", "an HTML or XML page"),
    ];
    if head.get(4..8) == Some(b"ftyp") {
        return Some("MPEG-4 audio");
    }
    MAGIC
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, name)| *name)
}

/// Printable bytes in quotes, others as `\xNN`.
fn show(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(head: &[u8]) -> String {
        let error = sniff(Path::new("a.wav"), head).expect_err("not audio");
        let code = miette::Diagnostic::code(&error).map(|code| code.to_string());
        format!("{} | {error}", code.unwrap_or_default())
    }

    #[test]
    fn content_decides() {
        let path = Path::new("x.txt");
        let known: [(&[u8], AudioFormat); 6] = [
            (b"RIFF\0\0\0\0WAVEfmt ", AudioFormat::Wav),
            (b"RIFX\0\0\0\0WAVEfmt ", AudioFormat::Rifx),
            (b"RF64\xff\xff\xff\xffWAVEds64", AudioFormat::Rf64),
            (b"FORM\0\0\0\0AIFFCOMM", AudioFormat::Aiff),
            (b"FORM\0\0\0\0AIFCFVER", AudioFormat::Aifc),
            (b"NIST_1A\n   1024\n", AudioFormat::Sphere),
        ];
        for (head, format) in known {
            assert_eq!(sniff(path, head).ok(), Some(format));
        }
    }

    #[test]
    fn what_is_not_audio_is_named() {
        assert_eq!(code(b""), "audio::empty_file | a.wav is empty (0 bytes)");
        assert!(code(b"version https://git-lfs.github.com/spec/v1\n").contains("git-lfs pointer"));
        assert!(code(b"fLaC\0\0\0\x22").contains("is FLAC"));
        assert!(code(b"RIFF\0\0\0\0AVI LIST").contains("starts with \"RIFF"));
        assert!(code(b"\x00\x01hello").contains(r#"starts with "\x00\x01hello""#));
    }
}
