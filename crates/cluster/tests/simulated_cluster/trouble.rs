//! What goes wrong on a simulated cluster, and how often.

/// How often something goes wrong: chances for each task and period, or for each question.
#[derive(Clone, Copy, Debug)]
pub struct Trouble {
    pub seed: u64,
    /// A task is killed by a signal.
    pub killed: f64,
    /// Its machine fails.
    pub machine_fails: f64,
    /// It is pre-empted, and starts again by itself or not.
    pub preempted: f64,
    /// It runs out of time, with work to go on from.
    pub timed_out: f64,
    /// A unit fails by itself, for good.
    pub doomed: f64,
    /// The scheduler does not answer.
    pub silent: f64,
    /// It takes an array and does not say so.
    pub unanswered: f64,
    /// A task that is over is forgotten, for each period.
    pub forgotten: f64,
    /// A result is seen late.
    pub late: f64,
    /// Another terminal goes on.
    pub takes_over: f64,
}

impl Trouble {
    pub fn none(seed: u64) -> Self {
        Self {
            seed,
            killed: 0.0,
            machine_fails: 0.0,
            preempted: 0.0,
            timed_out: 0.0,
            doomed: 0.0,
            silent: 0.0,
            unanswered: 0.0,
            forgotten: 0.0,
            late: 0.0,
            takes_over: 0.0,
        }
    }

    pub fn plenty(seed: u64) -> Self {
        Self {
            seed,
            killed: 0.01,
            machine_fails: 0.01,
            preempted: 0.02,
            timed_out: 0.01,
            doomed: 0.02,
            silent: 0.1,
            unanswered: 0.1,
            forgotten: 0.3,
            late: 0.2,
            takes_over: 0.05,
        }
    }
}
