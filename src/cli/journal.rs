//! `rightsd journal`: the append-only record of every fact.

use super::{NO, OK, output};
use crate::config::Config;

/// Looking at the journal.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Check the hash chain and that replaying it gives the stored cases; says the first broken link
    Verify,
}

pub(super) async fn run(config: &Config, command: &Command) -> anyhow::Result<u8> {
    let store = super::open_existing(config).await?;
    match command {
        Command::Verify => match store.verify_journal().await? {
            Ok(entries) => {
                output::line(&format!(
                    "{entries} entries, every link holds, and replaying them gives the stored cases"
                ))?;
                Ok(OK)
            }
            Err(fault) => {
                output::line(&fault.to_string())?;
                Ok(NO)
            }
        },
    }
}
