//! What one mailbox says about itself: names, addresses and the values that every letter may hold.

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use minijinja::Value;

use super::mark::MarkKey;
use super::passages::Passages;
use super::words;
use crate::config::{Config, LetterLanguage, Mailbox, ReturnPathMode};
use crate::identity::Token;
use crate::mail::Address;

/// The local part's bound (RFC 5321 §4.5.3.1.1), which a tag must not break.
const LOCAL_PART_BYTES: usize = 64;

/// In whose name letters leave: built once for each mailbox, cheap to use for each letter.
#[derive(Clone)]
pub struct SenderIdentity {
    name: String,
    address: Address,
    local: String,
    domain: String,
    separator: String,
    return_path: ReturnPathMode,
    zone: TimeZone,
    mark_key: MarkKey,
    base_url: Option<String>,
    privacy_notice_url: Option<String>,
    french: Vec<(&'static str, Value)>,
    english: Vec<(&'static str, Value)>,
    passages: Passages,
}

/// Why letters cannot be written in a mailbox's name: one sentence with key and remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SenderError(String);

impl SenderIdentity {
    /// The identity of `mailbox`, whose letters are marked with `mark_key`.
    ///
    /// # Errors
    /// When a configured text could break a header (T29), or a tagged address would be too long.
    pub fn new(config: &Config, mailbox: &Mailbox, mark_key: MarkKey) -> Result<Self, SenderError> {
        let controller = &config.controller;
        let texts = [
            ("name", &controller.name),
            ("group", &controller.group),
            ("particulars", &controller.particulars),
            ("privacy_notice_url", &controller.privacy_notice_url),
        ];
        let entities = controller.entities.iter().map(|text| ("entities", text));
        let lines = controller.postal_address.iter().map(|text| ("postal_address", text));
        for (key, text) in texts.into_iter().chain(entities).chain(lines) {
            if text.chars().any(unprintable) {
                return Err(SenderError(format!(
                    "controller.{key} holds a line break, control or invisible character; remove it"
                )));
            }
        }
        let (Some(address), Some(dpo)) =
            (Address::parse(&mailbox.address), Address::parse(&controller.dpo_email))
        else {
            return Err(SenderError(format!(
                "mailbox \"{}\": its address or controller.dpo_email is not a plain mail address",
                mailbox.name
            )));
        };
        let (local, domain) = address.as_str().split_once('@').unwrap_or_default();
        let separator = config.identity.tag_separator.clone();
        let tagged = local.len() + separator.len() + 2 + Token::LENGTH;
        if !separator.is_empty() && tagged > LOCAL_PART_BYTES {
            return Err(SenderError(format!(
                "mailbox \"{}\": its address is {} characters too long to carry a tag; use a shorter one or set \
                 identity.tag_separator = \"\"",
                mailbox.name,
                tagged - LOCAL_PART_BYTES
            )));
        }
        let base_url = config.public.as_ref().map(|public| public.base_url.trim_end_matches('/').to_owned());
        let privacy_notice_url = some(&controller.privacy_notice_url);
        let values = |language| {
            let address_lines = controller.address_lines();
            let mut entities: Vec<&str> = Vec::new();
            for entity in &controller.entities {
                if !entity.trim().is_empty()
                    && *entity != controller.name
                    && !entities.contains(&entity.trim())
                {
                    entities.push(entity.trim());
                }
            }
            let entity_list = words::list_in_words(&entities, language);
            vec![
                ("company", Value::from(controller.name.trim())),
                ("group", optional(&some(group_name(&controller.group)))),
                ("entities", optional(&some(&entity_list))),
                ("address", Value::from(address_lines.join(", "))),
                ("particulars", optional(&some(&unbroken_numbers(&controller.particulars)))),
                ("dpo_email", Value::from(dpo.as_str())),
                ("privacy_notice_url", optional(&privacy_notice_url)),
                ("mailbox", Value::from(address.as_str())),
            ]
        };
        Ok(Self {
            name: controller.name.trim().to_owned(),
            local: local.to_owned(),
            domain: domain.to_owned(),
            separator,
            return_path: config.smtp.return_path,
            zone: config.zone(),
            mark_key,
            french: values(LetterLanguage::Fr),
            english: values(LetterLanguage::En),
            base_url,
            privacy_notice_url,
            address,
            passages: Passages::default(),
        })
    }

    pub(super) fn values(&self, language: LetterLanguage) -> &[(&'static str, Value)] {
        match language {
            LetterLanguage::Fr => &self.french,
            LetterLanguage::En => &self.english,
        }
    }

    /// What its letters said before.
    pub(super) fn passages(&self) -> &Passages {
        &self.passages
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn domain(&self) -> &str {
        &self.domain
    }

    pub(super) fn mark_key(&self) -> &MarkKey {
        &self.mark_key
    }

    pub(super) fn base_url(&self) -> Option<&str> {
        self.base_url.as_deref()
    }

    /// Addresses that the HTML part may link to, besides the CNIL's.
    pub(super) fn own_urls(&self) -> impl Iterator<Item = &str> {
        self.base_url.as_deref().into_iter().chain(self.privacy_notice_url.as_deref())
    }

    pub(super) fn local_time(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// `local+<kind>.<token>@domain` (RFC 5233), or `None` where no tagged addresses exist.
    pub(super) fn tagged(&self, kind: &str, token: &str) -> Option<String> {
        (!self.separator.is_empty())
            .then(|| format!("{}{}{kind}.{token}@{}", self.local, self.separator, self.domain))
    }

    /// MAIL FROM of the letter with this token: `local+b.<token>@domain`, the plain address where no tags
    /// exist, or the null sender.
    pub(super) fn return_path(&self, token: &str) -> Option<String> {
        match self.return_path {
            ReturnPathMode::Null => None,
            ReturnPathMode::Tagged => {
                Some(self.tagged("b", token).unwrap_or_else(|| self.address.as_str().to_owned()))
            }
        }
    }
}

/// Names the mailbox only: an identity holds a key.
impl fmt::Debug for SenderIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SenderIdentity(@{})", self.domain)
    }
}

/// The confirmation page of a token: `<base_url>/c/<token>`, from the configured address alone (T23).
#[must_use]
pub fn page_link(base_url: &str, token: &Token) -> String {
    format!("{}/c/{}", base_url.trim_end_matches('/'), token.as_str())
}

/// `8 000 €` and `123 456 789` stay in one piece.
fn unbroken_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        let joins = c == ' '
            && before.is_ascii_digit()
            && characters.peek().is_some_and(|next| next.is_ascii_digit() || *next == '€');
        out.push(if joins { '\u{a0}' } else { c });
        before = c;
    }
    out
}

/// The group's name without the word "group", which the letters write in their own language.
fn group_name(group: &str) -> &str {
    let group = group.trim();
    let first = group.split(' ').next().unwrap_or_default();
    if matches!(first.to_lowercase().as_str(), "groupe" | "group") {
        group.get(first.len()..).map_or(group, str::trim)
    } else {
        group
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn optional(text: &Option<String>) -> Value {
    text.as_deref().map_or_else(|| Value::from(()), Value::from)
}

/// Characters that have no business in a name, because they break lines or turn text around.
pub(super) fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffd}')
}
