//! What every loop of the daemon shares: the configuration, the store, the templates, and one way to let an
//! event happen to a case.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::case::{
    Case, Context, Decision, Effect, Event, Fact, Letter, LetterKind, Policy, Purpose, decide, next_wake,
};
use crate::classify::{Language, OwnPhrases, Right};
use crate::clock::Clock;
use crate::config::{Config, Purpose as MailboxPurpose};
use crate::dice::Dice;
use crate::mail::{Address, Bounds, InboundMail, Ours};
use crate::reply::mark::MARK_FIELD;
use crate::reply::{MarkKey, Seeds, SenderIdentity, Templates, render, verify_mark};
use crate::store::{NewLetter, NewToken, SealedLetter, Store, StoreError, Tx};

/// The daemon's one office.
pub struct Office {
    /// The configuration.
    pub config: Arc<Config>,
    /// The store.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    dice: Dice,
    pub(super) policy: Policy,
    pub(super) bounds: Bounds,
    /// What is ours, for a mail that bears our mark of that very letter…
    pub(super) ours_marked: Ours,
    /// …and for every other: a forged mark must not make a request vanish (T41).
    pub(super) ours: Ours,
    mark_key: MarkKey,
    pub(super) phrases: OwnPhrases,
    pub(super) templates: Templates,
    senders: BTreeMap<String, SenderIdentity>,
    entities: String,
    /// Rung when a mail was stored.
    pub mail_came: Arc<Notify>,
    /// Rung when a letter was queued.
    pub letter_due: Arc<Notify>,
}

impl Office {
    /// Builds what the loops share.
    ///
    /// # Errors
    /// One sentence about the setting that is wrong.
    pub fn new(config: Config, store: Store, templates: Templates, clock: Clock) -> anyhow::Result<Self> {
        let key = MarkKey::new(store.keys().mark());
        let mut senders = BTreeMap::new();
        for mailbox in &config.mailboxes {
            senders.insert(mailbox.name.clone(), SenderIdentity::new(&config, mailbox, key.clone())?);
        }
        let phrases = own_phrases(&config)?;
        let addresses: Vec<Address> =
            config.mailboxes.iter().map(crate::config::Mailbox::mail_address).collect();
        Ok(Self {
            policy: policy(&config),
            bounds: bounds(&config),
            ours: Ours { addresses: addresses.clone(), mark: String::new() },
            ours_marked: Ours { addresses, mark: MARK_FIELD.to_owned() },
            mark_key: key,
            phrases,
            entities: entities(&config),
            templates,
            senders,
            clock,
            dice: Dice::System,
            store,
            config: Arc::new(config),
            mail_came: Arc::new(Notify::new()),
            letter_due: Arc::new(Notify::new()),
        })
    }

    /// The same office with other dice.
    #[must_use]
    pub fn with_dice(mut self, dice: Dice) -> Self {
        self.dice = dice;
        self
    }

    /// Whether a mail is a letter of ours, by its mark (T26).
    pub(super) fn is_our_letter(&self, mail: &InboundMail) -> bool {
        let mark = mail.headers.first(MARK_FIELD);
        match (&mail.message_id, mark) {
            (Some(id), Some(mark)) => verify_mark(id, &mark, &self.mark_key),
            _ => false,
        }
    }

    /// What separates a local part from its tag, when tags are used.
    pub(super) fn separator(&self) -> Option<char> {
        self.config.identity.tag_separator.chars().next()
    }

    /// Lets `event` happen to `case` in this transaction: facts, case, letters and opt-outs are written together.
    /// `person` is the address behind the event, when it is not yet known to the store.
    pub(super) fn happen(
        &self,
        tx: &Tx<'_>,
        case: Option<Case>,
        event: &Event,
        person: Option<&Address>,
        now: Timestamp,
    ) -> Result<Option<Case>, StoreError> {
        let known = match (person, case.as_ref().and_then(|case| case.person)) {
            (None, Some(fingerprint)) => tx.person(&fingerprint)?,
            _ => None,
        };
        let person = person.or(known.as_ref());
        // A letter's end writes to nobody but the DPO: the caps on letters to the person need no look.
        let settled = matches!(event, Event::LetterSettled { .. });
        let sent_today = match person {
            Some(person) if !settled => tx.letters_since(&tx.keys().suppression(person), day_before(now))?,
            _ => BTreeMap::new(),
        };
        let mut context =
            Context { now, policy: &self.policy, person, sent_today: &sent_today, random: [0; 64] };
        let mut tries = 0;
        let decision = loop {
            context.random = self.dice.throw()?;
            let decision = match decide(case.as_ref(), event, &context) {
                Ok(decision) => decision,
                Err(refused) => {
                    tracing::info!(status = refused.status, event = refused.event, "an event came too late");
                    return Ok(case);
                }
            };
            // Eight digits are few: among ten thousand cases two would meet every other time. A new case must
            // never take the number, and so the place, of another.
            let taken = match &decision.case {
                Some(new) if case.is_none() => tx.is_taken(&new.reference)?,
                _ => false,
            };
            if !taken {
                break decision;
            }
            tries += 1;
            if tries == 20 {
                return Err(StoreError::Refused("no free case number was found".to_owned()));
            }
        };
        self.write_down(tx, case.as_ref(), &decision, None, person, now)?;
        Ok(decision.case)
    }

    /// What would follow from `event` if it opened a case and nothing was written to `person` in the last day, with
    /// its letters in their final bytes: nearly all that a mail costs, and it needs no transaction. `None` when
    /// nothing would follow, or when that is for the transaction to find out.
    pub(super) fn prepare(
        &self,
        event: &Event,
        person: Option<&Address>,
        now: Timestamp,
    ) -> Option<Prepared> {
        let random = self.dice.throw().ok()?;
        let sent_today = BTreeMap::new();
        let context = Context { now, policy: &self.policy, person, sent_today: &sent_today, random };
        let decision = decide(None, event, &context).ok()?;
        let case = decision.case.as_ref()?;
        let letters = decision.effects.iter().filter_map(|effect| match effect {
            Effect::SendLetter(letter) => Some(self.sealed(letter, Some(case), now)),
            _ => None,
        });
        Some(Prepared { letters: letters.collect::<Result<_, _>>().ok()?, decision, now })
    }

    /// Writes down what was prepared, if it still follows; false, and nothing written, when it does not.
    pub(super) fn happen_as_prepared(
        &self,
        tx: &Tx<'_>,
        prepared: &Prepared,
        person: Option<&Address>,
    ) -> Result<bool, StoreError> {
        let Prepared { decision, letters, now } = prepared;
        let taken = match &decision.case {
            Some(case) => tx.is_taken(&case.reference)?,
            None => true,
        };
        let written_to = match person {
            Some(person) => !tx.letters_since(&tx.keys().suppression(person), day_before(*now))?.is_empty(),
            None => false,
        };
        if taken || written_to {
            return Ok(false);
        }
        self.write_down(tx, None, decision, Some(letters), person, *now)?;
        Ok(true)
    }

    /// Facts, case, letters and opt-outs of a decision, in this transaction.
    fn write_down(
        &self,
        tx: &Tx<'_>,
        before: Option<&Case>,
        decision: &Decision,
        letters: Option<&[SealedLetter]>,
        person: Option<&Address>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(after) = &decision.case else { return Ok(()) };
        if let (Some(fingerprint), Some(address)) = (after.person, person) {
            tx.keep_person(&fingerprint, address)?;
        }
        let opened = decision.facts.iter().any(|fact| matches!(fact, Fact::Opened(_)));
        let tell = (opened && !after.is_opt_out_only())
            || decision.facts.iter().any(|fact| matches!(fact, Fact::AnswerUnclear));
        if tell || before != Some(after) {
            tx.put_case(after, now, next_wake(after, &self.policy), tell)?;
        }
        tx.append(&after.reference, &decision.facts, now, "daemon")?;
        let mut ready = letters.unwrap_or_default().iter();
        for effect in &decision.effects {
            match effect {
                Effect::SendLetter(letter) => match ready.next() {
                    Some(letter) => drop(tx.queue_letter(Some(&after.reference), letter)?),
                    None => self.queue(tx, letter, Some(after), now)?,
                },
                Effect::ApplyOptOut { basis, .. } => {
                    if let Some(address) = person {
                        let key = tx.keys().suppression(address);
                        let basis = crate::store::basis_name(*basis);
                        tx.apply_opt_out(&key, now, basis, &self.entities, &after.reference)?;
                    }
                }
                Effect::UndoOptOut { .. } => {
                    if let Some(address) = person {
                        tx.undo_opt_out(&tx.keys().suppression(address))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Renders a letter to its final bytes and queues it with its token.
    pub(super) fn queue(
        &self,
        tx: &Tx<'_>,
        letter: &Letter,
        case: Option<&Case>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tx.queue_letter(case.map(|case| &case.reference), &self.sealed(letter, case, now)?)?;
        Ok(())
    }

    /// A letter in its final bytes, with its token.
    fn sealed(
        &self,
        letter: &Letter,
        case: Option<&Case>,
        now: Timestamp,
    ) -> Result<SealedLetter, StoreError> {
        let sender = self
            .senders
            .get(&letter.mailbox)
            .or_else(|| self.senders.values().next())
            .ok_or_else(|| StoreError::Refused("no mailbox can write letters".to_owned()))?;
        let seeds = Seeds { at: now, random: self.dice.throw()? };
        let rendered = render(letter, &self.templates, sender, &seeds)
            .map_err(|error| StoreError::Refused(error.to_string()))?;
        let token = match (letter.kind.person(), case.and_then(|case| case.person)) {
            (Some(words), Some(person)) => Some(NewToken {
                token: &words.token,
                code: words.code.as_ref(),
                person,
                purpose: purpose(&letter.kind),
            }),
            _ => None,
        };
        let new = NewLetter {
            kind: letter.kind.name(),
            envelope_from: rendered.envelope_from.as_deref(),
            envelope_to: &rendered.envelope_to,
            bytes: &rendered.bytes,
            queued_at: now,
            token,
        };
        SealedLetter::new(&new, self.store.keys())
    }
}

/// What was decided before its transaction began.
pub(super) struct Prepared {
    pub(super) decision: Decision,
    /// One for each that the decision sends, in order.
    letters: Vec<SealedLetter>,
    now: Timestamp,
}

fn day_before(now: Timestamp) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The installation's own phrases, compiled.
///
/// # Errors
/// One sentence that names the key or the phrase.
pub fn own_phrases(config: &Config) -> anyhow::Result<OwnPhrases> {
    let mut phrases = Vec::new();
    for (kind, texts) in &config.phrases {
        let right = Right::from_name(kind).ok_or_else(|| {
            let known: Vec<&str> = Right::ALL.into_iter().map(Right::name).collect();
            anyhow::anyhow!("phrases.{kind} is no kind; write one of {}", known.join(", "))
        })?;
        for text in texts {
            // An operator's phrase is meant as written, whatever language surrounds it.
            phrases.push((right, Language::Fr, text.as_str()));
            phrases.push((right, Language::En, text.as_str()));
        }
    }
    OwnPhrases::new(phrases).map_err(|wrong| anyhow::anyhow!("phrases: {wrong}"))
}

/// What a letter's token is good for.
fn purpose(kind: &LetterKind) -> Purpose {
    match kind {
        LetterKind::ConfirmationRequest(_) | LetterKind::ConfirmationReminder(_) => Purpose::Confirm,
        LetterKind::OptOutApplied(_) | LetterKind::OptOutAppliedUnconfirmed(_) => Purpose::Undo,
        _ => Purpose::Thread,
    }
}

fn policy(config: &Config) -> Policy {
    let rights = config.mailboxes.iter().find(|mailbox| mailbox.purpose == MailboxPurpose::Rights);
    Policy {
        zone: config.zone(),
        holidays: config.controller.holidays,
        reference_prefix: config.controller.reference_prefix.clone(),
        confirm_rights: config.identity.rights,
        confirm_opt_out: config.identity.opt_out,
        reminder_days: config.identity.reminder_days,
        opt_out_days: config.identity.opt_out_days,
        token_days: config.identity.token_days,
        letters_per_address_day: config.limits.letters_per_address_day,
        letters_per_address_kind_day: config.limits.letters_per_address_kind_day,
        page: config.public.is_some(),
        dpo: config.dpo(),
        dpo_language: config.controller.language,
        dpo_mailbox: rights
            .or(config.mailboxes.first())
            .map(|mailbox| mailbox.name.clone())
            .unwrap_or_default(),
        remind_days_before: config.notices.remind_days_before.clone(),
    }
}

/// The bounds that keep a hostile mail from the parser (T33).
#[must_use]
pub fn bounds(config: &Config) -> Bounds {
    let limits = &config.limits;
    Bounds {
        raw_bytes: limits.message_bytes,
        header_bytes: limits.header_bytes,
        header_fields: limits.header_count,
        parts: limits.parts,
        depth: limits.depth,
        addresses: limits.addresses,
        ..Bounds::default()
    }
}

/// For whom an opt-out counts: the company and every configured entity, as a JSON list.
fn entities(config: &Config) -> String {
    let mut names = vec![config.controller.name.clone()];
    for entity in &config.controller.entities {
        if !names.contains(entity) {
            names.push(entity.clone());
        }
    }
    serde_json::to_string(&names).unwrap_or_default()
}
