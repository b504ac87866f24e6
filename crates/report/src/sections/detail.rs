//! How much of a report is laid out.

/// How much of a report is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Everything.
    Full,
    /// The comparison of all variants; recalls and intervals of each test where variants are few.
    Brief,
}
