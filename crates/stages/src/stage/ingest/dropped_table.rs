//! What was left out of a listing, as a table for people.

use pipe_foundation::spreadsheet::guarded;
use pipe_speech::corpus::Dropped;

/// What was left out and why, one a line, separated by tabs.
pub fn dropped_table(dropped: &[Dropped]) -> String {
    let mut text = String::from("what\treason\n");
    for Dropped { what, reason, .. } in dropped {
        text.push_str(&format!(
            "{}\t{}\n",
            guarded(&what.replace(['\t', '\n'], " ")),
            guarded(&reason.replace(['\t', '\n'], " "))
        ));
    }
    text
}
