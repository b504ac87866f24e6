//! Partial sums added up in a fixed order, so that every machine gets the same bits.

/// The sum of `N` partial sums, a power of two, always in the same tree: halves are added to each other.
#[inline(always)]
pub fn tree_sum<const N: usize>(mut sums: [f32; N]) -> f32 {
    let mut width = N / 2;
    while width > 0 {
        for i in 0..width {
            sums[i] += sums[i + width];
        }
        width /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_added_to_each_other() {
        let one = f32::EPSILON / 2.0;
        // Alone, either of the small numbers would be lost beside 1.
        assert_eq!(tree_sum([1.0, one, 0.0, one]), 1.0 + 2.0 * one);
        assert_eq!(tree_sum([1.0, one, one, 0.0]), 1.0);
    }
}
