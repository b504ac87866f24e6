//! Speech sounds: formants, kind of excitation and length of each vowel and consonant.

/// How a sound is excited.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Manner {
    /// Voiced with an open tract.
    Vowel,
    /// Voiced, a little weaker: l, r, j, w.
    Approximant,
    /// Voiced through the nose: weak, with a low first formant.
    Nasal,
    /// Noise at a narrowing, with or without voice.
    Fricative {
        /// The glottis pulses as well.
        voiced: bool,
    },
    /// A closure, then a burst of noise.
    Plosive {
        /// The glottis pulses during the closure.
        voiced: bool,
    },
}

/// One speech sound as an adult male of average tract length says it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phone {
    /// How it is excited.
    pub manner: Manner,
    /// First three formants in Hz.
    pub formants_hz: [f64; 3],
    /// Length at a plain tempo in ms.
    pub duration_ms: f64,
    /// Centre of its noise in Hz; unused where it makes none.
    pub noise_hz: f64,
}

const fn vowel(f1: f64, f2: f64, f3: f64, duration_ms: f64) -> Phone {
    Phone {
        manner: Manner::Vowel,
        formants_hz: [f1, f2, f3],
        duration_ms,
        noise_hz: 0.0,
    }
}

const fn sonorant(manner: Manner, f1: f64, f2: f64, f3: f64) -> Phone {
    Phone {
        manner,
        formants_hz: [f1, f2, f3],
        duration_ms: 65.0,
        noise_hz: 0.0,
    }
}

const fn obstruent(manner: Manner, f2: f64, f3: f64, duration_ms: f64, noise_hz: f64) -> Phone {
    Phone {
        manner,
        formants_hz: [280.0, f2, f3],
        duration_ms,
        noise_hz,
    }
}

const UNVOICED: bool = false;
const VOICED: bool = true;

/// The vowel that unstressed vowels drift towards.
pub(super) const SCHWA: Phone = vowel(500.0, 1500.0, 2500.0, 70.0);

// Vowels of American English: mean male formants of Peterson and Barney (1952).
const I: Phone = vowel(270.0, 2290.0, 3010.0, 110.0);
const I_LAX: Phone = vowel(390.0, 1990.0, 2550.0, 85.0);
const E_OPEN: Phone = vowel(530.0, 1840.0, 2480.0, 100.0);
const AE: Phone = vowel(660.0, 1720.0, 2410.0, 130.0);
const A_BACK: Phone = vowel(730.0, 1090.0, 2440.0, 130.0);
const O_OPEN: Phone = vowel(570.0, 840.0, 2410.0, 130.0);
const U_LAX: Phone = vowel(440.0, 1020.0, 2240.0, 85.0);
const U: Phone = vowel(300.0, 870.0, 2240.0, 110.0);
const V_OPEN: Phone = vowel(640.0, 1190.0, 2390.0, 90.0);
const ER: Phone = vowel(490.0, 1350.0, 1690.0, 115.0);
// Cardinal vowels in round numbers for the five- and seven-vowel systems.
const E: Phone = vowel(400.0, 2050.0, 2600.0, 105.0);
const A: Phone = vowel(740.0, 1350.0, 2500.0, 120.0);
const O: Phone = vowel(450.0, 880.0, 2400.0, 110.0);
// Front rounded vowels of German.
const Y: Phone = vowel(290.0, 1650.0, 2150.0, 105.0);
const OE: Phone = vowel(400.0, 1500.0, 2200.0, 110.0);

const M: Phone = sonorant(Manner::Nasal, 260.0, 1100.0, 2200.0);
const N: Phone = sonorant(Manner::Nasal, 260.0, 1500.0, 2500.0);
const L: Phone = sonorant(Manner::Approximant, 360.0, 1200.0, 2700.0);
const R: Phone = sonorant(Manner::Approximant, 330.0, 1150.0, 1600.0);
const R_TAP: Phone = sonorant(Manner::Approximant, 420.0, 1400.0, 2400.0);
const J: Phone = sonorant(Manner::Approximant, 270.0, 2200.0, 2900.0);
const W: Phone = sonorant(Manner::Approximant, 300.0, 700.0, 2200.0);
const S: Phone = obstruent(
    Manner::Fricative { voiced: UNVOICED },
    1700.0,
    2600.0,
    105.0,
    6200.0,
);
const SH: Phone = obstruent(
    Manner::Fricative { voiced: UNVOICED },
    1800.0,
    2500.0,
    105.0,
    3300.0,
);
const F: Phone = obstruent(
    Manner::Fricative { voiced: UNVOICED },
    1100.0,
    2200.0,
    95.0,
    4800.0,
);
const X: Phone = obstruent(
    Manner::Fricative { voiced: UNVOICED },
    1300.0,
    2300.0,
    95.0,
    1700.0,
);
const Z: Phone = obstruent(
    Manner::Fricative { voiced: VOICED },
    1700.0,
    2600.0,
    80.0,
    6000.0,
);
const V: Phone = obstruent(
    Manner::Fricative { voiced: VOICED },
    1100.0,
    2200.0,
    70.0,
    4600.0,
);
const P: Phone = obstruent(
    Manner::Plosive { voiced: UNVOICED },
    900.0,
    2200.0,
    85.0,
    900.0,
);
const T: Phone = obstruent(
    Manner::Plosive { voiced: UNVOICED },
    1700.0,
    2600.0,
    80.0,
    4200.0,
);
const K: Phone = obstruent(
    Manner::Plosive { voiced: UNVOICED },
    1900.0,
    2300.0,
    85.0,
    2100.0,
);
const B: Phone = obstruent(
    Manner::Plosive { voiced: VOICED },
    900.0,
    2200.0,
    70.0,
    800.0,
);
const D: Phone = obstruent(
    Manner::Plosive { voiced: VOICED },
    1700.0,
    2600.0,
    65.0,
    3800.0,
);
const G: Phone = obstruent(
    Manner::Plosive { voiced: VOICED },
    1900.0,
    2300.0,
    70.0,
    2000.0,
);

pub(super) const ENGLISH_VOWELS: &[Phone] =
    &[I, I_LAX, E_OPEN, AE, A_BACK, O_OPEN, U_LAX, U, V_OPEN, ER];
pub(super) const ENGLISH_CONSONANTS: &[Phone] =
    &[M, N, L, R, W, J, S, SH, F, Z, V, P, T, K, B, D, G, T, S, N];
pub(super) const GERMAN_VOWELS: &[Phone] = &[I, I_LAX, E, E_OPEN, A, O, O_OPEN, U, U_LAX, Y, OE];
pub(super) const GERMAN_CONSONANTS: &[Phone] =
    &[M, N, L, R_TAP, S, SH, F, X, Z, V, P, T, K, B, D, G, T, X, N];
pub(super) const ITALIAN_VOWELS: &[Phone] = &[I, E, E_OPEN, A, A, O_OPEN, O, U];
pub(super) const ITALIAN_CONSONANTS: &[Phone] =
    &[M, N, L, L, R_TAP, S, SH, F, V, Z, P, T, K, B, D, G, T, N];
pub(super) const SPANISH_VOWELS: &[Phone] = &[I, E, A, O, U];
pub(super) const SPANISH_CONSONANTS: &[Phone] =
    &[M, N, L, R_TAP, R_TAP, S, S, F, X, J, P, T, K, B, D, G];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formants_rise_and_lengths_are_plausible() {
        let inventories = [
            ENGLISH_VOWELS,
            ENGLISH_CONSONANTS,
            GERMAN_VOWELS,
            GERMAN_CONSONANTS,
            ITALIAN_VOWELS,
            ITALIAN_CONSONANTS,
            SPANISH_VOWELS,
            SPANISH_CONSONANTS,
        ];
        for phone in inventories.concat() {
            let [f1, f2, f3] = phone.formants_hz;
            assert!(200.0 < f1 && f1 < f2 && f2 < f3 && f3 < 3100.0, "{phone:?}");
            assert!((50.0..150.0).contains(&phone.duration_ms), "{phone:?}");
            let noisy = matches!(
                phone.manner,
                Manner::Fricative { .. } | Manner::Plosive { .. }
            );
            assert_eq!(noisy, phone.noise_hz > 0.0, "{phone:?}");
        }
    }
}
