//! Whether an automatic mail may go back (RFC 3834 §2, RFC 5321 §4.5.5): one robot answering another is a loop.

use super::fields::Fields;
use super::{InboundMail, Origin, Sender};

/// Ok, or the stable name of the first reason against it.
pub(super) fn may_answer(mail: &InboundMail, fields: &Fields, origin: Origin) -> Result<(), &'static str> {
    let reasons = [
        (fields.own_mark, "own_mark"),
        (fields.own_address, "own_address"),
        (matches!(mail.sender, Sender::Ambiguous(_)), "ambiguous_sender"),
        (mail.report.is_some() && origin != Origin::Person, "report"),
        (fields.null_return_path, "null_return_path"),
        (fields.auto_reply.is_some() || fields.auto_generated.is_some(), "auto_submitted"),
        (fields.listed.is_some(), "list_or_bulk"),
        (fields.suppressed, "auto_response_suppress"),
        (fields.robot_sender, "robot_sender"),
        (origin == Origin::Bounce, "bounce"),
        (origin == Origin::AutoReply, "auto_reply"),
        (origin == Origin::ListMail, "list_mail"),
        (origin == Origin::ListUnsubscribe || origin == Origin::FeedbackOptOut, "sent_by_program"),
    ];
    match reasons.into_iter().find(|(stands, _)| *stands) {
        Some((_, reason)) => Err(reason),
        None => Ok(()),
    }
}
