//! Windows over a recording, for models that take parts of one length.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Parts of a recording, in samples of a waveform or frames of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Length of each.
    pub length: usize,
    /// Distance between the starts of two.
    pub hop: usize,
    /// Whether the last one is filled up with zeros; without it, what does not fill a window is left out.
    #[serde(default)]
    pub pad: bool,
}

impl Window {
    /// The windows of a recording of `total` samples or frames; the last may pass its end where it is filled up. None
    /// where it is shorter than a window and not filled up.
    pub fn ranges(self, total: usize) -> Vec<Range<usize>> {
        let Self { length, hop, pad } = self;
        let (length, hop) = (length.max(1), hop.max(1));
        let count = match (pad, total.checked_sub(length)) {
            (_, None) => usize::from(pad && total > 0),
            (true, Some(more)) => 1 + more.div_ceil(hop),
            (false, Some(more)) => 1 + more / hop,
        };
        let starts = (0..count).map(|index| index * hop);
        // With gaps between windows, the last one may begin behind the end.
        let starts = starts.filter(|&start| start < total);
        starts.map(|start| start..start + length).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn window(length: usize, hop: usize, pad: bool) -> Window {
        Window { length, hop, pad }
    }

    #[test]
    fn what_does_not_fill_a_window_is_left_out_or_filled_up() {
        assert_eq!(window(4, 2, false).ranges(9), [0..4, 2..6, 4..8]);
        assert_eq!(window(4, 2, true).ranges(9), [0..4, 2..6, 4..8, 6..10]);
        assert_eq!(window(4, 2, true).ranges(8), [0..4, 2..6, 4..8]);
        assert!(window(4, 2, false).ranges(3).is_empty());
        assert_eq!(window(4, 2, true).ranges(3), vec![0..4; 1]);
        assert!(window(4, 2, true).ranges(0).is_empty());
    }

    proptest! {
        #[test]
        fn padded_windows_cover_everything_and_others_pass_no_end(
            length in 1_usize..50, hop in 1_usize..60, total in 1_usize..300,
        ) {
            let padded = window(length, hop, true).ranges(total);
            prop_assert!(hop > length || padded.last().unwrap().end >= total);
            prop_assert!(padded.iter().all(|range| range.start < total));
            let plain = window(length, hop, false).ranges(total);
            prop_assert!(plain.iter().all(|range| range.end <= total));
            prop_assert_eq!(&padded[..plain.len()], &plain[..]);
        }
    }
}
