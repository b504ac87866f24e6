//! Writes those samples of a recording that stay.

use std::ops::Range;

use pipe_engine::artifact::ItemData;
use pipe_engine::stage::{ItemContext, ItemError};

use crate::items::{Audio, Samples, Spool};

/// The samples in `kept`, ranges in their order, joined to one recording.
///
/// # Errors
/// When a long recording cannot be read any more or what stays of it be written; also once the run is to stop.
pub fn keep(
    samples: &Samples<'_>,
    kept: Vec<Range<usize>>,
    context: &ItemContext<'_>,
) -> Result<Box<dyn ItemData>, ItemError> {
    let count: usize = kept.iter().map(Range::len).sum();
    let mut spool = Spool::new(count as u64, context.scratch)?;
    let (mut ranges, mut start) = (kept.into_iter().peekable(), 0);
    samples.each_block(context.progress, &mut |block| {
        let end = start + block.len();
        while let Some(range) = ranges.peek().filter(|range| range.start < end) {
            let within = range.start.max(start)..range.end.min(end);
            spool.push(&block[within.start - start..within.end - start])?;
            if range.end > end {
                break;
            }
            ranges.next();
        }
        start = end;
        Ok(())
    })?;
    Ok(Audio::of_values(spool.finish()?, samples.rate_hz()))
}
