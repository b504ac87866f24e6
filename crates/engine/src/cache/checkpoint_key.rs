//! Keys under which steps keep their work for later ones.

use pipe_foundation::Digest;

use crate::artifact::FingerprintInputs;

/// The key under which a step keeps its work while it runs: the device does not count, so that another one can continue
/// with it.
pub fn checkpoint_key(fingerprint: &FingerprintInputs) -> Digest {
    fingerprint.on_device(None).key()
}

/// The key of all that decides how the work continues, apart from the device and the `parameters` that decide when it
/// ends.
pub fn final_checkpoint_key(fingerprint: &FingerprintInputs, parameters: &[&str]) -> Digest {
    let mut rest = fingerprint.on_device(None);
    for parameter in parameters {
        rest.0.remove(&format!("parameters.{parameter}"));
    }
    rest.key()
}
