//! Model files: what is read is what would be read again after it was written, and a model that is read computes.
//!
//! An input has the configuration in its first line, the tensors of the header in its second, and then the values.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipe_foundation::FeaturesView;
use pipe_fuzz::{folder, tensors};
use pipe_nn::model::Model;

fuzz_target!(|bytes: &[u8]| {
    let bytes = tensors("pipe.model", bytes);
    let model = match Model::from_bytes(&bytes) {
        Ok(model) => model,
        Err(reason) => {
            assert!(!reason.is_empty());
            return;
        }
    };
    let path = folder().join("model.safetensors");
    model.save(&path).expect("TMPDIR can be written");
    let again = Model::load(&path).expect("it was written");
    assert_eq!(again.config(), model.config());
    assert_eq!(again.network().to_arrays(), model.network().to_arrays());

    let (bins, frames) = (model.config().bins, 3);
    if bins <= 256 && model.network().shape().minimum_frames() <= 256 {
        let values = vec![0.5; frames * bins];
        let utterance = FeaturesView {
            frames,
            bins,
            values: &values,
        };
        let outputs = model.predict(&[utterance], 1).expect("they fit");
        assert_eq!(outputs[0].probabilities.len(), model.config().classes.len());
        assert_eq!(outputs[0].numbers.len(), model.config().targets.len());
    }
});
