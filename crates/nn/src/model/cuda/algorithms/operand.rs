//! A batch of matrices as cublasLt sees them, and which batches are of one kind.

use crate::model::cuda::Pointer;

/// Alignment that loads of four values need, in bytes.
const ALIGNMENT: usize = 16;
/// Sizes up to this one count as they are; larger ones in eighths of a power of two, since batches differ in frames.
const EXACT: usize = 256;

/// A batch of matrices as cublasLt sees them, column by column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operand {
    pub start: Pointer,
    pub rows: usize,
    pub columns: usize,
    /// Values from one column to the next.
    pub leading: usize,
    /// Values from one matrix to the next.
    pub stride: usize,
    pub transposed: bool,
    /// Whether every matrix and column begins at a multiple of 16 bytes, where four values can be loaded at once, however
    /// many models there are: places of models differ by multiples of these sizes.
    pub aligned_16: bool,
}

/// Whether what begins at `start`, and everything a multiple of these steps after it, begins at multiples of 16
/// bytes.
pub fn is_aligned_16(start: Pointer, steps: [usize; 2]) -> bool {
    let steps = steps.map(|values| values * size_of::<f32>());
    [start as usize, steps[0], steps[1]]
        .iter()
        .all(|at| at.is_multiple_of(ALIGNMENT))
}

impl Operand {
    /// With sizes by class, at no place: what an algorithm is chosen for.
    pub(super) fn kind(&self) -> Self {
        let (rows, columns) = (size_class(self.rows), size_class(self.columns));
        let leading = self.leading.max(rows);
        Self {
            rows,
            columns,
            leading,
            stride: columns * leading,
            ..self.placeless()
        }
    }

    /// The same with the very sizes. Which matrices share memory, and so how far apart they are, differs from call to
    /// call; nothing is chosen by that.
    pub(super) fn sizes(&self) -> Self {
        Self {
            stride: self.columns * self.leading,
            ..self.placeless()
        }
    }

    /// What every matrix and column begins at a multiple of, in bytes.
    pub(super) fn alignment_bytes(&self) -> usize {
        if self.aligned_16 {
            ALIGNMENT
        } else {
            size_of::<f32>()
        }
    }

    /// At no place.
    pub(super) fn placeless(&self) -> Self {
        Self { start: 0, ..*self }
    }
}

/// The size that represents all that are about as large.
fn size_class(size: usize) -> usize {
    match size {
        0..=EXACT => size,
        _ => size.next_multiple_of(1 << (size.ilog2() - 3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_one_class_are_within_an_eighth() {
        assert_eq!([0, 1, 32, 255, 256].map(size_class), [0, 1, 32, 255, 256]);
        assert_eq!(size_class(257), 288);
        assert_eq!(size_class(1280), 1280);
        for size in (1..20_000).step_by(7) {
            let class = size_class(size);
            assert!(
                class >= size && 8 * (class - size) <= size,
                "{size}: {class}"
            );
            assert_eq!(size_class(class), class);
        }
    }

    #[test]
    fn a_kind_forgets_the_place_and_the_batch() {
        let operand = |start, columns, leading| Operand {
            start,
            rows: leading,
            columns,
            leading,
            stride: leading * columns,
            transposed: false,
            aligned_16: is_aligned_16(start, [leading, leading * columns]),
        };
        let kind = operand(4096, 5000, 64).kind();
        assert_eq!(kind, operand(1 << 20, 5100, 64).kind());
        assert_ne!(kind, operand(4096, 5000, 68).kind());
        assert_ne!(kind, operand(4100, 5000, 64).kind(), "four values at once");
        // Columns of odd length begin anywhere: then nothing counts on where the first one does.
        let odd = operand(4096, 5000, 63).kind();
        assert_eq!(odd, operand(4100, 5000, 63).kind());
        assert!(!odd.aligned_16);
        // Sizes of the operands of a product fit together, whatever their columns are padded to.
        let long = operand(0, 600, 1000).kind();
        assert_eq!((long.rows, long.leading), (1024, 1024));
    }
}
