//! Programs of Slurm, run to their end.

use std::process::{Command, Stdio};

use crate::error::ClusterError;

/// Standard output of a program that must succeed.
///
/// # Errors
/// When it cannot be started, or fails, with what it says.
pub fn run(program: &str, arguments: &[&str]) -> Result<String, ClusterError> {
    let output = Command::new(program)
        .args(arguments)
        // Lists of tasks are written out in full.
        .env("SLURM_BITSTR_LEN", "0")
        // A process that is itself in a job submits as any other.
        .env_remove("SBATCH_ARRAY_INX")
        .stdin(Stdio::null())
        .output();
    let output = output.map_err(|reason| ClusterError::NoProgram {
        program: program.into(),
        reason,
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = match said.trim() {
        "" => output.status.to_string(),
        said => said.to_owned(),
    };
    Err(ClusterError::Refused {
        program: program.into(),
        said,
    })
}
