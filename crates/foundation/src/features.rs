//! A matrix of features over time.

/// Features of one utterance, row-major `[frames, bins]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Number of frames (rows).
    pub frames: usize,
    /// Coefficients per frame (columns).
    pub bins: usize,
    /// `frames * bins` values, one frame after another.
    pub values: Vec<f32>,
}

impl Features {
    /// A borrowed view of the whole matrix.
    pub fn view(&self) -> FeaturesView<'_> {
        FeaturesView {
            frames: self.frames,
            bins: self.bins,
            values: &self.values,
        }
    }
}

impl Features {
    /// What keeps these from being features of a recording, in words: no values at all, or one that is no finite number.
    pub fn fault(&self) -> Option<String> {
        let Self {
            frames,
            bins,
            values,
        } = self;
        if values.is_empty() {
            return Some(format!("there are {frames} frames of {bins} values"));
        }
        let at = values.iter().position(|value| !value.is_finite())?;
        let (frame, bin) = (at / bins, at % bins);
        Some(format!("value {bin} of frame {frame} is {}", values[at]))
    }
}

/// Borrowed features, row-major `[frames, bins]`, in place in a mapped pack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeaturesView<'a> {
    /// Number of frames (rows).
    pub frames: usize,
    /// Coefficients per frame (columns).
    pub bins: usize,
    /// `frames * bins` values, one frame after another.
    pub values: &'a [f32],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_recording_has_is_a_fault() {
        let of = |frames, bins, values: &[f32]| Features {
            frames,
            bins,
            values: values.to_vec(),
        };
        assert_eq!(of(1, 2, &[0.0, 1.0]).fault(), None);
        assert_eq!(
            of(0, 2, &[]).fault().unwrap(),
            "there are 0 frames of 2 values"
        );
        let nan = of(2, 2, &[0.0, 1.0, f32::NAN, 1.0]).fault();
        assert_eq!(nan.unwrap(), "value 0 of frame 1 is NaN");
    }
}
