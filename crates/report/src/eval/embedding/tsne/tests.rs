//! Rules that every map keeps.

use super::super::Points;
use super::*;

/// `clusters` clusters of `size` points far apart in ten dimensions.
fn clusters(clusters: usize, size: usize) -> Points {
    let noise = |i: usize| ((i * 7919 + 13) % 1009) as f32 / 1009.0 - 0.5;
    let values = (0..clusters * size * 10)
        .map(|at| {
            let (point, dimension) = (at / 10, at % 10);
            let home = if dimension == point / size { 8.0 } else { 0.0 };
            home + noise(at * at % 4001 + at)
        })
        .collect();
    Points::new(10, values).unwrap()
}

fn map(points: &Points, tsne: Tsne, threads: usize) -> TsneMap {
    let workers = Workers::new(threads).unwrap();
    tsne.map(points, &workers, &|| false, &|_, _| ()).unwrap()
}

#[test]
fn every_row_has_the_wanted_perplexity() {
    let points = clusters(3, 40);
    let mut distances = vec![0.0; 120 * 120];
    super::super::distances::squared(&points, 0, &mut distances);
    for perplexity in [2.0, 5.0, 30.0, 39.0] {
        for (own, row) in distances.chunks_exact(120).enumerate() {
            let mut row = row.to_vec();
            affinities::calibrate(&mut row, own, perplexity);
            let entropy: f64 = row
                .iter()
                .filter(|p| **p > 0.0)
                .map(|&p| -f64::from(p) * f64::from(p).ln())
                .sum();
            assert!(
                (entropy.exp() / perplexity - 1.0).abs() < 1e-4,
                "{own}: {}",
                entropy.exp()
            );
            let sum: f32 = row.iter().sum();
            assert!((sum - 1.0).abs() < 1e-5 && row[own] == 0.0);
        }
    }
}

#[test]
fn coinciding_points_share_alike() {
    let points = Points::new(2, vec![1.0; 60]).unwrap();
    let mut row = vec![0.0; 30];
    affinities::calibrate(&mut row, 4, 5.0);
    assert!(row.iter().enumerate().all(|(at, p)| if at == 4 {
        *p == 0.0
    } else {
        (p - 1.0 / 29.0).abs() < 1e-6
    }));
    let found = map(
        &points,
        Tsne {
            perplexity: 5.0,
            steps: 300,
            seed: 1,
        },
        1,
    );
    assert!(found.places.iter().flatten().all(|place| place.is_finite()));
}

#[test]
fn the_gradient_is_that_of_finite_differences() {
    let points = clusters(3, 7);
    let workers = Workers::new(1).unwrap();
    let affinities = affinities::symmetric(&points, 5.0, &workers, &|| false).unwrap();
    let sum: f32 = affinities.iter().sum();
    assert!((sum - 1.0).abs() < 1e-5);
    let place = |i: usize, k: usize| ((i * k) % 23) as f32 / 4.0 - 2.5;
    let x: Vec<f32> = (0..21).map(|i| place(i, 7)).collect();
    let y: Vec<f32> = (0..21).map(|i| place(i, 11)).collect();
    let gradient = forces::gradient(&affinities, &x, &y, 1.0, &workers);
    for (i, slopes) in gradient.iter().enumerate() {
        for (axis, found) in slopes.iter().enumerate() {
            let value = |step: f32| {
                let (mut x, mut y) = (x.clone(), y.clone());
                if axis == 0 {
                    x[i] += step
                } else {
                    y[i] += step
                }
                forces::divergence(&affinities, &x, &y, &workers)
            };
            let slope = (value(0.01) - value(-0.01)) / 0.02;
            let found = f64::from(*found);
            assert!(
                (slope - found).abs() < 1e-4 + 0.01 * found.abs(),
                "{i} {axis}: {slope} and {found}"
            );
        }
    }
}

#[test]
fn the_divergence_falls_and_clusters_stay_apart() {
    let found = map(
        &clusters(4, 30),
        Tsne {
            perplexity: 10.0,
            ..Tsne::default()
        },
        2,
    );
    let late = &found.course[5..];
    assert!(
        late.windows(2).all(|pair| pair[1] <= pair[0] + 1e-3),
        "{late:?}"
    );
    assert!(
        found.divergence < 0.7 * found.course[0],
        "{:?}",
        found.course
    );
    // The nearest neighbour of every point is of its own cluster.
    for (i, own) in found.places.iter().enumerate() {
        let nearest = (0..120).filter(|&j| j != i).min_by(|&a, &b| {
            let far = |j: usize| (found.places[j][0] - own[0]).hypot(found.places[j][1] - own[1]);
            far(a).total_cmp(&far(b))
        });
        assert_eq!(nearest.map(|j| j / 30), Some(i / 30), "{i}");
    }
}

#[test]
fn threads_do_not_matter_and_the_seed_does() {
    let points = clusters(3, 50);
    let tsne = Tsne {
        perplexity: 10.0,
        steps: 300,
        seed: 1,
    };
    let found = map(&points, tsne, 1);
    assert_eq!(found, map(&points, tsne, 4));
    assert_ne!(found, map(&points, Tsne { seed: 2, ..tsne }, 1));
}

#[test]
fn too_few_points_are_refused_with_the_largest_perplexity() {
    let points = clusters(2, 10);
    let workers = Workers::new(1).unwrap();
    let refused = Tsne::default().map(&points, &workers, &|| false, &|_, _| ());
    assert_eq!(
        refused.unwrap_err().to_string(),
        "perplexity 30 is too large for 20 utterances; the maximum is 6.3"
    );
    let stopped = Tsne {
        perplexity: 5.0,
        ..Tsne::default()
    }
    .map(&points, &workers, &|| true, &|_, _| ());
    assert!(matches!(stopped, Err(EmbeddingError::Stopped)));
}
