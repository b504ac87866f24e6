//! The right side of a product, packed into panels of 16 columns.

use std::ops::Range;

use crate::Buffer;

/// Columns of a panel: two AVX2 registers.
pub(super) const PANEL: usize = 16;

/// A matrix `[depth, columns]` stored panel by panel, each panel `[depth, 16]`, the last one filled with zeros.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    depth: usize,
    columns: usize,
    values: Buffer,
}

impl Packed {
    /// Packs the matrix whose value (d, c) is `source[d * depth_stride + c * column_stride]`, reusing memory.
    ///
    /// # Panics
    /// Where `source` is too short, which is an error of the caller.
    pub fn pack(
        &mut self,
        source: &[f32],
        depth: usize,
        columns: usize,
        depth_stride: usize,
        column_stride: usize,
    ) {
        let panels = columns.div_ceil(PANEL);
        self.depth = depth;
        self.columns = columns;
        self.values.resize(panels * PANEL * depth);
        if depth == 0 || columns == 0 {
            return;
        }
        assert!((depth - 1) * depth_stride + (columns - 1) * column_stride < source.len());
        for (index, panel) in self.values.chunks_exact_mut(PANEL * depth).enumerate() {
            let first = index * PANEL;
            let width = PANEL.min(columns - first);
            let (rows, _) = panel.as_chunks_mut::<PANEL>();
            for (d, row) in rows.iter_mut().enumerate() {
                let start = d * depth_stride + first * column_stride;
                if column_stride == 1 && width == PANEL {
                    row.copy_from_slice(&source[start..start + PANEL]);
                } else {
                    for (c, value) in row.iter_mut().enumerate() {
                        *value = if c < width {
                            source[start + c * column_stride]
                        } else {
                            0.0
                        };
                    }
                }
            }
        }
    }

    /// Some of the columns, as a right side of its own.
    ///
    /// # Panics
    /// Where the range does not begin at a multiple of 16 or ends beyond the matrix, an error of the caller.
    pub fn panels(&self, columns: Range<usize>) -> Panels<'_> {
        assert!(columns.start.is_multiple_of(PANEL) && columns.end <= self.columns);
        let first = columns.start * self.depth;
        let last = columns.end.next_multiple_of(PANEL) * self.depth;
        Panels {
            depth: self.depth,
            columns: columns.len(),
            values: &self.values[first..last],
        }
    }
}

/// Packed columns of a right side, borrowed.
#[derive(Clone, Copy)]
pub struct Panels<'a> {
    depth: usize,
    columns: usize,
    values: &'a [f32],
}

impl<'a> From<&'a Packed> for Panels<'a> {
    fn from(packed: &'a Packed) -> Self {
        packed.panels(0..packed.columns)
    }
}

impl<'a> Panels<'a> {
    /// Rows of the matrix.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Columns of the matrix.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Panels one after another.
    pub(super) fn values(&self) -> &'a [f32] {
        self.values
    }
}
