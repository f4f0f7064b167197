//! The command line.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Says what each mail is, or asks, and why.
    Classify {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        /// Files, folders of .eml files, or - for standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        Command::Classify { json, files } => {
            use rightsd::cli::classify::{Form, run};
            let form =
                if json { Form::Json } else { Form::Person { colours: std::io::stdout().is_terminal() } };
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            match run(
                &files,
                form,
                &rightsd::mail::Ours::default(),
                &rightsd::classify::OwnPhrases::default(),
                &mut out,
            ) {
                Ok(true) => ExitCode::SUCCESS,
                _ => ExitCode::FAILURE,
            }
        }
    }
}
