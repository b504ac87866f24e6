//! Windows over a recording as ONNX operators: `[1, total, values]` to `[windows, length, values]`.
//!
//! The same windows as [`Window::ranges`].

use pipe_inference::Window;
use pipe_nn::onnx::Attribute;

use super::part::Part;

/// Adds the cutting into windows after the value `recording`; gives back the name of the windows. A recording that has none
/// makes the graph fail, as an index that is outside.
pub(super) fn add(part: &mut Part<'_>, recording: &str, window: Window) -> String {
    let (length, hop) = (window.length.max(1) as i64, window.hop.max(1) as i64);
    let total = part.length("total", recording, 1);
    let (zero, one) = (part.int("zero", 0), part.int("one", 1));
    let hop_of = part.int("hop", hop);
    let length_of = part.int("length", length);
    let beyond_first = part.node("Sub", "beyond_first", &[&total, &length_of]);
    let mut count = if window.pad {
        let beyond_first = part.node("Max", "beyond_first_or_none", &[&beyond_first, &zero]);
        let more = divided_up(part, "more", &beyond_first, hop, &hop_of);
        part.node("Add", "count", &[&more, &one])
    } else {
        let more = part.node("Div", "more", &[&beyond_first, &hop_of]);
        let count = part.node("Add", "count_unbounded", &[&more, &one]);
        part.node("Max", "count", &[&count, &one])
    };
    if window.pad && hop > length {
        // With gaps between windows, the last one would begin behind the end.
        let begun = divided_up(part, "begun", &total, hop, &hop_of);
        count = part.node("Min", "count_begun", &[&count, &begun]);
    }
    let numbers = part.node("Range", "numbers", &[&zero, &count, &one]);
    let starts = part.node("Mul", "starts", &[&numbers, &hop_of]);
    let starts = part.unsqueezed("starts_column", &starts, &[1]);
    let offsets: Vec<i64> = (0..length).collect();
    let offsets = part.ints("offsets", &offsets);
    let mut places = part.node("Add", "places", &[&starts, &offsets]);
    let is_there = window.pad.then(|| {
        let is_there = part.node("Less", "is_there", &[&places, &total]);
        let last = part.node("Sub", "last", &[&total, &one]);
        places = part.node("Min", "places_there", &[&places, &last]);
        part.unsqueezed("is_there_column", &is_there, &[2])
    });
    let values = part.squeezed("values", recording, &[0]);
    let axis = [("axis", Attribute::Int(0))];
    let windows = part.node_with("Gather", "windows", &[&values, &places], &axis);
    match is_there {
        None => windows,
        Some(is_there) => {
            let nothing = part.float("nothing", 0.0);
            part.node("Where", "filled_windows", &[&is_there, &windows, &nothing])
        }
    }
}

/// A number divided by `by`, rounded up.
fn divided_up(part: &mut Part<'_>, name: &str, number: &str, by: i64, by_name: &str) -> String {
    let less = part.int("hop_less_one", by - 1);
    let raised = part.node("Add", &format!("{name}_raised"), &[number, &less]);
    part.node("Div", name, &[&raised, by_name])
}
