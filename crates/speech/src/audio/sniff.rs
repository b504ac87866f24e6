//! Recognises a file by its first bytes, whatever its extension says.

use std::path::Path;

use super::error::AudioError;
use super::format::AudioFormat;
use super::w64;

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
    if head.starts_with(&w64::RIFF) && head.get(24..40) == Some(&w64::WAVE) {
        return Ok(AudioFormat::W64);
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Ok(AudioFormat::Mp4);
    }
    if head.starts_with(b"fLaC") {
        return Ok(AudioFormat::Flac);
    }
    if head.starts_with(b"OggS") {
        return Ok(AudioFormat::Ogg);
    }
    if let Some(format) = mpeg_frame(head) {
        return match format {
            MpegFrame::LayerThree => Ok(AudioFormat::Mp3),
            MpegFrame::Adts => Ok(AudioFormat::Adts),
            MpegFrame::OtherLayer => Err(AudioError::UnsupportedFormat {
                path: path(),
                format: "MPEG audio of layer I or II",
            }),
        };
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

/// What a frame of MPEG audio is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MpegFrame {
    LayerThree,
    OtherLayer,
    Adts,
}

/// Recognises the header of a frame: twelve bits that are set (eleven in MPEG 2.5), and no field with a value that is
/// reserved (ISO/IEC 11172-3, 2.4.2.3; ISO/IEC 14496-3, 1.A.2.2).
fn mpeg_frame(head: &[u8]) -> Option<MpegFrame> {
    let &[first, second, third, ..] = head else {
        return None;
    };
    if first != 0xff || second & 0xe0 != 0xe0 {
        return None;
    }
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    if layer == 0 {
        // Of ADTS: always 1 in the place of the version's upper bit, and a rate out of 13.
        let is_adts = version & 2 != 0 && third >> 2 & 15 < 13;
        return is_adts.then_some(MpegFrame::Adts);
    }
    let (bit_rate, rate) = (third >> 4, third >> 2 & 3);
    if version == 1 || bit_rate == 15 || rate == 3 {
        return None;
    }
    Some(match layer {
        1 => MpegFrame::LayerThree,
        _ => MpegFrame::OtherLayer,
    })
}

fn known_but_unread(head: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 12] = [
        (b".snd", "Sun AU"),
        (b"caff", "Core Audio (CAF)"),
        (b"ajkg", "Shorten"),
        (b"wvpk", "WavPack"),
        (b"MAC ", "Monkey's Audio"),
        (b"#!AMR", "AMR"),
        (b"\x1aE\xdf\xa3", "Matroska or WebM"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media Audio"),
        (b"ID3", "an ID3 tag without a recording behind it"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "a gzip file"),
        (b"<", "an HTML or XML page"),
    ];
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
        let mut w64 = w64::RIFF.to_vec();
        w64.extend([0; 8]);
        w64.extend(w64::WAVE);
        let known: [(&[u8], AudioFormat); 14] = [
            (b"RIFF\0\0\0\0WAVEfmt ", AudioFormat::Wav),
            (b"RIFX\0\0\0\0WAVEfmt ", AudioFormat::Rifx),
            (b"RF64\xff\xff\xff\xffWAVEds64", AudioFormat::Rf64),
            (b"FORM\0\0\0\0AIFFCOMM", AudioFormat::Aiff),
            (b"FORM\0\0\0\0AIFCFVER", AudioFormat::Aifc),
            (b"NIST_1A\n   1024\n", AudioFormat::Sphere),
            (&w64, AudioFormat::W64),
            (b"fLaC\0\0\0\x22", AudioFormat::Flac),
            (b"OggS\0\x02", AudioFormat::Ogg),
            (b"\0\0\0\x20ftypM4A ", AudioFormat::Mp4),
            (b"\xff\xfb\x90\x64", AudioFormat::Mp3),
            (b"\xff\xfa\x90\x64", AudioFormat::Mp3),
            (b"\xff\xe3\x18\xc4", AudioFormat::Mp3),
            (b"\xff\xf1\x50\x80", AudioFormat::Adts),
        ];
        for (head, format) in known {
            assert_eq!(sniff(path, head).ok(), Some(format));
        }
    }

    #[test]
    fn what_is_not_audio_is_named() {
        assert_eq!(code(b""), "audio::empty_file | a.wav is empty (0 bytes)");
        assert!(code(b"version https://git-lfs.github.com/spec/v1\n").contains("git-lfs pointer"));
        assert!(code(b"wvpk\0\0\0\x22").contains("is WavPack"));
        assert!(code(b"\xff\xfd\x90\x64").contains("layer I or II"));
        assert!(code(b"ID3\x03").contains("an ID3 tag without a recording"));
        assert!(code(b"RIFF\0\0\0\0AVI LIST").contains("starts with \"RIFF"));
        assert!(code(b"\x00\x01hello").contains(r#"starts with "\x00\x01hello""#));
    }
}
