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

    /// Number of frames.
    pub fn frames(&self) -> usize {
        match self {
            Self::Held(features) => features.frames,
            Self::Long(long) => long.frames(),
        }
    }

    /// Coefficients per frame.
    pub fn bins(&self) -> usize {
        match self {
            Self::Held(features) => features.bins,
            Self::Long(long) => long.bins(),
        }
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

/// Columns of features, of which a few are read at once where they are not held.
pub struct Columns<'a> {
    matrix: &'a Matrix<'a>,
    progress: &'a dyn Progress,
    /// Those from `first` on that were read.
    read: Vec<Vec<f32>>,
    first: usize,
}

impl<'a> Columns<'a> {
    /// Those of `matrix`, none of which is read yet.
    pub fn of(matrix: &'a Matrix<'a>, progress: &'a dyn Progress) -> Self {
        Self {
            matrix,
            progress,
            read: Vec::new(),
            first: 0,
        }
    }

    /// The column `bin`, one value of each frame, to be asked for once.
    ///
    /// # Errors
    /// As [`Matrix::together`].
    pub fn take(&mut self, bin: usize) -> Result<Vec<f64>, ItemError> {
        self.progress.check().map_err(ItemError::transient)?;
        let long = match self.matrix {
            Matrix::Long(long) => *long,
            Matrix::Held(features) => {
                let column = features.values.iter().skip(bin).step_by(features.bins);
                return Ok(column.map(|&value| f64::from(value)).collect());
            }
        };
        if !(self.first..self.first + self.read.len()).contains(&bin) {
            self.read(long, bin)?;
        }
        let column = std::mem::take(&mut self.read[bin - self.first]);
        Ok(column.into_iter().map(f64::from).collect())
    }

    /// Reads the columns from `first` on that have room.
    fn read(&mut self, long: &LongFeatures, first: usize) -> Result<(), ItemError> {
        let (frames, bins) = (long.frames(), long.bins());
        let count = (COLUMNS_BYTES / (4 * frames.max(1))).clamp(1, bins - first);
        self.first = first;
        self.read = (0..count).map(|_| Vec::with_capacity(frames)).collect();
        let columns = &mut self.read;
        let read = long.each_block(self.progress, &mut |block| {
            for frame in block.chunks_exact(bins) {
                for (column, value) in columns.iter_mut().zip(&frame[first..]) {
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
