//! The parts of a mail (RFC 2045, 2046), found in one pass over its lines, without recursion.
//!
//! No library is asked: those that were tried recurse when they drop a nested message, or seek a missing boundary
//! again and again, and they give up where words can still be saved (a boundary that never comes, a charset that
//! lies); `tests/mail_room/second_reader.rs` compares both on every mail at hand. Here every line is looked at once, containers lie on a stack of bounded height, and the bounds
//! are kept while counting.

use std::borrow::Cow;

use super::bounds::{Bounds, OutOfBounds, check_addresses};
use super::headers::{Headers, line_at, trim_line_end};
use super::params::Params;
use super::transfer;

/// Messages inside an encoded attachment are followed this often: RFC 2045 §6.4 forbids even the first.
const ENCODED_LEVELS: usize = 3;

/// A mail in parts.
#[derive(Default)]
pub(super) struct Tree<'x> {
    /// Leaves and attached messages, in order.
    pub(super) parts: Vec<Part<'x>>,
    /// The headers of the mail (the first) and of each attached message, in order.
    pub(super) messages: Vec<Headers>,
    /// Where the body of the mail starts.
    pub(super) body_at: usize,
    /// The media type of the mail itself.
    pub(super) root: Params,
    /// A multipart had no boundary, or one that never came.
    pub(super) broken: bool,
}

/// A part that contains no others, or an attached message (whose parts follow with a higher `level`).
pub(super) struct Part<'x> {
    /// `Content-Type`: media type in lower case and parameters.
    pub(super) content: Params,
    /// `Content-Disposition`.
    pub(super) disposition: Params,
    pub(super) encoding: Transfer,
    /// The body, not yet decoded; empty for an attached message.
    pub(super) body: Cow<'x, [u8]>,
    /// How many messages are around it.
    pub(super) level: usize,
    /// Which of [`Tree::messages`] this is the head of, when it is an attached message.
    pub(super) message: Option<usize>,
    /// For each `multipart/alternative` around it: which one, and which of its children this belongs to.
    pub(super) alternatives: Vec<(usize, usize)>,
    /// No `Content-Type` was given.
    pub(super) untyped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    Identity,
    QuotedPrintable,
    Base64,
    Uuencode,
}

impl Part<'_> {
    /// The bytes of the part as they were before transport.
    pub(super) fn decoded(&self) -> Cow<'_, [u8]> {
        match self.encoding {
            Transfer::Identity => Cow::Borrowed(&self.body),
            Transfer::QuotedPrintable => Cow::Owned(transfer::quoted_printable(&self.body)),
            Transfer::Base64 => Cow::Owned(transfer::base64(&self.body)),
            Transfer::Uuencode => Cow::Owned(transfer::uuencoded(&self.body)),
        }
    }

    /// How many bytes [`Self::decoded`] has, without decoding; exact for all but broken input.
    pub(super) fn decoded_len(&self) -> usize {
        match self.encoding {
            Transfer::Identity => self.body.len(),
            Transfer::QuotedPrintable => transfer::quoted_printable_len(&self.body),
            Transfer::Base64 => transfer::base64_len(&self.body),
            Transfer::Uuencode => self.body.len() * 3 / 4,
        }
    }

    pub(super) fn media_type(&self) -> &str {
        &self.content.value
    }

    /// Whether the sender attached it rather than wrote it.
    pub(super) fn is_attachment(&self) -> bool {
        self.disposition.value == "attachment"
    }

    pub(super) fn is_text(&self) -> bool {
        self.media_type().starts_with("text/")
    }
}

/// A container that is open.
enum Frame {
    Multipart(Multipart),
    Message,
}

struct Multipart {
    boundary: Vec<u8>,
    /// A delimiter was met. Without one this is no multipart but a text whose header lies.
    found: bool,
    body_at: usize,
    digest: bool,
    alternative: Option<usize>,
    child: usize,
}

/// What the header block of a part says about its body.
struct Head {
    content: Params,
    disposition: Params,
    encoding: Transfer,
    untyped: bool,
}

/// A line that ends a body.
struct Delimiter {
    /// Where the body ends, the line end before the delimiter not included.
    body_end: usize,
    next: usize,
    frame: usize,
    closing: bool,
}

struct Walk<'b> {
    bounds: &'b Bounds,
    parts: usize,
    decoded: usize,
    text: usize,
    alternatives: usize,
    broken: bool,
}

/// Finds the parts of `raw` and keeps every bound on the way.
///
/// # Errors
///
/// The first bound that is broken.
pub(super) fn walk<'x>(raw: &'x [u8], bounds: &Bounds) -> Result<Tree<'x>, OutOfBounds> {
    if raw.len() > bounds.raw_bytes {
        return Err(OutOfBounds::RawBytes);
    }
    let mut walk = Walk { bounds, parts: 0, decoded: 0, text: 0, alternatives: 0, broken: false };
    let mut tree = Tree::default();
    // Some gateways and exports put blank lines before everything.
    let mut lead = 0;
    while let Some((_, next)) = line_at(raw, lead).filter(|(line, _)| line.trim_ascii().is_empty()) {
        lead = next;
    }
    walk.message(raw.get(lead..).unwrap_or_default(), 0, 0, &mut tree)?;
    tree.body_at += lead;
    if let Some(headers) = tree.messages.first() {
        check_addresses(headers, bounds)?;
    }
    // Attached messages that were encoded are read like any other, one after the other.
    let mut next = 0;
    for _ in 0..ENCODED_LEVELS {
        let end = tree.parts.len();
        for at in next..end {
            walk.encoded_message(&mut tree, at)?;
        }
        next = end;
    }
    tree.broken = walk.broken;
    Ok(tree)
}

/// Whether this media type is a whole mail (RFC 2046 §5.2.1, RFC 6532 §3.7).
pub(super) fn is_message(media_type: &str) -> bool {
    matches!(media_type, "message/rfc822" | "message/global")
}

impl Walk<'_> {
    /// Reads one message from its headers to its end. `level` messages and `depth` containers are around it.
    fn message<'x>(
        &mut self,
        raw: &'x [u8],
        level: usize,
        depth: usize,
        tree: &mut Tree<'x>,
    ) -> Result<(), OutOfBounds> {
        let mut frames: Vec<Frame> = Vec::new();
        let (headers, mut at) = self.block(raw, 0, &[])?;
        let mut head = self.head(&headers, false)?;
        if tree.messages.is_empty() {
            tree.body_at = at;
            tree.root = head.content.clone();
        }
        tree.messages.push(headers);
        loop {
            self.parts += 1;
            if self.parts > self.bounds.parts {
                return Err(OutOfBounds::Parts);
            }
            let mut open = None;
            if let Some(boundary) = self.boundary(&head, raw, at) {
                frames.push(Frame::Multipart(self.multipart(&head, boundary, at)));
            } else if is_message(&head.content.value) && head.encoding == Transfer::Identity {
                let level = level + messages_in(&frames);
                let mut part = self.part(head, Cow::Borrowed(&[]), level, &frames)?;
                part.message = Some(tree.messages.len());
                tree.parts.push(part);
                frames.push(Frame::Message);
                if tree.messages.len() > self.bounds.messages {
                    return Err(OutOfBounds::Messages);
                }
                if depth + frames.len() > self.bounds.depth {
                    return Err(OutOfBounds::Depth);
                }
                let (headers, body_at) = self.block(raw, at, &frames)?;
                head = self.head(&headers, false)?;
                tree.messages.push(headers);
                at = body_at;
                continue;
            } else {
                if head.content.value.starts_with("multipart/") {
                    self.broken = true;
                    head = Head { encoding: head.encoding, ..Head::plain() };
                }
                open = Some((head, at));
            }
            if depth + frames.len() > self.bounds.depth {
                return Err(OutOfBounds::Depth);
            }
            match self.next_part(raw, at, level, open, &mut frames, tree)? {
                Some((next_head, next_at)) => (head, at) = (next_head, next_at),
                None => return Ok(()),
            }
        }
    }

    /// Ends the open body at the next delimiter and reads the header block behind it; `None` at the end of all.
    fn next_part<'x>(
        &mut self,
        raw: &'x [u8],
        mut at: usize,
        level: usize,
        mut open: Option<(Head, usize)>,
        frames: &mut Vec<Frame>,
        tree: &mut Tree<'x>,
    ) -> Result<Option<(Head, usize)>, OutOfBounds> {
        loop {
            let delimiter = self.seek(raw, at, frames)?;
            let body_end = delimiter.as_ref().map_or(raw.len(), |found| found.body_end);
            if let Some((head, start)) = open.take() {
                let body = raw.get(start..body_end.max(start)).unwrap_or_default();
                let part = self.part(head, Cow::Borrowed(body), level + messages_in(frames), frames)?;
                tree.parts.push(part);
            }
            let keep = delimiter.as_ref().map_or(0, |found| found.frame + 1);
            while frames.len() > keep {
                let Some(Frame::Multipart(multipart)) = frames.pop() else { continue };
                if !multipart.found {
                    self.broken = true;
                    let body =
                        raw.get(multipart.body_at..body_end.max(multipart.body_at)).unwrap_or_default();
                    let level = level + messages_in(frames);
                    let part = self.part(Head::plain(), Cow::Borrowed(body), level, frames)?;
                    tree.parts.push(part);
                }
            }
            let Some(delimiter) = delimiter else { return Ok(None) };
            at = delimiter.next;
            let Some(Frame::Multipart(multipart)) = frames.last_mut() else { return Ok(None) };
            multipart.found = true;
            if delimiter.closing {
                frames.pop();
                continue;
            }
            multipart.child += 1;
            let digest = multipart.digest;
            let (headers, body_at) = self.block(raw, at, frames)?;
            return Ok(Some((self.head(&headers, digest)?, body_at)));
        }
    }

    /// The next line that delimits a part of any open multipart.
    fn seek(&self, raw: &[u8], mut at: usize, frames: &[Frame]) -> Result<Option<Delimiter>, OutOfBounds> {
        let start = at;
        while let Some((line, next)) = line_at(raw, at) {
            if line.len() > self.bounds.line_bytes {
                return Err(OutOfBounds::LineBytes);
            }
            if let Some(rest) = line.strip_prefix(b"--")
                && let Some((frame, closing)) = delimited(rest, frames)
            {
                let before = raw.get(start..at).unwrap_or_default();
                let body_end = start + trim_line_end(before).len();
                return Ok(Some(Delimiter { body_end, next, frame, closing }));
            }
            at = next;
        }
        Ok(None)
    }

    fn multipart(&mut self, head: &Head, boundary: Vec<u8>, body_at: usize) -> Multipart {
        let alternative = (head.content.value == "multipart/alternative").then(|| {
            self.alternatives += 1;
            self.alternatives
        });
        let digest = head.content.value == "multipart/digest";
        Multipart { boundary, found: false, body_at, digest, alternative, child: 0 }
    }

    /// The boundary of a multipart; when its parameter is lost, the one that its body evidently uses.
    fn boundary(&mut self, head: &Head, raw: &[u8], at: usize) -> Option<Vec<u8>> {
        let multipart = head.content.value.starts_with("multipart/");
        if !multipart && !head.untyped {
            return None;
        }
        if let Some(boundary) =
            head.content.get("boundary").filter(|boundary| multipart && !boundary.is_empty())
        {
            return Some(boundary.as_bytes().to_vec());
        }
        let mut at = at;
        for _ in 0..8 {
            let (line, next) = line_at(raw, at)?;
            let line = line.trim_ascii_end();
            if let Some(boundary) = line.strip_prefix(b"--").filter(|boundary| !boundary.is_empty()) {
                let (after, _) = line_at(raw, next)?;
                let typed = after.len() > 8
                    && after.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
                self.broken |= typed;
                return typed.then(|| boundary.to_vec());
            }
            if !line.is_empty() && !multipart {
                return None;
            }
            at = next;
        }
        None
    }

    /// Reads a header block within bounds. A delimiter ends it too: a part may have no body, nor its blank line.
    fn block(&self, raw: &[u8], at: usize, frames: &[Frame]) -> Result<(Headers, usize), OutOfBounds> {
        let rest = raw.get(at..).unwrap_or_default();
        let window =
            rest.get(..rest.len().min(self.bounds.header_bytes.saturating_add(1))).unwrap_or_default();
        let (mut headers, mut len) = Headers::read(window);
        let block = window.get(..len).unwrap_or_default();
        if let Some(end) = memchr::memmem::find_iter(block, b"\n--").map(|end| end + 1).find(|end| {
            let (line, _) = line_at(block, *end).unwrap_or_default();
            delimited(line.get(2..).unwrap_or_default(), frames).is_some()
        }) {
            (headers, len) = Headers::read(block.get(..end).unwrap_or_default());
        }
        if len > self.bounds.header_bytes {
            return Err(OutOfBounds::HeaderBytes);
        }
        if headers.len() > self.bounds.header_fields {
            return Err(OutOfBounds::HeaderFields);
        }
        if self.bounds.line_bytes < self.bounds.header_bytes {
            let block = window.get(..len).unwrap_or_default();
            if block.split(|b| *b == b'\n').any(|line| line.len() > self.bounds.line_bytes) {
                return Err(OutOfBounds::LineBytes);
            }
        }
        Ok((headers, at + len))
    }

    fn head(&self, headers: &Headers, digest: bool) -> Result<Head, OutOfBounds> {
        let read = |name: &str| match headers.raw(name).next() {
            Some(value) => Params::read(value, self.bounds.parameters),
            None => Ok(Params::default()),
        };
        let mut content = read("Content-Type")?;
        let untyped = !content.value.contains('/');
        if untyped {
            content.value = if digest { "message/rfc822" } else { "text/plain" }.to_owned();
        }
        let encoding = headers.all("Content-Transfer-Encoding").next().unwrap_or_default();
        Ok(Head {
            content,
            disposition: read("Content-Disposition")?,
            encoding: Transfer::named(&encoding),
            untyped,
        })
    }

    fn part<'x>(
        &mut self,
        head: Head,
        body: Cow<'x, [u8]>,
        level: usize,
        frames: &[Frame],
    ) -> Result<Part<'x>, OutOfBounds> {
        let alternatives = frames
            .iter()
            .filter_map(|frame| match frame {
                Frame::Multipart(multipart) => multipart.alternative.map(|id| (id, multipart.child)),
                Frame::Message => None,
            })
            .collect();
        let Head { content, disposition, encoding, untyped } = head;
        let part = Part { content, disposition, encoding, body, level, message: None, alternatives, untyped };
        let len = part.decoded_len();
        self.decoded = self.decoded.saturating_add(len);
        if self.decoded > self.bounds.decoded_bytes {
            return Err(OutOfBounds::DecodedBytes);
        }
        if part.is_text() && !part.is_attachment() {
            self.text = self.text.saturating_add(len);
            if self.text > self.bounds.text_bytes {
                return Err(OutOfBounds::TextBytes);
            }
        }
        Ok(part)
    }

    /// Reads the message inside the encoded attachment `tree.parts[at]`, if that is what it is.
    fn encoded_message(&mut self, tree: &mut Tree<'_>, at: usize) -> Result<(), OutOfBounds> {
        let Some(part) = tree.parts.get(at) else { return Ok(()) };
        if !is_message(part.media_type()) || part.message.is_some() {
            return Ok(());
        }
        let (inner, level) = (part.decoded().into_owned(), part.level + 1);
        let outer = part.alternatives.clone();
        let mut found = Tree { messages: std::mem::take(&mut tree.messages), ..Tree::default() };
        let head_at = found.messages.len();
        if head_at > self.bounds.messages {
            return Err(OutOfBounds::Messages);
        }
        self.message(&inner, level, level, &mut found)?;
        tree.messages = found.messages;
        if let Some(part) = tree.parts.get_mut(at) {
            part.message = Some(head_at);
        }
        tree.parts.extend(found.parts.into_iter().map(|part| Part {
            body: Cow::Owned(part.body.into_owned()),
            content: part.content,
            disposition: part.disposition,
            encoding: part.encoding,
            level: part.level,
            message: part.message,
            alternatives: outer.iter().copied().chain(part.alternatives).collect(),
            untyped: part.untyped,
        }));
        Ok(())
    }
}

impl Head {
    /// What holds for a body whose header lied.
    fn plain() -> Self {
        let content = Params { value: "text/plain".to_owned(), ..Params::default() };
        Self { content, disposition: Params::default(), encoding: Transfer::Identity, untyped: true }
    }
}

impl Transfer {
    fn named(name: &str) -> Self {
        let name = name.split(';').next().unwrap_or_default().trim().trim_matches('"');
        match name.to_ascii_lowercase().as_str() {
            "quoted-printable" => Self::QuotedPrintable,
            "base64" => Self::Base64,
            "uuencode" | "x-uuencode" | "uue" | "x-uue" => Self::Uuencode,
            _ => Self::Identity,
        }
    }
}

fn messages_in(frames: &[Frame]) -> usize {
    frames.iter().filter(|frame| matches!(frame, Frame::Message)).count()
}

/// The innermost multipart that a line `--rest` delimits, and whether it closes it.
fn delimited(rest: &[u8], frames: &[Frame]) -> Option<(usize, bool)> {
    frames.iter().enumerate().rev().find_map(|(at, frame)| {
        let Frame::Multipart(multipart) = frame else { return None };
        match rest.strip_prefix(multipart.boundary.as_slice())?.trim_ascii() {
            b"" => Some((at, false)),
            b"--" => Some((at, true)),
            _ => None,
        }
    })
}
