//! The head of a safetensors document that holds one tensor, so that its values need not be copied to be stored.

use pipe_engine::artifact::DataError;
use serde_json::{Map, Value as Json, json};

/// The bytes of a document before the values of its only tensor, of 32-bit floats: the length of a header in JSON, and
/// the header, which spaces fill up to a multiple of 8 bytes. With the values behind it, it is what
/// `safetensors::serialize` writes.
///
/// # Errors
/// A tensor too large to be addressed.
pub fn tensor_header(
    name: &str,
    shape: &[usize],
    metadata: Option<(&str, String)>,
) -> Result<Vec<u8>, DataError> {
    let bytes = shape
        .iter()
        .try_fold(4_usize, |n, &side| n.checked_mul(side));
    let bytes = bytes.ok_or_else(|| DataError::new("a tensor", "it is too large"))?;
    let mut fields = Map::new();
    if let Some((key, value)) = metadata {
        fields.insert("__metadata__".into(), json!({ key: value }));
    }
    let tensor = json!({ "dtype": "F32", "shape": shape, "data_offsets": [0, bytes] });
    fields.insert(name.into(), tensor);
    let mut json = Json::Object(fields).to_string().into_bytes();
    json.resize(json.len().next_multiple_of(8), b' ');
    let mut header = (json.len() as u64).to_le_bytes().to_vec();
    header.append(&mut json);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use safetensors::tensor::{Dtype, TensorView, serialize};

    use super::*;

    #[test]
    fn the_document_is_that_of_the_library() {
        for shape in [vec![0], vec![1], vec![12_345], vec![7, 40], vec![0, 3]] {
            for rate_hz in [None, Some("16000".to_string())] {
                let bytes = vec![1; 4 * shape.iter().product::<usize>()];
                let view = TensorView::new(Dtype::F32, shape.clone(), &bytes).unwrap();
                let metadata = rate_hz.clone().map(|hz| ("rate_hz".to_string(), hz));
                let metadata = metadata.map(|pair| HashMap::from([pair]));
                let expected = serialize([("samples", view)], metadata).unwrap();
                let metadata = rate_hz.map(|hz| ("rate_hz", hz));
                let header = tensor_header("samples", &shape, metadata).unwrap();
                assert_eq!([header, bytes].concat(), expected, "{shape:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_addressed_is_refused() {
        assert!(tensor_header("samples", &[usize::MAX, 2], None).is_err());
    }
}
