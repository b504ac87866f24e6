//! Where a training computes: the network on the processor, or among others on a CUDA device.

use std::sync::Arc;

use pipe_foundation::Workers;

#[cfg(not(feature = "cuda"))]
use crate::model::DeviceError;
use crate::model::{Device, EncoderPass, ModelError, Network, Outputs, Trainable, TrainingState};

use super::{TrainOptions, TrainingData, validation};

/// A network in training.
pub(super) enum Learner<'a> {
    /// On the processor.
    Processor {
        /// The network.
        trainable: Box<Trainable>,
        /// Buffers of the validation.
        pass: Box<EncoderPass>,
        /// What is validated on.
        data: &'a TrainingData<'a>,
    },
    /// On a CUDA device.
    #[cfg(feature = "cuda")]
    Device(super::lockstep::Member<'a>),
}

impl<'a> Learner<'a> {
    /// Puts a network where it is to train.
    #[cfg_attr(
        not(feature = "cuda"),
        expect(unused_variables, reason = "of the device")
    )]
    pub(super) fn new(
        device: Device,
        network: Network,
        options: &TrainOptions,
        data: &'a TrainingData<'a>,
        workers: &Arc<Workers>,
    ) -> Result<Self, ModelError> {
        match device {
            Device::Cpu => Ok(Self::Processor {
                trainable: Box::new(Trainable::new(network, Arc::clone(workers))?),
                pass: Box::default(),
                data,
            }),
            #[cfg(feature = "cuda")]
            Device::Cuda { ordinal, tf32 } => {
                network.shape().check_kernels()?;
                let state = TrainingState::new(network);
                let names = super::common::names(options, data);
                let member =
                    super::lockstep::Member::join((ordinal, tf32), names, data, state, workers)?;
                Ok(Self::Device(member))
            }
            #[cfg(not(feature = "cuda"))]
            Device::Cuda { .. } => Err(DeviceError::NotBuilt.into()),
        }
    }

    /// The network with its present values.
    pub(super) fn network(&mut self) -> Result<Network, ModelError> {
        match self {
            Self::Processor { trainable, .. } => Ok(trainable.network().clone()),
            #[cfg(feature = "cuda")]
            Self::Device(member) => member.network(),
        }
    }

    /// What the network says of the validation utterances.
    pub(super) fn validate(
        &mut self,
        epoch: usize,
        workers: &Workers,
    ) -> Result<Vec<Outputs>, ModelError> {
        match self {
            Self::Processor {
                trainable,
                pass,
                data,
            } => {
                let _ = epoch;
                validation::outputs(trainable.network(), &data.validation, pass, workers)
            }
            #[cfg(feature = "cuda")]
            Self::Device(member) => member.predict(epoch),
        }
    }

    /// All that the next step depends on besides its batch.
    pub(super) fn state(&self) -> Result<TrainingState, ModelError> {
        match self {
            Self::Processor { trainable, .. } => Ok(trainable.state()),
            #[cfg(feature = "cuda")]
            Self::Device(member) => member.state(),
        }
    }

    /// Goes on from another state.
    pub(super) fn restore(&mut self, state: TrainingState) -> Result<(), ModelError> {
        match self {
            Self::Processor { trainable, .. } => {
                trainable.restore(state);
                Ok(())
            }
            #[cfg(feature = "cuda")]
            Self::Device(member) => member.restore(state),
        }
    }
}
