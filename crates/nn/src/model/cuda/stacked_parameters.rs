//! The values of several models side by side, array by array, with what the optimiser remembers of them.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers::Measured;
use crate::model::optimiser::Step;
use crate::model::parameter::Part;

use super::arrays::Piece;
use super::tape::Handle;
use super::{Argument, Card, Gradients, Memory, Pointer, arguments};

/// Values that the places of arrays are multiples of, so that the alignment of none depends on the number of models.
const ALIGNED: usize = 64;
/// Values that one thread sums: few enough that a single model keeps the device busy.
const SUMMED_BY_THREAD: usize = 32;

/// Arrays of `models` models: each array of all of them, then, at the next aligned place, the next array.
pub struct StackedParameters {
    card: Arc<Card>,
    pieces: Vec<Piece>,
    models: usize,
    /// Values, and what the optimiser remembers of each; the last only once an optimiser needs it.
    parts: [Option<Memory>; 3],
    /// Names the gradient on the tape.
    gradient: Arc<Handle>,
    /// For each row, the place of its model in the group.
    which: Arc<Memory<i32>>,
    /// For each array, the values of one model before it.
    before: Memory<i32>,
    /// For each array, the values of all models before it.
    starts: Vec<usize>,
    /// The same, on the device.
    places: Memory<u64>,
    /// Values of one model.
    length: usize,
}

/// Where the gradient of an array is found on a tape.
#[derive(Clone)]
pub struct GradientPlace {
    handle: Arc<Handle>,
    bytes: u64,
}

impl GradientPlace {
    /// Its address; made of zeros where it did not exist.
    pub fn find(&self, gradients: &mut Gradients) -> Result<Pointer, CudaError> {
        Ok(self.handle.gradient(gradients)? + self.bytes)
    }
}

/// What an update reads besides values and gradients, by place of the model in the group.
pub struct StepParameters<'a> {
    /// Eight numbers of the step for each model.
    pub rates: &'a Memory,
    /// Factor of each model's gradient.
    pub scales: &'a Memory,
    /// Zero for a model that stays as it is.
    pub alive: &'a Memory<i32>,
}

impl StackedParameters {
    /// Room for parameters, all zero; `which` gives the place of each row's model in the group.
    pub fn new(card: &Arc<Card>, pieces: Vec<Piece>, which: &[usize]) -> Result<Self, CudaError> {
        card.take();
        let length = pieces.last().map_or(0, |last| last.before + last.length);
        let mut all = 0;
        let mut starts = Vec::new();
        for piece in &pieces {
            starts.push(all);
            all = (all + piece.length * which.len()).next_multiple_of(ALIGNED);
        }
        let places: Vec<u64> = starts.iter().map(|&start| start as u64).collect();
        let before: Vec<i32> = pieces.iter().map(|piece| piece.before as i32).collect();
        let numbers: Vec<i32> = which.iter().map(|&model| model as i32).collect();
        Ok(Self {
            parts: [
                Some(Memory::zeros(card, all)?),
                Some(Memory::zeros(card, all)?),
                None,
            ],
            gradient: Arc::new(Handle::new(card, all)?),
            which: Arc::new(Memory::of(card, &numbers)?),
            before: Memory::of(card, &before)?,
            places: Memory::of(card, &places)?,
            starts,
            length,
            models: which.len(),
            card: Arc::clone(card),
            pieces,
        })
    }

    /// Models whose parameters these are.
    pub fn models(&self) -> usize {
        self.models
    }

    /// For each row, the place of its model in the group.
    pub fn which(&self) -> &Arc<Memory<i32>> {
        &self.which
    }

    /// Where the values of a piece begin.
    pub fn values(&self, piece: usize) -> Pointer {
        let at = self.starts[piece];
        self.parts[0].as_ref().map_or(0, |values| values.at(at))
    }

    /// Where the gradient of a piece is found on a tape.
    pub fn gradient_place(&self, piece: usize) -> GradientPlace {
        GradientPlace {
            handle: Arc::clone(&self.gradient),
            bytes: (self.starts[piece] * size_of::<f32>()) as u64,
        }
    }

    /// Writes one part of all models; for each model, the slices of each piece.
    pub fn write(&mut self, part: Part, models: &[Vec<Vec<&[f32]>>]) -> Result<(), CudaError> {
        let mut all = Vec::new();
        for (piece, &start) in self.starts.iter().enumerate() {
            all.resize(start, 0.0);
            for model in models {
                model[piece]
                    .iter()
                    .for_each(|slice| all.extend_from_slice(slice));
            }
        }
        let own = &mut self.parts[part as usize];
        match own {
            Some(own) => own.write(0, &all)?,
            None => {
                all.resize(self.gradient.len(), 0.0);
                *own = Some(Memory::of(&self.card, &all)?);
            }
        }
        Ok(())
    }

    /// Reads one part of the model in a row: `put` receives each piece. Nothing where the part does not exist.
    pub fn read(
        &self,
        part: Part,
        row: usize,
        mut put: impl FnMut(usize, &[f32]),
    ) -> Result<(), CudaError> {
        let Some(own) = &self.parts[part as usize] else {
            return Ok(());
        };
        for (index, piece) in self.pieces.iter().enumerate() {
            let start = self.starts[index] + row * piece.length;
            put(index, &own.read_range(start..start + piece.length)?);
        }
        Ok(())
    }

    /// Adds the squares of each model's gradient to `totals` `[models of the group]`.
    pub fn add_squares(
        &self,
        gradients: &mut Gradients,
        totals: &Memory<f64>,
    ) -> Result<(), CudaError> {
        if self.length == 0 {
            return Ok(());
        }
        let (rows, gradient) = (self.models, self.gradient.gradient(gradients)?);
        let mut length = self.length.div_ceil(SUMMED_BY_THREAD);
        let mut sums = Memory::<f64>::new(&self.card, rows * length)?;
        self.card.launch(
            "squares",
            (length, rows),
            arguments![
                of sums, at gradient, of self.before, of self.places, int self.pieces.len(), int self.length, int length,
            ],
        )?;
        while length > SUMMED_BY_THREAD {
            let fewer = length.div_ceil(SUMMED_BY_THREAD);
            let to = Memory::new(&self.card, rows * fewer)?;
            self.card.launch(
                "fewer_sums",
                (fewer, rows),
                arguments![of to, of sums, int length, int fewer],
            )?;
            (sums, length) = (to, fewer);
        }
        self.card.launch(
            "add_sums",
            (rows, 1),
            arguments![of totals, of sums, of self.which, int rows, int length],
        )
    }

    /// Makes room for what the optimiser of `step` remembers; later, [`Self::update`] needs no more memory.
    pub fn prepare(&mut self, step: &Step) -> Result<(), CudaError> {
        if step.has_second_moment() && self.parts[2].is_none() {
            self.parts[2] = Some(Memory::zeros(&self.card, self.gradient.len())?);
        }
        Ok(())
    }

    /// Replaces arrays that are measured, not learned, after [`Self::update`]: the optimiser has nothing to do with them.
    pub fn keep_measured(
        &mut self,
        measured: &[Measured],
        alive: &Memory<i32>,
    ) -> Result<(), CudaError> {
        for Measured { piece, values } in measured {
            let (start, length) = (self.starts[*piece], self.pieces[*piece].length);
            let place = |part: &Option<Memory>| part.as_ref().map_or(0, |own| own.at(start));
            let [own, first, second] = &self.parts;
            self.card.launch(
                "keep_measured",
                (length, self.models),
                arguments![
                    at place(own), at place(first), at place(second), of values, int length, of self.which, of alive,
                ],
            )?;
        }
        Ok(())
    }

    /// Moves every value by the optimiser of `step`, for which [`Self::prepare`] has made room; its numbers are those of `step_parameters`.
    pub fn update(
        &mut self,
        step: &Step,
        gradients: &mut Gradients,
        step_parameters: &StepParameters<'_>,
    ) -> Result<(), CudaError> {
        if self.length == 0 {
            return Ok(());
        }
        let gradient = self.gradient.gradient(gradients)?;
        let place = |part: &Option<Memory>| part.as_ref().map_or(0, |own| own.at(0));
        let [values, first, second] = &self.parts;
        let mut own: Vec<Argument> = arguments![at place(values), at place(first)].to_vec();
        if step.has_second_moment() {
            own.extend(arguments![at place(second)]);
        }
        let name = step.kernel().unwrap_or_else(|| {
            unreachable!("trainings whose optimiser has no kernel are refused on a device")
        });
        own.extend(arguments![
            at gradient, of self.before, of self.places, int self.pieces.len(), int self.length, of self.which,
            of step_parameters.rates, of step_parameters.scales, of step_parameters.alive,
        ]);
        self.card.launch(name, (self.length, self.models), &own)
    }
}
