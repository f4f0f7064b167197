//! `rightsd check`: everything that can be known before the daemon serves, one line each.

use std::collections::BTreeSet;
use std::path::Path;

use crate::clock::Clock;
use crate::config::Config;
use crate::outbox::Postman;
use crate::reply::{MarkKey, SenderIdentity, preview, samples};
use crate::{daemon, intake};

use super::{NO, OK, output};

pub(super) async fn run(config: Config, file: &Path, offline: bool) -> anyhow::Result<u8> {
    let mut well = true;
    output::line(&format!(
        "ok      configuration: {} mailbox(es), {} {}",
        config.mailboxes.len(),
        config.controller.name,
        config.controller.group
    ))?;
    match config.check_secrets(file) {
        Ok(()) => output::line("ok      passwords: all can be read")?,
        Err(error) => {
            for sentence in error.sentences() {
                well &= say("FAILED", "passwords", sentence)?;
            }
        }
    }
    well &= letters(&config)?;
    if config.store.path.exists() {
        match daemon::open_office(config.clone(), Clock::System).await {
            Ok(office) => {
                let open = office.store.cases(false).await?.len();
                output::line(&format!(
                    "ok      store: {} with {open} open case(s)",
                    config.store.path.display()
                ))?;
            }
            Err(error) => well &= say("FAILED", "store", &format!("{error:#}"))?,
        }
    } else {
        output::line(&format!(
            "ok      store: {} will be made at the first start",
            config.store.path.display()
        ))?;
    }
    if offline {
        output::line("        mailboxes and mail server were left out (--offline)")?;
        return Ok(if well { OK } else { NO });
    }
    for mailbox in &config.mailboxes {
        match intake::probe(mailbox).await {
            Ok(found) => output::line(&format!("ok      mailbox {}: {found}", mailbox.name))?,
            Err(error) => well &= say("FAILED", &format!("mailbox {}", mailbox.name), &error.to_string())?,
        }
    }
    match Postman::new(&config.smtp) {
        Ok(postman) => match postman.probe().await {
            Ok(found) => output::line(&format!("ok      smtp: {found}"))?,
            Err(error) => well &= say("FAILED", "smtp", &error.to_string())?,
        },
        Err(error) => well &= say("FAILED", "smtp", &error.to_string())?,
    }
    Ok(if well { OK } else { NO })
}

/// Tries every letter in every language from every mailbox; says each fault once.
fn letters(config: &Config) -> anyhow::Result<bool> {
    let templates = match daemon::load_templates(config) {
        Ok(templates) => templates,
        Err(error) => return say("FAILED", "letters", &format!("{error:#}")),
    };
    let (mut tried, mut faults) = (0, BTreeSet::new());
    for mailbox in &config.mailboxes {
        // With a key that exists only now: checking must not make one.
        let sender = SenderIdentity::new(config, mailbox, MarkKey::new(&[0; 32]))?;
        for sample in samples() {
            tried += 1;
            if let Err(error) = preview(&sample.letter, &templates, &sender) {
                faults.insert(error.to_string());
            }
        }
    }
    for fault in &faults {
        say("FAILED", "letters", fault)?;
    }
    if faults.is_empty() {
        output::line(&format!("ok      letters: {tried} rendered with samples"))?;
    }
    Ok(faults.is_empty())
}

fn say(verdict: &str, what: &str, text: &str) -> anyhow::Result<bool> {
    output::line(&format!("{verdict:7} {what}: {text}"))?;
    Ok(verdict != "FAILED")
}
