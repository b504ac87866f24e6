//! Silhouettes: how much closer a point is to its own group than to the next one.

use pipe_foundation::Workers;

use super::{EmbeddingError, Points, distances};

/// Rows of one task.
const ROWS: usize = 16;

/// The mean silhouette (Rousseeuw 1987) for each grouping of the same points, in -1..=1.
///
/// `groupings` give each point its group, counted from 0, or none where it has none; such points are left out of that
/// grouping. A point alone in its group counts 0, as do points that all coincide. A grouping has no value where its
/// points make fewer than two groups or all stand alone. Distances are Euclidean and computed once for all groupings.
/// Agrees with scikit-learn's `silhouette_score`.
///
/// # Errors
/// [`EmbeddingError::Stopped`] once `stop` returns true.
pub fn silhouettes(
    points: &Points,
    groupings: &[Vec<Option<usize>>],
    workers: &Workers,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<Option<f64>>, EmbeddingError> {
    let rows = points.rows();
    let sizes: Vec<Vec<u32>> = groupings.iter().map(|groups| sizes(groups)).collect();
    struct Task {
        first: usize,
        sums: Vec<f64>,
    }
    let mut tasks: Vec<Task> = (0..rows)
        .step_by(ROWS)
        .map(|first| Task {
            first,
            sums: Vec::new(),
        })
        .collect();
    workers.for_each(&mut tasks, |_, task| {
        if stop() {
            return;
        }
        let count = ROWS.min(rows - task.first);
        let mut near = vec![0.0f32; count * rows];
        distances::squared(points, task.first, &mut near);
        near.iter_mut().for_each(|value| *value = value.sqrt());
        task.sums = groupings
            .iter()
            .zip(&sizes)
            .map(|(groups, sizes)| {
                near.chunks_exact(rows)
                    .enumerate()
                    .filter_map(|(r, near)| {
                        Some(of_point(groups[task.first + r]?, near, groups, sizes))
                    })
                    .sum()
            })
            .collect();
    });
    if stop() {
        return Err(EmbeddingError::Stopped);
    }
    Ok(sizes
        .iter()
        .enumerate()
        .map(|(which, sizes)| {
            let known: u32 = sizes.iter().sum();
            let groups = sizes.iter().filter(|size| **size > 0).count();
            let sum: f64 = tasks.iter().map(|task| task.sums[which]).sum();
            (groups >= 2 && groups < known as usize).then(|| sum / f64::from(known))
        })
        .collect())
}

fn sizes(groups: &[Option<usize>]) -> Vec<u32> {
    let mut sizes = vec![0; groups.iter().flatten().max().map_or(0, |last| last + 1)];
    groups.iter().flatten().for_each(|&group| sizes[group] += 1);
    sizes
}

fn of_point(own: usize, near: &[f32], groups: &[Option<usize>], sizes: &[u32]) -> f64 {
    if sizes[own] < 2 {
        return 0.0;
    }
    let mut sums = vec![0.0f64; sizes.len()];
    for (group, &distance) in groups.iter().zip(near) {
        if let Some(group) = *group {
            sums[group] += f64::from(distance);
        }
    }
    // The distance to itself is 0.
    let within = sums[own] / f64::from(sizes[own] - 1);
    let between = sums
        .iter()
        .zip(sizes)
        .enumerate()
        .filter(|(group, (_, size))| *group != own && **size > 0)
        .map(|(_, (sum, size))| sum / f64::from(*size))
        .fold(f64::INFINITY, f64::min);
    let larger = within.max(between);
    if larger > 0.0 && larger.is_finite() {
        (between - within) / larger
    } else {
        0.0
    }
}
