//! The list of all layers that CUDA devices have kernels for.

use std::any::Any;
use std::sync::Arc;

use super::attention_pool::SizedAttention;
use super::batch_norm::SizedNorm as BatchNorm;
use super::conv::shape::ConvShape;
use super::dropout::SizedDropout;
use super::gru::SizedGru;
use super::layer_norm::SizedNorm as LayerNorm;
use super::linear::SizedLinear;
use super::lstm::shape::LstmShape;
use super::on_device::{AnyDeviceLayer, DeviceLayer};
use super::residual_conv::Block as ResidualBlock;
use super::sized::SizedLayer;
use super::statistics_pool::SizedStatistics;
use super::time_pool::SizedPool;
use super::transformer::processor::Block as TransformerBlock;
use super::weighted_sum::SizedSum;

/// Gives the layer as a device runs it, where it is of one type.
type Version = fn(&(dyn SizedLayer + 'static)) -> Option<Arc<dyn AnyDeviceLayer>>;

/// Every layer that runs on a device: those of the kinds with kernels.
const ON_DEVICE: &[Version] = &[
    of::<ConvShape>,
    of::<LstmShape>,
    of::<SizedPool>,
    of::<SizedLinear>,
    of::<LayerNorm>,
    of::<SizedStatistics>,
    of::<SizedAttention>,
    of::<SizedSum>,
    of::<SizedDropout>,
    of::<SizedGru>,
    of::<ResidualBlock>,
    of::<BatchNorm>,
    of::<TransformerBlock>,
];

fn of<L: DeviceLayer>(layer: &(dyn SizedLayer + 'static)) -> Option<Arc<dyn AnyDeviceLayer>> {
    let own = (layer as &dyn Any).downcast_ref::<L>()?;
    Some(Arc::new(own.clone()))
}

/// The version of a layer for CUDA devices; none where it has no kernels.
pub fn device_layer(layer: &(dyn SizedLayer + 'static)) -> Option<Arc<dyn AnyDeviceLayer>> {
    ON_DEVICE.iter().find_map(|version| version(layer))
}

#[cfg(test)]
mod tests {
    use crate::layers::{Layer, REGISTERED};
    use crate::model::EncoderShape;

    use super::*;

    #[test]
    fn the_layers_of_exactly_the_kinds_with_kernels_run_on_a_device() {
        for kind in REGISTERED {
            let layers: Vec<Layer> = serde_json::from_str(kind.example).unwrap();
            let shape = EncoderShape::new(&layers, 3).unwrap();
            let own = shape
                .layers()
                .filter(|(name, _)| name.split('.').next() == Some(kind.name));
            for (name, layer) in own {
                let runs = device_layer(layer).is_some();
                assert_eq!(runs, !kind.kernels.is_empty(), "{name}");
            }
        }
    }
}
