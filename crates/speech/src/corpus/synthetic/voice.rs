//! The source-filter synthesiser: glottal pulses and noise through a cascade of formant resonators.

use pipe_foundation::exact::{amplitude, cos_turns, exp, smoothstep};

use super::expression::Expression;
use super::phrase::{Phrase, Segment, Target};
use super::random::Stream;
use super::speaker::Speaker;

/// Time between two settings of the filters in seconds.
const CONTROL_S: f64 = 0.0025;
/// Half the time in which formants glide from one sound to the next, in seconds.
const GLIDE_S: f64 = 0.028;
/// Half the time in which amplitudes change from one sound to the next, in seconds.
const ATTACK_S: f64 = 0.007;
/// Resonators of the cascade; those above 0.46 of the sampling rate are left out.
const FORMANTS: usize = 8;
/// Gain that puts plain speech of an average voice near an RMS of 1.
const VOICE_GAIN: f64 = 2.2;

/// A second-order resonator with gain 1 at 0 Hz (Klatt 1980).
#[derive(Clone, Copy, Default)]
struct Resonator {
    a: f64,
    b: f64,
    c: f64,
    y1: f64,
    y2: f64,
}

impl Resonator {
    fn tune(&mut self, centre_hz: f64, bandwidth_hz: f64, rate_hz: f64) {
        let radius = exp(-std::f64::consts::PI * bandwidth_hz / rate_hz);
        self.c = -radius * radius;
        self.b = 2.0 * radius * cos_turns(centre_hz / rate_hz);
        self.a = 1.0 - self.b - self.c;
    }

    #[inline(always)]
    fn step(&mut self, x: f64) -> f64 {
        let y = self.a * x + (self.b * self.y1 + self.c * self.y2);
        self.y2 = self.y1;
        self.y1 = y;
        y
    }
}

/// A second-order band-pass with gain near 1 at its centre, zeros at 0 Hz and at half the rate.
#[derive(Clone, Copy, Default)]
struct BandPass {
    pole: Resonator,
    x1: f64,
    x2: f64,
}

impl BandPass {
    fn tune(&mut self, centre_hz: f64, bandwidth_hz: f64, rate_hz: f64) {
        self.pole.tune(centre_hz, bandwidth_hz, rate_hz);
        self.pole.a = (1.0 + self.pole.c) / 2.0;
    }

    #[inline(always)]
    fn step(&mut self, x: f64) -> f64 {
        let y = self.pole.step(x - self.x2);
        self.x2 = self.x1;
        self.x1 = x;
        y
    }
}

/// The train of glottal pulses: flow derivative of Klatt and Klatt (1990), u(t) = t^2 - t^3 while open.
struct Glottis {
    open_quotient: f64,
    jitter: f64,
    shimmer: f64,
    phase: f64,
    stretch: f64,
    strength: f64,
    stream: Stream,
}

impl Glottis {
    /// The next sample and whether the glottis is open.
    #[inline(always)]
    fn step(&mut self, f0_over_rate: f64) -> (f64, bool) {
        let step = f0_over_rate * self.stretch;
        self.phase += step;
        if self.phase >= 1.0 {
            self.phase -= 1.0;
            self.stretch = 1.0 + self.jitter * self.stream.bell();
            self.strength = (1.0 + self.shimmer * self.stream.bell()).max(0.1);
        }
        let x = self.phase / self.open_quotient;
        let mut y = if x < 1.0 { x * (2.0 - 3.0 * x) } else { 0.0 };
        // The jump at closure is rounded over two samples (polynomial band-limited step), which keeps
        // its aliases below the noise.
        let distance = (self.phase - self.open_quotient) / step;
        if (0.0..1.0).contains(&distance) {
            y -= 0.5 * (1.0 - distance) * (1.0 - distance);
        } else if (-1.0..0.0).contains(&distance) {
            y += 0.5 * (1.0 + distance) * (1.0 + distance);
        }
        (y * self.strength, x < 1.0)
    }
}

/// The value of `pick` at `time_s`, gliding across segment borders within `half_s` of them.
fn glide(
    segments: &[Segment],
    index: usize,
    time_s: f64,
    half_s: f64,
    pick: impl Fn(&Target) -> f64,
) -> f64 {
    let Some(here) = segments.get(index) else {
        return 0.0;
    };
    let value = pick(&here.target);
    let before = index.checked_sub(1).and_then(|i| segments.get(i));
    let start_s = before.map_or(0.0, |segment| segment.end_s);
    let half_s = half_s.min((here.end_s - start_s) / 2.0);
    if let Some(before) = before
        && time_s - start_s < half_s
    {
        let old = pick(&before.target);
        // The other half of the glide is in the segment before.
        return old + (value - old) * smoothstep(0.5 + (time_s - start_s) / (2.0 * half_s));
    }
    if let Some(after) = segments.get(index + 1)
        && here.end_s - time_s < half_s
    {
        let new = pick(&after.target);
        return value + (new - value) * smoothstep(0.5 - (here.end_s - time_s) / (2.0 * half_s));
    }
    value
}

/// Renders the dry voice of a phrase: samples with an RMS near 1 for plain speech.
pub(super) fn speak(
    phrase: &Phrase,
    speaker: &Speaker,
    expression: &Expression,
    rate_hz: u32,
    samples: usize,
    seed: u64,
) -> Vec<f64> {
    let rate = f64::from(rate_hz);
    let hop = ((rate * CONTROL_S) as usize).max(1);
    let tilt_db = (speaker.tilt_db + expression.tilt_db).clamp(0.5, 30.0);
    let tilt_power = amplitude(tilt_db) * amplitude(tilt_db) - 1.0;
    let tilt_hz = 3000.0 / tilt_power.sqrt();
    let tilt = 1.0 - exp(-std::f64::consts::TAU * tilt_hz / rate);
    let breath = amplitude((speaker.breath_db + expression.breath_db).min(-6.0));
    let plain = amplitude(speaker.level_db + expression.level_db) * VOICE_GAIN;
    let formant_factor = speaker.formant_factor * expression.formant_factor;
    let mut glottis = Glottis {
        open_quotient: (speaker.open_quotient + expression.open_quotient).clamp(0.3, 0.9),
        jitter: (speaker.jitter + expression.jitter).min(0.08),
        shimmer: (speaker.shimmer + expression.shimmer).min(0.25),
        phase: 0.0,
        stretch: 1.0,
        strength: 1.0,
        stream: Stream::new(seed, "glottis"),
    };
    let mut noise = Stream::new(seed, "noise of the voice");
    let mut resonators = [Resonator::default(); FORMANTS];
    let mut active = FORMANTS;
    let mut frication_filter = BandPass::default();
    let mut smoothed = 0.0;
    let mut amplitudes = [0.0; 3];
    let mut index = 0;
    let mut output = Vec::with_capacity(samples);

    while output.len() < samples {
        let count = hop.min(samples - output.len());
        let time_s = (output.len() + count) as f64 / rate;
        while index + 1 < phrase.segments.len() && phrase.segments[index].end_s < time_s {
            index += 1;
        }
        let value = |half_s: f64, pick: fn(&Target) -> f64| {
            glide(&phrase.segments, index, time_s, half_s, pick)
        };
        let f0_over_rate = phrase.f0_hz(time_s) / rate;
        let gain = plain * amplitude(phrase.level_db(time_s));
        let voicing = value(ATTACK_S, |target| target.voicing);
        let next = [
            gain * voicing,
            gain * (value(ATTACK_S, |target| target.aspiration) + breath * voicing),
            gain * value(0.002, |target| target.frication),
        ];
        let first = [
            value(GLIDE_S, |target| target.formants_hz[0]),
            value(GLIDE_S, |target| target.formants_hz[1]),
            value(GLIDE_S, |target| target.formants_hz[2]),
        ];
        for (number, resonator) in resonators.iter_mut().enumerate() {
            let (centre_hz, bandwidth_hz) = match number {
                0 => (first[0], 60.0),
                1 => (first[1], 90.0),
                2 => (first[2], 130.0),
                // Higher formants are 1 kHz apart and are damped more and more.
                n => (500.0 + 1000.0 * n as f64, 70.0 * n as f64),
            };
            let centre_hz = centre_hz * formant_factor;
            if centre_hz > 0.46 * rate {
                active = active.min(number);
                break;
            }
            resonator.tune(centre_hz, bandwidth_hz, rate);
        }
        let noise_hz = (value(GLIDE_S, |target| target.noise_hz) * formant_factor).min(0.45 * rate);
        frication_filter.tune(noise_hz, 400.0 + 0.2 * noise_hz, rate);

        let steps: [f64; 3] = std::array::from_fn(|i| (next[i] - amplitudes[i]) / count as f64);
        for _ in 0..count {
            for (amplitude, step) in amplitudes.iter_mut().zip(steps) {
                *amplitude += step;
            }
            let [voicing, aspiration, frication] = amplitudes;
            let (pulse, open) = glottis.step(f0_over_rate);
            smoothed += tilt * (pulse - smoothed);
            let white = noise.noise();
            let mut sound = voicing * smoothed + aspiration * white * if open { 0.5 } else { 0.25 };
            for resonator in &mut resonators[..active] {
                sound = resonator.step(sound);
            }
            output.push(sound + frication * frication_filter.step(white));
        }
        amplitudes = next;
    }
    output
}
