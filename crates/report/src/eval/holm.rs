//! Holm's correction of p-values for several comparisons.

/// Corrected p-values in the order of `p`, so that all at or below 0.05 together err in at most 5 % of studies.
///
/// S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979);
/// `statsmodels.stats.multitest.multipletests(p, method="holm")`. It needs no independence of the tests.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![0.0; p.len()];
    let mut largest: f64 = 0.0;
    for (rank, &index) in order.iter().enumerate() {
        largest = largest.max((p[index] * (p.len() - rank) as f64).min(1.0));
        corrected[index] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrected_values_keep_the_order_and_never_shrink() {
        assert_eq!(holm(&[]), Vec::<f64>::new());
        assert_eq!(holm(&[0.03]), [0.03]);
        assert_eq!(holm(&[0.5, 0.01, 0.9]), [1.0, 0.03, 1.0]);
        assert_eq!(holm(&[0.02, 0.02]), [0.04, 0.04]);
    }
}
