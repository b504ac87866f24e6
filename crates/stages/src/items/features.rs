//! A feature matrix as the data of an item.

use std::borrow::Cow;

use pipe_engine::artifact::{ArtifactKind, DataError, ItemData};
use pipe_foundation::{Features, FeaturesView};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::tensor_header::tensor_header;

/// Utterances with feature matrices `[frames, bins]`.
pub const FEATURES: ArtifactKind = ArtifactKind::of_items("features", decode);

/// A feature matrix; stored as tensor `features` `[frames, bins]`.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureItem(pub Features);

impl ItemData for FeatureItem {
    fn kind(&self) -> ArtifactKind {
        FEATURES
    }

    fn encode(&self) -> Result<Vec<u8>, DataError> {
        Ok(self.parts()?.concat())
    }

    fn parts(&self) -> Result<Vec<Cow<'_, [u8]>>, DataError> {
        let Features {
            frames,
            bins,
            values,
        } = &self.0;
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let header = tensor_header("features", &[*frames, *bins], None)?;
        Ok(vec![header.into(), bytes.into()])
    }
}

/// Reads a [`FeatureItem`] from its stored form.
pub(super) fn decode(bytes: &[u8]) -> Result<Box<dyn ItemData>, DataError> {
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
    let view = tensor(bytes, "features").map_err(failed)?;
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
