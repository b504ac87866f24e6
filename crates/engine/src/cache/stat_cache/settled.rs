//! When the times of a file say that its content is still the one that was read, and when they cannot.

/// Local file systems take times from a clock that ticks every few milliseconds.
const FINE_NS: i64 = 20_000_000;
/// The longest step in which file systems with coarse times count: 2 s on FAT, 1 s on HFS+, ext3 and many servers.
const COARSE_NS: i64 = 2_000_000_000;
/// Times that coarse file systems give are multiples of this: of 10 ms on exFAT, of a second on most.
const COARSE_UNIT_NS: i64 = 10_000_000;
/// How much the clock of a file server may differ from that of this machine, where it is not known.
const SKEW_NS: i64 = 600_000_000_000;

/// Times of a file in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When its content was last changed, as far as programs say the truth.
    pub modified_ns: i64,
    /// When anything of it was last changed, by the clock of its file system.
    pub changed_ns: i64,
}

/// When a file was read, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Before its content was read, by the clock of this machine.
    pub now_ns: i64,
    /// When the file was first met with these times, by the same clock; `now_ns` when that is now.
    pub first_met_ns: i64,
    /// A bound on what the clock of its file system said at `now_ns`: it was this late or later. None where that
    /// clock is not known.
    pub there_ns: Option<i64>,
}

impl Times {
    /// The later one.
    pub fn latest_ns(&self) -> i64 {
        self.modified_ns.max(self.changed_ns)
    }

    /// The step in which these times count, as far as they show it.
    fn step_ns(&self) -> i64 {
        // Programs may set the other time to whole seconds on any file system.
        match self.changed_ns % COARSE_UNIT_NS {
            0 => COARSE_NS,
            _ => FINE_NS,
        }
    }

    /// True when whatever is written after the reading gets other times, so that content and times can be remembered
    /// as belonging together.
    ///
    /// Within a step of the clock, a file can be written, read, and written again with the same times. Either the
    /// times are older than the reading by more than a step; or a file with these times was met more than a step
    /// earlier, which needs no agreement between the two clocks. Times in the future say nothing.
    pub fn are_settled(&self, reading: &Reading) -> bool {
        let Reading {
            now_ns,
            first_met_ns,
            there_ns,
        } = *reading;
        let latest_ns = self.latest_ns();
        if latest_ns > there_ns.unwrap_or(now_ns) {
            return false;
        }
        let surely_ns = there_ns.unwrap_or(now_ns.saturating_sub(SKEW_NS));
        let step_ns = self.step_ns();
        surely_ns.saturating_sub(latest_ns) > step_ns
            || now_ns.saturating_sub(first_met_ns) > step_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: i64 = 1_000_000_000;
    /// A time in whole seconds.
    const WHOLE_NS: i64 = 1_800_000_000 * SECOND_NS;
    /// A time that a fine clock gave.
    const ODD_NS: i64 = WHOLE_NS + 123_456_789;

    fn times(changed_ns: i64) -> Times {
        Times {
            modified_ns: changed_ns,
            changed_ns,
        }
    }

    /// Whether times are settled when the file is read so much later by the clock of its file system.
    fn after(changed_ns: i64, later_ns: i64) -> bool {
        let now_ns = changed_ns + later_ns;
        times(changed_ns).are_settled(&Reading {
            now_ns,
            first_met_ns: now_ns,
            there_ns: Some(now_ns),
        })
    }

    #[test]
    fn fine_times_settle_within_ticks_and_whole_seconds_within_two() {
        assert!(!after(ODD_NS, 0));
        assert!(!after(ODD_NS, FINE_NS));
        assert!(after(ODD_NS, FINE_NS + 1));
        for coarse in [WHOLE_NS, WHOLE_NS + 510_000_000] {
            assert!(!after(coarse, FINE_NS + 1));
            assert!(!after(coarse, 2 * SECOND_NS));
            assert!(after(coarse, 2 * SECOND_NS + 1));
        }
    }

    #[test]
    fn a_program_that_sets_whole_seconds_does_not_make_a_file_system_coarse() {
        let now_ns = ODD_NS + SECOND_NS;
        let copied = Times {
            modified_ns: WHOLE_NS - 500 * SECOND_NS,
            changed_ns: ODD_NS,
        };
        assert!(copied.are_settled(&Reading {
            now_ns,
            first_met_ns: now_ns,
            there_ns: Some(now_ns),
        }));
    }

    #[test]
    fn times_in_the_future_are_never_settled() {
        for there_ns in [Some(ODD_NS - 1), None] {
            assert!(!times(ODD_NS).are_settled(&Reading {
                now_ns: ODD_NS - 1,
                first_met_ns: ODD_NS - 1000 * SECOND_NS,
                there_ns,
            }));
        }
        let set_ahead = Times {
            modified_ns: ODD_NS + 3600 * SECOND_NS,
            changed_ns: ODD_NS,
        };
        assert!(!set_ahead.are_settled(&Reading {
            now_ns: ODD_NS + 10 * SECOND_NS,
            first_met_ns: ODD_NS,
            there_ns: Some(ODD_NS + 10 * SECOND_NS),
        }));
    }

    #[test]
    fn a_server_whose_clock_is_behind_is_not_believed_at_once() {
        // The file was written half a minute of the server's clock ago, which may be this very moment.
        let now_ns = WHOLE_NS + 30 * SECOND_NS;
        let met = |first_met_ns: i64| Reading {
            now_ns,
            first_met_ns,
            there_ns: None,
        };
        assert!(!times(WHOLE_NS).are_settled(&met(now_ns)));
        assert!(!times(WHOLE_NS).are_settled(&met(now_ns - 2 * SECOND_NS)));
        assert!(times(WHOLE_NS).are_settled(&met(now_ns - 3 * SECOND_NS)));
        // By the server's own clock it is new.
        assert!(!times(WHOLE_NS).are_settled(&Reading {
            there_ns: Some(WHOLE_NS + SECOND_NS),
            ..met(now_ns)
        }));
        let old = times(now_ns - 603 * SECOND_NS);
        assert!(old.are_settled(&met(now_ns)));
    }

    #[test]
    fn a_clock_set_back_between_two_readings_settles_nothing() {
        assert!(!times(WHOLE_NS).are_settled(&Reading {
            now_ns: WHOLE_NS + SECOND_NS,
            first_met_ns: WHOLE_NS + 3600 * SECOND_NS,
            there_ns: None,
        }));
    }
}
