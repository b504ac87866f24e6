//! An item of bytes that nobody interprets: tensor `bytes` `[n]`.

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};

use super::{ArtifactKind, DataError, ItemData, Take, TransferError};

/// Bytes that a stage made of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl ItemData for Bytes {
    fn kind(&self) -> ArtifactKind {
        ArtifactKind::FILES
    }

    fn write(&self, take: &mut Take<'_>) -> Result<(), TransferError> {
        let failed = |error| DataError::new("a tensor", error);
        let view = TensorView::new(Dtype::U8, vec![self.0.len()], &self.0).map_err(failed)?;
        take(&serialize([("bytes", view)], None).map_err(failed)?)
    }
}

impl ArtifactKind {
    /// Plain files; as items, bytes that nobody interprets.
    pub const FILES: Self = Self::of_files("files");

    /// A kind whose steps make a set of files.
    pub const fn of_files(name: &'static str) -> Self {
        Self::of_items(name, decode)
    }
}

/// Reads [`Bytes`] from their stored form.
fn decode(bytes: &[u8]) -> Result<Box<dyn ItemData>, DataError> {
    let failed = |error| DataError::new("bytes", error);
    let document = SafeTensors::deserialize(bytes).map_err(failed)?;
    let tensor = document.tensor("bytes").map_err(failed)?;
    if tensor.dtype() != Dtype::U8 {
        let reason = format!("`bytes` holds {:?}, expected U8", tensor.dtype());
        return Err(DataError::new("bytes", reason));
    }
    Ok(Box::new(Bytes(tensor.data().to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_were() {
        for item in [Bytes(b"anything".to_vec()), Bytes(Vec::new())] {
            let stored = item.encode().unwrap();
            let back = ArtifactKind::FILES.decode(&stored).unwrap();
            assert_eq!(back.downcast_ref(), Some(&item));
            assert_eq!(stored, item.encode().unwrap());
            assert!(decode(&stored[..stored.len() / 2]).is_err());
        }
    }
}
