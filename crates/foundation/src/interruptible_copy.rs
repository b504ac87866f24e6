//! Copying what may be long, unless the user asks to stop.

use std::io::{Error, ErrorKind, Read, Result, Write};

use crate::progress::Interrupted;

/// So much is copied at once.
const BLOCK_BYTES: usize = 1 << 20;

/// Copies all that `reader` gives to `writer`, and asks before each MiB whether it is `interrupted`; gives the number of
/// bytes.
///
/// # Errors
/// Whatever reading or writing returns; also once interrupted.
pub fn copy_unless(
    reader: &mut dyn Read,
    writer: &mut dyn Write,
    interrupted: &dyn Fn() -> bool,
) -> Result<u64> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut copied = 0;
    loop {
        if interrupted() {
            return Err(Error::other(Interrupted));
        }
        match reader.read(&mut block) {
            Ok(0) => return Ok(copied),
            Ok(count) => {
                writer.write_all(&block[..count])?;
                copied += count as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_copy_is_whole_or_ends_between_blocks() {
        let content = vec![7; 3 * BLOCK_BYTES + 1];
        let mut copy = Vec::new();
        let count = copy_unless(&mut &content[..], &mut copy, &|| false);
        assert_eq!(
            (count.unwrap(), copy == content),
            (3 * BLOCK_BYTES as u64 + 1, true)
        );
        let looks = Cell::new(0);
        let third = || looks.replace(looks.get() + 1) == 2;
        let mut copy = Vec::new();
        let error = copy_unless(&mut &content[..], &mut copy, &third).unwrap_err();
        assert!(Interrupted::is_cause_of(&error));
        assert_eq!(copy.len(), 2 * BLOCK_BYTES);
    }
}
