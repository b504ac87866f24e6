//! What a user says of their Slurm.

/// What a user says of their Slurm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlurmSettings {
    /// The partition of jobs.
    pub partition: Option<String>,
    /// The partition of jobs that ask for devices, where it is another.
    pub device_partition: Option<String>,
    /// The account that jobs are billed to.
    pub account: Option<String>,
    /// How devices are asked for, with `{devices}` for their number.
    pub gres: Option<String>,
    /// Tasks of an array that may be at work at once.
    pub at_once: Option<usize>,
    /// Further options of sbatch, as they stand after `#SBATCH`.
    pub sbatch: Vec<String>,
}

/// A time as sbatch takes it, in minutes, rounded up: `MINUTES`, `HOURS:MINUTES:SECONDS`, `DAYS-HOURS`,
/// `DAYS-HOURS:MINUTES` and so on; none where it is none.
pub fn minutes_of(time: &str) -> Option<u64> {
    let number = |text: &str| text.parse::<u64>().ok();
    let (days, rest) = match time.trim().split_once('-') {
        Some((days, rest)) => (Some(number(days)?), rest),
        None => (None, time.trim()),
    };
    let parts: Vec<u64> = rest.split(':').map(number).collect::<Option<_>>()?;
    let seconds = match (days, parts[..].as_ref()) {
        (Some(days), [hours]) => (days * 24 + hours) * 3600,
        (Some(days), [hours, minutes]) => ((days * 24 + hours) * 60 + minutes) * 60,
        (Some(days), [hours, minutes, seconds]) => {
            ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        }
        (None, [minutes]) => minutes * 60,
        (None, [minutes, seconds]) => minutes * 60 + seconds,
        (None, [hours, minutes, seconds]) => (hours * 60 + minutes) * 60 + seconds,
        _ => return None,
    };
    Some(seconds.div_ceil(60)).filter(|minutes| *minutes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_sbatch_reads_them() {
        for (text, minutes) in [
            ("30", Some(30)),
            ("30:01", Some(31)),
            ("2:00:00", Some(120)),
            ("1-0", Some(1440)),
            ("1-2:30", Some(1590)),
            ("0", None),
            ("soon", None),
            ("1:2:3:4", None),
        ] {
            assert_eq!(minutes_of(text), minutes, "{text}");
        }
    }
}
