//! The features of an item, whether they are held or not.

use std::borrow::Cow;

use pipe_engine::artifact::ItemData;
use pipe_engine::stage::ItemError;
use pipe_foundation::Features;
use pipe_foundation::progress::Progress;

use super::features::FeatureItem;
use super::long_features::LongFeatures;

/// So many bytes of columns are held at once.
const COLUMNS_BYTES: usize = 32 << 20;

/// The features of an item.
pub enum Matrix<'a> {
    /// They are held.
    Held(&'a Features),
    /// They are to be read.
    Long(&'a LongFeatures),
}

impl<'a> Matrix<'a> {
    /// Those of `data`; none where its data are something else.
    pub fn of(data: &'a dyn ItemData) -> Option<Self> {
        let long: Option<&LongFeatures> = data.downcast_ref();
        let held: Option<&FeatureItem> = data.downcast_ref();
        long.map(Self::Long)
            .or(held.map(|FeatureItem(features)| Self::Held(features)))
    }

    /// All of them together.
    ///
    /// # Errors
    /// When those of a long recording cannot be read any more; also once `progress` says so.
    pub fn together(&self, progress: &dyn Progress) -> Result<Cow<'a, Features>, ItemError> {
        match self {
            Self::Held(features) => Ok(Cow::Borrowed(features)),
            Self::Long(long) => Ok(Cow::Owned(long.together(progress).map_err(fault)?)),
        }
    }
}

/// Columns of the features of a long recording, of which a few are read at once.
pub struct Columns<'a> {
    features: &'a LongFeatures,
    progress: &'a dyn Progress,
    /// Those from `first` on.
    held: Vec<Vec<f32>>,
    first: usize,
}

impl<'a> Columns<'a> {
    /// Those of `features`, none of which is read yet.
    pub fn of(features: &'a LongFeatures, progress: &'a dyn Progress) -> Self {
        Self {
            features,
            progress,
            held: Vec::new(),
            first: 0,
        }
    }

    /// The column `bin`, one value of each frame.
    ///
    /// # Errors
    /// As [`Matrix::together`].
    pub fn get(&mut self, bin: usize) -> Result<Vec<f64>, ItemError> {
        if !(self.first..self.first + self.held.len()).contains(&bin) {
            self.read(bin)?;
        }
        let column = self.held.get_mut(bin - self.first).map(std::mem::take);
        Ok(column.into_iter().flatten().map(f64::from).collect())
    }

    /// Reads the columns from `first` on that have room.
    fn read(&mut self, first: usize) -> Result<(), ItemError> {
        let (frames, bins) = (self.features.frames(), self.features.bins());
        let count = (COLUMNS_BYTES / (4 * frames.max(1))).clamp(1, bins - first);
        self.first = first;
        self.held = (0..count).map(|_| Vec::with_capacity(frames)).collect();
        let held = &mut self.held;
        let read = self.features.each_block(self.progress, &mut |block| {
            for frame in block.chunks_exact(bins) {
                for (column, value) in held.iter_mut().zip(&frame[first..]) {
                    column.push(*value);
                }
            }
        });
        read.map_err(fault)
    }
}

fn fault(error: std::io::Error) -> ItemError {
    ItemError::of_system(format!("its features cannot be read: {error}"), &error)
}
