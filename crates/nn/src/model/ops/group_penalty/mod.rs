//! The frame of penalties on how the embeddings of groups of utterances differ, such as those of two corpora.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use std::collections::BTreeMap;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::tape_op::unary;

/// Rows that a group needs to be compared.
pub(super) const FEWEST: usize = 2;

/// Embeddings of one group, `[rows, width]` row-major.
pub(super) struct Group {
    pub width: usize,
    pub values: Vec<f64>,
}

impl Group {
    /// Number of embeddings.
    pub fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// The embeddings.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.width.max(1))
    }
}

/// How two groups differ.
pub(super) struct Difference {
    /// The penalty.
    pub value: f64,
    /// Its derivatives by the values of the first group, and by those of the second.
    pub slopes: [Vec<f64>; 2],
}

/// The mean of `compare` over all pairs of groups with at least [`FEWEST`] rows of embeddings `[rows, width]`; 0 where no two
/// groups have as many. Rows without a label belong to no group and receive no gradient.
///
/// # Errors
/// Where memory runs out.
pub(super) fn group_penalty<T: Tape<f32, Cpu>>(
    embeddings: Tensor<(usize, usize), f32, Cpu, T>,
    labels: &[Option<usize>],
    compare: impl Fn(&Group, &Group) -> Difference,
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    let width = embeddings.shape().1;
    let values = embeddings.as_vec();
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, label) in labels.iter().enumerate() {
        if let Some(label) = label {
            members.entry(*label).or_default().push(row);
        }
    }
    members.retain(|_, rows| rows.len() >= FEWEST);
    let groups: Vec<(Vec<usize>, Group)> = (members.into_values())
        .map(|rows| {
            let of_row = |&row: &usize| values[row * width..][..width].iter().copied();
            let values = rows.iter().flat_map(of_row).map(f64::from).collect();
            (rows, Group { width, values })
        })
        .collect();
    let pairs = groups.len() * groups.len().saturating_sub(1) / 2;
    let mut penalty = 0.0;
    let mut slope = vec![0.0; values.len()];
    for (at, first) in groups.iter().enumerate() {
        for second in &groups[at + 1..] {
            let found = compare(&first.1, &second.1);
            penalty += found.value / pairs as f64;
            for ((rows, _), slopes) in [first, second].into_iter().zip(&found.slopes) {
                for (&row, from) in rows.iter().zip(slopes.chunks_exact(width.max(1))) {
                    let to = &mut slope[row * width..][..width];
                    to.iter_mut()
                        .zip(from)
                        .for_each(|(sum, g)| *sum += g / pairs as f64);
                }
            }
        }
    }
    unary(
        embeddings,
        vec![penalty as f32],
        (),
        move |of_output, of_embeddings| {
            let scale = of_output.first().copied().unwrap_or_default();
            for (to, g) in of_embeddings.iter_mut().zip(&slope) {
                *to += scale * *g as f32;
            }
        },
    )
}

/// Finite differences and rows without group, the same for every such penalty.
#[cfg(test)]
pub(super) mod testing {
    use pipe_foundation::test_support::noise;

    use super::*;

    type Traced = Tensor<(usize, usize), f32, Cpu, OwnedTape<f32, Cpu>>;
    pub type Penalty = fn(
        Traced,
        &[Option<usize>],
    ) -> Result<Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>, CpuError>;

    /// Two groups of unlike sizes, and rows that belong to none.
    pub const LABELS: [Option<usize>; 9] = [
        Some(1),
        Some(0),
        None,
        Some(0),
        Some(1),
        Some(0),
        Some(0),
        None,
        Some(1),
    ];

    /// Penalty and gradient of embeddings with as many rows as labels.
    pub fn evaluate(penalty: Penalty, values: &[f32], labels: &[Option<usize>]) -> (f32, Vec<f32>) {
        let shape = (labels.len(), values.len() / labels.len());
        let x = Cpu::default().tensor_from_vec(values.to_vec(), shape);
        let found = penalty(x.leaky_trace(), labels).unwrap();
        let value = found.array();
        (value, found.backward().get(&x).as_vec())
    }

    /// Panics unless the penalty is that of `naive(first, second, width)` in double precision, and its gradient that of
    /// finite differences; `naive` gets what it may take for constant from the embeddings themselves first.
    #[track_caller]
    pub fn agrees_with_naive<C>(
        penalty: Penalty,
        constant: impl Fn(&[Vec<f64>], &[Vec<f64>]) -> C,
        naive: impl Fn(&[Vec<f64>], &[Vec<f64>], &C) -> f64,
    ) {
        for (seed, width) in [(1, 1), (2, 3), (3, 12)] {
            let values = noise(LABELS.len() * width, seed);
            let (value, gradient) = evaluate(penalty, &values, &LABELS);
            let group = |values: &[f64], label: usize| -> Vec<Vec<f64>> {
                let rows = values.chunks_exact(width).zip(&LABELS);
                let own = rows.filter(|(_, found)| **found == Some(label));
                own.map(|(row, _)| row.to_vec()).collect()
            };
            let mut wide: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
            let fixed = constant(&group(&wide, 0), &group(&wide, 1));
            let exact = |wide: &[f64]| naive(&group(wide, 0), &group(wide, 1), &fixed);
            let expected = exact(&wide);
            assert!((f64::from(value) - expected).abs() < 1e-6 * (1.0 + expected));
            for at in 0..wide.len() {
                let own = wide[at];
                wide[at] = own + 1e-5;
                let up = exact(&wide);
                wide[at] = own - 1e-5;
                let slope = (up - exact(&wide)) / 2e-5;
                wide[at] = own;
                let found = f64::from(gradient[at]);
                assert!((found - slope).abs() < 1e-6, "{at}: {found} {slope}");
            }
            let none = &gradient[2 * width..][..width];
            assert!(none.iter().all(|g| *g == 0.0));
        }
        let alone = evaluate(penalty, &noise(8, 4), &[Some(1), Some(1), None, Some(1)]);
        assert_eq!(alone, (0.0, vec![0.0; 8]));
        let blown = [f32::NAN; 4];
        let labels = [Some(0), Some(0), Some(1), Some(1)];
        assert!(evaluate(penalty, &blown, &labels).0.is_nan());
    }

    /// Panics unless three groups are the mean of their pairs.
    #[track_caller]
    pub fn is_the_mean_of_pairs(penalty: Penalty) {
        let values = noise(27, 6);
        let labels: [Option<usize>; 9] = std::array::from_fn(|row| Some(row % 3));
        let (found, gradient) = evaluate(penalty, &values, &labels);
        let (mut sum, mut slopes) = (0.0, vec![0.0; 27]);
        for left_out in 0..3 {
            let pair = labels.map(|label| label.filter(|label| *label != left_out));
            let (value, gradient) = evaluate(penalty, &values, &pair);
            sum += value / 3.0;
            slopes
                .iter_mut()
                .zip(gradient)
                .for_each(|(s, g)| *s += g / 3.0);
        }
        assert!((found - sum).abs() < 1e-6);
        assert!(
            gradient
                .iter()
                .zip(&slopes)
                .all(|(g, s)| (g - s).abs() < 1e-6)
        );
    }
}
