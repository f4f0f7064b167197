//! What makes a configuration wrong, each in one sentence: key, what is the matter, remedy.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use super::{Config, SecretSource, Security};
use crate::mail::Address;

/// Why the program does not start with this file.
#[derive(Debug)]
pub struct ConfigError {
    file: PathBuf,
    sentences: Vec<String>,
}

impl ConfigError {
    pub(super) fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        let sentence = format!("cannot be read ({}); name the right file with --config FILE", error.kind());
        Self { file: file.to_owned(), sentences: vec![sentence] }
    }

    pub(super) fn syntax(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let line = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map_or(0, |before| before.matches('\n').count() + 1);
        let message = error.message().replace('\n', " ");
        let sentence = if line == 0 { message } else { format!("line {line}: {message}") };
        Self { file: file.to_owned(), sentences: vec![sentence] }
    }

    pub(super) fn values(file: &Path, sentences: Vec<String>) -> Self {
        Self { file: file.to_owned(), sentences }
    }

    /// The sentences, without the file's name.
    #[must_use]
    pub fn sentences(&self) -> &[String] {
        &self.sentences
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, sentence) in self.sentences.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{}: {sentence}", self.file.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Everything wrong with `config`, in the file's order; empty when nothing is.
pub(super) fn findings(config: &mut Config) -> Vec<String> {
    let mut wrong = Vec::new();
    controller(config, &mut wrong);
    mailboxes(config, &mut wrong);
    smtp(config, &mut wrong);
    identity(config, &mut wrong);
    public(config, &mut wrong);
    numbers(config, &mut wrong);
    wrong
}

/// Every password that cannot be read. Apart, because looking at cases needs none.
pub(super) fn secrets(config: &Config) -> Vec<String> {
    let mut wrong = Vec::new();
    for mailbox in &config.mailboxes {
        if let Some(imap) = &mailbox.imap {
            secret(&format!("mailbox \"{}\": imap", mailbox.name), &imap.password, &mut wrong);
        }
    }
    if config.smtp.password.is_set() {
        secret("smtp", &config.smtp.password, &mut wrong);
    }
    wrong
}

fn controller(config: &Config, wrong: &mut Vec<String>) {
    let controller = &config.controller;
    for (key, value) in [("name", &controller.name), ("dpo_email", &controller.dpo_email)] {
        if value.trim().is_empty() {
            wrong.push(format!("controller.{key} is empty; every letter names it"));
        }
    }
    if controller.postal_address.iter().all(|line| line.trim().is_empty()) {
        wrong.push(
            "controller.postal_address is empty; every letter carries it, one line per item".to_owned(),
        );
    }
    let texts =
        [&controller.name, &controller.group, &controller.particulars, &controller.privacy_notice_url];
    let lists = controller.entities.iter().chain(&controller.postal_address);
    if texts.into_iter().chain(lists).any(|text| text.chars().any(char::is_control)) {
        wrong.push("controller: a text holds a line break or control character; remove it".to_owned());
    }
    address("controller.dpo_email", &controller.dpo_email, wrong);
    if jiff::tz::TimeZone::get(&controller.timezone).is_err() {
        wrong.push(format!(
            "controller.timezone = \"{}\" is no time zone; write an IANA name such as \"Europe/Paris\"",
            controller.timezone
        ));
    }
    let prefix = &controller.reference_prefix;
    if !(2..=4).contains(&prefix.len())
        || !prefix.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    {
        wrong.push(
            "controller.reference_prefix must be 2 to 4 capital letters or digits, such as \"2J\"".to_owned(),
        );
    }
}

fn mailboxes(config: &Config, wrong: &mut Vec<String>) {
    if config.mailboxes.is_empty() {
        wrong.push("no [[mailbox]] is configured; there is nothing to read".to_owned());
    }
    for (number, mailbox) in config.mailboxes.iter().enumerate() {
        let key = format!("mailbox \"{}\"", mailbox.name);
        if mailbox.name.is_empty()
            || !mailbox.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            wrong.push(format!(
                "mailbox number {}: name must be lower-case letters, digits and '-'",
                number + 1
            ));
        }
        let twins = |other: &&super::Mailbox| {
            other.name == mailbox.name || other.address.eq_ignore_ascii_case(&mailbox.address)
        };
        if config.mailboxes.iter().take(number).any(|other| twins(&other)) {
            wrong.push(format!("{key}: another mailbox has the same name or address; make them differ"));
        }
        address(&format!("{key}: address"), &mailbox.address, wrong);
        match (&mailbox.imap, &mailbox.maildir) {
            (Some(_), Some(_)) => wrong.push(format!("{key}: has both imap and maildir; keep one of them")),
            (None, None) => wrong.push(format!("{key}: has neither imap nor maildir; add one of them")),
            (Some(imap), None) => {
                connection(&format!("{key}: imap"), &imap.host, imap.security, wrong);
                if imap.username.is_empty() {
                    wrong.push(format!("{key}: imap.username is empty; write the account's login name"));
                }
                if imap.folders.is_empty() {
                    wrong.push(format!(
                        "{key}: imap.folders is empty; write [\"INBOX\", and the junk folder]"
                    ));
                }
                if imap.folders.contains(&imap.after) {
                    wrong.push(format!(
                        "{key}: imap.after names a folder that is also read; settled mail would be read again"
                    ));
                }
                range(&format!("{key}: imap.poll_seconds"), imap.poll_seconds, 10, 3600, wrong);
            }
            (None, Some(maildir)) => {
                range(&format!("{key}: maildir.poll_seconds"), maildir.poll_seconds, 1, 3600, wrong);
            }
        }
        if mailbox.imap.as_ref().is_some_and(|imap| imap.after.is_empty())
            || mailbox.maildir.as_ref().is_some_and(|maildir| maildir.after.is_empty())
        {
            wrong.push(format!("{key}: after is empty; write \"keep\", \"seen\" or a folder"));
        }
    }
}

fn smtp(config: &Config, wrong: &mut Vec<String>) {
    let smtp = &config.smtp;
    match (&smtp.folder, smtp.host.is_empty()) {
        (Some(_), false) => wrong.push("smtp: has both host and folder; keep one of them".to_owned()),
        (None, true) => wrong.push("smtp.host is empty; name the server that takes outgoing mail".to_owned()),
        (Some(_), true) => {}
        (None, false) => {
            connection("smtp", &smtp.host, smtp.security, wrong);
            if smtp.username.is_empty() == smtp.password.is_set() {
                wrong
                    .push("smtp: username and password_file (or password_credential) go together".to_owned());
            }
        }
    }
    range("smtp.connections", smtp.connections as u64, 1, 32, wrong);
}

fn identity(config: &Config, wrong: &mut Vec<String>) {
    let identity = &config.identity;
    range("identity.reminder_days", identity.reminder_days.into(), 1, 30, wrong);
    range("identity.opt_out_days", identity.opt_out_days.into(), 1, 30, wrong);
    range("identity.token_days", identity.token_days.into(), 1, 90, wrong);
    if identity.reminder_days >= identity.opt_out_days {
        wrong.push("identity.opt_out_days must be greater than identity.reminder_days".to_owned());
    }
    if identity.opt_out_days > identity.token_days {
        wrong.push("identity.token_days must not be less than identity.opt_out_days".to_owned());
    }
    if identity.authserv_id.as_ref().is_some_and(|id| id.trim().is_empty()) {
        wrong.push("identity.authserv_id is empty; write your server's id or leave the key out".to_owned());
    }
    if let Some(server) = &identity.dns_server
        && server.parse::<SocketAddr>().is_err()
    {
        wrong.push("identity.dns_server must be \"address:port\", such as \"127.0.0.1:53\"".to_owned());
    }
    let separator = identity.tag_separator.as_str();
    if !matches!(separator, "" | "+" | "-" | "=" | "_") {
        wrong.push(
            "identity.tag_separator must be \"+\", \"-\", \"=\", \"_\" or \"\" (no tagged addresses)"
                .to_owned(),
        );
    }
}

fn public(config: &mut Config, wrong: &mut Vec<String>) {
    let Some(public) = &mut config.public else { return };
    if public.listen.parse::<SocketAddr>().is_err() {
        wrong.push("public.listen must be \"address:port\", such as \"127.0.0.1:8080\"".to_owned());
    }
    let url = public.base_url.trim_end_matches('/').to_owned();
    let host = url.strip_prefix("https://").map(|host| (host, true));
    let host = host.or_else(|| url.strip_prefix("http://").map(|host| (host, false)));
    match host {
        Some((host, https))
            if !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "?#@".contains(c)) =>
        {
            let name = host.split(['/', ':']).next().unwrap_or_default();
            if !https && !is_loopback(name) {
                wrong.push("public.base_url is http:// to another machine; use https://".to_owned());
            }
        }
        _ => wrong.push("public.base_url must be \"https://host\" or \"https://host/path\"".to_owned()),
    }
    public.base_url = url;
    for (key, value) in [
        ("visits_per_address_minute", u64::from(public.visits_per_address_minute)),
        ("visits_per_network_minute", public.visits_per_network_minute.into()),
        ("visits_per_second", public.visits_per_second.into()),
        ("connections_per_network", public.connections_per_network as u64),
        ("connections", public.connections as u64),
    ] {
        range(&format!("public.{key}"), value, 1, 1_000_000, wrong);
    }
}

fn numbers(config: &Config, wrong: &mut Vec<String>) {
    let notices = &config.notices;
    range("notices.grouping_minutes", notices.grouping_minutes.into(), 1, 1440, wrong);
    if notices.digest_hour.is_some_and(|hour| !(0..=23).contains(&hour)) {
        wrong.push("notices.digest_hour must be 0 to 23".to_owned());
    }
    if notices.remind_days_before.iter().any(|days| !(1..=27).contains(days)) {
        wrong.push("notices.remind_days_before must hold days from 1 to 27".to_owned());
    }
    range("store.free_mib_min", config.store.free_mib_min, 16, u64::MAX, wrong);
    let limits = &config.limits;
    for (key, value) in [
        ("letters_per_address_day", u64::from(limits.letters_per_address_day)),
        ("letters_per_address_kind_day", limits.letters_per_address_kind_day.into()),
        ("letters_per_domain_hour", limits.letters_per_domain_hour.into()),
        ("letters_per_hour", limits.letters_per_hour.into()),
        ("header_count", limits.header_count as u64),
        ("parts", limits.parts as u64),
        ("depth", limits.depth as u64),
        ("addresses", limits.addresses as u64),
        ("mib_per_address_day", limits.mib_per_address_day),
        ("attempts", limits.attempts.into()),
        ("send_days", limits.send_days.into()),
    ] {
        if value == 0 {
            wrong.push(format!("limits.{key} = 0 would stop everything; write 1 or more"));
        }
    }
    range("limits.message_bytes", limits.message_bytes as u64, 64 << 10, 256 << 20, wrong);
    range("limits.header_bytes", limits.header_bytes as u64, 4 << 10, 4 << 20, wrong);
    if limits.depth > 50 {
        wrong.push("limits.depth must be at most 50; deeper mails can end the program".to_owned());
    }
}

fn range(key: &str, value: u64, least: u64, most: u64, wrong: &mut Vec<String>) {
    if value < least {
        wrong.push(format!("{key} = {value} is too small; write {least} or more"));
    } else if value > most {
        wrong.push(format!("{key} = {value} is too large; write {most} or less"));
    }
}

fn address(key: &str, value: &str, wrong: &mut Vec<String>) {
    if !value.trim().is_empty() && Address::parse(value).is_none() {
        wrong.push(format!("{key} is not a plain mail address; write it as name@example.org"));
    }
}

fn connection(key: &str, host: &str, security: Security, wrong: &mut Vec<String>) {
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        wrong.push(format!("{key}.host is not a host name"));
    } else if security == Security::Plaintext && !is_loopback(host) {
        wrong.push(format!(
            "{key}.security = \"plaintext\" is allowed to this machine only; use \"tls\" or \"starttls\""
        ));
    }
}

fn secret(key: &str, source: &SecretSource, wrong: &mut Vec<String>) {
    if let Err(sentence) = source.read() {
        wrong.push(format!("{key}: {sentence}"));
    }
}

/// Whether a host name or literal surely means this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}
