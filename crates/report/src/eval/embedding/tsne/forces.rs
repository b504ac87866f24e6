//! The gradient of the map, as exact sums over all pairs.

use pipe_foundation::Workers;
use pipe_foundation::exact;
use pipe_foundation::vectorised;

const WIDTH: usize = 8;
/// Rows of one task.
const ROWS: usize = 64;

/// Sums over all partners of one point.
#[derive(Clone, Copy, Default)]
struct Sums {
    /// Attraction: affinity times kernel times difference.
    pull: [f32; 2],
    /// Repulsion: squared kernel times difference.
    push: [f32; 2],
    /// Kernels, the point's own 1 included.
    kernels: f64,
}

/// The derivative of the divergence by each place (van der Maaten and Hinton 2008, equation 5):
/// `4 sum_j (e p_ij - q_ij) (y_i - y_j) / (1 + |y_i - y_j|²)`, where e exaggerates the affinities.
pub(super) fn gradient(
    affinities: &[f32],
    x: &[f32],
    y: &[f32],
    exaggeration: f32,
    workers: &Workers,
) -> Vec<[f32; 2]> {
    let count = x.len();
    let mut sums = vec![Sums::default(); count];
    let mut tasks: Vec<&mut [Sums]> = sums.chunks_mut(ROWS).collect();
    workers.for_each(&mut tasks, |index, sums| {
        all_pairs(
            &affinities[index * ROWS * count..],
            x,
            y,
            index * ROWS,
            sums,
        );
    });
    let total = total(&sums) as f32;
    sums.iter()
        .map(|Sums { pull, push, .. }| {
            std::array::from_fn(|axis| 4.0 * (exaggeration * pull[axis] - push[axis] / total))
        })
        .collect()
}

/// The sum of the kernels of all pairs of different points.
fn total(sums: &[Sums]) -> f64 {
    let own = sums.len() as f64;
    (sums.iter().map(|sums| sums.kernels).sum::<f64>() - own).max(f64::MIN_POSITIVE)
}

/// The divergence `sum_ij p_ij ln(p_ij / q_ij)` of the map from the affinities, in nats.
pub(super) fn divergence(affinities: &[f32], x: &[f32], y: &[f32], workers: &Workers) -> f64 {
    let count = x.len();
    let mut sums = vec![(Sums::default(), 0.0f64); count];
    let mut tasks: Vec<&mut [(Sums, f64)]> = sums.chunks_mut(ROWS).collect();
    workers.for_each(&mut tasks, |index, sums| {
        for (r, (pairs, divergence)) in sums.iter_mut().enumerate() {
            let i = index * ROWS + r;
            let row = &affinities[i * count..][..count];
            let mut one = [Sums::default()];
            all_pairs(row, x, y, i, &mut one);
            *pairs = one[0];
            for (j, &p) in row.iter().enumerate().filter(|(_, p)| **p > 0.0) {
                let (dx, dy) = (f64::from(x[i] - x[j]), f64::from(y[i] - y[j]));
                let p = f64::from(p);
                *divergence += p * exact::ln(p * (1.0 + dx * dx + dy * dy));
            }
        }
    });
    let kernels: Vec<Sums> = sums.iter().map(|sums| sums.0).collect();
    let mass: f64 = affinities.iter().map(|&p| f64::from(p)).sum();
    sums.iter().map(|sums| sums.1).sum::<f64>() + mass * exact::ln(total(&kernels))
}

vectorised! {
    fn all_pairs / portable_pairs(affinities: &[f32], x: &[f32], y: &[f32], first: usize, out: &mut [Sums]) {
        let count = x.len();
        for (r, out) in out.iter_mut().enumerate() {
            *out = of_point(&affinities[r * count..][..count], x, y, first + r);
        }
    }
}

#[inline(always)]
fn of_point(affinities: &[f32], x: &[f32], y: &[f32], own: usize) -> Sums {
    let (own_x, own_y) = (x[own], y[own]);
    let mut sums = [[0.0f32; WIDTH]; 5];
    let mut kernels = 0.0f64;
    let (p_lanes, p_rest) = affinities.as_chunks::<WIDTH>();
    let (x_lanes, x_rest) = x.as_chunks::<WIDTH>();
    let (y_lanes, y_rest) = y.as_chunks::<WIDTH>();
    let mut add = |p: &[f32; WIDTH], x: &[f32; WIDTH], y: &[f32; WIDTH], valid: &[f32; WIDTH]| {
        let [pull_x, pull_y, push_x, push_y, kernel_sum] = &mut sums;
        for lane in 0..WIDTH {
            let (dx, dy) = (own_x - x[lane], own_y - y[lane]);
            let kernel = valid[lane] / (1.0 + dx * dx + dy * dy);
            let pull = p[lane] * kernel;
            let push = kernel * kernel;
            pull_x[lane] += pull * dx;
            pull_y[lane] += pull * dy;
            push_x[lane] += push * dx;
            push_y[lane] += push * dy;
            kernel_sum[lane] += kernel;
        }
    };
    for ((p, x), y) in p_lanes.iter().zip(x_lanes).zip(y_lanes) {
        add(p, x, y, &[1.0; WIDTH]);
    }
    if !p_rest.is_empty() {
        let padded = |rest: &[f32]| {
            let mut lanes = [0.0f32; WIDTH];
            lanes[..rest.len()].copy_from_slice(rest);
            lanes
        };
        let valid: [f32; WIDTH] =
            std::array::from_fn(|lane| f32::from(u8::from(lane < p_rest.len())));
        add(&padded(p_rest), &padded(x_rest), &padded(y_rest), &valid);
    }
    let fold = |lanes: &[f32; WIDTH]| lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>();
    kernels += fold(&sums[4]);
    Sums {
        pull: [fold(&sums[0]) as f32, fold(&sums[1]) as f32],
        push: [fold(&sums[2]) as f32, fold(&sums[3]) as f32],
        kernels,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn portable_and_dispatched_sums_have_the_same_bits() {
        let count = 77;
        let value = |i: usize, k: usize| ((i * k) % 101) as f32 / 50.0 - 1.0;
        let x: Vec<f32> = (0..count).map(|i| value(i, 7919)).collect();
        let y: Vec<f32> = (0..count).map(|i| value(i, 104_729)).collect();
        let p: Vec<f32> = (0..count * count).map(|i| value(i, 31).abs()).collect();
        let (mut fast, mut plain) = (vec![Sums::default(); count], vec![Sums::default(); count]);
        all_pairs(&p, &x, &y, 0, &mut fast);
        portable_pairs(&p, &x, &y, 0, &mut plain);
        for (fast, plain) in fast.iter().zip(&plain) {
            assert_eq!(
                (fast.pull, fast.push, fast.kernels),
                (plain.pull, plain.push, plain.kernels)
            );
        }
    }
}
