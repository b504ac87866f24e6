//! Phrases: which sounds follow each other, how long each lasts, and the tune over them.

use pipe_foundation::exact::{semitones, sin_turns, smoothstep};

use super::expression::Expression;
use super::language::{Language, Phonology};
use super::phone::{Manner, Phone, SCHWA};
use super::random::Stream;
use super::speaker::Speaker;

/// What the articulators aim at during one stretch of sound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    /// First three formants in Hz, for a tract of average length.
    pub formants_hz: [f64; 3],
    /// Amplitude of the glottal pulses, 1 in a plain vowel.
    pub voicing: f64,
    /// Amplitude of aspiration noise beyond what the voice brings along.
    pub aspiration: f64,
    /// Amplitude of frication noise.
    pub frication: f64,
    /// Centre of the frication noise in Hz.
    pub noise_hz: f64,
}

/// A target held for some time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// Where it ends, in seconds.
    pub end_s: f64,
    /// What is aimed at.
    pub target: Target,
}

/// A bump of pitch and level on a stressed syllable.
#[derive(Clone, Copy, Debug)]
struct Accent {
    peak_s: f64,
    half_width_s: f64,
    height_st: f64,
    level_db: f64,
}

/// A whole utterance, laid out in time.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    /// Segments in order; the first starts at 0 and each at the end of the one before.
    pub segments: Vec<Segment>,
    accents: Vec<Accent>,
    /// Start of the last vowel and end of speech in seconds.
    last_s: (f64, f64),
    start_s: f64,
    base_hz: f64,
    declination_st: f64,
    terminal_st: f64,
    tremor_st: f64,
    tremor_phase: f64,
    drift: [f64; 4],
}

const SILENCE: Target = Target {
    formants_hz: [500.0, 1500.0, 2500.0],
    voicing: 0.0,
    aspiration: 0.0,
    frication: 0.0,
    noise_hz: 3000.0,
};

/// Collects segments while the clock runs.
struct Layout<'a> {
    phonology: &'a Phonology,
    tempo: f64,
    precision: f64,
    now_s: f64,
    segments: Vec<Segment>,
}

impl Layout<'_> {
    fn hold(&mut self, duration_s: f64, target: Target) {
        self.now_s += duration_s;
        self.segments.push(Segment {
            end_s: self.now_s,
            target,
        });
    }

    /// Adds a consonant as one segment, or a plosive as closure, burst and puff of breath.
    fn consonant(&mut self, phone: &Phone, length: f64) {
        let duration_s = phone.duration_ms / 1000.0 / self.tempo * length;
        let quiet = Target {
            formants_hz: phone.formants_hz,
            noise_hz: phone.noise_hz.max(500.0),
            ..SILENCE
        };
        match phone.manner {
            Manner::Vowel => self.hold(
                duration_s,
                Target {
                    voicing: 1.0,
                    ..quiet
                },
            ),
            Manner::Approximant => self.hold(
                duration_s,
                Target {
                    voicing: 0.7,
                    ..quiet
                },
            ),
            Manner::Nasal => self.hold(
                duration_s,
                Target {
                    voicing: 0.5,
                    ..quiet
                },
            ),
            Manner::Fricative { voiced } => {
                let (voicing, frication) = if voiced { (0.4, 0.3) } else { (0.0, 0.6) };
                self.hold(
                    duration_s,
                    Target {
                        voicing,
                        frication,
                        ..quiet
                    },
                );
            }
            Manner::Plosive { voiced } => {
                let (closed, burst) = if voiced { (0.18, 0.5) } else { (0.0, 1.0) };
                let closure_s = duration_s * if voiced { 0.85 } else { 0.62 };
                self.hold(
                    closure_s,
                    Target {
                        voicing: closed,
                        ..quiet
                    },
                );
                self.hold(
                    0.012,
                    Target {
                        frication: burst,
                        ..quiet
                    },
                );
                if !voiced {
                    self.hold(
                        (duration_s - closure_s - 0.012).max(0.008),
                        Target {
                            aspiration: 0.35,
                            frication: 0.1,
                            ..quiet
                        },
                    );
                }
            }
        }
    }

    /// Adds a vowel and returns where it starts.
    fn vowel(&mut self, phone: &Phone, stressed: bool, length: f64) -> f64 {
        let start_s = self.now_s;
        let (scale, reduction) = if stressed {
            (1.0, 0.0)
        } else {
            (self.phonology.unstressed_length, self.phonology.reduction)
        };
        // Precision above 1 pushes vowels apart, below 1 pulls them together.
        let distance = self.precision * (1.0 - reduction);
        let mut formants_hz = phone.formants_hz;
        for (formant, neutral) in formants_hz.iter_mut().zip(SCHWA.formants_hz) {
            *formant = (neutral + (*formant - neutral) * distance).max(200.0);
        }
        self.hold(
            phone.duration_ms / 1000.0 / self.tempo * scale * length,
            Target {
                formants_hz,
                voicing: if stressed { 1.0 } else { 0.8 },
                ..SILENCE
            },
        );
        start_s
    }
}

fn pick<'a>(phones: &'a [Phone], stream: &mut Stream) -> &'a Phone {
    phones.get(stream.index(phones.len())).unwrap_or(&SCHWA)
}

impl Phrase {
    /// Lays out the utterance that `seed` draws: 6 to 9 syllables in words of 1 to 3.
    pub(super) fn lay_out(
        language: Language,
        speaker: &Speaker,
        expression: &Expression,
        seed: u64,
    ) -> Self {
        let mut stream = Stream::new(seed, "phrase");
        let phonology = language.phonology();
        let mut layout = Layout {
            phonology: &phonology,
            tempo: (phonology.tempo * speaker.tempo * expression.tempo).clamp(0.4, 2.5),
            precision: expression.precision,
            now_s: 0.0,
            segments: Vec::new(),
        };
        let range = speaker.range * expression.range;
        let mut accents = Vec::new();
        layout.hold(stream.between(0.06, 0.16), SILENCE);
        let start_s = layout.now_s;
        let mut last_vowel_s = start_s;

        let mut left = 6 + stream.index(4);
        let mut first = true;
        while left > 0 {
            let syllables = (1 + stream.index(3)).min(left);
            left -= syllables;
            let stressed = if phonology.initial_stress {
                0
            } else {
                syllables.saturating_sub(2)
            };
            if !first && stream.chance(expression.pause) {
                layout.hold(stream.between(0.08, 0.3), SILENCE);
            }
            first = false;
            for syllable in 0..syllables {
                let last = left == 0 && syllable + 1 == syllables;
                let length = (1.0 + 0.1 * stream.bell()) * if last { 1.45 } else { 1.0 };
                if stream.chance(phonology.onset) {
                    layout.consonant(pick(phonology.consonants, &mut stream), length.min(1.15));
                }
                let vowel = pick(phonology.vowels, &mut stream);
                let vowel_s = layout.vowel(vowel, syllable == stressed, length);
                let vowel_end_s = layout.now_s;
                if syllable == stressed {
                    accents.push(Accent {
                        peak_s: vowel_s + (vowel_end_s - vowel_s) * phonology.peak,
                        half_width_s: 0.13 / layout.tempo,
                        height_st: phonology.accent_st * range * stream.between(0.7, 1.3),
                        level_db: expression.accent_db * stream.between(0.8, 1.2),
                    });
                }
                if last {
                    last_vowel_s = vowel_s;
                }
                if stream.chance(phonology.coda) {
                    layout.consonant(pick(phonology.consonants, &mut stream), 0.85);
                }
            }
        }
        let end_s = layout.now_s;
        layout.hold(stream.between(0.08, 0.2), SILENCE);
        Self {
            segments: layout.segments,
            accents,
            last_s: (last_vowel_s, end_s),
            start_s,
            base_hz: speaker.f0_hz * semitones(expression.f0_st),
            declination_st: phonology.declination_st * range,
            terminal_st: expression.terminal_st * speaker.range,
            tremor_st: expression.tremor_st,
            tremor_phase: stream.unit(),
            drift: [
                stream.between(0.7, 1.6),
                stream.unit(),
                stream.between(2.1, 3.4),
                stream.unit(),
            ],
        }
    }

    /// Length in seconds.
    pub(super) fn duration_s(&self) -> f64 {
        self.segments.last().map_or(0.0, |segment| segment.end_s)
    }

    /// Fundamental frequency in Hz at a time.
    pub(super) fn f0_hz(&self, time_s: f64) -> f64 {
        let (last_s, end_s) = self.last_s;
        let progress = ((time_s - self.start_s) / (end_s - self.start_s)).clamp(0.0, 1.0);
        let mut pitch_st = self.declination_st * (0.5 - progress);
        for accent in &self.accents {
            pitch_st += accent.height_st * accent.shape(time_s);
        }
        pitch_st += self.terminal_st * smoothstep((time_s - last_s) / (end_s - last_s).max(0.02));
        pitch_st += self.tremor_st * sin_turns(6.0 * time_s + self.tremor_phase);
        let [slow_hz, slow_phase, fast_hz, fast_phase] = self.drift;
        pitch_st += 0.35 * sin_turns(slow_hz * time_s + slow_phase);
        pitch_st += 0.2 * sin_turns(fast_hz * time_s + fast_phase);
        (self.base_hz * semitones(pitch_st)).clamp(45.0, 700.0)
    }

    /// Level against the utterance's plain level in dB at a time: accents up, the end down.
    pub(super) fn level_db(&self, time_s: f64) -> f64 {
        let (_, end_s) = self.last_s;
        let progress = ((time_s - self.start_s) / (end_s - self.start_s)).clamp(0.0, 1.0);
        let accents: f64 = self
            .accents
            .iter()
            .map(|accent| accent.level_db * accent.shape(time_s))
            .sum();
        accents - 4.0 * progress
    }
}

impl Accent {
    /// 1 at the peak, falling smoothly to 0 at the edges.
    fn shape(&self, time_s: f64) -> f64 {
        smoothstep(1.0 - (time_s - self.peak_s).abs() / self.half_width_s)
    }
}
