//! Whether the layers of a training fit its features and its device, found out while a run is planned.

use std::ops::RangeInclusive;

use pipe_engine::manifest::{Declaration, Diagnostic, Diagnostics};
use pipe_nn::model::{EncoderShape, ModelError};
use pipe_nn::train::{TrainError, TrainOptions};

use super::options_of_parameters::train_options;

/// Values of a frame that layers are tried with before any features are there, the usual number first.
const TRIED_BINS: [RangeInclusive<usize>; 2] = [40..=40, 1..=1024];

/// A number of values of a frame that the layers fit.
///
/// # Errors
/// Why the usual number does not, where none that is tried does.
pub fn fitting_bins(options: &TrainOptions) -> Result<usize, ModelError> {
    let mut first = None;
    for bins in TRIED_BINS.into_iter().flatten() {
        match EncoderShape::new(&options.encoder, bins) {
            Ok(_) => return Ok(bins),
            Err(error) => drop(first.get_or_insert(error)),
        }
    }
    Err(first.unwrap_or_else(|| ModelError::Encoder("it fits no features".into())))
}

/// Why the layers of a training do not fit features of `bins` values a frame, at the layer; none where they do, or where
/// they are wrong in any case, which is reported where they are written.
pub fn encoder_misfit(declaration: &Declaration, bins: usize) -> Option<Diagnostic> {
    let options = train_options(&declaration.parameters).ok()?;
    fitting_bins(&options).ok()?;
    let error = EncoderShape::new(&options.encoder, bins).err()?;
    let place = match &error {
        ModelError::Layer { index, .. } => format!("encoder.{index}"),
        _ => "encoder".to_owned(),
    };
    let message = format!("{error}, where a frame has {bins} values");
    let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
    let diagnostic = Diagnostic::new("model::layer", message);
    let diagnostic = diagnostic.at(declaration.place_of(&place), "does not fit the features");
    Some(diagnostic.help_if(help))
}

/// Refuses, while a run is planned, layers and an optimiser that a CUDA device has no kernels for.
pub fn check_kernels(options: &TrainOptions, declaration: &Declaration) -> Result<(), Diagnostics> {
    if let Some((option, what)) = options.without_kernels() {
        let error = TrainError::NoKernels { what };
        let diagnostic = Diagnostic::new("train::no_kernels", error.to_string())
            .at(declaration.place_of(option), "this option");
        let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
        return Err(diagnostic.help_if(help).into());
    }
    // Layers that do not fit are reported where they are written.
    let shape = fitting_bins(options);
    let shape = shape.and_then(|bins| EncoderShape::new(&options.encoder, bins));
    let Ok(shape) = shape else {
        return Ok(());
    };
    let Err(error) = shape.check_kernels() else {
        return Ok(());
    };
    let place = match &error {
        ModelError::NoKernels { index, .. } => format!("encoder.{index}"),
        _ => "encoder".to_owned(),
    };
    let diagnostic = Diagnostic::new("model::no_kernels", error.to_string())
        .at(declaration.place_of(&place), "this layer");
    let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
    Err(diagnostic.help_if(help).into())
}
