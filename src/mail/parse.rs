//! From bytes to [`InboundMail`].

use sha2::{Digest, Sha256};

use super::address::{self, Address, ReturnPath};
use super::bounds::{Bounds, OutOfBounds};
use super::headers::{Headers, unfold};
use super::mime::{self, Part, Tree};
use super::visible::{self, Hints, Marked};
use super::{Attachment, Defect, InboundMail, TextPart, charset, html, report, thread};

/// Reads a mail. Never fails but for a bound: broken input becomes words and [`Defect`]s.
///
/// # Errors
///
/// The bound that `raw` breaks; such a mail belongs into quarantine, raw.
pub fn parse(raw: &[u8], bounds: &Bounds) -> Result<InboundMail, OutOfBounds> {
    let tree = mime::walk(raw, bounds)?;
    let headers = tree.messages.first().cloned().unwrap_or_default();
    let body = raw.get(tree.body_at..).unwrap_or_default();
    let mut defects = Vec::new();
    if headers.is_empty() {
        defects.push(Defect::NoHeader);
    }
    if tree.broken {
        defects.push(Defect::BrokenMultipart);
    }
    if ["Subject", "Message-ID", "Date"].iter().any(|name| headers.raw(name).nth(1).is_some()) {
        defects.push(Defect::RepeatedField);
    }
    let words = Words::of(&tree);
    let subject = headers.first("Subject").unwrap_or_default();
    let hints = Hints {
        reply: headers.has("In-Reply-To") || headers.has("References") || thread::is_reply(&subject),
        forward: thread::is_forward(&subject),
    };
    let mut visible = visible::cut(words.own, hints);
    let attached = words.attached.trim();
    let forwarded =
        if attached.is_empty() { visible.pasted_forward() } else { Some(visible::own_words(attached)) };
    if visible.full.trim().is_empty() && attached.is_empty() {
        defects.push(Defect::NoText);
    } else if visible.own.is_empty() {
        defects.push(Defect::NothingOwn);
    }
    if !attached.is_empty() {
        visible.append_forward(attached);
    }
    Ok(InboundMail {
        content_hash: content_hash(&headers, body),
        sender: address::sender(&headers),
        sender_shown: address::shown(&headers),
        return_path: return_path(&headers),
        recipients: recipients(&headers),
        subject,
        message_id: thread::ids(&headers, "Message-ID").into_iter().next(),
        in_reply_to: thread::ids(&headers, "In-Reply-To"),
        references: thread::ids(&headers, "References"),
        report: report::read(&tree, &words.texts),
        calendar_reply: tree.parts.iter().any(answers_invitation),
        texts: words.texts,
        attachments: words.attachments,
        visible,
        forwarded,
        defects,
        headers,
    })
}

/// What of the parts is words, and whose.
#[derive(Default)]
struct Words {
    own: Marked,
    texts: Vec<TextPart>,
    /// Attached messages, each with its subject above.
    attached: String,
    attachments: Vec<Attachment>,
}

impl Words {
    fn of(tree: &Tree<'_>) -> Self {
        let mut words = Self::default();
        let chosen = choose(&tree.parts);
        let mut attached_text = Vec::new();
        for (part, chosen) in tree.parts.iter().zip(chosen) {
            if !chosen {
                continue;
            }
            let readable = part.is_text()
                && matches!(
                    part.media_type(),
                    "text/plain" | "text/html" | "text/enriched" | "text/richtext"
                );
            if let Some(at) = part.message {
                words.attached_head(tree.messages.get(at), part.level);
                continue;
            }
            if !readable || part.is_attachment() {
                if part.level == 0 {
                    if part.media_type() == "text/plain" && part.is_attachment() {
                        attached_text.push(part);
                    }
                    words.attachments.push(attachment(part));
                }
                continue;
            }
            let marked = read(part);
            words.texts.push(TextPart {
                media_type: part.media_type().to_owned(),
                text: marked.text.clone(),
                level: part.level,
            });
            if part.level == 0 {
                words.own.append(marked);
            } else {
                words.attached.push_str(&marked.text);
                words.attached.push('\n');
            }
        }
        // A body that is only attached, as some phones and scanners send it, is still what the sender wrote.
        if words.own.text.trim().is_empty() {
            for part in attached_text {
                words.own.append(read(part));
            }
        }
        words
    }
}

impl Words {
    /// An attached message begins: its subject may hold the wish.
    fn attached_head(&mut self, headers: Option<&Headers>, level: usize) {
        if let Some(subject) = headers.and_then(|headers| headers.first("Subject")).filter(|_| level == 0) {
            self.attached.push_str(&subject);
            self.attached.push_str("\n\n");
        }
    }
}

/// For each part whether it is shown: of alternatives only one is.
fn choose(parts: &[Part<'_>]) -> Vec<bool> {
    let mut best: Vec<(usize, usize, u8)> = Vec::new();
    for part in parts {
        let rank = match part.media_type() {
            _ if part.is_attachment() => 0,
            "text/plain" if !is_stub(part) => 3,
            "text/html" => 2,
            "text/plain" => 1,
            _ => 0,
        };
        for (alternative, child) in &part.alternatives {
            match best.iter_mut().find(|(known, _, _)| known == alternative) {
                Some(known) if known.2 < rank => *known = (*alternative, *child, rank),
                Some(_) => {}
                None => best.push((*alternative, *child, rank)),
            }
        }
    }
    parts
        .iter()
        .map(|part| {
            let lost = part.alternatives.iter().any(|(alternative, child)| {
                best.iter().any(|(known, kept, _)| known == alternative && kept != child)
            });
            // A calendar or a PDF beside the text is no other form of it.
            !lost || !part.is_text()
        })
        .collect()
}

/// A plain alternative that only says that there is an HTML one.
fn is_stub(part: &Part<'_>) -> bool {
    if part.body.len() > 2_000 {
        return false;
    }
    let text = charset::decode(&part.decoded(), part.content.get("charset"));
    let text = text.trim();
    if text.is_empty() {
        return true;
    }
    let lower = text.to_lowercase();
    text.len() < 600
        && lower.contains("html")
        && ["support", "view", "display", "enable", "affich", "lire", "activ", "client", "format"]
            .iter()
            .any(|word| lower.contains(word))
        && text.lines().filter(|line| !line.trim().is_empty()).count() <= 4
}

fn read(part: &Part<'_>) -> Marked {
    let text = charset::decode(&part.decoded(), part.content.get("charset"));
    match part.media_type() {
        "text/html" | "text/enriched" | "text/richtext" => html::to_text(&text),
        _ if part.untyped && html::looks_like_html(&text) => html::to_text(&text),
        _ => {
            let flowed =
                part.content.get("format").is_some_and(|format| format.eq_ignore_ascii_case("flowed"));
            let delsp = part.content.get("delsp").is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes"));
            visible::plain(&text, flowed, delsp)
        }
    }
}

fn attachment(part: &Part<'_>) -> Attachment {
    let name = part.disposition.get("filename").or_else(|| part.content.get("name")).unwrap_or_default();
    Attachment {
        name: name.chars().filter(|c| !address::is_deceptive(*c)).take(255).collect(),
        media_type: part.media_type().to_owned(),
        size: part.decoded_len(),
    }
}

/// `METHOD:REPLY` (RFC 5546 §3.2.3), as parameter or only inside.
fn answers_invitation(part: &Part<'_>) -> bool {
    if part.media_type() != "text/calendar" || part.level > 0 {
        return false;
    }
    match part.content.get("method") {
        Some(method) => method.eq_ignore_ascii_case("reply"),
        None => memchr::memmem::find(&part.decoded(), b"METHOD:REPLY").is_some(),
    }
}

fn return_path(headers: &Headers) -> ReturnPath {
    let Some(value) = headers.all("Return-Path").next() else { return ReturnPath::Absent };
    let bare = value.strip_prefix('<').and_then(|value| value.strip_suffix('>')).unwrap_or(&value).trim();
    match Address::parse(bare) {
        _ if bare.is_empty() => ReturnPath::Null,
        Some(address) => ReturnPath::Address(address),
        None => ReturnPath::Absent,
    }
}

/// Whatever looks like a plain address in the recipient fields, without regard to their grammar: names and groups
/// cannot hide our tags, and nothing is ever sent there.
fn recipients(headers: &Headers) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    for name in ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"] {
        for value in headers.raw(name) {
            let value = unfold(value);
            let words = value.split(|c: char| {
                c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | ':' | '"' | '(' | ')')
            });
            for address in words.filter(|word| word.contains('@')).filter_map(Address::parse) {
                if !found.contains(&address) {
                    found.push(address);
                }
            }
        }
    }
    found
}

/// Trace fields are left out, because they differ between two copies of one mail.
/// The [`InboundMail::content_hash`] of raw bytes, without reading the mail.
#[must_use]
pub fn content_hash_of(raw: &[u8]) -> [u8; 32] {
    let (headers, body_at) = Headers::read(raw);
    content_hash(&headers, raw.get(body_at..).unwrap_or_default())
}

fn content_hash(headers: &Headers, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for name in ["From", "To", "Date", "Subject", "Message-ID"] {
        for value in headers.raw(name) {
            hash.update(name.as_bytes());
            hash.update(b":");
            hash.update(unfold(value).trim().as_bytes());
            hash.update(b"\n");
        }
    }
    hash.update(b"\n");
    // Servers differ in line ends and in the last one only.
    let body = body.trim_ascii_end();
    let mut rest = body;
    while let Some(at) = memchr::memchr(b'\r', rest) {
        let (before, from) = rest.split_at(at);
        hash.update(before);
        let fold = usize::from(from.get(1) == Some(&b'\n'));
        if fold == 0 {
            hash.update(b"\r");
        }
        rest = from.get(1..).unwrap_or_default();
    }
    hash.update(rest);
    hash.finalize().into()
}
