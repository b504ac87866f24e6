//! The `pipe` command: passes the arguments to the library and exits with its code.

use std::process::ExitCode;

fn main() -> ExitCode {
    pipe::cli::main()
}
