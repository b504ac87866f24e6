//! Emotions: how each changes pitch, tempo, energy and voice quality.

use serde::{Deserialize, Serialize};

use super::random::Stream;

/// Changes to a speaker's plain speech; all 0 (or factor 1) is plain.
///
/// Directions follow the reviews of Murray and Arnott (1993), Banse and Scherer (1996) and Juslin and
/// Laukka (2003); the sizes are chosen, not measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expression {
    /// Shift of the mean pitch in semitones.
    pub f0_st: f64,
    /// Factor on the size of all pitch movements.
    pub range: f64,
    /// Factor on tempo.
    pub tempo: f64,
    /// Change of level in dB.
    pub level_db: f64,
    /// Extra level of accented syllables in dB.
    pub accent_db: f64,
    /// Change of the open quotient: below 0 tense, above 0 lax.
    pub open_quotient: f64,
    /// Change of the source's attenuation at 3 kHz in dB: below 0 bright.
    pub tilt_db: f64,
    /// Change of the aspiration noise in dB.
    pub breath_db: f64,
    /// Extra jitter.
    pub jitter: f64,
    /// Extra shimmer.
    pub shimmer: f64,
    /// Depth of a 6 Hz tremor of the pitch in semitones.
    pub tremor_st: f64,
    /// Factor on all formants: a smile shortens the tract.
    pub formant_factor: f64,
    /// Distance of vowels from schwa: below 1 slack, above 1 precise.
    pub precision: f64,
    /// Probability of a pause between words.
    pub pause: f64,
    /// Pitch movement over the last syllable in semitones.
    pub terminal_st: f64,
}

const PLAIN: Expression = Expression {
    f0_st: 0.0,
    range: 1.0,
    tempo: 1.0,
    level_db: 0.0,
    accent_db: 2.0,
    open_quotient: 0.0,
    tilt_db: 0.0,
    breath_db: 0.0,
    jitter: 0.0,
    shimmer: 0.0,
    tremor_st: 0.0,
    formant_factor: 1.0,
    precision: 1.0,
    pause: 0.05,
    terminal_st: -3.0,
};

/// Every label and its full-strength expression.
const LABELS: &[(&str, Expression)] = &[
    ("neutral", PLAIN),
    (
        "calm",
        Expression {
            f0_st: -0.7,
            range: 0.85,
            tempo: 0.94,
            level_db: -2.0,
            accent_db: 1.5,
            open_quotient: 0.02,
            tilt_db: 1.0,
            breath_db: 1.5,
            pause: 0.08,
            ..PLAIN
        },
    ),
    (
        "happiness",
        Expression {
            f0_st: 4.5,
            range: 2.0,
            tempo: 1.14,
            level_db: 4.0,
            accent_db: 4.0,
            tilt_db: -2.5,
            formant_factor: 1.045,
            precision: 1.1,
            terminal_st: 1.5,
            pause: 0.03,
            ..PLAIN
        },
    ),
    (
        "elation",
        Expression {
            f0_st: 6.5,
            range: 2.4,
            tempo: 1.2,
            level_db: 6.5,
            accent_db: 5.0,
            open_quotient: 0.01,
            tilt_db: -3.5,
            shimmer: 0.02,
            formant_factor: 1.05,
            precision: 1.12,
            terminal_st: 2.5,
            pause: 0.02,
            ..PLAIN
        },
    ),
    (
        "surprise",
        Expression {
            f0_st: 5.5,
            range: 2.2,
            tempo: 1.02,
            level_db: 3.0,
            accent_db: 3.0,
            open_quotient: 0.03,
            tilt_db: -1.0,
            breath_db: 3.0,
            formant_factor: 1.02,
            precision: 1.05,
            terminal_st: 7.0,
            pause: 0.05,
            ..PLAIN
        },
    ),
    (
        "anger",
        Expression {
            f0_st: 2.5,
            range: 1.35,
            tempo: 1.17,
            level_db: 7.5,
            accent_db: 6.0,
            open_quotient: -0.14,
            tilt_db: -6.0,
            breath_db: -3.0,
            jitter: 0.016,
            shimmer: 0.07,
            formant_factor: 0.985,
            precision: 1.22,
            pause: 0.03,
            terminal_st: -6.0,
            ..PLAIN
        },
    ),
    (
        "fear",
        Expression {
            f0_st: 6.0,
            range: 0.65,
            tempo: 1.3,
            level_db: -3.0,
            accent_db: 1.0,
            open_quotient: 0.06,
            tilt_db: 3.0,
            breath_db: 9.0,
            jitter: 0.02,
            shimmer: 0.06,
            tremor_st: 0.8,
            precision: 0.9,
            pause: 0.3,
            terminal_st: -0.5,
            ..PLAIN
        },
    ),
    (
        "sadness",
        Expression {
            f0_st: -1.8,
            range: 0.45,
            tempo: 0.74,
            level_db: -7.0,
            accent_db: 0.5,
            open_quotient: 0.13,
            tilt_db: 7.0,
            breath_db: 10.0,
            jitter: 0.006,
            shimmer: 0.02,
            precision: 0.72,
            pause: 0.35,
            terminal_st: -2.0,
            ..PLAIN
        },
    ),
    (
        "disgust",
        Expression {
            f0_st: -1.5,
            range: 0.9,
            tempo: 0.82,
            level_db: 0.5,
            accent_db: 5.0,
            open_quotient: -0.1,
            tilt_db: -1.0,
            jitter: 0.035,
            shimmer: 0.1,
            formant_factor: 0.96,
            precision: 0.9,
            pause: 0.12,
            terminal_st: -5.0,
            ..PLAIN
        },
    ),
    (
        "boredom",
        Expression {
            f0_st: -1.5,
            range: 0.4,
            tempo: 0.8,
            level_db: -4.0,
            accent_db: 0.5,
            open_quotient: 0.05,
            tilt_db: 3.0,
            breath_db: 3.0,
            precision: 0.8,
            pause: 0.15,
            ..PLAIN
        },
    ),
];

impl Expression {
    /// Every label that has an expression.
    pub fn labels() -> impl Iterator<Item = &'static str> {
        LABELS.iter().map(|(label, _)| *label)
    }

    /// The full-strength expression of a label.
    pub fn of(label: &str) -> Option<Self> {
        let (_, expression) = LABELS.iter().find(|(name, _)| *name == label)?;
        Some(expression.clone())
    }

    /// This expression at `strength` (0 plain, 1 full), with every deviation scaled by its own random
    /// factor of standard deviation `variation`: no two performances are alike.
    pub(super) fn performed(&self, strength: f64, variation: f64, stream: &mut Stream) -> Self {
        let mut move_from = |plain: f64, full: f64| {
            plain + (full - plain) * strength * (1.0 + variation * stream.bell())
        };
        Self {
            f0_st: move_from(PLAIN.f0_st, self.f0_st),
            range: move_from(PLAIN.range, self.range).max(0.1),
            tempo: move_from(PLAIN.tempo, self.tempo).clamp(0.5, 2.0),
            level_db: move_from(PLAIN.level_db, self.level_db),
            accent_db: move_from(PLAIN.accent_db, self.accent_db),
            open_quotient: move_from(PLAIN.open_quotient, self.open_quotient),
            tilt_db: move_from(PLAIN.tilt_db, self.tilt_db),
            breath_db: move_from(PLAIN.breath_db, self.breath_db),
            jitter: move_from(PLAIN.jitter, self.jitter).max(0.0),
            shimmer: move_from(PLAIN.shimmer, self.shimmer).max(0.0),
            tremor_st: move_from(PLAIN.tremor_st, self.tremor_st).max(0.0),
            formant_factor: move_from(PLAIN.formant_factor, self.formant_factor),
            precision: move_from(PLAIN.precision, self.precision).clamp(0.3, 1.5),
            pause: move_from(PLAIN.pause, self.pause).clamp(0.0, 1.0),
            terminal_st: move_from(PLAIN.terminal_st, self.terminal_st),
        }
    }

    /// A small change that has nothing to do with emotion: mood of the moment, sentence, distance.
    pub(super) fn with_incidental_change(mut self, stream: &mut Stream) -> Self {
        self.f0_st += 0.7 * stream.bell();
        self.range *= 1.0 + 0.12 * stream.bell();
        self.tempo *= 1.0 + 0.06 * stream.bell();
        self.level_db += 1.2 * stream.bell();
        self.tilt_db += 0.8 * stream.bell();
        self.terminal_st += 1.0 * stream.bell();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_zero_is_plain_and_one_is_full() {
        let mut stream = Stream::new(1, "test");
        for label in Expression::labels() {
            let full = Expression::of(label).expect("listed");
            assert_eq!(full.performed(0.0, 0.0, &mut stream), PLAIN);
            let performed = full.performed(1.0, 0.0, &mut stream);
            assert!((performed.f0_st - full.f0_st).abs() < 1e-12, "{label}");
            assert!((performed.tempo - full.tempo).abs() < 1e-12, "{label}");
        }
        assert_eq!(Expression::of("joyy"), None);
    }
}
