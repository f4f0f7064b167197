//! The command line; all else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rightsd::cli::main()
}
