//! The way of one mail, from stored bytes to a commit: the only place where reading, screening, understanding,
//! evidence, decision and letters meet.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use tokio::task::JoinHandle;

use super::office::{Office, Prepared};
use crate::case::{
    ArrivedMail, Case, DpoAlertReason, Event, LetterKind, LetterOutcome, MailId, Proof, Purpose, Threading,
    belongs, dpo_letter,
};
use crate::classify::{Kind, Language, Reading, Right};
use crate::config::LetterLanguage;
use crate::failpoint;
use crate::identity::{self, Evidence, OwnCheck, Token};
use crate::mail::{Address, InboundMail, Origin, Sender};
use crate::store::{Mark, StoreError, StoredMail, Tx};

/// Mails understood and committed together: enough that one fsync is shared by many, few enough for memory.
const BATCH_MAILS: u32 = 200;
/// Raw bytes of a batch.
const BATCH_BYTES: usize = 2 << 20;
/// The mark of the thread that decides; those that read count from 0.
const DECIDING_SLOT: usize = 63;

/// A mail after all thinking that needs no database.
struct Understood {
    id: MailId,
    mailbox: String,
    received_at: Timestamp,
    attempts: u32,
    /// What was read, or the stable name of why it could not be.
    read: Result<Box<Read>, &'static str>,
    /// What follows from it, when that could be made ready.
    prepared: Option<Prepared>,
}

/// How the mails of a batch are committed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// All or none: what nearly always goes well, without the cost of being able to take each one back.
    Together,
    /// Each for itself.
    Apart,
}

struct Read {
    sender: Option<Address>,
    authority: bool,
    origin: Origin,
    /// A machine's by its words alone.
    by_words: bool,
    may_answer: bool,
    reading: Reading,
    aligned: bool,
    answer_tokens: Vec<Token>,
    bounce_tokens: Vec<Token>,
    takes_back: bool,
    says_more: bool,
    threading: Threading,
    /// For the DPO, sealed with the mail.
    explained: Vec<u8>,
}

impl Read {
    /// How a mail ends that asks and answers nothing.
    fn end_without_case(&self) -> Option<&'static str> {
        match self.origin {
            Origin::Bounce => Some("bounce"),
            Origin::AutoReply if self.by_words => machine_by_words(&self.reading),
            Origin::AutoReply => Some("auto-reply"),
            Origin::ListMail => Some("list-mail"),
            Origin::OwnLetter => Some("own-letter"),
            Origin::Person | Origin::ListUnsubscribe | Origin::FeedbackOptOut => {
                machine_by_words(&self.reading)
            }
        }
    }
}

impl Office {
    /// Understands and commits stored mails until none waits; returns how many there were.
    ///
    /// # Errors
    /// When the store failed: nothing of that batch was committed, and its mails will come again.
    pub async fn process_all(self: &Arc<Self>) -> Result<usize, StoreError> {
        let mut count = 0;
        loop {
            let before = count;
            // While one batch is committed, the next one is understood.
            let mut settling: Option<JoinHandle<Result<(), StoreError>>> = None;
            let mut after = MailId(0);
            loop {
                let taken = self.store.next_mails_after(after, BATCH_MAILS, BATCH_BYTES).await?;
                let Some(last) = taken.last() else { break };
                after = last.id;
                count += taken.len();
                let understood = self.understand_batch(taken).await;
                settled(settling.take()).await?;
                settling = Some(tokio::spawn(Arc::clone(self).settle_batch(understood?)));
            }
            settled(settling.take()).await?;
            // Those that failed and may be tried again are found by beginning anew.
            if count == before {
                return Ok(count);
            }
        }
    }

    async fn understand_batch(
        self: &Arc<Self>,
        taken: Vec<StoredMail>,
    ) -> Result<Vec<Understood>, StoreError> {
        failpoint::reach("mails-taken");
        let office = Arc::clone(self);
        let now = self.clock.now();
        let understood = tokio::task::spawn_blocking(move || office.understand_all(&taken, now))
            .await
            .map_err(|_| StoreError::Refused("a thread that understands mails ended".to_owned()))?;
        failpoint::reach("mails-understood");
        Ok(understood)
    }

    /// Commits a batch, and rings when letters may have come of it.
    async fn settle_batch(self: Arc<Self>, understood: Vec<Understood>) -> Result<(), StoreError> {
        let understood = Arc::new(understood);
        let letters = match self.settle_with(&understood, Care::Together).await {
            // Rare: the mails are taken one by one, so that the one that fails takes no other with it.
            Err(StoreError::Refused(_) | StoreError::Corrupt { .. }) => {
                self.settle_with(&understood, Care::Apart).await
            }
            settled => settled,
        };
        failpoint::reach("mails-settled");
        if letters? {
            self.letter_due.notify_one();
        }
        Ok(())
    }

    /// Commits a batch; returns whether anything of it may have led to letters.
    async fn settle_with(
        self: &Arc<Self>,
        understood: &Arc<Vec<Understood>>,
        care: Care,
    ) -> Result<bool, StoreError> {
        let (office, understood) = (Arc::clone(self), Arc::clone(understood));
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let mut failed = 0_usize;
                let mark = office.store.mark(DECIDING_SLOT);
                for mail in understood.iter() {
                    mark.on(mail.id);
                    let settled = match care {
                        Care::Together => office.settle(tx, mail, now),
                        Care::Apart => tx.apart(|tx| office.settle(tx, mail, now)),
                    };
                    match settled {
                        Ok(()) => {}
                        // The mail's own matter; a failing disk is not, and takes the whole batch back.
                        Err(error @ (StoreError::Refused(_) | StoreError::Corrupt { .. }))
                            if care == Care::Apart =>
                        {
                            failed += 1;
                            tracing::error!(mail.id = mail.id.0, %error, "a mail could not be decided");
                            office.try_again(tx, mail, "not-decided", now)?;
                        }
                        Err(error) => return Err(error),
                    }
                }
                drop(mark);
                tx.note_journal_end()?;
                Ok(failed < understood.len())
            })
            .await
    }

    /// Reads every mail of a batch, on all cores.
    fn understand_all(&self, mails: &[StoredMail], now: Timestamp) -> Vec<Understood> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let share = mails.len().div_ceil(threads).max(8);
        std::thread::scope(|scope| {
            let parts: Vec<_> = mails
                .chunks(share)
                .enumerate()
                .map(|(slot, part)| {
                    let read = move || {
                        let mark = self.store.mark(slot);
                        part.iter().map(|mail| self.understand(&mark, mail, now)).collect::<Vec<_>>()
                    };
                    (part, scope.spawn(read))
                })
                .collect();
            parts
                .into_iter()
                // A thread that ended otherwise than by a caught panic is not possible; its mails come again.
                .flat_map(|(part, handle)| {
                    handle.join().unwrap_or_else(|_| part.iter().map(failed).collect())
                })
                .collect()
        })
    }

    fn understand(&self, mark: &Mark<'_>, mail: &StoredMail, now: Timestamp) -> Understood {
        let mut understood = failed(mail);
        if mail.attempts >= self.config.limits.attempts {
            understood.read = Err("attempts-used-up");
            return understood;
        }
        mark.on(mail.id);
        let read = || {
            let read = self.read(mail)?;
            Ok((self.prepared(&understood, &read, now), read))
        };
        match catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err("reading-failed")) {
            Ok((prepared, read)) => (understood.prepared, understood.read) = (prepared, Ok(read)),
            Err(reason) => understood.read = Err(reason),
        }
        understood
    }

    /// What follows from a mail that surely joins no case, made ready.
    fn prepared(&self, mail: &Understood, read: &Read, now: Timestamp) -> Option<Prepared> {
        if !read.answer_tokens.is_empty() || read.end_without_case().is_some() {
            return None;
        }
        let sender = read.sender.as_ref();
        let arrived = self.arrived(mail, read, sender.map(|sender| self.store.keys().person(sender)));
        self.prepare(&Event::MailArrived(arrived), sender, now)
    }

    fn read(&self, mail: &StoredMail) -> Result<Box<Read>, &'static str> {
        let parsed = crate::mail::parse(&mail.raw, &self.bounds).map_err(crate::mail::OutOfBounds::name)?;
        let ours = if self.is_our_letter(&parsed) { &self.ours_marked } else { &self.ours };
        let screening = crate::mail::screen(&parsed, ours);
        let answer_tokens = identity::answer_tokens(&parsed, self.separator());
        let reading = crate::classify::classify(&parsed, &screening, &self.phrases);
        let evidence = self.evidence(&parsed, mail.verified.as_deref());
        let sender = match &parsed.sender {
            Sender::One(address) => Some(address.clone()),
            Sender::Ambiguous(_) => None,
        };
        let authority = sender.as_ref().is_some_and(|sender| self.is_authority(sender.domain()));
        let ours = sender.as_ref().is_some_and(|sender| self.ours.addresses.contains(sender));
        Ok(Box::new(Read {
            authority,
            origin: screening.origin,
            by_words: screening.by_words,
            may_answer: screening.may_answer.is_ok() && !reading.machine && !authority && !ours,
            aligned: evidence.is_aligned(),
            bounce_tokens: identity::bounce_tokens(&parsed, self.separator()),
            takes_back: identity::takes_back(&parsed.visible.own),
            says_more: says_more(&parsed.visible.own),
            threading: threading(&parsed),
            explained: explain(&parsed, &reading, &screening.signs, &evidence),
            sender,
            reading,
            answer_tokens,
        }))
    }

    fn evidence(&self, mail: &InboundMail, verified: Option<&str>) -> Evidence {
        let server = self
            .config
            .identity
            .authserv_id
            .as_ref()
            .and_then(|id| identity::authentication_results(&mail.headers, id));
        let own = verified.and_then(OwnCheck::parse);
        identity::weigh(&mail.sender, server.as_ref(), own.as_ref())
    }

    fn is_authority(&self, domain: &str) -> bool {
        self.config.controller.authority_domains.iter().any(|authority| {
            domain == authority
                || domain.strip_suffix(authority.as_str()).is_some_and(|rest| rest.ends_with('.'))
        })
    }

    /// Commits one mail: every mail ends as a case, as set aside by rule, or in quarantine (T12).
    fn settle(&self, tx: &Tx<'_>, mail: &Understood, now: Timestamp) -> Result<(), StoreError> {
        if !tx.is_new(mail.id)? {
            return Ok(());
        }
        let read = match &mail.read {
            Ok(read) => read,
            // Out of bounds is a property of the bytes: no second look changes it. A panic may be.
            Err(reason @ "reading-failed") => return self.try_again(tx, mail, reason, now),
            Err(reason) => return self.quarantine(tx, mail.id, reason, now),
        };
        if read.origin == Origin::Bounce {
            self.bounced(tx, read, now)?;
        }
        if let Some(end) = read.end_without_case() {
            tx.append_mail_end(mail.id, end, now)?;
            return tx.settle_mail(mail.id, end, None, &read.explained);
        }
        self.case_of(tx, mail, read, now)
    }

    /// A mail that asks or answers something: opens a case, or joins the one whose token it carries.
    fn case_of(&self, tx: &Tx<'_>, mail: &Understood, read: &Read, now: Timestamp) -> Result<(), StoreError> {
        if let Some(prepared) = &mail.prepared
            && self.happen_as_prepared(tx, prepared, read.sender.as_ref())?
        {
            let reference = prepared.decision.case.as_ref().map(|case| &case.reference);
            return tx.settle_mail(mail.id, "case", reference, &read.explained);
        }
        let person = read.sender.as_ref().map(|sender| tx.keys().person(sender));
        let mut arrived = self.arrived(mail, read, person);
        let mut case: Option<Case> = None;
        // Only a person's answer counts, from the very address the letter went to (T2, T13).
        let by_a_person = read.origin == Origin::Person && !read.reading.machine;
        if let (true, Some(person)) = (by_a_person, person) {
            for token in &read.answer_tokens {
                let Some(found) = tx.find_token(token)?.filter(|found| found.person == person) else {
                    continue;
                };
                let live = found.is_live(now);
                arrived.proven = if live { Some(Proof::Token) } else { arrived.proven };
                arrived.answers = Some(match found.purpose {
                    Purpose::Confirm if !live => Purpose::Thread,
                    purpose => purpose,
                });
                case = tx.case(&found.case)?;
                break;
            }
        }
        let joined = case.filter(|case| belongs(case, &arrived));
        let end = if joined.is_some() { "joined" } else { "case" };
        let after = self.happen(tx, joined, &Event::MailArrived(arrived), read.sender.as_ref(), now)?;
        let reference = after.as_ref().map(|case| &case.reference);
        tx.settle_mail(mail.id, end, reference, &read.explained)
    }

    fn arrived(
        &self,
        mail: &Understood,
        read: &Read,
        person: Option<crate::case::Fingerprint>,
    ) -> ArrivedMail {
        let reading = &read.reading;
        let from_program = matches!(read.origin, Origin::ListUnsubscribe);
        let rights: Vec<Right> = reading
            .kinds
            .iter()
            .filter_map(|kind| match kind {
                Kind::Asks(right) => Some(*right),
                _ => None,
            })
            .collect();
        ArrivedMail {
            mail: mail.id,
            mailbox: mail.mailbox.clone(),
            received_at: mail.received_at,
            person,
            proven: read.aligned.then_some(Proof::Aligned),
            may_answer: read.may_answer && !from_program,
            rights,
            certain: reading.certain,
            answer: reading.answer,
            undo: read.takes_back,
            says_more: read.says_more,
            language: self.letter_language(reading.language),
            threading: read.threading.clone(),
            answers: None,
            authority: read.authority,
        }
    }

    fn letter_language(&self, written: Language) -> LetterLanguage {
        match written {
            Language::Fr => LetterLanguage::Fr,
            Language::Unknown => self.config.controller.language,
            _ => LetterLanguage::En,
        }
    }

    /// A report that carries the token of a letter of ours reaches that letter's case; any other is only kept (T14).
    fn bounced(&self, tx: &Tx<'_>, read: &Read, now: Timestamp) -> Result<(), StoreError> {
        for token in &read.bounce_tokens {
            let Some(found) = tx.find_token(token)? else { continue };
            let Some(kind) = tx.bounce_letter(found.letter)? else { continue };
            let Some(case) = tx.case(&found.case)? else { continue };
            let event = Event::LetterSettled { kind: letter_name(&kind), outcome: LetterOutcome::Bounced };
            self.happen(tx, Some(case), &event, None, now)?;
        }
        Ok(())
    }

    /// Counts a failed attempt; the last one sets the mail aside (R14).
    fn try_again(
        &self,
        tx: &Tx<'_>,
        mail: &Understood,
        reason: &'static str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tracing::warn!(mail.id = mail.id.0, reason, attempts = mail.attempts + 1, "a mail failed");
        if mail.attempts + 1 >= self.config.limits.attempts {
            return self.quarantine(tx, mail.id, reason, now);
        }
        tx.count_attempt(mail.id)
    }

    fn quarantine(
        &self,
        tx: &Tx<'_>,
        mail: MailId,
        reason: &'static str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tracing::warn!(mail.id = mail.0, reason, "a mail was set aside unread");
        tx.quarantine_mail(mail, reason)?;
        tx.append_mail_end(mail, reason, now)?;
        let alert = dpo_letter(
            &self.policy,
            LetterKind::DpoAlert { reason: DpoAlertReason::Quarantined, case: None },
        );
        self.queue(tx, &alert, None, now)
    }
}

/// What the words alone show to be no person's request, when they show it surely.
fn machine_by_words(reading: &Reading) -> Option<&'static str> {
    let [kind] = reading.kinds.iter().collect::<Vec<_>>()[..] else { return None };
    match kind {
        _ if !reading.certain => None,
        Kind::AutoReply => Some("auto-reply"),
        Kind::Bounce => Some("bounce"),
        Kind::ListMail => Some("list-mail"),
        Kind::Spam => Some("spam"),
        _ => None,
    }
}

/// Waits for a batch that is being committed.
async fn settled(settling: Option<JoinHandle<Result<(), StoreError>>>) -> Result<(), StoreError> {
    match settling {
        Some(settling) => settling.await.map_err(|_| StoreError::Gone)?,
        None => Ok(()),
    }
}

fn failed(mail: &StoredMail) -> Understood {
    Understood {
        id: mail.id,
        mailbox: mail.mailbox.clone(),
        received_at: mail.received_at,
        attempts: mail.attempts,
        read: Err("reading-failed"),
        prepared: None,
    }
}

fn threading(mail: &InboundMail) -> Threading {
    let mut references = mail.references.clone();
    if references.is_empty() {
        references.extend(mail.in_reply_to.first().cloned());
    }
    references.extend(mail.message_id.clone());
    Threading { in_reply_to: mail.message_id.clone(), references }
}

/// More than a short thank-you: a question mark, or more words than a courtesy has.
fn says_more(own_words: &str) -> bool {
    own_words.contains('?') || own_words.split_whitespace().nth(25).is_some()
}

/// The stable name among today's letters.
pub(super) fn letter_name(kind: &str) -> &'static str {
    LetterKind::NAMES.into_iter().find(|name| *name == kind).unwrap_or("letter")
}

/// The sender as a person should see it: what it claims, and what in it deceives the eye (T8).
fn sender_shown(shown: &crate::mail::SenderShown) -> String {
    let mut text = if shown.name.is_empty() {
        shown.address.clone()
    } else {
        format!("{} <{}>", shown.name, shown.address)
    };
    for (mark, sentence) in [
        (shown.hidden_characters, " [hidden characters]"),
        (shown.mixed_scripts, " [mixed scripts]"),
        (shown.name_shows_other_address, " [the name shows another address]"),
    ] {
        if mark {
            text.push_str(sentence);
        }
    }
    text
}

/// What the DPO sees beside the mail: what was understood, on which words, and what was set aside.
#[derive(Serialize)]
struct Explained<'a> {
    kinds: Vec<&'a str>,
    language: &'a str,
    certain: bool,
    findings: Vec<FindingShown<'a>>,
    set_aside: Vec<SetAsideShown<'a>>,
    signs: &'a [&'a str],
    sender_shown: String,
    evidence: &'a str,
    attachments: Vec<&'a str>,
}

#[derive(Serialize)]
struct FindingShown<'a> {
    kind: &'a str,
    rule: &'a str,
    text: &'a str,
    confidence: f32,
}

#[derive(Serialize)]
struct SetAsideShown<'a> {
    kind: &'a str,
    text: &'a str,
    reason: &'a str,
}

fn explain(mail: &InboundMail, reading: &Reading, signs: &[&str], evidence: &Evidence) -> Vec<u8> {
    let explained = Explained {
        kinds: reading.kinds.iter().map(|kind| kind.name()).collect(),
        language: reading.language.code(),
        certain: reading.certain,
        findings: reading
            .findings
            .iter()
            .map(|finding| FindingShown {
                kind: finding.kind.name(),
                rule: finding.rule,
                text: &finding.text,
                confidence: finding.confidence,
            })
            .collect(),
        set_aside: reading
            .set_aside
            .iter()
            .map(|set| SetAsideShown {
                kind: set.finding.kind.name(),
                text: &set.finding.text,
                reason: set.reason,
            })
            .collect(),
        signs,
        sender_shown: sender_shown(&mail.sender_shown),
        evidence: evidence.name(),
        attachments: mail.attachments.iter().map(|attachment| attachment.name.as_str()).collect(),
    };
    serde_json::to_vec(&explained).unwrap_or_default()
}
