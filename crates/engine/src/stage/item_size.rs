//! How long the data of an item are, and how much of them is held, as far as that is known before they are made.

/// An estimate of what the data of one item take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemSize {
    /// Their length in bytes; 0 where that is little.
    pub bytes: u64,
    /// What of them is in memory, and what making them takes besides the input as it is.
    pub memory_bytes: u64,
}

impl ItemSize {
    /// Data that are held as a whole.
    pub fn held(bytes: u64) -> Self {
        Self {
            bytes,
            memory_bytes: bytes,
        }
    }

    /// As data that are made from all of `input` at once, which is held for it as a whole.
    pub fn with_all_of(self, input: Self) -> Self {
        let rest = input.bytes.saturating_sub(input.memory_bytes);
        Self {
            memory_bytes: self.memory_bytes.saturating_add(rest),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_held_of_the_input_counts_where_all_of_it_is_taken() {
        let long = ItemSize {
            bytes: 1000,
            memory_bytes: 8,
        };
        let made = ItemSize::held(10);
        assert_eq!(made.with_all_of(long).memory_bytes, 10 + 992);
        assert_eq!(made.with_all_of(long).bytes, 10);
        assert_eq!(made.with_all_of(ItemSize::held(1000)), made);
    }
}
