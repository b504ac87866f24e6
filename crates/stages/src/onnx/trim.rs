//! Trimming as ONNX operators: `[1, samples]` to the samples that stay, `[1, fewer]`.
//!
//! The same steps as [`Trim`]. Whether a frame is silent is a matter of more or less, so powers are 64-bit floats as there:
//! rounding would move a whole frame to the other side.

use pipe_foundation::exact;
use pipe_nn::onnx::Attribute;
use pipe_speech::dsp::Trim;

use super::part::{DOUBLE, INT32, Part};

/// Where the samples that stay begin and end, as rows of one number.
struct Kept {
    start: String,
    end: String,
}

/// Adds a `trim` after the value `waveform` at `rate_hz`; gives back the name of what stays.
pub(super) fn add(part: &mut Part<'_>, waveform: &str, trim: &Trim, rate_hz: u32) -> String {
    let count = |seconds: f64| trim.samples(seconds, rate_hz) as i64;
    let hop = count(trim.hop_ms / 1000.0).max(1);
    let samples = part.length("samples", waveform, 1);
    let loud = loud_frames(part, waveform, &samples, trim, rate_hz);
    let kept = ends(part, &loud, &samples, hop, count(trim.margin_s));
    let axis = part.ints("sample_axis", &[1]);
    let stays = part.node("Slice", "stays", &[waveform, &kept.start, &kept.end, &axis]);
    match trim.longest_pause_s {
        None => stays,
        Some(longest_s) => {
            let longest = count(longest_s);
            let outside = outside_pauses(part, &loud, &samples, hop, longest, &kept);
            let axis = [("axis", Attribute::Int(1))];
            part.node_with("Compress", "without_pauses", &[&stays, &outside], &axis)
        }
    }
}

/// Which frames are louder than silence, `[frames]`.
fn loud_frames(
    part: &mut Part<'_>,
    waveform: &str,
    samples: &str,
    trim: &Trim,
    rate_hz: u32,
) -> String {
    let count = |ms: f64| trim.samples(ms / 1000.0, rate_hz).max(1) as i64;
    let (length, hop) = (count(trim.frame_ms), count(trim.hop_ms));
    let row = part.ints("row", &[-1]);
    let flat = part.node("Reshape", "samples_alone", &[waveform, &row]);
    let exact_samples = part.cast("exact_samples", &flat, DOUBLE);
    let squares = part.node("Mul", "squares", &[&exact_samples, &exact_samples]);
    let around = part.ints("around", &[length / 2, length - length / 2]);
    let padded = part.node("Pad", "padded_squares", &[&squares, &around]);
    let hop = part.int("hop", hop);
    let (zero, one) = (part.int("zero", 0), part.int("one", 1));
    let last = part.node("Div", "last_frame", &[samples, &hop]);
    let frames = part.node("Add", "frames", &[&last, &one]);
    let numbers = part.node("Range", "frame_numbers", &[&zero, &frames, &one]);
    let starts = part.node("Mul", "frame_starts", &[&numbers, &hop]);
    let starts = part.unsqueezed("frame_starts_column", &starts, &[1]);
    let offsets: Vec<i64> = (0..length).collect();
    let offsets = part.ints("offsets", &offsets);
    let places = part.node("Add", "places", &[&starts, &offsets]);
    let framed = part.node("Gather", "framed_squares", &[&padded, &places]);
    let axis = part.ints("within_frames", &[1]);
    let keep = [("keepdims", Attribute::Int(0))];
    let sums = part.node_with("ReduceSum", "sums", &[&framed, &axis], &keep);
    let length = part.double("frame_length", length as f64);
    let powers = part.node("Div", "powers", &[&sums, &length]);
    let loudest = part.node_with("ReduceMax", "loudest", &[&powers], &keep);
    let factor = exact::pow(10.0, -trim.threshold_db / 10.0);
    let factor = part.double("threshold_factor", factor);
    let threshold = part.node("Mul", "threshold", &[&loudest, &factor]);
    part.node("Greater", "is_loud", &[&powers, &threshold])
}

/// From the first loud frame to the last, with margins. Where no frame is loud, the first of all counts as the first loud
/// one, and the last of all as the last: everything stays.
fn ends(part: &mut Part<'_>, loud: &str, samples: &str, hop: i64, margin: i64) -> Kept {
    let number = part.cast("is_loud_number", loud, INT32);
    let find = |part: &mut Part<'_>, name: &str, select_last: i64| {
        let attributes = [
            ("axis", Attribute::Int(0)),
            ("keepdims", Attribute::Int(1)),
            ("select_last_index", Attribute::Int(select_last)),
        ];
        part.node_with("ArgMax", name, &[&number], &attributes)
    };
    let first = find(part, "first_loud", 0);
    let last = find(part, "last_loud", 1);
    let hop = part.int("hop", hop);
    let (zero, one) = (part.int("zero", 0), part.int("one", 1));
    let margin = part.int("margin", margin);
    let start = part.node("Mul", "speech_start", &[&first, &hop]);
    let start = part.node("Sub", "start_before", &[&start, &margin]);
    let after = part.node("Add", "after_last_loud", &[&last, &one]);
    let end = part.node("Mul", "speech_end", &[&after, &hop]);
    let end = part.node("Add", "end_behind", &[&end, &margin]);
    Kept {
        start: part.node("Max", "start", &[&start, &zero]),
        end: part.node("Min", "end", &[&end, samples]),
    }
}

/// Whether each sample that is kept is outside what is cut out of long pauses.
fn outside_pauses(
    part: &mut Part<'_>,
    loud: &str,
    samples: &str,
    hop: i64,
    longest: i64,
    kept: &Kept,
) -> String {
    let frames = part.node("NonZero", "loud_frames_row", &[loud]);
    let frames = part.squeezed("loud_frames", &frames, &[0]);
    let hop = part.int("hop", hop);
    let (zero, one) = (part.int("zero", 0), part.int("one", 1));
    let begins = part.node("Mul", "loud_starts", &[&frames, &hop]);
    let ends = part.node("Add", "loud_ends_unbounded", &[&begins, &hop]);
    let ends = part.node("Min", "loud_ends", &[&ends, samples]);
    // Between the end of each loud frame and the start of the next one.
    let (first, second) = (part.ints("first", &[0]), part.ints("second", &[1]));
    let (last, behind) = (part.ints("last", &[-1]), part.ints("behind", &[i64::MAX]));
    let starts = part.node("Slice", "pause_starts", &[&ends, &first, &last]);
    let ends = part.node("Slice", "pause_ends", &[&begins, &second, &behind]);
    let lengths = part.node("Sub", "pause_lengths", &[&ends, &starts]);
    let most = part.int("longest_pause", longest);
    let are_long = part.node("Greater", "are_long", &[&lengths, &most]);
    let stays_before = part.int("stays_before", longest / 2);
    let stays_behind = part.int("stays_behind", longest - longest / 2);
    let from = part.node("Add", "cuts_from", &[&starts, &stays_before]);
    let from = part.node("Compress", "long_cuts_from", &[&from, &are_long]);
    let to = part.node("Sub", "cuts_to", &[&ends, &stays_behind]);
    let to = part.node("Compress", "long_cuts_to", &[&to, &are_long]);
    // One more where a cut begins, one less where it ends.
    let places = part.node("Add", "places_and_end", &[samples, &one]);
    let places = part.unsqueezed("places_count", &places, &[0]);
    let zeros = part.node("Expand", "zeros", &[&zero, &places]);
    let marks = |part: &mut Part<'_>, name: &str, at: &str| {
        let shape = part.node("Shape", &format!("{name}_shape"), &[at]);
        let ones = part.node("Expand", &format!("{name}_ones"), &[&one, &shape]);
        let axis = [("axis", Attribute::Int(0))];
        part.node_with("ScatterElements", name, &[&zeros, at, &ones], &axis)
    };
    let begun = marks(part, "begun", &from);
    let ended = marks(part, "ended", &to);
    let changes = part.node("Sub", "changes", &[&begun, &ended]);
    let inside = part.node("CumSum", "inside", &[&changes, &zero]);
    let outside = part.node("Equal", "outside", &[&inside, &zero]);
    part.node("Slice", "outside_kept", &[&outside, &kept.start, &kept.end])
}
