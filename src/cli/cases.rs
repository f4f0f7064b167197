//! `rightsd cases`: what is open, and one case with its whole history.

use serde_json::json;

use super::{ERROR, OK, output};
use crate::case::{Progress, Reference};
use crate::config::Config;
use crate::store::{CaseListed, Store};

/// Looking at cases. Reading them shows personal data: this is for the DPO.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Open cases, the nearest due date first
    List {
        /// Closed ones too
        #[arg(long)]
        all: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Mails that were set aside unread: hostile, damaged, or three times the end of the program
    Quarantine {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// One case: what was asked, why we think so, what was written, what happened
    Show {
        /// Its reference, as written or as said: 2J-482-915-307, "2j 482 915 307"
        reference: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(config: &Config, command: &Command) -> anyhow::Result<u8> {
    let store = super::open_existing(config).await?;
    match command {
        Command::List { all, json } => list(&store, *all, *json).await,
        Command::Quarantine { json } => quarantine(&store, *json).await,
        Command::Show { reference, json } => show(&store, reference, *json).await,
    }
}

async fn list(store: &Store, all: bool, as_json: bool) -> anyhow::Result<u8> {
    let cases = store.cases(all).await?;
    if as_json {
        for listed in &cases {
            output::json(&value(listed))?;
        }
        return Ok(OK);
    }
    if cases.is_empty() {
        output::line("no open case")?;
        return Ok(OK);
    }
    let rows: Vec<Vec<String>> = cases
        .iter()
        .map(|listed| {
            let case = &listed.case;
            vec![
                case.reference.to_string(),
                case.due_on.to_string(),
                case.status.name().to_owned(),
                case.identity.name().to_owned(),
                kinds(listed).join(", "),
                sender(listed),
            ]
        })
        .collect();
    output::table(&["reference", "due on", "status", "identity", "kinds", "sender"], &rows)?;
    Ok(OK)
}

async fn show(store: &Store, reference: &str, as_json: bool) -> anyhow::Result<u8> {
    let Some(parsed) = Reference::parse(reference) else {
        eprintln!("rightsd: that is no reference: it has nine digits, the last of which checks the others");
        return Ok(ERROR);
    };
    let Some(listed) = store.case(&parsed).await? else {
        eprintln!("rightsd: there is no case {parsed}");
        return Ok(super::NO);
    };
    let history = store.history(&parsed).await?;
    let letters = store.letters_of(&parsed).await?;
    let mails = store.mails_of(&parsed).await?;
    if as_json {
        let mut object = value(&listed);
        if let Some(object) = object.as_object_mut() {
            object.insert(
                "mails".to_owned(),
                mails
                    .iter()
                    .map(|(mail, reading)| {
                        json!({
                            "id": mail.id.0,
                            "mailbox": mail.mailbox,
                            "received_at": mail.received_at.to_string(),
                            "partial": mail.partial,
                            "reading": serde_json::from_slice::<serde_json::Value>(reading).unwrap_or_default(),
                        })
                    })
                    .collect(),
            );
            object.insert(
                "letters".to_owned(),
                letters
                    .iter()
                    .map(|letter| {
                        json!({
                            "kind": letter.kind,
                            "state": letter.state,
                            "queued_at": letter.queued_at.to_string(),
                            "bounced": letter.bounced,
                        })
                    })
                    .collect(),
            );
            object.insert(
                "history".to_owned(),
                history
                    .iter()
                    .map(|entry| {
                        json!({ "seq": entry.seq, "at": entry.at.to_string(), "by": entry.by, "text": entry.text })
                    })
                    .collect(),
            );
        }
        output::json(&object)?;
        return Ok(OK);
    }
    let case = &listed.case;
    output::line(&format!("{}   {}", case.reference, case.status.name()))?;
    output::line(&format!("sender        {}", sender(&listed)))?;
    output::line(&format!("asked         {}", kinds(&listed).join(", ")))?;
    output::line(&format!("identity      {}", case.identity.name()))?;
    output::line(&format!("received on   {} in {}", case.received_on, case.mailbox))?;
    output::line(&format!("due on        {}   (extended: {})", case.due_on, case.extended_due_on))?;
    if let Some(on) = case.advertising_stopped_on {
        output::line(&format!("advertising   stopped on {on}"))?;
    }
    for (mail, reading) in &mails {
        output::line("")?;
        output::line(&format!("mail {} received {}", mail.id.0, mail.received_at))?;
        let reading: serde_json::Value = serde_json::from_slice(reading).unwrap_or_default();
        let text = |value: &serde_json::Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        if mail.partial {
            output::line("  only its first part was fetched: it is larger than limits.message_bytes")?;
        }
        output::line(&format!("  from {}; {}", text(&reading, "sender_shown"), text(&reading, "evidence")))?;
        for finding in reading["findings"].as_array().into_iter().flatten() {
            output::line(&format!(
                "  {:13} because of “{}” ({})",
                text(finding, "kind"),
                text(finding, "text"),
                text(finding, "rule")
            ))?;
        }
        for aside in reading["set_aside"].as_array().into_iter().flatten() {
            output::line(&format!(
                "  not {:9} for “{}”: {}",
                text(aside, "kind"),
                text(aside, "text"),
                text(aside, "reason")
            ))?;
        }
        for name in reading["attachments"].as_array().into_iter().flatten() {
            output::line(&format!("  attached, not read: {}", name.as_str().unwrap_or_default()))?;
        }
        output::line("  words:")?;
        if let Ok(parsed) = crate::mail::parse(&mail.raw, &crate::mail::Bounds::default()) {
            for line in parsed.visible.own.trim().lines() {
                output::line(&format!("    {line}"))?;
            }
        }
    }
    output::line("")?;
    for entry in &history {
        output::line(&format!(
            "{}  {:8}  {}",
            entry.at.strftime("%Y-%m-%d %H:%M:%SZ"),
            entry.by,
            entry.text
        ))?;
    }
    Ok(OK)
}

async fn quarantine(store: &Store, as_json: bool) -> anyhow::Result<u8> {
    let mails = store.quarantine(1000).await?;
    if as_json {
        for mail in &mails {
            output::json(&json!({
                "mail": mail.id.0,
                "mailbox": mail.mailbox,
                "received_at": mail.received_at.to_string(),
                "bytes": mail.size,
                "reason": mail.reason,
            }))?;
        }
        return Ok(OK);
    }
    if mails.is_empty() {
        output::line("no mail is set aside")?;
        return Ok(OK);
    }
    let rows: Vec<Vec<String>> = mails
        .iter()
        .map(|mail| {
            let size = mail.size.to_string();
            vec![
                mail.id.0.to_string(),
                mail.mailbox.clone(),
                mail.received_at.to_string(),
                size,
                mail.reason.clone(),
            ]
        })
        .collect();
    output::table(&["mail", "mailbox", "received at", "bytes", "reason"], &rows)?;
    output::line(
        "Each was received at that instant, and its month runs if it asks for something: look at it in the mailbox.",
    )?;
    Ok(OK)
}

fn value(listed: &CaseListed) -> serde_json::Value {
    let case = &listed.case;
    json!({
        "reference": case.reference.as_str(),
        "status": case.status.name(),
        "mailbox": case.mailbox,
        "sender": listed.sender.as_ref().map(crate::mail::Address::as_str),
        "received_at": case.received_at.to_string(),
        "due_on": case.due_on.to_string(),
        "extended_due_on": case.extended_due_on.to_string(),
        "identity": case.identity.name(),
        "kinds": kinds(listed),
    })
}

fn kinds(listed: &CaseListed) -> Vec<String> {
    let case = &listed.case;
    let mut kinds: Vec<String> = case
        .rights
        .iter()
        .map(|(right, progress)| match progress {
            Progress::TakenBack => format!("{} (taken back)", right.name()),
            _ => right.name().to_owned(),
        })
        .collect();
    if kinds.is_empty() {
        kinds.push("other".to_owned());
    }
    kinds
}

fn sender(listed: &CaseListed) -> String {
    listed
        .sender
        .as_ref()
        .map_or_else(|| "(not one plain address)".to_owned(), |sender| sender.as_str().to_owned())
}
