//! Lays text out in lines, and remembers which of them markup calls a quote or a signature.

use super::tag::Tag;
use crate::mail::visible::{CutReason, Marked, Markup};

/// Quotes inside quotes are prefixed this often at most: a reader sees no difference, and depth stays free.
const QUOTE_PREFIXES_MAX: usize = 5;
/// Elements whose end is awaited at the same time; more is no layout but an attack.
const REGIONS_MAX: usize = 64;

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 24] = [
    "div", "tr", "li", "table", "tbody", "thead", "ul", "ol", "dl", "dt", "dd", "section", "article",
    "header", "footer", "center", "address", "form", "fieldset", "main", "aside", "nav", "body", "figure",
];
/// Elements with a blank line around them.
const PARAGRAPHS: [&str; 9] = ["p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote"];
/// Elements whose content no reader sees.
const UNSEEN: [&str; 11] =
    ["head", "template", "object", "iframe", "svg", "math", "audio", "video", "canvas", "select", "noframes"];
/// Elements without content.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// Classes and ids of containers in which programs put what is answered or passed on.
const QUOTE_CONTAINERS: [&str; 14] = [
    "gmail_quote",
    "gmail_quote_container",
    "yahoo_quoted",
    "protonmail_quote",
    "tutanota_quote",
    "moz-cite-prefix",
    "moz-forward-container",
    "olk_src_body_section",
    "mail-editor-reference-message-container",
    "ms-outlook-mobile-reference-message",
    "zmail_extra",
    "quoted-mail",
    "replied-message",
    "outlookmessageheader",
];
/// Ids behind which everything is what is answered.
const QUOTE_STARTS: [&str; 3] = ["divrplyfwdmsg", "appendonsend", "replysplit"];
/// Classes and ids of signatures.
const SIGNATURES: [&str; 8] = [
    "gmail_signature",
    "moz-signature",
    "apple-signature",
    "ms-outlook-mobile-signature",
    "signature",
    "zmail_signature",
    "protonmail_signature_block",
    "yahoo_signature",
];

/// An element whose end is awaited.
struct Region {
    name: String,
    /// Elements of the same name open inside it, itself included.
    open: usize,
    start: usize,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Hidden,
    Quote,
    /// A container whose blockquotes end it: between them stand the sender's own answers.
    QuoteUpToBlockquote,
    Signature,
}

/// The state of the layout.
#[derive(Default)]
pub(super) struct Renderer {
    out: String,
    marks: Vec<Markup>,
    regions: Vec<Region>,
    hidden: usize,
    quote_depth: usize,
    /// For each open blockquote whether it counts as a quote.
    blockquotes: Vec<bool>,
    pre: usize,
    space: bool,
    backgrounds: bool,
    to_end: Option<usize>,
}

impl Renderer {
    /// Adds words; entities are decoded.
    pub(super) fn text(&mut self, text: &str) {
        if self.hidden > 0 || text.is_empty() {
            return;
        }
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
            let (plain, from) = rest.split_at(at);
            self.words(plain);
            let (c, len) = entity(from);
            match c {
                Some(c) => self.character(c),
                None => self.words("&"),
            }
            rest = from.get(len..).unwrap_or_default();
        }
        self.words(rest);
    }

    fn words(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' if self.pre > 0 => self.line_end(),
                ' ' | '\t' | '\n' | '\r' | '\u{c}' if self.pre == 0 => self.space = true,
                '\r' => {}
                c => self.character(c),
            }
        }
    }

    fn character(&mut self, c: char) {
        let c = if c == '\u{a0}' { ' ' } else { c };
        if self.at_line_start() {
            for _ in 0..self.quote_depth.min(QUOTE_PREFIXES_MAX) {
                self.out.push_str("> ");
            }
        } else if self.space {
            self.out.push(' ');
        }
        self.space = false;
        self.out.push(c);
    }

    fn at_line_start(&self) -> bool {
        self.out.is_empty() || self.out.ends_with('\n')
    }

    fn line_end(&mut self) {
        self.space = false;
        if self.at_line_start() && self.quote_depth > 0 {
            self.out.push('>');
        }
        self.out.push('\n');
    }

    fn fresh_line(&mut self) {
        self.space = false;
        if !self.at_line_start() {
            self.out.push('\n');
        }
    }

    fn blank_line(&mut self) {
        self.fresh_line();
        if !self.out.is_empty() && !self.out.ends_with("\n\n") && !self.out.ends_with(">\n") {
            self.line_end();
        }
    }

    /// Follows a tag.
    pub(super) fn tag(&mut self, tag: &Tag<'_>) {
        if tag.closes {
            self.close(tag);
        } else {
            self.open(tag);
        }
    }

    fn open(&mut self, tag: &Tag<'_>) {
        for region in &mut self.regions {
            if tag.is(&region.name) {
                region.open += 1;
            }
        }
        // A hidden paragraph ends where the next one begins, as in every browser.
        if tag.is_any(&PARAGRAPHS) || tag.is_any(&BLOCKS) {
            self.end_regions("p");
        }
        if self.hidden == 0 {
            self.lay_out(tag);
        }
        self.backgrounds |= tag.background || paints(&tag.style);
        if tag.is_any(&VOID) {
            return;
        }
        let what = if tag.is_any(&UNSEEN) || self.hides(tag) {
            Some(What::Hidden)
        } else if tag.is("blockquote") {
            None
        } else if QUOTE_CONTAINERS.iter().any(|name| tag.is_called(name))
            || tag.is_called_like("yahoo_quoted")
        {
            Some(if tag.is_called("moz-cite-prefix") { What::Quote } else { What::QuoteUpToBlockquote })
        } else if SIGNATURES.iter().any(|name| tag.is_called(name)) {
            Some(What::Signature)
        } else {
            None
        };
        let outlook =
            tag.style.contains("border-top:solid#e1e1e1") || tag.style.contains("border-top:solid#b5c4df");
        if self.hidden == 0
            && self.to_end.is_none()
            && (outlook || QUOTE_STARTS.iter().any(|name| tag.is_called(name)))
        {
            self.fresh_line();
            self.to_end = Some(self.out.len());
        }
        if let Some(what) = what.filter(|_| self.regions.len() < REGIONS_MAX) {
            if what == What::Hidden {
                self.hidden += 1;
            } else {
                self.fresh_line();
            }
            let name = tag.name.to_ascii_lowercase();
            self.regions.push(Region { name, open: 1, start: self.out.len(), what });
        }
    }

    fn lay_out(&mut self, tag: &Tag<'_>) {
        if tag.is("br") {
            self.line_end();
        } else if tag.is("hr") {
            self.fresh_line();
            self.out.push_str("----------\n");
        } else if tag.is("blockquote") {
            self.blank_line();
            let indent = tag.style.contains("border:none") || tag.style.contains("border:0");
            let quote = tag.kind.is_some() || !indent;
            if quote {
                self.begin_blockquote();
            }
            self.blockquotes.push(quote);
        } else if tag.is("p")
            && (tag.style.contains("margin:0") || tag.class.is_some_and(|class| class.contains("Mso")))
        {
            self.fresh_line();
        } else if tag.is_any(&PARAGRAPHS) {
            self.blank_line();
            self.pre += usize::from(tag.is("pre"));
        } else if tag.is_any(&BLOCKS) {
            self.fresh_line();
            if tag.is("li") {
                self.words("-");
                self.space = true;
            }
        } else if tag.is_any(&["td", "th"]) {
            self.space = true;
        }
    }

    fn begin_blockquote(&mut self) {
        self.quote_depth += 1;
        let here = self.out.len();
        for region in &mut self.regions {
            if region.what == What::QuoteUpToBlockquote {
                self.marks.push(Markup { span: region.start..here, reason: CutReason::Quote });
                // From here on the container marks nothing: what is not in a blockquote is an answer.
                region.what = What::Quote;
                region.start = usize::MAX;
            }
        }
    }

    fn close(&mut self, tag: &Tag<'_>) {
        if self.hidden == 0 {
            if tag.is("blockquote") {
                if self.blockquotes.pop() == Some(true) {
                    self.fresh_line();
                    self.quote_depth = self.quote_depth.saturating_sub(1);
                }
                self.blank_line();
            } else if tag.is("pre") {
                self.pre = self.pre.saturating_sub(1);
                self.fresh_line();
            } else if tag.is_any(&PARAGRAPHS) || tag.is_any(&BLOCKS) {
                self.fresh_line();
            } else if tag.is_any(&["td", "th"]) {
                self.space = true;
            }
        }
        self.end_regions(tag.name);
    }

    /// Counts an end tag in the regions that wait for one of this name.
    fn end_regions(&mut self, name: &str) {
        let mut ended = Vec::new();
        self.regions.retain_mut(|region| {
            if region.name.eq_ignore_ascii_case(name) {
                region.open = region.open.saturating_sub(1);
                if region.open == 0 {
                    ended.push((region.start, region.what));
                    return false;
                }
            }
            true
        });
        for (start, what) in ended {
            self.end_region(start, what);
        }
    }

    fn end_region(&mut self, start: usize, what: What) {
        if what == What::Hidden {
            self.hidden = self.hidden.saturating_sub(1);
            return;
        }
        self.fresh_line();
        if start < self.out.len() {
            let reason = if what == What::Signature { CutReason::Signature } else { CutReason::Quote };
            self.marks.push(Markup { span: start..self.out.len(), reason });
        }
    }

    /// Ways to hide words that senders of bulk mail use, and that people copy along with it.
    fn hides(&self, tag: &Tag<'_>) -> bool {
        let style = tag.style.as_str();
        if tag.hidden {
            return true;
        }
        if style.is_empty() {
            return false;
        }
        let white =
            ["color:#fff;", "color:#ffffff", "color:white", "color:rgb(255,255,255)"].iter().any(|white| {
                starts_property(style, white)
                    || style.ends_with(white.trim_end_matches(';'))
                        && starts_property(style, white.trim_end_matches(';'))
            });
        starts_property(style, "display:none")
            || starts_property(style, "visibility:hidden")
            || style.contains("mso-hide:all")
            || is_zero(style, "font-size:")
            || is_zero(style, "max-height:")
            || is_zero(style, "opacity:")
            || white && !self.backgrounds && !paints(style)
    }

    /// The text and its marks.
    pub(super) fn finish(mut self) -> Marked {
        self.fresh_line();
        for region in std::mem::take(&mut self.regions) {
            self.end_region(region.start, region.what);
        }
        if let Some(start) = self.to_end {
            self.marks.push(Markup { span: start..self.out.len(), reason: CutReason::Quote });
        }
        self.marks.sort_by_key(|mark| mark.span.start);
        Marked { text: self.out, marks: self.marks }
    }
}

/// Whether a style gives a background that is not white.
fn paints(style: &str) -> bool {
    ["background:", "background-color:", "background-image:"].iter().any(|property| {
        style.split_once(property).is_some_and(|(_, value)| {
            !["#fff", "white", "transparent", "none", "inherit", "initial"]
                .iter()
                .any(|plain| value.starts_with(plain))
        })
    })
}

/// Whether `declaration` stands in `style` as a property of its own, not as the end of a longer name.
fn starts_property(style: &str, declaration: &str) -> bool {
    style.match_indices(declaration).any(|(at, _)| at == 0 || style.as_bytes().get(at - 1) == Some(&b';'))
}

/// Whether the first `property` of `style` is zero, in any unit.
fn is_zero(style: &str, property: &str) -> bool {
    let Some((before, value)) = style.split_once(property) else { return false };
    let own = before.is_empty() || before.ends_with(';');
    let number: &str = value.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
    own && !number.is_empty() && number.bytes().all(|b| matches!(b, b'0' | b'.'))
}

/// The character that the entity at the start of `from` stands for, and its length; `None` for a bare `&`.
fn entity(from: &str) -> (Option<char>, usize) {
    let Some(end) = from.as_bytes().iter().take(40).position(|b| *b == b';') else { return (None, 1) };
    let Some(name) = from.get(1..end) else { return (None, 1) };
    let code = match name.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        },
        None => {
            let mut out = String::new();
            mail_parser::decoders::html::add_html_token(
                &mut out,
                from.get(..=end).unwrap_or_default().as_bytes(),
                false,
            );
            let known = (!out.starts_with('&') || name == "amp").then(|| out.chars().next()).flatten();
            return (known, if known.is_some() { end + 1 } else { 1 });
        }
    };
    match code {
        // Numbers of Windows-1252, as every browser reads them.
        Some(code @ 0x80..=0x9f) => {
            let text =
                crate::mail::charset::decode(&[u8::try_from(code).unwrap_or(b'?')], Some("windows-1252"));
            (text.chars().next(), end + 1)
        }
        Some(0) => (Some(char::REPLACEMENT_CHARACTER), end + 1),
        Some(code) => (Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)), end + 1),
        None => (None, 1),
    }
}
