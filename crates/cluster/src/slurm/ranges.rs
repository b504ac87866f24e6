//! Numbers of tasks as Slurm writes them.

use std::collections::BTreeMap;

/// Numbers as `--array` takes them: `0-3,7`.
pub fn ranges(numbers: &[u32]) -> String {
    let mut ranges: BTreeMap<u32, u32> = BTreeMap::new();
    let mut start = None;
    for &number in numbers {
        match start {
            Some(first) if ranges.get(&first) == Some(&(number.wrapping_sub(1))) => {
                ranges.insert(first, number);
            }
            _ => {
                start = Some(number);
                ranges.insert(number, number);
            }
        }
    }
    let words = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    words.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_tasks_are_written_as_ranges() {
        assert_eq!(ranges(&[0]), "0");
        assert_eq!(ranges(&[0, 1, 2, 3, 7, 9, 10]), "0-3,7,9-10");
    }
}
