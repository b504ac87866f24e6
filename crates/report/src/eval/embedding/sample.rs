//! A smaller set of utterances with the proportions of the larger one.

/// At most `most` of the positions `0..strata.len()`, in rising order.
///
/// Positions are sorted by stratum, within one by a hash of `seed` and name, and every so-manieth is taken: each
/// stratum keeps its share to within one, and neither order nor threads matter.
pub fn stratified<S: Ord>(strata: &[S], names: &[&str], most: usize, seed: u64) -> Vec<usize> {
    let count = strata.len().min(names.len());
    if count <= most {
        return (0..count).collect();
    }
    let mut order: Vec<(&S, [u8; 32], usize)> = (0..count)
        .map(|at| (&strata[at], rank(seed, names[at]), at))
        .collect();
    order.sort_unstable();
    let mut taken: Vec<usize> = (0..most)
        .filter_map(|place| {
            let at = (2 * place as u128 + 1) * count as u128 / (2 * most as u128);
            order.get(at as usize).map(|entry| entry.2)
        })
        .collect();
    taken.sort_unstable();
    taken
}

/// A number that orders names at random, the same on every machine.
pub(super) fn rank(seed: u64, name: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(name.as_bytes());
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_and_the_seed_decides() {
        let names: Vec<String> = (0..1000).map(|n| format!("u{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        // 10 %, 30 %, 60 %.
        let strata: Vec<usize> = (0..1000)
            .map(|n| [0, 1, 1, 1, 2, 2, 2, 2, 2, 2][n % 10])
            .collect();
        let taken = stratified(&strata, &names, 100, 1);
        let of = |stratum| taken.iter().filter(|at| strata[**at] == stratum).count();
        assert_eq!((of(0), of(1), of(2)), (10, 30, 60));
        assert!(taken.is_sorted());
        assert_eq!(taken, stratified(&strata, &names, 100, 1));
        assert_ne!(taken, stratified(&strata, &names, 100, 2));
        assert_eq!(stratified(&strata, &names, 2000, 1).len(), 1000);
    }
}
