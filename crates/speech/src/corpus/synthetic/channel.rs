//! Where and how a corpus is recorded: room, noise, microphone and level.

use pipe_foundation::exact::{amplitude, exp};
use serde::{Deserialize, Serialize};

use super::random::Stream;

/// The room a corpus is recorded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Room {
    /// No reflections at all.
    None,
    /// A treated recording booth.
    Studio,
    /// A furnished room.
    Office,
    /// A tiled room with a microphone a little away.
    Kitchen,
    /// A large hall.
    Hall,
}

/// What sets one room apart from another.
struct Acoustics {
    /// Time in which the reverberation falls by 60 dB, in seconds.
    pub decay_s: f64,
    /// Level of the late reverberation against the direct sound in dB.
    pub late_db: f64,
    /// Level of the first reflections against the direct sound in dB.
    pub early_db: f64,
    /// Mean time between reflections in seconds.
    pub size_s: f64,
    /// Damping of high frequencies at each reflection, 0 to 1.
    pub damping: f64,
}

impl Room {
    /// All rooms.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::Studio,
        Self::Office,
        Self::Kitchen,
        Self::Hall,
    ];

    /// The room's name in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Studio => "studio",
            Self::Office => "office",
            Self::Kitchen => "kitchen",
            Self::Hall => "hall",
        }
    }

    fn acoustics(self) -> Option<Acoustics> {
        let (decay_s, late_db, early_db, size_s, damping) = match self {
            Self::None => return None,
            Self::Studio => (0.12, -26.0, -20.0, 0.005, 0.5),
            Self::Office => (0.38, -15.0, -11.0, 0.010, 0.4),
            Self::Kitchen => (0.5, -13.0, -9.0, 0.012, 0.2),
            Self::Hall => (0.9, -13.0, -12.0, 0.031, 0.45),
        };
        Some(Acoustics {
            decay_s,
            late_db,
            early_db,
            size_s,
            damping,
        })
    }
}

/// The spectrum of the background noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Noise {
    /// Flat.
    White,
    /// Falling by about 3 dB per octave.
    Pink,
    /// Falling by 6 dB per octave.
    Brown,
}

impl Noise {
    /// All spectra.
    pub const ALL: [Self; 3] = [Self::White, Self::Pink, Self::Brown];

    /// The spectrum's name in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::White => "white",
            Self::Pink => "pink",
            Self::Brown => "brown",
        }
    }
}

/// The way from the mouth to the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// The room.
    pub room: Room,
    /// Draws the room's reflections; the same for a whole corpus.
    pub room_seed: u64,
    /// Spectrum of the noise.
    pub noise: Noise,
    /// Level of plain speech against the noise in dB.
    pub snr_db: f64,
    /// Gain of the microphone above 1 kHz against below, in dB.
    pub tilt_db: f64,
    /// RMS level of plain speech against full scale in dB.
    pub level_db: f64,
}

impl Channel {
    /// Passes dry speech of RMS about 1 through room, noise and microphone.
    pub(super) fn record(&self, dry: &[f64], rate_hz: u32, seed: u64) -> Vec<f32> {
        let mut sound: Vec<f32> = dry.iter().map(|&sample| sample as f32).collect();
        if let Some(acoustics) = self.room.acoustics() {
            add_room(&mut sound, &acoustics, f64::from(rate_hz), self.room_seed);
        }
        add_noise(&mut sound, self.noise, -self.snr_db, rate_hz, seed);
        let level = amplitude(self.level_db) as f32;
        let treble = amplitude(self.tilt_db) as f32;
        let corner = (1.0 - exp(-std::f64::consts::TAU * 1000.0 / f64::from(rate_hz))) as f32;
        // A rumble filter of 40 Hz takes away what the glottal flow leaves at 0 Hz.
        let rumble = (1.0 - exp(-std::f64::consts::TAU * 40.0 / f64::from(rate_hz))) as f32;
        let (mut low, mut slow) = (0.0f32, 0.0f32);
        for sample in &mut sound {
            slow += rumble * (*sample - slow);
            let clean = *sample - slow;
            low += corner * (clean - low);
            *sample = (level * (low + treble * (clean - low))).clamp(-1.0, 1.0);
        }
        sound
    }
}

/// Number of delay lines of the late reverberation.
const LINES: usize = 8;
/// Lengths of the delay lines against their mean, chosen without common ratios.
const LENGTHS: [f64; LINES] = [0.631, 0.733, 0.827, 0.941, 1.063, 1.151, 1.277, 1.379];

/// Adds six early reflections and the tail of a feedback delay network (Jot and Chaigne 1991).
fn add_room(sound: &mut [f32], acoustics: &Acoustics, rate: f64, seed: u64) {
    let mut stream = Stream::new(seed, "room");
    let early: [(usize, f32); 6] = std::array::from_fn(|number| {
        let delay_s = acoustics.size_s * (0.4 + 0.35 * number as f64) * stream.between(0.8, 1.2);
        let sign = if stream.chance(0.5) { 1.0 } else { -1.0 };
        let level_db = acoustics.early_db - 2.0 * number as f64;
        (
            (delay_s * rate) as usize,
            (sign * amplitude(level_db)) as f32,
        )
    });
    let mut lines: [Vec<f32>; LINES] = std::array::from_fn(|number| {
        let delay_s = 2.2 * acoustics.size_s * LENGTHS[number] * stream.between(0.97, 1.03);
        vec![0.0; ((delay_s * rate) as usize).max(1)]
    });
    // The Hadamard step below is not scaled, so 1 / sqrt(LINES) is part of each gain.
    let gains: [f32; LINES] = std::array::from_fn(|number| {
        let delay_s = lines[number].len() as f64 / rate;
        (amplitude(-60.0 * delay_s / acoustics.decay_s) / (LINES as f64).sqrt()) as f32
    });
    // The tail's power for white input is 1 / (1 - g^2) summed over lines; scaled to `late_db`.
    let tail_power: f64 = gains
        .iter()
        .map(|&gain| 1.0 / (1.0 - f64::from(gain) * f64::from(gain) * LINES as f64))
        .sum();
    let late = (amplitude(acoustics.late_db) / tail_power.sqrt()) as f32;
    // Damping is a one-pole low-pass whose corner does not depend on the sampling rate.
    let corner_hz = 9000.0 * (1.0 - acoustics.damping);
    let pass = (1.0 - exp(-std::f64::consts::TAU * corner_hz / rate)) as f32;

    let dry = sound.to_vec();
    let mut positions = [0usize; LINES];
    let mut damped = [0.0f32; LINES];
    for (sample, &input) in sound.iter_mut().zip(&dry) {
        for line in 0..LINES {
            let echo = lines[line][positions[line]];
            damped[line] += pass * (echo - damped[line]);
        }
        let mut state = damped;
        let tail = (state[0] - state[1] + state[2] - state[3])
            + (state[4] - state[5] + state[6] - state[7]);
        *sample += late * tail;
        for half in [4, 2, 1] {
            for line in 0..LINES {
                if line & half == 0 {
                    let (a, b) = (state[line], state[line + half]);
                    state[line] = a + b;
                    state[line + half] = a - b;
                }
            }
        }
        for line in 0..LINES {
            lines[line][positions[line]] = input + gains[line] * state[line];
            positions[line] += 1;
            if positions[line] == lines[line].len() {
                positions[line] = 0;
            }
        }
    }
    for (delay, gain) in early {
        for (sample, &input) in sound.iter_mut().skip(delay).zip(&dry) {
            *sample += gain * input;
        }
    }
}

/// Adds noise of RMS `level_db` within 20 Hz to 8 kHz or half the rate.
fn add_noise(sound: &mut [f32], noise: Noise, level_db: f64, rate_hz: u32, seed: u64) {
    let mut stream = Stream::new(seed, "noise of the room");
    let rate = f64::from(rate_hz);
    let pass = |corner_hz: f64| 1.0 - exp(-std::f64::consts::TAU * corner_hz / rate);
    // Wide-band noise has the same power density at every rate.
    let level = amplitude(level_db) * (rate / 16_000.0).sqrt();
    match noise {
        Noise::White => {
            for sample in sound {
                *sample += (level * stream.noise()) as f32;
            }
        }
        Noise::Pink => {
            // Three low-passes an octave or three apart approximate 3 dB per octave.
            let corners = [pass(60.0), pass(500.0), pass(4000.0)];
            let weights = [8.5, 3.0, 1.2];
            let mut state = [0.0; 3];
            for sample in sound {
                let white = stream.noise();
                let mut sum = 0.0;
                for ((low, corner), weight) in state.iter_mut().zip(corners).zip(weights) {
                    *low += corner * (white - *low);
                    sum += weight * *low;
                }
                *sample += (0.47 * level * sum) as f32;
            }
        }
        Noise::Brown => {
            let corner = pass(120.0);
            let mut low = 0.0;
            for sample in sound {
                low += corner * (stream.noise() - low);
                *sample += (6.5 * level * low) as f32;
            }
        }
    }
}
