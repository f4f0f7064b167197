//! What machines report about mails: delivery (RFC 3464), reading (RFC 8098), complaints (RFC 5965, 6591).

use super::headers::Headers;
use super::mime::{Part, Tree};
use super::visible::fold;
use super::{Address, TextPart, charset, thread};

/// More recipients than this are counted by nobody.
const RECIPIENTS_MAX: usize = 100;
/// A textual report names what it is about within this many bytes.
const TEXT_BYTES: usize = 20_000;

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
    /// Read from prose, because there was no part made for reports: only as good as a guess.
    pub from_text: bool,
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

/// Reads the report in a mail, whichever container it came in: some systems put the right part into
/// `multipart/mixed`, one puts it into `text/rfc822-headers`.
pub(super) fn read(tree: &Tree<'_>, texts: &[TextPart]) -> Option<Report> {
    let headers = tree.messages.first()?;
    let mut report = parts(tree).or_else(|| aggregate(tree, headers)).or_else(|| in_text(headers, texts))?;
    for original in originals(tree) {
        report.original_message_id =
            report.original_message_id.or_else(|| thread::ids(&original, "Message-ID").into_iter().next());
        for name in ["Return-Path", "From", "Sender", "To", "Cc", "X-Original-To", "Delivered-To", "Reply-To"]
        {
            for value in original.all(name) {
                report.note_addresses(&value);
            }
        }
    }
    Some(report)
}

impl Report {
    fn of(kind: ReportKind) -> Self {
        Self {
            kind,
            recipients: Vec::new(),
            original_message_id: None,
            original_envelope_id: None,
            addresses: Vec::new(),
            from_text: false,
        }
    }

    fn note_addresses(&mut self, value: &str) {
        let words = value
            .split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"' | '(' | ')' | ':'));
        for address in words.filter(|word| word.contains('@')).filter_map(Address::parse) {
            if self.addresses.len() < RECIPIENTS_MAX && !self.addresses.contains(&address) {
                self.addresses.push(address);
            }
        }
    }

    /// One block of fields: about the whole mail or about one recipient.
    fn delivery_block(&mut self, block: &Headers) {
        if let Some(id) = block.first("Original-Envelope-Id") {
            self.original_envelope_id = Some(id);
        }
        let recipient = ReportedRecipient {
            final_recipient: block.first("Final-Recipient").as_deref().and_then(typed_address),
            original_recipient: block.first("Original-Recipient").as_deref().and_then(typed_address),
            action: block.first("Action").map(|action| Action::named(&action)),
            status: block.first("Status").as_deref().and_then(status),
            diagnostic: block.first("Diagnostic-Code"),
        };
        for address in recipient.original_recipient.iter().chain(&recipient.final_recipient) {
            let address = address.clone();
            self.note_addresses(&address);
        }
        let names_one =
            recipient.final_recipient.is_some() || recipient.action.is_some() || recipient.status.is_some();
        if names_one && self.recipients.len() < RECIPIENTS_MAX {
            if let (ReportKind::Delivery(worst), Some(action)) = (&mut self.kind, recipient.action) {
                *worst = worst.worse(action);
            }
            self.recipients.push(recipient);
        }
    }
}

impl Action {
    fn named(word: &str) -> Self {
        // Comments and parameters follow in some systems: "failed (5.1.1)".
        let word: String = word.chars().take_while(char::is_ascii_alphabetic).collect();
        match word.to_ascii_lowercase().as_str() {
            "failed" | "failure" => Self::Failed,
            "delayed" => Self::Delayed,
            "delivered" => Self::Delivered,
            "relayed" => Self::Relayed,
            "expanded" => Self::Expanded,
            _ => Self::Unknown,
        }
    }

    /// What counts when several recipients fared differently.
    fn worse(self, other: Self) -> Self {
        let rank = |action| match action {
            Self::Failed => 5,
            Self::Delayed => 4,
            Self::Relayed => 3,
            Self::Expanded => 2,
            Self::Delivered => 1,
            Self::Unknown => 0,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// The parts at the mail's own level that are made for reports.
fn parts(tree: &Tree<'_>) -> Option<Report> {
    let mut found: Option<Report> = None;
    for part in tree.parts.iter().filter(|part| part.level == 0) {
        match part.media_type() {
            "message/delivery-status" | "message/global-delivery-status" => {
                let report = found.get_or_insert_with(|| Report::of(ReportKind::Delivery(Action::Unknown)));
                for block in blocks(part) {
                    report.delivery_block(&block);
                }
            }
            "message/disposition-notification" | "message/global-disposition-notification" => {
                let report = found.get_or_insert_with(|| Report::of(ReportKind::Disposition));
                for block in blocks(part) {
                    report.original_message_id =
                        thread::ids(&block, "Original-Message-ID").into_iter().next();
                    report.delivery_block(&block);
                }
            }
            "message/feedback-report" => {
                let block = blocks(part).into_iter().next().unwrap_or_default();
                let kind = block.first("Feedback-Type").unwrap_or_default().trim().to_ascii_lowercase();
                let mut report = Report::of(ReportKind::Feedback(kind));
                report.original_envelope_id = block.first("Original-Envelope-Id");
                for name in ["Original-Mail-From", "Original-Rcpt-To", "Removal-Recipient"] {
                    for value in block.all(name) {
                        report.note_addresses(&value);
                    }
                }
                found = Some(report);
            }
            // OpenSMTPD and others name the wrong type: the fields tell.
            "text/rfc822-headers" | "message/rfc822-headers" if found.is_none() => {
                let mut report = Report::of(ReportKind::Delivery(Action::Unknown));
                for block in blocks(part)
                    .iter()
                    .filter(|block| block.has("Final-Recipient") || block.has("Reporting-MTA"))
                {
                    report.delivery_block(block);
                }
                found = (!report.recipients.is_empty()).then_some(report);
            }
            _ => {}
        }
    }
    found
}

/// Blocks of fields with blank lines between them.
fn blocks(part: &Part<'_>) -> Vec<Headers> {
    let text = charset::decode(&part.decoded(), None);
    let text = text.replace("\r\n", "\n");
    text.split("\n\n")
        .take(RECIPIENTS_MAX + 1)
        .map(|block| Headers::read(block.trim_start_matches('\n').as_bytes()).0)
        .filter(|block| !block.is_empty())
        .collect()
}

/// DMARC aggregate reports (RFC 9990) and TLS reports (RFC 8460): a subject in a fixed form, an archive attached.
fn aggregate(tree: &Tree<'_>, headers: &Headers) -> Option<Report> {
    let subject = fold(&headers.first("Subject").unwrap_or_default());
    let tls = tree.root.get("report-type").is_some_and(|kind| kind.eq_ignore_ascii_case("tlsrpt"));
    let form = subject.contains("report domain:")
        && (subject.contains("submitter:") || subject.contains("report-id:"));
    let archive = tree.parts.iter().any(|part| {
        let name = part.disposition.get("filename").or_else(|| part.content.get("name")).unwrap_or_default();
        name.contains('!')
            && [".zip", ".gz", ".xml", ".json"].iter().any(|end| name.to_ascii_lowercase().ends_with(end))
    });
    (tls || form || archive).then(|| Report::of(ReportKind::Aggregate))
}

/// What returned messages say in their headers, however they were attached.
fn originals(tree: &Tree<'_>) -> Vec<Headers> {
    let mut found = Vec::new();
    for part in tree.parts.iter().filter(|part| part.level == 0) {
        if let Some(headers) = part.message.and_then(|at| tree.messages.get(at)) {
            found.push(headers.clone());
        } else if matches!(
            part.media_type(),
            "text/rfc822-headers" | "message/rfc822-headers" | "text/rfc822"
        ) {
            found.extend(blocks(part).into_iter().filter(|block| !block.has("Final-Recipient")).take(2));
        }
    }
    found
}

/// Reports of systems that write prose (qmail, Exim, old Exchange and Notes): what is about whom stands in the text.
fn in_text(headers: &Headers, texts: &[TextPart]) -> Option<Report> {
    let sender = fold(&headers.all("From").next().unwrap_or_default());
    let daemon = ["mailer-daemon", "mailer daemon", "postmaster", "mail delivery", "mail deliver", "mmdf"]
        .iter()
        .any(|word| sender.contains(word));
    let null = headers.all("Return-Path").next().is_some_and(|path| path == "<>");
    let failed = headers.all("X-Failed-Recipients").next();
    let answered =
        headers.all("Auto-Submitted").next().is_some_and(|value| value.starts_with("auto-replied"));
    if !(daemon || null || failed.is_some()) || answered && !daemon {
        return None;
    }
    let mut report = Report { from_text: true, ..Report::of(ReportKind::Delivery(Action::Unknown)) };
    for recipient in failed.iter().flat_map(|value| value.split(',')) {
        report.note_addresses(recipient);
    }
    let mut recipient = ReportedRecipient::default();
    for text in texts {
        let end =
            (0..4).map(|back| TEXT_BYTES - back).find(|end| text.text.is_char_boundary(*end)).unwrap_or(0);
        let text =
            if text.text.len() > TEXT_BYTES { text.text.get(..end).unwrap_or_default() } else { &text.text };
        for line in text.lines() {
            let line = line.trim().trim_start_matches(['>', ' ']);
            if line.len() > 10 && line.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("message-id"))
            {
                let (block, _) = Headers::read(line.as_bytes());
                report.original_message_id = report
                    .original_message_id
                    .or_else(|| thread::ids(&block, "Message-ID").into_iter().next());
            }
            if line.contains('@') && line.len() < 300 && report.addresses.len() < 20 {
                report.note_addresses(line);
            }
            if recipient.status.is_none() && line.len() < 500 {
                recipient.status = line
                    .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '#' | '<' | '>' | ','))
                    .find_map(status);
                if recipient.status.is_some() {
                    recipient.diagnostic = Some(line.to_owned());
                }
            }
        }
    }
    if recipient.status.as_deref().is_some_and(|status| status.starts_with('5')) {
        recipient.action = Some(Action::Failed);
        report.kind = ReportKind::Delivery(Action::Failed);
    }
    recipient.final_recipient = report.addresses.first().map(|address| address.as_str().to_owned());
    report.recipients.push(recipient);
    Some(report)
}

/// The address of `rfc822; user@example.org`.
fn typed_address(value: &str) -> Option<String> {
    let address = value.split_once(';').map_or(value, |(_, address)| address);
    let address = address.trim().trim_matches(['<', '>', '"']).trim();
    (!address.is_empty()).then(|| address.chars().take(320).collect())
}

/// An enhanced status code (RFC 3463) at the start of `text`.
fn status(text: &str) -> Option<String> {
    let code: String = text.trim().chars().take_while(|c| c.is_ascii_digit() || *c == '.').take(9).collect();
    let code = code.trim_end_matches('.');
    let mut numbers = code.split('.');
    let class = numbers.next()?;
    let rest: Vec<&str> = numbers.collect();
    let plausible = matches!(class, "2" | "4" | "5")
        && rest.len() == 2
        && rest.iter().all(|number| (1..=3).contains(&number.len()));
    plausible.then(|| code.to_owned())
}
