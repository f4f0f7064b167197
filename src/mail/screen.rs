//! Who wrote a mail: a person, or which kind of machine.

use super::{Address, InboundMail};

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
    /// The name of the header field that every letter of ours carries.
    pub mark: String,
}

/// What a look at the outside of a mail tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screening {
    /// Who wrote it.
    pub origin: Origin,
    /// Whether an automatic mail may go back, and if not, why: a stable name.
    pub may_answer: Result<(), &'static str>,
    /// The rules that fired, by stable names, strongest first.
    pub signs: Vec<&'static str>,
}

/// Says who wrote `mail`.
#[must_use]
pub fn screen(mail: &InboundMail, ours: &Ours) -> Screening {
    let _ = (mail, ours);
    Screening { origin: Origin::Person, may_answer: Ok(()), signs: Vec::new() }
}
