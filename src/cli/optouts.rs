//! `rightsd optouts`: the suppression list, to be asked just before any sending.

use serde_json::json;

use super::{NO, OK, output};
use crate::config::Config;
use crate::mail::Address;

/// Looking at the suppression list.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Is this address opted out? Exit code 0: yes; 1: no; 2: error
    Check {
        /// A plain mail address
        address: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Every entry: fingerprint, since when, for which entities, from which case
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// The list as CSV: fingerprint, since, entities; no address is in it, and none can be got from it
    Export,
}

pub(super) async fn run(config: &Config, command: &Command) -> anyhow::Result<u8> {
    let store = super::open_existing(config).await?;
    match command {
        Command::Check { address, json } => {
            let plain = Address::parse(address.trim()).ok_or_else(|| {
                anyhow::anyhow!("that is not a plain mail address; write it as name@example.org")
            })?;
            let found = store.opted_out(&plain).await?;
            if *json {
                output::json(&match &found {
                    Some(entry) => json!({
                        "opted_out": true,
                        "since": entry.since.to_string(),
                        "basis": entry.basis,
                        "entities": entry.entities,
                        "case": entry.case,
                    }),
                    None => json!({ "opted_out": false }),
                })?;
            } else {
                output::line(&match &found {
                    Some(entry) => format!(
                        "opted out since {} for {} ({}, case {})",
                        entry.since,
                        entry.entities.join(", "),
                        entry.basis,
                        entry.case
                    ),
                    None => "not opted out".to_owned(),
                })?;
            }
            Ok(if found.is_some() { OK } else { NO })
        }
        Command::List { json } => {
            let entries = store.opt_outs().await?;
            if *json {
                for entry in &entries {
                    output::json(&json!({
                        "fingerprint": hex(&entry.fingerprint.0),
                        "since": entry.since.to_string(),
                        "basis": entry.basis,
                        "entities": entry.entities,
                        "case": entry.case,
                    }))?;
                }
                return Ok(OK);
            }
            let rows: Vec<Vec<String>> = entries
                .iter()
                .map(|entry| {
                    let short: String = hex(&entry.fingerprint.0).chars().take(12).collect();
                    vec![
                        short,
                        entry.since.to_string(),
                        entry.basis.clone(),
                        entry.case.clone(),
                        entry.entities.join(", "),
                    ]
                })
                .collect();
            output::table(&["fingerprint", "since", "basis", "case", "entities"], &rows)?;
            Ok(OK)
        }
        Command::Export => {
            output::line("fingerprint,since,entities")?;
            for entry in store.opt_outs().await? {
                // Names are the operator's own; quoted, and never starting a formula (T47).
                let entities = entry.entities.join("; ").replace('"', "\"\"");
                output::line(&format!("{},{},\"{entities}\"", hex(&entry.fingerprint.0), entry.since))?;
            }
            Ok(OK)
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
