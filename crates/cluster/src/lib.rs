//! Work handed to the scheduler of a cluster: what is submitted, as arrays of jobs with dependencies; what became of it; what
//! is handed in again.
//!
//! It knows nothing of manifests or caches. Who uses it gives the units of work ([`Work`]) and says which results there are
//! ([`Results`]); a [`Cluster`] takes arrays of jobs. [`Follower`] brings both together: each of its turns looks once at the
//! results and once at the cluster. What was submitted is in a folder of its own ([`Ledger`]), so that anybody can follow it,
//! at any time, and nothing is submitted twice.

mod work;
mod job_array;
mod cut;
mod error;
mod task_state;
mod cluster;
mod ledger;
mod results;
mod verdict;
mod assignments;
mod follower;
pub mod slurm;

pub use cluster::{Cluster, ClusterLimits, Submission};
pub use cut::{Cut, Placed, cut};
pub use error::ClusterError;
pub use follower::{FollowOptions, Follower, Happening, Settled};
pub use job_array::{Dependency, DependencyKind, JobArray, Piece};
pub use ledger::{Ledger, PieceFile, TaskFile};
pub use results::{Left, Results};
pub use task_state::{Ending, TaskState, TaskStatus};
pub use work::{Resources, Share, Work};
