//! What stays of a recording once it is known where speech is.

use std::ops::Range;

/// How much of what is no speech stays, in samples.
pub struct Kept {
    /// What stays before the first speech and after the last.
    pub margin: usize,
    /// Longer pauses are shortened to this, from their middle; none are where it is left out.
    pub longest_pause: Option<usize>,
}

impl Kept {
    /// What stays of so many samples: ranges in their order that do not touch; all of them where there is no `speech`, whose
    /// ranges are in their order too.
    pub fn around(&self, speech: &[Range<usize>], samples: usize) -> Vec<Range<usize>> {
        let (Some(first), Some(last)) = (speech.first(), speech.last()) else {
            return std::iter::once(0..samples).collect();
        };
        let start = first.start.saturating_sub(self.margin);
        let end = last.end.saturating_add(self.margin).min(samples);
        let Some(longest) = self.longest_pause else {
            return std::iter::once(start..end).collect();
        };
        let mut kept = Vec::new();
        let mut from = start;
        for pair in speech.windows(2) {
            let (pause_start, pause_end) = (pair[0].end, pair[1].start);
            if pause_end - pause_start > longest {
                kept.push(from..pause_start + longest / 2);
                from = pause_end - longest.div_ceil(2);
            }
        }
        kept.push(from..end);
        kept
    }
}

/// Ranges of samples of which the frames of speech consist, each from its middle to that of the next frame.
pub fn passages(
    is_speech: impl Iterator<Item = bool>,
    hop: usize,
    samples: usize,
) -> Vec<Range<usize>> {
    let mut speech: Vec<Range<usize>> = Vec::new();
    for (frame, _) in is_speech.enumerate().filter(|(_, is_speech)| *is_speech) {
        let (start, end) = (frame * hop, ((frame + 1) * hop).min(samples));
        match speech.last_mut() {
            Some(last) if last.end >= start => last.end = end,
            _ => speech.push(start..end),
        }
    }
    speech
}
