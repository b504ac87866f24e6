//! What holds of every recording, whatever its format.

use std::io::Cursor;
use std::path::Path;

use pipe_speech::audio::{AudioReader, RATES_HZ, Waveform, read_from_bytes};

/// Channels that are read one by one; a file may claim 65,535.
const CHANNELS: u16 = 3;

/// From now on a panic within a decoder of symphonia does not end the fuzzer: the program makes an error of the recording
/// of it, and that is what is looked at here.
pub fn let_decoders_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location();
        if !place.is_some_and(|place| place.file().contains("symphonia")) {
            before(panic);
        }
    }));
}

/// A recording with more samples than this is read once, and not kept: a few bytes of FLAC may be hours of silence.
const MOST_SAMPLES: u64 = 1 << 20;

/// Reads a recording in every way there is, and compares them; gives the mean of its channels.
pub fn check(bytes: &[u8]) -> Option<Waveform> {
    let name = Path::new("recording");
    let mut reader = AudioReader::from_reader(name, Cursor::new(bytes.to_vec())).ok()?;
    if reader.samples() > MOST_SAMPLES {
        let mut block = Vec::new();
        let mut blocks = 0;
        while blocks < MOST_SAMPLES / 4096 && reader.block(&mut block).is_ok_and(|more| more) {
            assert!(block.iter().all(|sample| sample.is_finite()));
            block.clear();
            blocks += 1;
        }
        return None;
    }
    let whole = read_from_bytes(name, bytes, None, None).ok();
    if let Some(whole) = &whole {
        assert!(RATES_HZ.contains(&whole.rate_hz));
        assert!(whole.samples.iter().all(|sample| sample.is_finite()));
        assert!(whole.samples.len() as u64 <= reader.samples());
    }
    let info = reader.info().clone();
    let mut samples = Vec::new();
    let is_read = loop {
        let before = samples.len();
        match reader.block(&mut samples) {
            Ok(true) => assert!(samples.len() > before),
            Ok(false) => break true,
            Err(_) => break false,
        }
    };
    assert_eq!(is_read, whole.is_some());
    let whole = whole?;
    assert!(same(&samples, &whole.samples));
    assert_eq!(samples.len() as u64, info.frames);
    for channel in 0..info.channels.min(CHANNELS) {
        let one = read_from_bytes(name, bytes, None, Some(channel)).expect("the mean was read");
        assert_eq!(one.samples.len(), samples.len());
        assert!(info.channels > 1 || same(&one.samples, &samples));
    }
    assert!(read_from_bytes(name, bytes, None, Some(info.channels)).is_err());
    let half_s = samples.len() as f64 / 2.0 / f64::from(info.rate_hz);
    if let Ok(half) = read_from_bytes(name, bytes, Some((0.0, half_s)), None) {
        assert!(same(&half.samples, &samples[..half.samples.len()]));
        assert!(half.samples.len().abs_diff(samples.len() / 2) <= 1);
    }
    Some(whole)
}

/// Whether two signals have the same bits.
pub fn same(one: &[f32], other: &[f32]) -> bool {
    let bits = |sample: &f32| sample.to_bits();
    one.iter().map(bits).eq(other.iter().map(bits))
}
