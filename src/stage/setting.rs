//! What stages are built with beside what the manifest says of them.

use pipe_nn::model::Device;
use pipe_speech::corpus::Corpora;

/// What stages are built with besides what the manifest says of them.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// The corpora that can be named.
    pub corpora: Corpora,
    /// Where trainings and evaluations compute.
    pub device: Device,
}
