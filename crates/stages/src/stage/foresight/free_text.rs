//! Whether the values of a label or a column are free text rather than categories.

/// Fewer values than this may be once each without anybody having taken text for a category.
const FEW_VALUES: usize = 30;

/// Whether values with so many that occur once are rather text than categories.
pub fn is_like_text(values: usize, once: usize) -> bool {
    values > FEW_VALUES && 2 * once > values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_that_occur_once_are_text() {
        assert!(is_like_text(400, 380) && is_like_text(31, 16));
        assert!(!is_like_text(30, 30) && !is_like_text(400, 100));
    }
}
