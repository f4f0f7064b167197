//! What a person or a script types: one file for each command, each a thin door to the rooms.

mod cases;
mod check;
pub mod classify;
mod deadline;
mod demo;
mod ingest;
mod journal;
mod logging;
mod optouts;
mod output;
mod serve;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::classify::OwnPhrases;
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon;
use crate::mail::Ours;

/// The command did what was asked, or the answer is yes.
const OK: u8 = 0;
/// The answer is no, or some of what was asked failed; what is in the output tells which.
const NO: u8 = 1;
/// Nothing was done: wrong usage, configuration or data.
const ERROR: u8 = 2;

const AFTER_HELP: &str = "\
Exit codes:
  0   done, or the answer is yes
  1   the answer is no (optouts check, journal verify), or part of the work failed
  2   nothing was done: wrong usage, configuration, key or database
  75  ingest only: not stored now, try again (an MTA keeps the mail)

Files:
  /etc/rightsd/config.toml   the configuration; config.example.toml explains every key
  [store] path               the database, and beside it <path>.key, which it cannot be read without

Logs go to the journal under systemd, else to standard error; RUST_LOG=debug says more.
They hold mailbox names, numbers and case references, never an address, a name or a word of a mail.";

/// Reads the mailboxes a company gives to people for their data rights: understands each mail, finds out who is
/// really asking, stops the advertising, opens a case with its legal deadline, answers, and puts before the
/// data-protection officer what only a person may decide.
#[derive(Parser)]
#[command(name = "rightsd", version, after_help = AFTER_HELP, max_term_width = 100)]
struct Arguments {
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE", default_value = "/etc/rightsd/config.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon: read the mailboxes, answer, watch the deadlines
    Serve {
        /// Fetch, understand and send all there is, then exit
        #[arg(long)]
        once: bool,
    },
    /// Try the configuration: letters, mailboxes, mail server; one line each
    Check {
        /// Leave the network out
        #[arg(long)]
        offline: bool,
    },
    /// Show the whole way of a mail on this machine, with sample mails and no server
    Demo(demo::Arguments),
    /// Take mail in from a pipe, a file or a folder: exit 0 means that it is stored for good
    Ingest(ingest::Arguments),
    /// Say what each mail is or asks, and why; no store, no network
    Classify {
        /// One JSON object a line: file, kinds, language, findings
        #[arg(long)]
        json: bool,
        /// Mails, folders of .eml files, or - for standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Say what the law gives: when an answer to a mail received then is due, and why
    Deadline(deadline::Arguments),
    /// Look at cases
    #[command(subcommand)]
    Cases(cases::Command),
    /// Look at the suppression list
    #[command(subcommand)]
    Optouts(optouts::Command),
    /// Look at the record of every fact
    #[command(subcommand)]
    Journal(journal::Command),
    /// Print a completion script for your shell
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    },
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|error| {
        // An MTA whose pipe is set up wrongly must keep the mail, not bounce it.
        let piped = std::env::args().nth(1).is_some_and(|word| word == "ingest");
        if piped && error.use_stderr() {
            let _ = error.print();
            std::process::exit(75);
        }
        error.exit()
    });
    // One TLS provider for the whole program; a second call would only say that the first one stands.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("rightsd: {error:#}");
            ExitCode::from(ERROR)
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let file = arguments.config;
    let config = || Config::load(&file).map_err(anyhow::Error::from);
    let config_with_secrets = || {
        let config = config()?;
        config.check_secrets(&file)?;
        anyhow::Ok(config)
    };
    match arguments.command {
        Command::Ingest(arguments) => {
            Ok(runtime()?.block_on(ingest::run(config(), &arguments, &Clock::System)))
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "rightsd", &mut std::io::stdout());
            Ok(OK)
        }
        Command::Classify { json, files } => {
            // The own phrases of a configuration count where there is one; classifying works without.
            let phrases =
                if file.exists() { daemon::own_phrases(&config()?)? } else { OwnPhrases::default() };
            let form = if json {
                classify::Form::Json
            } else {
                classify::Form::Person { colours: std::io::stdout().is_terminal() }
            };
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            let all_read = classify::run(&files, form, &Ours::default(), &phrases, &mut out)?;
            Ok(if all_read { OK } else { NO })
        }
        Command::Deadline(arguments) => deadline::run(&arguments),
        Command::Serve { once } => {
            runtime()?.block_on(serve::run(config_with_secrets()?, once, Clock::System))
        }
        Command::Check { offline } => runtime()?.block_on(check::run(config()?, &file, offline)),
        Command::Demo(arguments) => runtime()?.block_on(demo::run(&arguments)),
        Command::Cases(command) => runtime()?.block_on(cases::run(&config()?, &command)),
        Command::Optouts(command) => runtime()?.block_on(optouts::run(&config()?, &command)),
        Command::Journal(command) => runtime()?.block_on(journal::run(&config()?, &command)),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Opens the store for looking at it; a database that does not exist is an error, not a new one.
async fn open_existing(config: &Config) -> anyhow::Result<crate::store::Store> {
    if !config.store.path.exists() {
        anyhow::bail!("{} does not exist: the daemon has not run yet", config.store.path.display());
    }
    Ok(crate::store::Store::open(&config.store).await?)
}
