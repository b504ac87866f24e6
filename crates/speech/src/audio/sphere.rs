//! The NIST SPHERE header: `name -type value` lines up to `end_head`.

use std::collections::HashMap;
use std::io::{Read, Seek};

use super::AudioError;
use super::format::AudioFormat;
use super::layout::{AudioInfo, Layout, SampleCoding};
use super::source::Source;

/// Headers are 1,024 bytes as a rule; this is far beyond any.
const MAX_HEADER_BYTES: u64 = 1 << 20;

/// Reads the header of a SPHERE file.
pub(super) fn layout<R: Read + Seek>(source: &mut Source<R>) -> Result<Layout, AudioError> {
    let path = source.path.clone();
    let malformed = |detail: String| AudioError::Malformed {
        path: path.clone(),
        format: "SPHERE",
        detail,
    };
    let size_line = source.head().get(8..16).unwrap_or_default();
    let header_bytes = std::str::from_utf8(size_line)
        .ok()
        .and_then(|text| text.trim().parse::<u64>().ok())
        .filter(|&bytes| (16..=MAX_HEADER_BYTES).contains(&bytes) && bytes <= source.len)
        .ok_or_else(|| {
            malformed(format!(
                "its second line, \"{}\", is not the size of the header",
                size_line.escape_ascii()
            ))
        })?;
    let mut header = vec![0; header_bytes as usize];
    source.read_at(0, &mut header)?;
    let header = String::from_utf8_lossy(&header);
    let fields = Fields::parse(&header)
        .ok_or_else(|| malformed("its header has no `end_head` line".to_string()))?;

    let coding_name = fields.text("sample_coding").unwrap_or("pcm").to_lowercase();
    let (law, compression) = match coding_name.split_once(',') {
        Some((law, compression)) => (law, Some(compression)),
        None => (coding_name.as_str(), None),
    };
    if compression.is_some() || coding_name.contains("shorten") {
        return Err(AudioError::UnsupportedCoding {
            path: path.clone(),
            format: "SPHERE",
            coding: format!("sample_coding {coding_name}"),
            advice: "decompress it first, for example `sph2pipe -f sph in.sph out.sph`, or `w_decode -o pcm in.sph out.sph`",
        });
    }
    let count = |name: &str| {
        fields
            .number(name)
            .map_err(|value| malformed(format!("{name} is \"{value}\"")))
    };
    let required = |name: &str, value: Option<u64>| {
        value.ok_or_else(|| malformed(format!("its header has no {name}")))
    };
    let channels = count("channel_count")?.unwrap_or(1);
    let rate_hz = required("sample_rate", count("sample_rate")?)?;
    let sample_bytes = count("sample_n_bytes")?;
    let coding = match (law, sample_bytes) {
        ("pcm", Some(bytes @ 1..=4)) => SampleCoding::signed(bytes),
        ("ulaw" | "mu-law" | "mulaw", None | Some(1)) => Some(SampleCoding::MuLaw),
        ("alaw" | "a-law", None | Some(1)) => Some(SampleCoding::ALaw),
        _ => None,
    };
    let Some(coding) = coding else {
        return Err(AudioError::UnsupportedCoding {
            path: path.clone(),
            format: "SPHERE",
            coding: match sample_bytes {
                Some(bytes) => format!("sample_coding {coding_name} in {bytes} bytes"),
                None => format!("sample_coding {coding_name} and no sample_n_bytes"),
            },
            advice: "convert it to 16-bit PCM",
        });
    };
    let big_endian = match (fields.text("sample_byte_format"), coding.bytes()) {
        (_, 1) => false,
        (Some("01" | "0123" | "012"), _) => false,
        (Some("10" | "3210" | "210"), _) => true,
        (other, _) => {
            return Err(malformed(format!(
                "sample_byte_format is \"{}\", neither 01 (little-endian) nor 10 (big-endian)",
                other.unwrap_or("not given")
            )));
        }
    };
    let interleaved = fields.text("channels_interleaved").unwrap_or("TRUE");
    if channels > 1 && interleaved.eq_ignore_ascii_case("false") {
        return Err(AudioError::UnsupportedCoding {
            path: path.clone(),
            format: "SPHERE",
            coding: "channels stored one after another".to_string(),
            advice: "interleave the channels",
        });
    }
    let channels = u16::try_from(channels)
        .ok()
        .filter(|&channels| channels > 0)
        .ok_or_else(|| malformed(format!("channel_count is {channels}")))?;
    let rate_hz = u32::try_from(rate_hz)
        .ok()
        .filter(|&rate| rate > 0)
        .ok_or_else(|| malformed(format!("sample_rate is {rate_hz}")))?;

    let frame_bytes = u64::from(channels) * coding.bytes() as u64;
    let present_bytes = source.len - header_bytes;
    let frames = match count("sample_count")? {
        Some(frames) => frames,
        None => present_bytes / frame_bytes,
    };
    let promised_bytes = frames.saturating_mul(frame_bytes);
    source.check_whole(promised_bytes, present_bytes)?;
    Ok(Layout {
        info: AudioInfo {
            format: AudioFormat::Sphere,
            rate_hz,
            channels,
            frames,
            bits: 8 * coding.bytes() as u16,
            coding,
            revision: 0,
        },
        big_endian,
        data_offset: header_bytes,
        blocks: None,
    })
}

/// The fields of a header by name, values as text.
struct Fields<'a>(HashMap<&'a str, &'a str>);

impl<'a> Fields<'a> {
    /// None without an `end_head` line.
    fn parse(header: &'a str) -> Option<Self> {
        let mut fields = HashMap::new();
        for line in header.lines().skip(2) {
            let line = line.trim();
            if line == "end_head" {
                return Some(Fields(fields));
            }
            // A line of another form is a comment (`;`) or of no use here.
            let mut parts = line.splitn(3, char::is_whitespace);
            if let (Some(name), Some(_type), Some(value)) =
                (parts.next(), parts.next(), parts.next())
            {
                fields.insert(name, value.trim());
            }
        }
        None
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied()
    }

    /// A whole number, also one written as a real (`22050.000000`); the text of any other value as the error.
    fn number(&self, name: &str) -> Result<Option<u64>, &'a str> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let whole = match text.split_once('.') {
            Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
            Some(_) => return Err(text),
            None => text,
        };
        whole.parse().map(Some).map_err(|_| text)
    }
}
