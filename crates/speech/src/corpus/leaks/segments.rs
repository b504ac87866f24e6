//! Parts of one recording that overlap in time and are in different splits.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use crate::corpus::{AudioSource, Entry, Split};

/// Segments that share no more than this are neighbours: tables round their times.
const LEAST_OVERLAP_S: f64 = 0.01;

/// Two utterances of different splits that share a stretch of one recording.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentOverlap {
    /// Name of the file.
    pub file: String,
    /// Where the stretch that both have starts and ends, in seconds; the end is infinite where both are the whole file.
    pub shared_s: (f64, f64),
    /// Ids and splits of both.
    pub utterances: [(String, Split); 2],
}

impl std::fmt::Display for SegmentOverlap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [(one, first), (other, second)] = &self.utterances;
        let (start, end) = self.shared_s;
        let (first, second) = (first.name(), second.name());
        match end.is_finite() {
            true => write!(
                f,
                "{one} ({first}) and {other} ({second}) share {start:.3} to {end:.3} s of {}",
                self.file
            ),
            false => write!(
                f,
                "{one} ({first}) and {other} ({second}) are parts of {}",
                self.file
            ),
        }
    }
}

/// Pairs of utterances of different splits whose segments of one file and channel overlap: for each utterance the first
/// later one, in the order of files and times.
pub fn segment_overlaps(entries: &[&Entry]) -> Vec<SegmentOverlap> {
    type Segment<'e> = (f64, f64, Option<u16>, &'e Entry);
    // Most files have one utterance; the order of paths is worked out for the others alone.
    let mut met: HashSet<&Path> = HashSet::with_capacity(entries.len());
    let repeated: HashSet<&Path> = (entries.iter())
        .filter_map(|entry| file_of(entry).filter(|path| !met.insert(path)))
        .collect();
    if repeated.is_empty() {
        return Vec::new();
    }
    let mut files: BTreeMap<&Path, Vec<Segment<'_>>> = BTreeMap::new();
    for &entry in entries {
        if let AudioSource::File {
            path,
            segment_s,
            channel,
        } = &entry.source
            && repeated.contains(path.as_path())
        {
            let (start, end) = segment_s.unwrap_or((0.0, f64::INFINITY));
            files
                .entry(path)
                .or_default()
                .push((start, end, *channel, entry));
        }
    }
    let mut found = Vec::new();
    for (path, mut segments) in files {
        segments.sort_by(|a, b| {
            let times = a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
            times.then_with(|| a.3.utterance.id.cmp(&b.3.utterance.id))
        });
        let split = |place: usize| segments[place].3.utterance.split;
        // Of each segment, the first later one of another split: long runs of one split are passed over at once.
        let mut of_another_split = vec![segments.len(); segments.len()];
        for place in (1..segments.len()).rev() {
            of_another_split[place - 1] = match split(place) == split(place - 1) {
                true => of_another_split[place],
                false => place,
            };
        }
        for (place, &(_, end, channel, entry)) in segments.iter().enumerate() {
            let same_channel =
                |other: Option<u16>| channel.is_none() || other.is_none() || channel == other;
            let mut at = of_another_split[place];
            let mut other = None;
            while let Some(later) = segments.get(at)
                && later.0 + LEAST_OVERLAP_S < end
            {
                if split(at) == entry.utterance.split {
                    at = of_another_split[at];
                    continue;
                }
                if later.1.min(end) - later.0 > LEAST_OVERLAP_S && same_channel(later.2) {
                    other = Some(later);
                    break;
                }
                at += 1;
            }
            if let Some(&(start, other_end, _, other)) = other {
                let name = path.file_name().unwrap_or_default();
                found.push(SegmentOverlap {
                    file: name.to_string_lossy().into_owned(),
                    shared_s: (start, end.min(other_end)),
                    utterances: [entry, other]
                        .map(|entry| (entry.utterance.id.clone(), entry.utterance.split)),
                });
            }
        }
    }
    found
}

fn file_of(entry: &Entry) -> Option<&Path> {
    match &entry.source {
        AudioSource::File { path, .. } => Some(path),
        AudioSource::Synthetic(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::utterance;
    use super::*;

    fn segment(
        id: &str,
        file: &str,
        times: Option<(f64, f64)>,
        channel: Option<u16>,
        split: Split,
    ) -> Entry {
        let mut utterance = utterance(id, "c/1", "hap");
        utterance.split = split;
        Entry {
            utterance,
            source: AudioSource::File {
                path: file.into(),
                segment_s: times,
                channel,
            },
            content: None,
            place: None,
        }
    }

    fn told(entries: &[Entry]) -> Vec<String> {
        let entries: Vec<&Entry> = entries.iter().collect();
        let found = segment_overlaps(&entries);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn overlaps_across_splits_are_reported_with_names_and_times() {
        let at = |start: f64, end: f64| Some((start, end));
        let entries = [
            segment("c/a", "x/talk.wav", at(0.0, 2.0), None, Split::Train),
            segment("c/b", "x/talk.wav", at(1.5, 3.0), None, Split::Test),
            segment("c/c", "x/talk.wav", at(1.0, 2.0), None, Split::Train),
            // Neighbours, and another file of the same name.
            segment("c/d", "x/talk.wav", at(3.0, 4.0), None, Split::Train),
            segment("c/e", "y/talk.wav", at(0.0, 2.0), None, Split::Test),
        ];
        assert_eq!(
            told(&entries),
            [
                "c/a (train) and c/b (test) share 1.500 to 2.000 s of talk.wav",
                "c/c (train) and c/b (test) share 1.500 to 2.000 s of talk.wav",
            ]
        );
    }

    #[test]
    fn channels_are_apart_and_a_whole_file_has_all_of_them() {
        let at = |channel| segment("c/a", "talk.wav", Some((0.0, 2.0)), channel, Split::Train);
        let other = |channel| segment("c/b", "talk.wav", Some((0.0, 2.0)), channel, Split::Test);
        assert!(told(&[at(Some(0)), other(Some(1))]).is_empty());
        assert_eq!(told(&[at(Some(1)), other(Some(1))]).len(), 1);
        assert_eq!(told(&[at(None), other(Some(1))]).len(), 1);
        let whole = segment("c/w", "talk.wav", None, None, Split::Validation);
        assert_eq!(
            told(&[whole, other(Some(0))]),
            ["c/b (test) and c/w (validation) share 0.000 to 2.000 s of talk.wav"]
        );
    }

    #[test]
    fn the_first_later_one_is_found_whatever_comes_between() {
        let naive = |entries: &[Entry]| {
            let part = |entry: &Entry| match entry.source {
                AudioSource::File { segment_s, .. } => segment_s.unwrap(),
                AudioSource::Synthetic(_) => unreachable!(),
            };
            let mut sorted: Vec<&Entry> = entries.iter().collect();
            sorted.sort_by(|a, b| part(a).partial_cmp(&part(b)).unwrap());
            let mut found = Vec::new();
            for (place, one) in sorted.iter().enumerate() {
                let other = sorted[place + 1..].iter().find(|other| {
                    let shared = part(one).1.min(part(other).1) - part(other).0;
                    shared > LEAST_OVERLAP_S && one.utterance.split != other.utterance.split
                });
                found.extend(
                    other.map(|other| [one.utterance.id.clone(), other.utterance.id.clone()]),
                );
            }
            found
        };
        for seed in 0..50_u32 {
            let drawn = |n: u32, below: u32| {
                let digest = pipe_foundation::Digest::of(&[seed, n].map(u32::to_le_bytes).concat());
                u32::from(digest.0[0]) % below
            };
            let entries: Vec<Entry> = (0..40)
                .map(|n| {
                    let start = f64::from(drawn(2 * n, 60)) + f64::from(n) / 1000.0;
                    let length = f64::from(drawn(2 * n + 1, 9)) + 0.5;
                    let split = Split::ALL[drawn(n + 1000, 3) as usize];
                    segment(
                        &format!("c/{n}"),
                        "x.wav",
                        Some((start, start + length)),
                        None,
                        split,
                    )
                })
                .collect();
            let whole: Vec<&Entry> = entries.iter().collect();
            let found = segment_overlaps(&whole).into_iter();
            let found: Vec<[String; 2]> = found.map(|f| f.utterances.map(|(id, _)| id)).collect();
            assert_eq!(found, naive(&entries), "seed {seed}");
        }
    }
}
