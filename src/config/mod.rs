//! `config.toml` → [`Config`]: every key, default, bound and unit of the program.
//!
//! A wrong value stops the start with one sentence that names the file, the key and the remedy; unknown keys
//! are refused, because a misspelt one would otherwise be a default that nobody chose (T57).

mod check;
mod secret;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use check::ConfigError;
pub use secret::{Secret, SecretSource};

use crate::mail::Address;

/// All that one installation is told. Immutable after the start.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who answers for the data.
    pub controller: Controller,
    /// The mailboxes people write to; at least one.
    #[serde(rename = "mailbox", default)]
    pub mailboxes: Vec<Mailbox>,
    /// Where letters leave.
    pub smtp: Smtp,
    /// Where everything is kept.
    pub store: StoreSettings,
    /// How we find out who is asking.
    #[serde(default)]
    pub identity: Identity,
    /// The confirmation page; absent means that people confirm by replying only.
    #[serde(default)]
    pub public: Option<Public>,
    /// What the DPO is told, and when.
    #[serde(default)]
    pub notices: Notices,
    /// Caps and bounds; each may be raised, none can be removed.
    #[serde(default)]
    pub limits: Limits,
    /// The letters' folder; the embedded ones serve for each file that is absent there.
    #[serde(default)]
    pub templates: Option<PathBuf>,
    /// Own phrases for the classifier: kind → phrases, matched word by word.
    #[serde(default)]
    pub phrases: BTreeMap<String, Vec<String>>,
}

/// The controller of GDPR Art. 4(7), as its letters name it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// The company's name.
    pub name: String,
    /// The group's name as the privacy notice gives it; empty when there is none.
    #[serde(default)]
    pub group: String,
    /// Every entity for which an opt-out counts, the company itself included or not.
    #[serde(default)]
    pub entities: Vec<String>,
    /// The postal address, one line each.
    pub postal_address: Vec<String>,
    /// Company particulars for the foot of a letter (Code de commerce R123-237); may be empty.
    #[serde(default)]
    pub particulars: String,
    /// Where the DPO's notices go, and the contact that letters name.
    pub dpo_email: String,
    /// IANA name of the zone in which a legal day begins and ends.
    #[serde(default = "default_timezone")]
    pub timezone: String,
    /// Which public holidays move a due date.
    #[serde(default)]
    pub holidays: Holidays,
    /// Language of a letter when the writer's cannot be told: "fr" or "en".
    #[serde(default = "default_language")]
    pub language: LetterLanguage,
    /// Two to four letters or digits before a case's number.
    #[serde(default = "default_prefix")]
    pub reference_prefix: String,
    /// Domains of supervisory authorities: their mail goes to the DPO at once and is never answered by itself.
    #[serde(default = "default_authorities")]
    pub authority_domains: Vec<String>,
    /// Where the privacy notice can be read; may be empty.
    #[serde(default)]
    pub privacy_notice_url: String,
}

impl Controller {
    /// The lines of the postal address as they stand behind the company's name: a first line that only repeats it is
    /// left out.
    #[must_use]
    pub fn address_lines(&self) -> Vec<&str> {
        let lines = self.postal_address.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
        let mut lines: Vec<&str> = lines.collect();
        if lines.len() > 1 && lines.first().is_some_and(|line| line.eq_ignore_ascii_case(self.name.trim())) {
            lines.remove(0);
        }
        lines
    }
}

/// The languages letters exist in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LetterLanguage {
    /// French.
    Fr,
    /// English.
    En,
}

/// Which French calendar counts (Code du travail L3133-1, L3134-13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holidays {
    /// The eleven days of the whole country.
    #[default]
    France,
    /// Those, Good Friday and 26 December.
    AlsaceMoselle,
}

/// What people use a mailbox for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// The notice's "write here and you get no more offers".
    OptOut,
    /// The DPO's mailbox: every right.
    Rights,
}

/// One mailbox that is read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    /// Its name in logs and lists, never an address.
    pub name: String,
    /// What people write to it for.
    pub purpose: Purpose,
    /// The address people write to, and from which they are answered.
    pub address: String,
    /// Read by IMAP…
    #[serde(default)]
    pub imap: Option<Imap>,
    /// …or from a Maildir; exactly one of the two.
    #[serde(default)]
    pub maildir: Option<Maildir>,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    #[default]
    Tls,
    /// TLS after STARTTLS, or no connection.
    Starttls,
    /// None; only to a loopback address.
    Plaintext,
}

/// An IMAP account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imap {
    /// Host name, as in the certificate.
    pub host: String,
    /// TCP port; 993 with "tls", else 143.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// PEM file of the authority that signed the server's certificate; the system's when absent.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Login name.
    pub username: String,
    /// The password.
    #[serde(flatten)]
    pub password: SecretSource,
    /// Folders to read, junk included: a mail there has been received (law: receipt needs no knowledge).
    #[serde(default = "default_folders")]
    pub folders: Vec<String>,
    /// What happens to the server's copy of a settled mail: "keep", "seen", or a folder it is moved to.
    #[serde(default = "default_after")]
    pub after: String,
    /// Seconds between looks when IDLE says nothing; 10 to 3600.
    #[serde(default = "default_poll_seconds")]
    pub poll_seconds: u64,
}

/// A Maildir on this machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maildir {
    /// The folder that holds `cur`, `new` and `tmp`.
    pub path: PathBuf,
    /// "keep", "seen" (flag S, moved to `cur`), or a Maildir++ subfolder's name.
    #[serde(default = "default_after")]
    pub after: String,
    /// Seconds between looks; 1 to 3600.
    #[serde(default = "default_maildir_poll_seconds")]
    pub poll_seconds: u64,
}

/// The submission server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Host name, as in the certificate. Empty with `folder`.
    #[serde(default)]
    pub host: String,
    /// TCP port; 465 with "tls", else 587.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// PEM file of the authority that signed the server's certificate.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Login name; empty when the server asks for none.
    #[serde(default)]
    pub username: String,
    /// The password.
    #[serde(flatten)]
    pub password: SecretSource,
    /// Connections held open and used side by side; 1 to 32.
    #[serde(default = "default_connections")]
    pub connections: usize,
    /// The envelope sender of letters: "tagged" (a bounce names its letter) or "null".
    #[serde(default)]
    pub return_path: ReturnPathMode,
    /// Write letters to this folder instead of sending them (rehearsal, demo).
    #[serde(default)]
    pub folder: Option<PathBuf>,
}

/// What stands in MAIL FROM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReturnPathMode {
    /// `local+b.<token>@domain`: a bounce is recognised by its token (T14).
    #[default]
    Tagged,
    /// `<>`, where the server allows it; bounces are then never seen.
    Null,
}

/// Where data are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// The database file; its folder must be 0700 and is made when absent.
    pub path: PathBuf,
    /// The key that seals personal fields and tokens; made beside the database when both are new.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Below this many MiB free, intake pauses; 16 and more.
    #[serde(default = "default_free_mib")]
    pub free_mib_min: u64,
}

impl StoreSettings {
    /// The key file that counts: as configured, else `<path>.key`.
    #[must_use]
    pub fn key_path(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| {
            let mut name = self.path.clone().into_os_string();
            name.push(".key");
            name.into()
        })
    }
}

/// When a person must confirm that it was really them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfirmPolicy {
    /// Every time.
    Always,
    /// Unless the mail proved its sender's domain (DMARC-aligned).
    WhenUnauthenticated,
    /// Never.
    Never,
}

/// How we find out who is asking.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// Access, rectification, erasure, restriction, portability, objection.
    pub rights: ConfirmPolicy,
    /// Opt-outs.
    pub opt_out: ConfirmPolicy,
    /// The id that our own server writes into `Authentication-Results`; absent means never trusted (T6). "(none)"
    /// for a server that writes no id (Exchange Online).
    pub authserv_id: Option<String>,
    /// Also verify DKIM signatures ourselves, by DNS.
    pub dkim: bool,
    /// DNS server "address:port" for that; the system's when absent.
    pub dns_server: Option<String>,
    /// Days after the confirmation letter until its one reminder; 1 to 30.
    pub reminder_days: u16,
    /// Days after which an unconfirmed opt-out is applied all the same; 1 to 30, after the reminder.
    pub opt_out_days: u16,
    /// Days for which an answer to a confirmation letter is taken; 1 to 90.
    pub token_days: u16,
    /// What stands between a local part and its tag (RFC 5233); empty: no tagged addresses.
    pub tag_separator: String,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            rights: ConfirmPolicy::Always,
            opt_out: ConfirmPolicy::WhenUnauthenticated,
            authserv_id: None,
            dkim: true,
            dns_server: None,
            reminder_days: 3,
            opt_out_days: 7,
            token_days: 14,
            tag_separator: "+".to_owned(),
        }
    }
}

/// The page on which a person may confirm.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Public {
    /// "address:port" to listen on, usually loopback behind a proxy.
    pub listen: String,
    /// The address people see, "https://…" (or "http://" to loopback); links are built from it alone (T23).
    pub base_url: String,
    /// The proxy's address, whose `X-Forwarded-For` is believed; absent: nobody's.
    #[serde(default)]
    pub trusted_proxy: Option<std::net::IpAddr>,
    /// Visits of one address in a minute (T21); an answer counts as three.
    #[serde(default = "default_visits_per_address_minute")]
    pub visits_per_address_minute: u32,
    /// Visits of one network (/24, /56) in a minute (T21).
    #[serde(default = "default_visits_per_network_minute")]
    pub visits_per_network_minute: u32,
    /// Visits of all in a second (T21, R28).
    #[serde(default = "default_visits_per_second")]
    pub visits_per_second: u32,
    /// Connections of one network at once (T22); the trusted proxy's are not counted.
    #[serde(default = "default_connections_per_network")]
    pub connections_per_network: usize,
    /// Connections of all at once; when one more comes the oldest is closed (R29).
    #[serde(default = "default_page_connections")]
    pub connections: usize,
}

/// What the DPO is told, and when.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notices {
    /// Minutes over which new cases are told in one mail; 1 to 1440.
    pub grouping_minutes: u16,
    /// Days before a due date on which its case is recalled.
    pub remind_days_before: Vec<u16>,
    /// Hour (0–23, controller's zone) of the digest on working days; absent: no digest.
    pub digest_hour: Option<i8>,
}

impl Default for Notices {
    fn default() -> Self {
        Self { grouping_minutes: 15, remind_days_before: vec![10, 3], digest_hour: Some(8) }
    }
}

/// Caps and bounds (threats.md T21–T40). Raising one is a choice; zero is refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Automatic letters to one address in 24 hours (T27).
    pub letters_per_address_day: u32,
    /// Automatic letters of one kind to one address in 24 hours (T27).
    pub letters_per_address_kind_day: u32,
    /// Automatic letters to one domain in one hour (T27).
    pub letters_per_domain_hour: u32,
    /// Automatic letters in all in one hour: the breaker (T27).
    pub letters_per_hour: u32,
    /// Raw bytes of one mail; larger ones are quarantined by their first part.
    pub message_bytes: usize,
    /// Bytes of a header.
    pub header_bytes: usize,
    /// Header fields.
    pub header_count: usize,
    /// MIME parts.
    pub parts: usize,
    /// MIME depth.
    pub depth: usize,
    /// Addresses in all fields.
    pub addresses: usize,
    /// Bytes stored from one address in 24 hours, in MiB (T40).
    pub mib_per_address_day: u64,
    /// Attempts at understanding one mail before it is quarantined (R14).
    pub attempts: u32,
    /// Days over which a letter is tried again (R16).
    pub send_days: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            letters_per_address_day: 3,
            letters_per_address_kind_day: 1,
            letters_per_domain_hour: 100,
            letters_per_hour: 500,
            message_bytes: 25 << 20,
            header_bytes: 256 << 10,
            header_count: 1000,
            parts: 500,
            depth: 20,
            addresses: 500,
            mib_per_address_day: 100,
            attempts: 3,
            send_days: 5,
        }
    }
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// One sentence for each thing that is wrong, all of them at once.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|error| ConfigError::unreadable(file, &error))?;
        Self::parse(&text, file)
    }

    /// Checks a configuration text; `file` only names it in errors.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let mut config: Self =
            toml::from_str(text).map_err(|error| ConfigError::syntax(file, text, &error))?;
        let wrong = check::findings(&mut config);
        if wrong.is_empty() { Ok(config) } else { Err(ConfigError::values(file, wrong)) }
    }

    /// Checks that every password can be read, as reading and sending mail will need it (T57).
    ///
    /// # Errors
    /// One sentence for each that cannot.
    pub fn check_secrets(&self, file: &Path) -> Result<(), ConfigError> {
        let wrong = check::secrets(self);
        if wrong.is_empty() { Ok(()) } else { Err(ConfigError::values(file, wrong)) }
    }

    /// The DPO's address. Checked at load.
    ///
    /// # Panics
    /// Never on a checked configuration.
    #[must_use]
    pub fn dpo(&self) -> Address {
        Address::parse(&self.controller.dpo_email).expect("checked at load")
    }

    /// The controller's zone. Checked at load.
    #[must_use]
    pub fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.controller.timezone).unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// The mailbox of that name.
    #[must_use]
    pub fn mailbox(&self, name: &str) -> Option<&Mailbox> {
        self.mailboxes.iter().find(|mailbox| mailbox.name == name)
    }
}

impl Mailbox {
    /// The address people write to. Checked at load.
    ///
    /// # Panics
    /// Never on a checked configuration.
    #[must_use]
    pub fn mail_address(&self) -> Address {
        Address::parse(&self.address).expect("checked at load")
    }
}

fn default_authorities() -> Vec<String> {
    vec!["cnil.fr".to_owned()]
}
fn default_timezone() -> String {
    "Europe/Paris".to_owned()
}
fn default_language() -> LetterLanguage {
    LetterLanguage::Fr
}
fn default_prefix() -> String {
    "DP".to_owned()
}
fn default_folders() -> Vec<String> {
    vec!["INBOX".to_owned()]
}
fn default_after() -> String {
    "keep".to_owned()
}
fn default_poll_seconds() -> u64 {
    300
}
fn default_maildir_poll_seconds() -> u64 {
    2
}
fn default_connections() -> usize {
    4
}
const fn default_visits_per_address_minute() -> u32 {
    60
}
const fn default_visits_per_network_minute() -> u32 {
    300
}
const fn default_visits_per_second() -> u32 {
    2000
}
const fn default_connections_per_network() -> usize {
    20
}
const fn default_page_connections() -> usize {
    1000
}
fn default_free_mib() -> u64 {
    256
}
