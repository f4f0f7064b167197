//! `rightsd deadline`: the legal clock, with every step.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{OK, output};
use crate::case::deadline::deadline;
use crate::config::Holidays;

/// When an answer is due.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// When the company's server took the mail, as RFC 3339: 2026-11-25T10:00:00+01:00
    #[arg(long, value_name = "INSTANT")]
    received: Timestamp,
    /// The controller's time zone
    #[arg(long, value_name = "ZONE", default_value = "Europe/Paris")]
    timezone: String,
    /// Count the two holidays more of Alsace-Moselle
    #[arg(long)]
    alsace_moselle: bool,
    /// One JSON object: received_on, due_on, extended_due_on, steps
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let zone = TimeZone::get(&arguments.timezone)
        .map_err(|_| anyhow::anyhow!("--timezone {} is no IANA time zone", arguments.timezone))?;
    let holidays = if arguments.alsace_moselle { Holidays::AlsaceMoselle } else { Holidays::France };
    let found = deadline(arguments.received, &zone, holidays);
    if arguments.json {
        let steps: Vec<_> = found
            .steps
            .iter()
            .map(|step| json!({ "date": step.date.to_string(), "text": step.text, "source": step.source }))
            .collect();
        output::json(&json!({
            "received_on": found.received_on.to_string(),
            "due_on": found.due_on.to_string(),
            "extended_due_on": found.extended_due_on.to_string(),
            "steps": steps,
        }))?;
        return Ok(OK);
    }
    output::line(&format!("received on   {}", found.received_on))?;
    output::line(&format!("due on        {}   (answer, refusal, or notice of extension)", found.due_on))?;
    output::line(&format!(
        "extended to   {}   (only if the extension was notified in time, with reasons)",
        found.extended_due_on
    ))?;
    output::line("")?;
    for step in &found.steps {
        output::line(&format!("  {}  {}  [{}]", step.date, step.text, step.source))?;
    }
    Ok(OK)
}
