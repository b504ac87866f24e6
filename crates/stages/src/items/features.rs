//! A feature matrix as the data of an item.

use pipe_engine::artifact::{ArtifactKind, DataError, FilePart, ItemData, Take, TransferError};
use pipe_foundation::{Features, FeaturesView};
use pipe_speech::dsp::Normaliser;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::long_features::LongFeatures;
use super::long_tensor::LongTensor;
use super::spool::{HELD_VALUES, Values};
use super::tensor_header::tensor_header;

/// Utterances with feature matrices `[frames, bins]`.
pub const FEATURES: ArtifactKind = ArtifactKind::of_items("features", decode).opened_by(open);

/// The name of the tensor in the stored form.
const TENSOR: &str = "features";

/// A feature matrix; stored as tensor `features` `[frames, bins]`.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureItem(pub Features);

impl FeatureItem {
    /// The features `values` of so many `bins`, which `normaliser` is applied to, as the data of an item.
    pub fn of_values(
        values: Values,
        bins: usize,
        normaliser: Option<Normaliser>,
    ) -> Box<dyn ItemData> {
        match values {
            Values::Long(part) => Box::new(LongFeatures::new(part, bins, normaliser)),
            Values::Held(mut values) => {
                if let Some(normaliser) = normaliser {
                    normaliser.apply(&mut values);
                }
                Box::new(Self(Features {
                    frames: values.len() / bins.max(1),
                    bins,
                    values,
                }))
            }
        }
    }
}

impl ItemData for FeatureItem {
    fn kind(&self) -> ArtifactKind {
        FEATURES
    }

    fn write(&self, take: &mut Take<'_>) -> Result<(), TransferError> {
        let Features {
            frames,
            bins,
            values,
        } = &self.0;
        take(&tensor_header(TENSOR, &[*frames, *bins], None)?)?;
        take(bytemuck::cast_slice(values))
    }
}

/// Stored as [`FeatureItem`].
impl ItemData for LongFeatures {
    fn kind(&self) -> ArtifactKind {
        FEATURES
    }

    fn write(&self, take: &mut Take<'_>) -> Result<(), TransferError> {
        let shape = [self.frames(), self.bins()];
        take(&tensor_header(TENSOR, &shape, None)?)?;
        let (mut blocks, mut block) = (self.blocks(), Vec::new());
        while blocks.next(&mut block)? {
            take(bytemuck::cast_slice(&block))?;
        }
        Ok(())
    }
}

/// Reads the stored form of features of a long recording; those that are to be held are.
fn open(part: FilePart) -> Result<Box<dyn ItemData>, TransferError> {
    if part.bytes() / 4 > HELD_VALUES
        && let Some(tensor) = LongTensor::of(&part, TENSOR, None)?
        && let &[_, bins] = &tensor.shape[..]
        && bins > 0
    {
        return Ok(Box::new(LongFeatures::new(tensor.values, bins, None)));
    }
    Ok(decode(&part.to_vec()?)?)
}

/// Reads a [`FeatureItem`] from its stored form.
fn decode(bytes: &[u8]) -> Result<Box<dyn ItemData>, DataError> {
    let view = features(bytes)?;
    Ok(Box::new(FeatureItem(Features {
        frames: view.frames,
        bins: view.bins,
        values: view.values.to_vec(),
    })))
}

/// A feature matrix in place in `bytes`, which must be aligned to 4 bytes, without a copy.
///
/// # Errors
/// When the bytes are something else.
pub fn features(bytes: &[u8]) -> Result<FeaturesView<'_>, DataError> {
    let failed = |reason: String| DataError::new("features", reason);
    let view = tensor(bytes, TENSOR).map_err(failed)?;
    let &[frames, bins] = view.shape() else {
        return Err(failed(format!(
            "the shape is {:?}, expected [frames, bins]",
            view.shape()
        )));
    };
    let values =
        bytemuck::try_cast_slice(view.data()).map_err(|error| failed(error.to_string()))?;
    Ok(FeaturesView {
        frames,
        bins,
        values,
    })
}

/// The tensor called `name` of a safetensors document, which must hold 32-bit floats.
pub(super) fn tensor<'a>(bytes: &'a [u8], name: &str) -> Result<TensorView<'a>, String> {
    let document = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let view = document.tensor(name).map_err(|error| error.to_string())?;
    if view.dtype() != Dtype::F32 {
        return Err(format!("`{name}` holds {:?}, expected F32", view.dtype()));
    }
    Ok(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_comes_back_as_it_was() {
        let item = FeatureItem(Features {
            frames: 2,
            bins: 3,
            values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        });
        let stored = item.encode().unwrap();
        let back = FEATURES.decode(&stored).unwrap();
        assert_eq!(back.downcast_ref(), Some(&item));
        assert_eq!(stored, item.encode().unwrap());
        assert!(FEATURES.decode(&stored[..stored.len() / 2]).is_err());
    }
}
