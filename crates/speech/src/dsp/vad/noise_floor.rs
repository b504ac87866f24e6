//! The power of noise at each frequency, told from the speech over it by quantiles.

use std::collections::VecDeque;

/// A frame that is softer is silence, whatever it consists of: it is below what 16 bits can tell from nothing (their steps make
/// noise of 8e-11), and left by programs that fade, gate or pad. Also the least power of noise.
pub const SILENT_POWER: f64 = 1e-11;

/// Of so many values, one is below the quantile: speech has to leave a frequency free for so long.
const ONE_OF: usize = 4;

/// The noise of a frequency is the mean of those of so many on either side and its own: a few frames alone tell little.
const SMOOTHED: usize = 2;

/// A frame that waits until its noise is known.
pub struct Frame {
    /// Its power at each frequency.
    pub powers: Vec<f64>,
    /// Whether it is below [`SILENT_POWER`].
    pub is_silent: bool,
}

/// Estimates noise from quantiles over windows of frames around those that it is for (Stahl, Fischer and Bippus, "Quantile
/// based noise estimation for spectral subtraction and Wiener filtering", ICASSP 2000): even in speech, each frequency is
/// free of it in many frames. The quantile is the lower quartile instead of their median, because recordings of one
/// sentence are nothing but speech for most of their length; its ratio to the mean of noise, whose powers have an exponential
/// distribution, is that of order statistics. Frames that are silent are left out.
///
/// Windows are as long as the recording at most, and end with it; it holds the frames of one.
pub struct NoiseFloor {
    /// Frames of a window.
    window: usize,
    /// Frames that share one.
    block: usize,
    frames: VecDeque<Frame>,
    /// Frames before them.
    before: usize,
    /// Frames whose noise is told.
    told: usize,
    column: Vec<f64>,
}

impl NoiseFloor {
    /// With windows of so many frames, at least one.
    pub fn new(window: usize) -> Self {
        let window = window.max(1);
        Self {
            window,
            block: (window / 8).max(1),
            frames: VecDeque::new(),
            before: 0,
            told: 0,
            column: Vec::new(),
        }
    }

    /// Takes the next frame, and gives `take` those whose noise is known by it, in their order, with that noise.
    pub fn push(&mut self, frame: Frame, take: &mut impl FnMut(&Frame, &[f64])) {
        self.frames.push_back(frame);
        let received = self.before + self.frames.len();
        while self.window_start().saturating_add(self.window) <= received
            && self.told + self.block <= received
        {
            self.tell(self.window_start(), take);
        }
        // The last window starts as far before the end as it is long.
        let needed = self.window_start();
        let needed = needed.min(received.saturating_sub(self.window));
        while self.before < needed {
            self.frames.pop_front();
            self.before += 1;
        }
    }

    /// Gives `take` the frames that are left.
    pub fn finish(&mut self, take: &mut impl FnMut(&Frame, &[f64])) {
        let received = self.before + self.frames.len();
        while self.told < received {
            let last = received.saturating_sub(self.window);
            self.tell(self.window_start().min(last), take);
        }
    }

    /// Where the window of the next block starts, unless the recording ends before it does.
    fn window_start(&self) -> usize {
        (self.told + self.block / 2).saturating_sub(self.window / 2)
    }

    /// Tells the noise of the next block by the window from `start`.
    fn tell(&mut self, start: usize, take: &mut impl FnMut(&Frame, &[f64])) {
        let start = start - self.before;
        let end = (start + self.window).min(self.frames.len());
        let heard: Vec<&Frame> = (self.frames.range(start..end))
            .filter(|frame| !frame.is_silent)
            .collect();
        let lines = self.frames[start].powers.len();
        let mut quantiles = vec![0.0; lines];
        if !heard.is_empty() {
            let rank = heard.len() / ONE_OF;
            let scale = 1.0 / expected_of_rank(rank, heard.len());
            for (line, found) in quantiles.iter_mut().enumerate() {
                self.column.clear();
                let column = heard.iter().map(|frame| frame.powers[line]);
                self.column.extend(column);
                let (_, quantile, _) = self.column.select_nth_unstable_by(rank, f64::total_cmp);
                *found = *quantile * scale;
            }
        }
        let around = |line: usize| {
            let around =
                &quantiles[line.saturating_sub(SMOOTHED)..(line + SMOOTHED + 1).min(lines)];
            around.iter().sum::<f64>() / around.len() as f64
        };
        let noise: Vec<f64> = (0..lines)
            .map(|line| around(line).max(SILENT_POWER))
            .collect();
        let first = self.told - self.before;
        let last = (first + self.block).min(self.frames.len());
        for frame in self.frames.range(first..last) {
            take(frame, &noise);
        }
        self.told += last - first;
    }
}

/// What the value of this rank, from 0, is on average of so many with the exponential distribution of mean 1 (Rényi 1953).
fn expected_of_rank(rank: usize, count: usize) -> f64 {
    (0..=rank).map(|below| 1.0 / (count - below) as f64).sum()
}

#[cfg(test)]
mod tests {
    use pipe_foundation::exact;
    use pipe_foundation::random::{stream, uniform};

    use super::*;

    /// The noise of each of `count` frames with one frequency.
    fn noise_of(window: usize, frames: impl IntoIterator<Item = (f64, bool)>) -> Vec<f64> {
        let (mut floor, mut found) = (NoiseFloor::new(window), Vec::new());
        let mut take = |_: &Frame, noise: &[f64]| found.push(noise[0]);
        for (power, is_silent) in frames {
            let powers = vec![power];
            floor.push(Frame { powers, is_silent }, &mut take);
            assert!(floor.frames.len() <= 2 * window + 2);
        }
        floor.finish(&mut take);
        found
    }

    /// Powers of noise with this mean at one frequency.
    fn powers(count: usize, mean: f64) -> Vec<f64> {
        let mut random = stream("test", &[b"noise floor"]);
        let power = |_| -mean * exact::ln(1.0 - uniform(&mut random));
        (0..count).map(power).collect()
    }

    #[test]
    fn it_is_the_mean_of_noise_whatever_the_window() {
        for window in [1, 2, 3, 7, 40, 300, 5000] {
            let found = noise_of(window, powers(4000, 0.01).into_iter().map(|p| (p, false)));
            assert_eq!(found.len(), 4000);
            let mean = found.iter().sum::<f64>() / 4000.0;
            assert!((mean / 0.01 - 1.0).abs() < 0.1, "{window}: {mean}");
        }
        assert!(noise_of(300, []).is_empty());
    }

    #[test]
    fn speech_that_comes_and_goes_and_silence_do_not_move_it_far() {
        let noise = powers(1200, 0.01);
        let with_speech = noise.iter().enumerate().map(|(frame, &power)| {
            let speech = if frame % 50 < 25 { 10.0 } else { 0.0 };
            (power + speech, false)
        });
        for found in noise_of(300, with_speech) {
            assert!((0.01..0.04).contains(&found), "{found}");
        }
        let with_silence =
            (noise.iter().enumerate()).map(|(frame, &power)| match frame % 50 < 40 {
                true => (0.0, true),
                false => (power, false),
            });
        for found in noise_of(300, with_silence) {
            assert!((0.003..0.025).contains(&found), "{found}");
        }
        assert!(noise_of(30, vec![(0.0, true); 99]) == [SILENT_POWER; 99]);
    }

    #[test]
    fn windows_are_around_their_frames_and_within_the_recording() {
        // Noise that grows: each frame's is that of its window's lower quartile.
        let found = noise_of(16, (0..64).map(|frame| (f64::from(frame) + 1.0, false)));
        let scale = 1.0 / expected_of_rank(4, 16);
        let window_start = |frame: usize| (frame / 2 * 2 + 1).saturating_sub(8).min(64 - 16);
        for (frame, found) in found.into_iter().enumerate() {
            assert_eq!(
                found,
                (window_start(frame) + 4 + 1) as f64 * scale,
                "{frame}"
            );
        }
    }
}
