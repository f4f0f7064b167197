//! `rightsd ingest`: mail from a pipe of the MTA, a file or a folder, into the store of the daemon.
//!
//! Success means durable. Whatever else happens is told as "not now" (EX_TEMPFAIL, sysexits.h), also a wrong
//! configuration: an MTA then keeps the mail and tries again, where any other number would make it send a bounce.
//! The daemon may be running; it finds what was stored by itself.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{Span, Timestamp, ToSpan};

use super::{NO, OK, output};
use crate::clock::Clock;
use crate::config::{Config, Mailbox};
use crate::intake::{self, Verifier};
use crate::mail::{Headers, content_hash_of};
use crate::store::{Arrival, Receipt, Store};

/// EX_TEMPFAIL.
const TRY_AGAIN: u8 = 75;
/// Mails stored in one transaction.
const AT_ONCE: usize = 200;

/// What to take in.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The mailbox of the configuration that the mail was sent to; needed when there are several
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
    /// When the company received it, such as 2026-11-02T09:30:00+01:00; else the earlier of the file's time (now, for
    /// standard input) and the topmost Received field
    #[arg(long, value_name = "RFC3339")]
    received: Option<Timestamp>,
    /// Mails, folders of .eml files, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Takes everything in; the exit code says whether all of it is durable.
pub(super) async fn run(config: anyhow::Result<Config>, arguments: &Arguments, clock: &Clock) -> u8 {
    match take_in(config, arguments, clock).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rightsd: not stored: {error:#}");
            TRY_AGAIN
        }
    }
}

async fn take_in(config: anyhow::Result<Config>, arguments: &Arguments, clock: &Clock) -> anyhow::Result<u8> {
    let config = config?;
    let mailbox = mailbox(&config, arguments.mailbox.as_deref())?;
    let store = Store::open(&config.store).await?;
    let verifier = Verifier::new(&config.identity).map(Arc::new);
    let (mut counts, mut unread) = ([0_usize; 3], 0_usize);
    let mut batch = Vec::new();
    let mut files = arguments.files.iter().flat_map(|path| mails_of(path)).peekable();
    while let Some(path) = files.next() {
        match read(&path, config.limits.message_bytes, arguments.received, clock.now()) {
            Ok((raw, partial, received_at)) => batch.push(arrival(mailbox, raw, partial, received_at)),
            Err(error) => {
                unread += 1;
                eprintln!("rightsd: not stored: {}: {}", path.display(), error.kind());
            }
        }
        if batch.len() >= AT_ONCE || files.peek().is_none() {
            anyhow::ensure!(store.free_space_ok(), "the disk is nearly full");
            for receipt in
                intake::store_verified(&store, verifier.as_deref(), std::mem::take(&mut batch)).await?
            {
                let [new, twins, known] = &mut counts;
                match receipt {
                    Receipt::New => *new += 1,
                    Receipt::Twin => *twins += 1,
                    Receipt::Known => *known += 1,
                }
            }
        }
    }
    store.close().await?;
    let [new, twins, known] = counts;
    // An MTA would send words to the sender: it hears nothing when all is well.
    if arguments.files.iter().any(|path| path.as_os_str() != "-") {
        output::line(&format!("stored {new}, known already {}, not readable {unread}", known + twins))?;
    }
    Ok(match (unread, new + twins + known) {
        (0, _) => OK,
        (_, 0) => TRY_AGAIN,
        _ => NO,
    })
}

fn mailbox<'c>(config: &'c Config, name: Option<&str>) -> anyhow::Result<&'c Mailbox> {
    let names =
        || config.mailboxes.iter().map(|mailbox| mailbox.name.as_str()).collect::<Vec<_>>().join(", ");
    match (name, config.mailboxes.as_slice()) {
        (Some(name), _) => config
            .mailbox(name)
            .ok_or_else(|| anyhow::anyhow!("there is no mailbox \"{name}\"; there are: {}", names())),
        (None, [only]) => Ok(only),
        (None, _) => anyhow::bail!("there are several mailboxes; say which with --mailbox NAME: {}", names()),
    }
}

/// The path itself, or the `.eml` files of a folder in order.
fn mails_of(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("eml"))).collect();
    files.sort();
    files
}

/// The bytes, whether only the first part of them, and the receipt.
fn read(
    path: &Path,
    limit: usize,
    received: Option<Timestamp>,
    now: Timestamp,
) -> std::io::Result<(Vec<u8>, bool, Timestamp)> {
    let mut raw = Vec::new();
    let (at, oldest) = if path.as_os_str() == "-" {
        let mut input = std::io::stdin().lock();
        input.by_ref().take(limit as u64 + 1).read_to_end(&mut raw)?;
        // Read to the end all the same: an MTA whose pipe breaks believes that the delivery failed.
        std::io::copy(&mut input, &mut std::io::sink())?;
        // No MTA keeps a mail longer in its queue.
        (now, 31.days())
    } else {
        let file = std::fs::File::open(path)?;
        let at =
            file.metadata()?.modified().ok().and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(now);
        file.take(limit as u64 + 1).read_to_end(&mut raw)?;
        (at.min(now), 366.days())
    };
    if raw.is_empty() {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let partial = raw.len() > limit;
    if partial {
        raw.truncate(intake::FIRST_BYTES.min(limit));
    }
    let received = received.unwrap_or_else(|| earlier_of(at, topmost_received(&raw), oldest));
    Ok((raw, partial, received))
}

/// The earliest plausible instant: a date that is older than `oldest` says more about its writer than about the mail.
fn earlier_of(at: Timestamp, received: Option<Timestamp>, oldest: Span) -> Timestamp {
    let hours = i64::from(oldest.get_days()) * 24;
    let plausible = |received: &Timestamp| *received < at && at.duration_since(*received).as_hours() < hours;
    received.filter(plausible).unwrap_or(at)
}

/// The date of the topmost `Received` field: our own server's, when the mail came through it (RFC 5321 §4.4).
fn topmost_received(raw: &[u8]) -> Option<Timestamp> {
    let (headers, _) = Headers::read(raw);
    let field = headers.first("Received")?;
    let (_, date) = field.rsplit_once(';')?;
    let date = date.split('(').next().unwrap_or_default().trim();
    Some(jiff::fmt::rfc2822::parse(date).ok()?.timestamp())
}

/// The content is the place: an MTA that tries again brings the same mail.
fn arrival(mailbox: &Mailbox, raw: Vec<u8>, partial: bool, received_at: Timestamp) -> Arrival {
    Arrival {
        mailbox: mailbox.name.clone(),
        folder: "INBOX".to_owned(),
        place: data_encoding::HEXLOWER.encode(&content_hash_of(&raw)),
        received_at,
        raw,
        partial,
        verified: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipt_is_the_earliest_plausible_instant() {
        #[track_caller]
        fn check(received: &str, expected: &str) {
            let at: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
            let raw = format!(
                "Return-Path: <a@example.com>\nReceived: from a\n by b{received}\nReceived: c; Mon, 2 Nov 2020 10:00:00 +0100\n\nx"
            );
            let found = earlier_of(at, topmost_received(raw.as_bytes()), 31.days());
            assert_eq!(found.to_string(), expected, "{received}");
        }
        check("; Mon, 16 Nov 2026 10:00:00 +0100", "2026-11-16T09:00:00Z");
        check(";\n Mon, 16 Nov 2026 10:00:00 +0100 (CET)", "2026-11-16T09:00:00Z");
        check("; Sat, 21 Nov 2026 10:00:00 +0100", "2026-11-20T12:00:00Z");
        check("; Mon, 2 Nov 2020 10:00:00 +0100", "2026-11-20T12:00:00Z");
        check("; yesterday", "2026-11-20T12:00:00Z");
        check("", "2026-11-20T12:00:00Z");
    }
}
