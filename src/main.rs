//! The `pipe` command: hands the arguments to the library and exits with its code.

use std::process::ExitCode;

fn main() -> ExitCode {
    pipe::cli::main()
}
