//! Who wrote a mail: a person, or which kind of machine.
//!
//! Automatic beats content: a machine that quotes a request asks nothing. Three layers are looked at, from what
//! cannot be an accident to what only words tell: report parts, header fields, phrases. Words alone call a mail a
//! machine's only when nothing in them could be a wish, because a person may well write "I am away until Monday,
//! please delete my account before".
//!
//! Whether it asks for something and whether it may be answered are two questions: withholding an automatic
//! answer never means dropping the mail (RFC 3834 §2).

mod answer;
mod fields;
mod words;

use super::report::ReportKind;
use super::visible::fold;
use super::{Address, CutReason, InboundMail, Sender, thread};
use std::borrow::Cow;

use crate::mail::any_of::{AnyOf, any_of, says};
use fields::Fields;
use words::What;

/// Who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Nothing says that it was a machine.
    Person,
    /// Software answered on someone's behalf (RFC 3834), read receipts included (RFC 8098).
    AutoReply,
    /// A transport or complaint report (RFC 3464, 5965, 6591).
    Bounce,
    /// Bulk mail: a list, a newsletter.
    ListMail,
    /// A mail program asks to unsubscribe on a person's click (`List-Unsubscribe: <mailto:…>`, RFC 2369):
    /// to be applied, without an answer.
    ListUnsubscribe,
    /// A feedback report of type opt-out (RFC 5965 §7.3): the recipient wants no more mail.
    FeedbackOptOut,
    /// A letter of ours that came back to us.
    OwnLetter,
}

/// What is ours, so that we recognise it.
#[derive(Clone, Debug, Default)]
pub struct Ours {
    /// The mailboxes' own addresses and those that our letters are from.
    pub addresses: Vec<Address>,
    /// The name of the header field that every letter of ours carries; empty when there is none.
    pub mark: String,
}

/// What a look at the outside of a mail tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screening {
    /// Who wrote it.
    pub origin: Origin,
    /// It is taken for an automatic answer by what it says and by nothing else: a person may say the same, so whoever
    /// reads the words may find otherwise.
    pub by_words: bool,
    /// Whether an automatic mail may go back, and if not, why: a stable name.
    pub may_answer: Result<(), &'static str>,
    /// The rules that fired, by stable names, the deciding one first.
    pub signs: Vec<&'static str>,
}

/// Says who wrote `mail`. Linear in its length; words are looked for in the first few thousand letters.
#[must_use]
pub fn screen(mail: &InboundMail, ours: &Ours) -> Screening {
    let fields = Fields::read(mail, ours);
    let (origin, sign) = origin(mail, &fields);
    let mut signs = Vec::new();
    signs.extend((!sign.is_empty()).then_some(sign));
    signs.extend(fields.signs().into_iter().filter(|known| *known != sign));
    let told = fields.auto_reply.is_some() || fields.null_return_path || fields.machine();
    let by_words = origin == Origin::AutoReply && mail.report.is_none() && !mail.calendar_reply && !told;
    Screening { origin, by_words, may_answer: answer::may_answer(mail, &fields, origin), signs }
}

/// The first rule that speaks decides.
fn origin(mail: &InboundMail, fields: &Fields) -> (Origin, &'static str) {
    if fields.own_mark {
        return (Origin::OwnLetter, "own_mark");
    }
    if let Some(found) = by_report(mail) {
        return found;
    }
    let subject = fold(&mail.subject);
    let (starts, in_subject) = words::subject(&subject);
    let full = folded(&mail.visible.full);
    if let Some(sign) = bounce(mail, fields, starts, &full) {
        return (Origin::Bounce, sign);
    }
    if let Some(sign) = calendar(mail) {
        return (Origin::AutoReply, sign);
    }
    let own = spoken(mail, &full);
    let said = words::body(&own);
    if unsubscribes_by_program(&subject, fields, said, &own) {
        return (Origin::ListUnsubscribe, "list_unsubscribe");
    }
    if let Some(sign) = fields.auto_reply {
        return (Origin::AutoReply, sign);
    }
    if let Some(sign) = auto_reply_in_words(fields, &subject, starts, in_subject, said, &own) {
        return (Origin::AutoReply, sign);
    }
    if let Some(sign) = fields.bulk {
        return (Origin::ListMail, sign);
    }
    if let Some(sign) = fields.auto_generated {
        let answers = !mail.in_reply_to.is_empty() || thread::is_reply(&mail.subject);
        return (if answers { Origin::AutoReply } else { Origin::ListMail }, sign);
    }
    let all = if matches!(own, Cow::Borrowed(_)) { said } else { words::body(&full) };
    if let Some(sign) = newsletter(mail, fields, &subject, &own, all) {
        return (Origin::ListMail, sign);
    }
    (Origin::Person, "")
}

/// Bulk mail without a single honest field: what newsletters say, and nobody who says "I". Never in an answer or a
/// forward: there the newsletter is what a person writes about. `said` is what all of the text says.
fn newsletter(
    mail: &InboundMail,
    fields: &Fields,
    subject: &str,
    own: &str,
    said: words::Found,
) -> Option<&'static str> {
    let about_another =
        thread::is_reply(&mail.subject) || thread::is_forward(&mail.subject) || !mail.in_reply_to.is_empty();
    if about_another || own.starts_with("stop") || wishes(subject) || says_i(own) {
        return None;
    }
    let phrases = said.count(What::Newsletter);
    if fields.robot_sender && !fields.daemon && (phrases > 0 || !wishes(own)) {
        return Some("robot_sender");
    }
    let letter = own.len() > 120 || phrases > 3;
    let enough = phrases > 1 || phrases > 0 && said.any(What::Automatic);
    (enough && letter).then_some("newsletter_words")
}

/// What the writer says, their signature and notices included: "this message is automatic" stands there.
/// `full` is all there is to see, folded.
fn spoken<'f>(mail: &InboundMail, full: &'f str) -> Cow<'f, str> {
    let visible = &mail.visible;
    if !visible.cuts.iter().any(|cut| matches!(cut.reason, CutReason::Quote | CutReason::Forward)) {
        return Cow::Borrowed(full);
    }
    let mut text = String::new();
    let mut at = 0;
    for cut in &visible.cuts {
        text.push_str(visible.full.get(at..cut.span.start).unwrap_or_default());
        if matches!(cut.reason, CutReason::Quote | CutReason::Forward) {
            text.push('\n');
        } else {
            text.push_str(visible.full.get(cut.span.clone()).unwrap_or_default());
        }
        at = cut.span.end;
    }
    text.push_str(visible.full.get(at..).unwrap_or_default());
    Cow::Owned(folded(&text))
}

fn folded(text: &str) -> String {
    let end = (0..4).map(|back| words::LOOKED_AT_BYTES - back).find(|end| text.is_char_boundary(*end));
    match end.and_then(|end| text.get(..end)) {
        Some(start) if text.len() > words::LOOKED_AT_BYTES => fold(start),
        _ => fold(text),
    }
}

/// A part in which a machine reports cannot be there by accident.
fn by_report(mail: &InboundMail) -> Option<(Origin, &'static str)> {
    let report = mail.report.as_ref()?;
    Some(match &report.kind {
        ReportKind::Delivery(_) if report.from_text => return None,
        ReportKind::Delivery(_) => (Origin::Bounce, "delivery_report"),
        ReportKind::Disposition => (Origin::AutoReply, "read_receipt"),
        ReportKind::Feedback(kind) if kind.starts_with("opt-out") => {
            (Origin::FeedbackOptOut, "feedback_opt_out")
        }
        ReportKind::Feedback(_) => (Origin::Bounce, "feedback_report"),
        ReportKind::Aggregate => (Origin::Bounce, "aggregate_report"),
    })
}

/// Reports that no standard describes: the sender is a mail system, or the subject and the words are a report's.
fn bounce(mail: &InboundMail, fields: &Fields, starts: Option<What>, full: &str) -> Option<&'static str> {
    let subject = starts == Some(What::Bounce);
    if !subject && !fields.daemon && !fields.null_return_path && !fields.failed_recipients {
        return None;
    }
    if fields.failed_recipients {
        return Some("failed_recipients_field");
    }
    let said = words::body(full).count(What::Bounce);
    match () {
        () if fields.daemon && (subject || said > 0) => Some("daemon_report"),
        () if fields.null_return_path && (subject || said > 1) => Some("null_sender_report"),
        () if subject && said > 0 => Some("report_words"),
        // A mail system that says nothing known is still no person, and what it says of a mail is a report.
        () if fields.mail_system && fields.auto_reply.is_none() => Some("daemon_sender"),
        () if subject && mail.visible.own.is_empty() => Some("report_subject"),
        () if subject && fields.auto_generated.is_some() => Some("report_subject"),
        () => None,
    }
}

/// An answer to an invitation (RFC 5546).
fn calendar(mail: &InboundMail) -> Option<&'static str> {
    mail.calendar_reply.then_some("calendar_reply")
}

/// The mail that a program sends when its user clicks "unsubscribe" on a newsletter.
fn unsubscribes_by_program(subject: &str, fields: &Fields, said: words::Found, own: &str) -> bool {
    let bare = subject.trim_start_matches(|c: char| !c.is_alphanumeric());
    let asks = [
        "unsub",
        "desabonn",
        "desinscri",
        "optout",
        "opt-out",
        "opt out",
        "remove",
        "list-unsub",
        "leave",
        "abmeld",
        "baja",
    ]
    .iter()
    .any(|word| bare.starts_with(word));
    let generated = fields.auto_generated.is_some() && fields.bulk.is_none();
    said.any(What::UnsubscribeRobot) || asks && (generated || said.any(What::Automatic) && own.len() < 80)
}

/// What only words tell.
fn auto_reply_in_words(
    fields: &Fields,
    subject: &str,
    starts: Option<What>,
    in_subject: words::Found,
    said: words::Found,
    own: &str,
) -> Option<&'static str> {
    let wishes = wishes(own) || wishes(subject);
    let automatic_subject = matches!(starts, Some(What::Automatic | What::Away));
    let machine = fields.machine();
    let away = said.any(What::Away);
    let receipt = said.any(What::Receipt);
    let handling = said.count(What::Handling);
    let short = own.len() < 2_500;
    if starts == Some(What::Automatic) && !(wishes && (says_i(own) || asks_us(own) || asks_us(subject))) {
        return Some("subject_says_automatic");
    }
    if starts == Some(What::Away)
        && !wishes
        && (away || said.any(What::AwayRobot) || machine || own.len() < 40)
    {
        return Some("subject_says_away");
    }
    if !wishes
        && said.any(What::Automatic)
        && (automatic_subject || machine || away || receipt || handling > 0)
    {
        return Some("says_it_is_automatic");
    }
    if said.any(What::Automatic) && !wishes && !says_i(own) && !asks_us(own) && short {
        return Some("says_it_is_automatic");
    }
    if said.any(What::Challenge) && (machine || said.count(What::Challenge) > 1) && !wishes {
        return Some("challenge");
    }
    if away && machine && !wishes {
        return Some("away");
    }
    let stranger = !wishes && !asks_us(own) && !knows_the_matter(own);
    if away && said.any(What::AwayRobot) && short && stranger {
        return Some("away");
    }
    let ticket = in_subject.any(What::Automatic);
    if receipt && !wishes && (handling > 1 || ticket || handling > 0 && machine) && !says_i(own) {
        return Some("receipt");
    }
    if ticket && machine && (receipt || handling > 0) && !says_i(own) {
        return Some("ticket");
    }
    if said.any(What::Moved) && (machine || said.any(What::AwayRobot)) && stranger && short {
        return Some("address_moved");
    }
    None
}

/// Whether the words hold the stem of a wish that we could fulfil, in the languages that we read.
fn wishes(folded: &str) -> bool {
    static STEMS: AnyOf = AnyOf::new(|| {
        any_of(&[
            "desabon",
            "desinscri",
            "desincri",
            "unsubscri",
            "opt-out",
            "opt out",
            "supprim",
            "suppress",
            "efface",
            "retirez",
            "retirer",
            "enlevez",
            "enlever",
            "rectifi",
            "corrige",
            "m'oppose",
            "opposition",
            "droit d'acces",
            "mes donnees",
            "ne plus recevoir",
            "remove me",
            "remove my",
            "delete my",
            "erase",
            "my data",
            "my personal",
            "subject access",
            "stop sending",
            "stop emailing",
            "rgpd",
            "gdpr",
            "loschen",
            "abmelden",
            "cancelar",
            "cancella",
            "verwijder",
            "eliminar",
        ])
    });
    says(&STEMS, folded)
}

/// Whether the writer speaks of themself in the singular.
fn says_i(folded: &str) -> bool {
    const WORDS: [&str; 11] = ["je ", "j'", "mes ", "mon ", "ma ", "m'", "i ", "i'", "my ", "moi ", "me "];
    WORDS.iter().any(|word| {
        folded.match_indices(word).any(|(at, _)| {
            folded
                .get(..at)
                .and_then(|before| before.chars().next_back())
                .is_none_or(|c| !c.is_alphanumeric() && c != '\'')
        })
    })
}

/// Whether the writer speaks of the matter between us, of which no machine knows.
fn knows_the_matter(folded: &str) -> bool {
    static WORDS: AnyOf = AnyOf::new(|| {
        any_of(&[
            "ma carte",
            "piece d'identite",
            "justificatif",
            "mon dossier",
            "ma demande",
            "mon compte",
            "comme convenu",
            "ci-joint",
            "je vous envoie",
            "je vous enverrai",
            "vous envoyer",
            "je vous transmets",
            "je confirme",
            "je n'ai pas recu",
            "je n'ai rien recu",
            "my request",
            "my account",
            "my id",
            "my file",
            "as agreed",
            "attached",
            "i will send you",
            "i'll send you",
            "i confirm",
            "i have not received",
            "i never",
            "i did not",
        ])
    });
    says(&WORDS, folded)
}

/// Whether the writer asks the reader something: no machine that answers strangers does.
fn asks_us(folded: &str) -> bool {
    folded.contains('?')
}
