//! The list of all schedules.

use super::kind::ScheduleKind;

/// Every schedule, in the order in which `pipe schema` lists them; the first is the default.
pub const SCHEDULES: &[ScheduleKind] = &[
    super::constant::KIND,
    super::step::KIND,
    super::cosine::KIND,
];
