//! What was last seen of many files, in little memory.

use std::collections::HashMap;

use super::seen::{LENGTH, PathName, Seen, decode, encode};

/// The records of a log, packed and in the order of the names, and what was learnt since.
#[derive(Default)]
pub struct SeenFiles {
    loaded: Vec<[u8; LENGTH]>,
    new: HashMap<PathName, Seen>,
}

impl SeenFiles {
    /// The last record of each name.
    pub fn new(mut records: Vec<[u8; LENGTH]>) -> Self {
        // Stable, so that of several with one name the last stays the last.
        records.sort_by_key(name_of);
        records.dedup_by(|later, earlier| {
            let is_same = name_of(later) == name_of(earlier);
            if is_same {
                *earlier = *later;
            }
            is_same
        });
        Self {
            loaded: records,
            new: HashMap::new(),
        }
    }

    /// How many were loaded.
    pub fn loaded(&self) -> usize {
        self.loaded.len()
    }

    /// What was last seen of the file with this name.
    pub fn get(&self, name: &PathName) -> Option<Seen> {
        if let Some(seen) = self.new.get(name) {
            return Some(*seen);
        }
        let at = self.place(name)?;
        decode(&self.loaded[at]).map(|(_, seen)| seen)
    }

    /// Remembers what is seen of a file.
    pub fn insert(&mut self, name: PathName, seen: Seen) {
        match self.place(&name) {
            Some(at) => self.loaded[at] = encode(name, &seen),
            None => {
                self.new.insert(name, seen);
            }
        }
    }

    /// Where the record of `name` is. Names are digests, so they are spread evenly: each guess lands close.
    fn place(&self, name: &PathName) -> Option<usize> {
        let wanted = position(name);
        let (mut low, mut high) = (0, self.loaded.len());
        let (mut least, mut most) = (0_u64, u64::MAX);
        while low < high {
            let span = u128::from(most - least) + 1;
            let part = u128::from(wanted.saturating_sub(least)) * (high - low) as u128 / span;
            let guess = (low + part as usize).min(high - 1);
            let found = name_of(&self.loaded[guess]);
            match found.cmp(name) {
                std::cmp::Ordering::Equal => return Some(guess),
                std::cmp::Ordering::Less => {
                    low = guess + 1;
                    least = position(&found);
                }
                std::cmp::Ordering::Greater => {
                    high = guess;
                    most = position(&found);
                }
            }
            if wanted < least || wanted > most {
                return None;
            }
        }
        None
    }
}

fn name_of(record: &[u8; LENGTH]) -> PathName {
    let mut name = [0; 16];
    name.copy_from_slice(&record[..16]);
    name
}

/// Where a name stands among all that there could be.
fn position(name: &PathName) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&name[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use pipe_foundation::Digest;

    use super::super::FileInfo;
    use super::super::settled::Times;
    use super::super::stat::Stat;
    use super::*;

    fn seen(bytes: u64) -> Seen {
        Seen {
            stat: Stat {
                inode: 1,
                bytes,
                times: Times {
                    modified_ns: 2,
                    changed_ns: 3,
                },
            },
            first_met_ns: 4,
            settled: true,
            info: FileInfo {
                digest: Digest::of(b"content"),
                measure: Some(0.5),
            },
        }
    }

    fn name(number: u32) -> PathName {
        let mut name = [0; 16];
        name.copy_from_slice(&Digest::of(&number.to_le_bytes()).0[..16]);
        name
    }

    #[test]
    fn every_name_is_found_with_its_last_record_and_no_other() {
        for count in [0, 1, 2, 3, 1000] {
            let record = |number: u32, bytes| encode(name(number), &seen(bytes));
            let mut records: Vec<_> = (0..count).map(|number| record(number, 0)).collect();
            records.extend(
                (0..count)
                    .rev()
                    .map(|number| record(number, u64::from(number))),
            );
            // Names that are not spread at all.
            let close: Vec<PathName> = (0..20_u8)
                .map(|last| [[7; 15].as_slice(), &[last]].concat().try_into().unwrap())
                .collect();
            records.extend(close.iter().map(|name| encode(*name, &seen(9))));
            records.push(encode([0; 16], &seen(1)));
            records.push(encode([255; 16], &seen(2)));
            let mut files = SeenFiles::new(records);
            assert_eq!(files.loaded(), count as usize + 22);
            for number in 0..count {
                assert_eq!(files.get(&name(number)), Some(seen(u64::from(number))));
            }
            assert!((count..count + 500).all(|number| files.get(&name(number)).is_none()));
            assert!(close.iter().all(|name| files.get(name) == Some(seen(9))));
            assert_eq!(files.get(&[0; 16]), Some(seen(1)));
            assert_eq!(files.get(&[255; 16]), Some(seen(2)));
            assert_eq!(
                files.get(&[7; 16]),
                Some(seen(9)).filter(|_| close.contains(&[7; 16]))
            );
            files.insert(name(count), seen(5));
            files.insert(close[3], seen(6));
            assert_eq!(files.get(&name(count)), Some(seen(5)));
            assert_eq!(files.get(&close[3]), Some(seen(6)));
        }
    }
}
