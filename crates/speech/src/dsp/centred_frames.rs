//! Overlapping frames of a waveform that comes in blocks.

/// Frames whose middles are a hop apart, the first at the first sample; zeros surround the samples. It holds the last block
/// and frame.
pub struct CentredFrames {
    length: usize,
    hop: usize,
    /// Samples, as far as frames still need them.
    samples: Vec<f32>,
    /// Samples before them.
    before: usize,
    made: usize,
}

impl CentredFrames {
    /// Frames of `length` samples, at least one, `hop` samples apart, at least one.
    pub fn new(length: usize, hop: usize) -> Self {
        Self {
            length: length.max(1),
            hop: hop.max(1),
            samples: Vec::new(),
            before: 0,
            made: 0,
        }
    }

    /// Samples of a frame, with zeros.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Samples from one frame to the next.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// Samples so far.
    pub fn received(&self) -> usize {
        self.before + self.samples.len()
    }

    /// Takes the next samples, and gives `take` each frame that is complete: how many zeros are before its samples, and these.
    pub fn push(&mut self, samples: &[f32], mut take: impl FnMut(usize, &[f32])) {
        self.samples.extend_from_slice(samples);
        while self.end_of_next() <= self.received() {
            self.make(&mut take);
        }
        let (start, _) = self.start_of_next();
        let unused = start.saturating_sub(self.before).min(self.samples.len());
        // Moved only where that is most of what is held.
        if unused > self.samples.len() / 2 {
            self.samples.drain(..unused);
            self.before += unused;
        }
    }

    /// Gives `take` the frames that zeros follow, to the one whose middle is at the last sample or before it.
    pub fn finish(&mut self, mut take: impl FnMut(usize, &[f32])) {
        while self.made < 1 + self.received() / self.hop {
            self.make(&mut take);
        }
    }

    /// The first sample of the next frame, and the zeros before it.
    fn start_of_next(&self) -> (usize, usize) {
        let (middle, half) = (self.made * self.hop, self.length / 2);
        (middle.saturating_sub(half), half.saturating_sub(middle))
    }

    fn end_of_next(&self) -> usize {
        self.made * self.hop + self.length - self.length / 2
    }

    /// Makes the next frame of what is there.
    fn make(&mut self, take: &mut impl FnMut(usize, &[f32])) {
        let (start, zeros) = self.start_of_next();
        let end = self.end_of_next().min(self.received());
        let within = (start.checked_sub(self.before)).zip(end.checked_sub(self.before));
        let within = within.and_then(|(start, end)| self.samples.get(start..end));
        take(zeros, within.unwrap_or_default());
        self.made += 1;
    }
}
