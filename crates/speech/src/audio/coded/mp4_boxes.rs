//! The boxes of an MPEG-4 file that say which part of a track is the recording (ISO/IEC 14496-12).

use std::io::{Read, Seek};

use super::fault::Fault;
use crate::audio::source::Source;

/// More boxes in one are none.
const MAX_BOXES: usize = 4096;

/// Bytes of a box of which more than its head is looked at.
const MAX_TEXT_BYTES: u64 = 4096;

/// Which part of a track is the recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Samples of each channel before it.
    pub delay: u64,
    /// Its length in units of the movie; none for all the rest.
    pub duration: Option<u64>,
    /// Units of the movie in a second.
    pub movie_timescale: u32,
}

/// What the boxes say.
#[derive(Clone, Debug, Default)]
pub struct Boxes {
    /// Units of the movie in a second.
    movie_timescale: u32,
    /// Number of each track, and the entries of its edit list as length and start; a negative start is a pause.
    tracks: Vec<(u32, Vec<(u64, i64)>)>,
    /// Entries of the longest table of times of a track.
    longest_times: u32,
    /// Samples of each channel before and in the recording, as iTunes writes them.
    itunes: Option<(u64, u64)>,
}

/// A part of the file.
#[derive(Clone, Copy)]
struct Part {
    start: u64,
    end: u64,
}

impl Boxes {
    /// Reads them; a file that is cut off often lacks them, as they are written last.
    pub fn read<R: Read + Seek>(source: &mut Source<R>) -> Result<Self, Fault> {
        let mut boxes = Self::default();
        let file = Part {
            start: 0,
            end: source.len,
        };
        let all = children(source, file)?;
        let past = all.last().map_or(0, |(_, part)| part.end);
        if is_cut_box(source, past)? {
            return Err(Fault::Ends);
        }
        let movie = all.into_iter().find(|(name, _)| name == b"moov");
        let (_, movie) = movie.ok_or(Fault::Ends)?;
        for (name, part) in children(source, movie)? {
            match &name {
                b"mvhd" => boxes.movie_timescale = number_of(source, part, 12, 20)?,
                b"trak" => {
                    boxes.tracks.push(track(source, part)?);
                    boxes.longest_times = boxes.longest_times.max(times(source, part)?);
                }
                b"udta" => boxes.itunes = itunes(source, part)?,
                _ => {}
            }
        }
        Ok(boxes)
    }

    /// The part of `track` that is the recording.
    ///
    /// # Errors
    /// One that is put together of several parts.
    pub fn edit(&self, track: u32) -> Result<Edit, Fault> {
        let movie_timescale = self.movie_timescale;
        let edits = self.tracks.iter().find(|(id, _)| *id == track);
        let edits = edits.map_or(&[][..], |(_, edits)| edits);
        let mut played = edits.iter().filter(|(_, start)| *start >= 0);
        match (played.next(), played.next()) {
            (Some(&(duration, start)), None) => Ok(Edit {
                delay: start.unsigned_abs(),
                duration: Some(duration).filter(|&duration| duration > 0),
                movie_timescale,
            }),
            (Some(_), Some(_)) => Err(Fault::Unsupported(
                "an edit list of several parts".to_string(),
                super::fault::CONVERT,
            )),
            (None, _) => Ok(Edit {
                delay: self.itunes.map_or(0, |(delay, _)| delay),
                duration: None,
                movie_timescale,
            }),
        }
    }

    /// Entries of the longest table of times of a track.
    pub fn longest_times(&self) -> u32 {
        self.longest_times
    }

    /// The length that iTunes has written, in samples, where there is no edit list.
    pub fn itunes_frames(&self, track: u32) -> Option<u64> {
        let has_edits = self
            .tracks
            .iter()
            .any(|(id, edits)| *id == track && !edits.is_empty());
        self.itunes
            .filter(|_| !has_edits)
            .map(|(_, frames)| frames)
            .filter(|&frames| frames > 0)
    }
}

/// The number and the edits of a track.
fn track<R: Read + Seek>(
    source: &mut Source<R>,
    track: Part,
) -> Result<(u32, Vec<(u64, i64)>), Fault> {
    let mut id = 0;
    let mut edits = Vec::new();
    for (name, part) in children(source, track)? {
        match &name {
            b"tkhd" => id = number_of(source, part, 12, 20)?,
            b"edts" => {
                if let Some(list) = child(source, part, b"elst")? {
                    edits = edit_list(source, list)?;
                }
            }
            _ => {}
        }
    }
    Ok((id, edits))
}

/// Entries of the table of times of a track.
fn times<R: Read + Seek>(source: &mut Source<R>, mut part: Part) -> Result<u32, Fault> {
    for name in [b"mdia", b"minf", b"stbl", b"stts"] {
        match child(source, part, name)? {
            Some(inside) => part = inside,
            None => return Ok(0),
        }
    }
    let count = source.array_at::<4>(part.start + 4)?.ok_or(Fault::Ends)?;
    Ok(u32::from_be_bytes(count))
}

fn edit_list<R: Read + Seek>(source: &mut Source<R>, list: Part) -> Result<Vec<(u64, i64)>, Fault> {
    let Some([version, _, _, _, count @ ..]) = source.array_at::<8>(list.start)? else {
        return Err(Fault::Ends);
    };
    let entry_bytes = if version == 0 { 12 } else { 20 };
    let mut edits = Vec::new();
    let mut at = list.start + 8;
    for _ in 0..u32::from_be_bytes(count) {
        if at + entry_bytes > list.end || edits.len() >= MAX_BOXES {
            break;
        }
        let entry = match version {
            0 => source.array_at::<8>(at)?.map(|[a, b, c, d, start @ ..]| {
                let start = i32::from_be_bytes(start);
                (
                    u64::from(u32::from_be_bytes([a, b, c, d])),
                    i64::from(start),
                )
            }),
            _ => source
                .array_at::<8>(at)?
                .zip(source.array_at::<8>(at + 8)?)
                .map(|(length, start)| (u64::from_be_bytes(length), i64::from_be_bytes(start))),
        };
        edits.push(entry.ok_or(Fault::Ends)?);
        at += entry_bytes;
    }
    Ok(edits)
}

/// What iTunes writes: ` 00000000 DELAY PADDING FRAMES`, in hexadecimal numbers.
fn itunes<R: Read + Seek>(
    source: &mut Source<R>,
    user_data: Part,
) -> Result<Option<(u64, u64)>, Fault> {
    let Some(meta) = child(source, user_data, b"meta")? else {
        return Ok(None);
    };
    let meta = Part {
        start: meta.start + 4,
        ..meta
    };
    let Some(list) = child(source, meta, b"ilst")? else {
        return Ok(None);
    };
    for (name, item) in children(source, list)? {
        if &name != b"----" {
            continue;
        }
        let (Some(name), Some(data)) =
            (child(source, item, b"name")?, child(source, item, b"data")?)
        else {
            continue;
        };
        if text(source, name, 4)? != "iTunSMPB" {
            continue;
        }
        let data = text(source, data, 8)?;
        let mut numbers = data
            .split_ascii_whitespace()
            .map(|number| u64::from_str_radix(number, 16).ok());
        return Ok(match (numbers.nth(1), numbers.nth(1)) {
            (Some(Some(delay)), Some(Some(frames))) => Some((delay, frames)),
            _ => None,
        });
    }
    Ok(None)
}

fn text<R: Read + Seek>(source: &mut Source<R>, part: Part, skipped: u64) -> Result<String, Fault> {
    let start = part.start + skipped;
    let mut bytes = vec![0; part.end.saturating_sub(start).min(MAX_TEXT_BYTES) as usize];
    match source.read_at(start, &mut bytes)? {
        true => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        false => Err(Fault::Ends),
    }
}

/// A number of 32 bits, at one place in the first version of a box and at another in the second.
fn number_of<R: Read + Seek>(
    source: &mut Source<R>,
    part: Part,
    first: u64,
    second: u64,
) -> Result<u32, Fault> {
    let [version] = source.array_at::<1>(part.start)?.ok_or(Fault::Ends)?;
    let at = if version == 0 { first } else { second };
    let number = source.array_at::<4>(part.start + at)?.ok_or(Fault::Ends)?;
    Ok(u32::from_be_bytes(number))
}

/// Whether a box begins at `at` that is longer than the file.
fn is_cut_box<R: Read + Seek>(source: &mut Source<R>, at: u64) -> Result<bool, Fault> {
    let Some([_, _, _, _, name @ ..]) = source.array_at::<8>(at)? else {
        return Ok(false);
    };
    Ok(name.iter().all(u8::is_ascii_graphic))
}

fn child<R: Read + Seek>(
    source: &mut Source<R>,
    part: Part,
    wanted: &[u8; 4],
) -> Result<Option<Part>, Fault> {
    let found = children(source, part)?
        .into_iter()
        .find(|(name, _)| name == wanted);
    Ok(found.map(|(_, part)| part))
}

/// Names and insides of the boxes in a part of the file; what is cut off ends it.
fn children<R: Read + Seek>(
    source: &mut Source<R>,
    part: Part,
) -> Result<Vec<([u8; 4], Part)>, Fault> {
    let mut found = Vec::new();
    let mut at = part.start;
    while found.len() < MAX_BOXES && at.saturating_add(8) <= part.end {
        let Some([s0, s1, s2, s3, name @ ..]) = source.array_at::<8>(at)? else {
            break;
        };
        let (header, size) = match u32::from_be_bytes([s0, s1, s2, s3]) {
            0 => (8, part.end - at),
            1 => match source.array_at::<8>(at + 8)? {
                Some(size) => (16, u64::from_be_bytes(size)),
                None => break,
            },
            size => (8, u64::from(size)),
        };
        let Some(end) = at.checked_add(size).filter(|&end| end <= part.end) else {
            break;
        };
        if size < header {
            break;
        }
        found.push((
            name,
            Part {
                start: at + header,
                end,
            },
        ));
        at = end;
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
