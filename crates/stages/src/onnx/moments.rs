//! Means, and values relative to them, over some axes of a value.

use super::part::Part;

/// Values relative to their mean.
pub(super) struct Centred {
    /// The mean, its axes 1 long.
    pub(super) means: String,
    /// The values less the mean.
    pub(super) values: String,
}

impl Centred {
    /// Those of `[batch, frames, bins]` over the frames. They are relative to the first frame before they are summed: what
    /// never changes becomes exactly 0.
    pub(super) fn over_frames(part: &mut Part<'_>, of: &str) -> Self {
        let first = part.ints("first_frame", &[0]);
        let axis = part.ints("frame_axis", &[1]);
        let second = part.ints("second_frame", &[1]);
        let pivot = part.node("Slice", "pivot", &[of, &first, &second, &axis]);
        let relative = part.node("Sub", "relative", &[of, &pivot]);
        let relative_means = part.reduced("ReduceMean", "relative_means", &relative, &[1]);
        Self {
            means: part.node("Add", "means", &[&pivot, &relative_means]),
            values: part.node("Sub", "centred", &[&relative, &relative_means]),
        }
    }

    /// Those of all values.
    pub(super) fn over_all(part: &mut Part<'_>, of: &str, axes: &[i64]) -> Self {
        let means = part.reduced("ReduceMean", "means", of, axes);
        Self {
            values: part.node("Sub", "centred", &[of, &means]),
            means,
        }
    }

    /// The mean square of what is centred.
    pub(super) fn variances(&self, part: &mut Part<'_>, axes: &[i64]) -> String {
        let squares = part.node("Mul", "squares", &[&self.values, &self.values]);
        part.reduced("ReduceMean", "variances", &squares, axes)
    }

    /// The standard deviation over the frames.
    pub(super) fn deviations(&self, part: &mut Part<'_>) -> String {
        let variances = self.variances(part, &[1]);
        part.node("Sqrt", "deviations", &[&variances])
    }
}
