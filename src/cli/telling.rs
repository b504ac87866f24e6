//! How much is told of a run while it is at work.

use std::time::Duration;

use clap::Args;

/// A program that reads events can follow this many a second.
const PROGRESS_EVERY_S: f64 = 1.0;

/// How much is told of a run while it is at work.
#[derive(Args)]
pub struct TellingArguments {
    /// Print only errors, warnings and one line at the end, for jobs that run by the clock. Events of --json stay.
    #[arg(long, short)]
    pub quiet: bool,
    /// With --json, print the progress of a step at most this often; 0 prints every bit of it.
    #[arg(long, value_name = "SECONDS", default_value_t = PROGRESS_EVERY_S, value_parser = seconds)]
    progress_every: f64,
}

impl Default for TellingArguments {
    fn default() -> Self {
        Self {
            quiet: false,
            progress_every: PROGRESS_EVERY_S,
        }
    }
}

impl TellingArguments {
    /// The least time between two events of progress of one step.
    pub fn progress_every(&self) -> Duration {
        // It has been checked.
        Duration::try_from_secs_f64(self.progress_every).unwrap_or_default()
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected seconds, such as 0.5")?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(_) => Ok(seconds),
        Err(_) => Err("expected seconds, 0 or more".into()),
    }
}
