//! What the person wrote, cut from what they quote.
//!
//! Two mistakes are possible. To leave a quote in may invent a request; to cut too much loses one. So a cut wants
//! a sign that a program wrote the line — a time of day, an address, a phrase of a known mail program — and where
//! signs are weak the words stay in. Nothing is thrown away: [`VisibleText::full`] holds it all, and each cut says
//! why it was made.
//!
//! One pass over the lines and a bounded look around each; no expression that could backtrack (T36).

mod flowed;
mod fold;
mod quote;
mod tail;

use std::fmt;
use std::ops::Range;

pub(super) use flowed::plain;
pub(in crate::mail) use fold::fold;

/// The text that the person wrote, cut from what they quote.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct VisibleText {
    /// The person's own words, line ends `\n`.
    pub own: String,
    /// The whole readable text, nothing cut.
    pub full: String,
    /// What was cut out of `full`, in order.
    pub cuts: Vec<Cut>,
}

impl fmt::Debug for VisibleText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "VisibleText({} of {} bytes own, {} cuts)",
            self.own.len(),
            self.full.len(),
            self.cuts.len()
        )
    }
}

/// A piece of [`VisibleText::full`] that is not the person's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Bytes of `full`.
    pub span: Range<usize>,
    /// Why it was cut.
    pub reason: CutReason,
}

/// Why a piece of text is not the person's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutReason {
    /// `>` lines, a blockquote, or all that follows "On … wrote:".
    Quote,
    /// A forwarded message.
    Forward,
    /// Below `-- `, a mobile signature, a name and job block.
    Signature,
    /// A confidentiality notice or a newsletter's own footer.
    Footer,
}

/// Text with what its markup said about it.
#[derive(Clone, Debug, Default)]
pub(super) struct Marked {
    pub(super) text: String,
    /// What markup calls a quote or a signature, in order.
    pub(super) marks: Vec<Markup>,
}

/// A piece of [`Marked::text`] that markup says something about.
#[derive(Clone, Debug)]
pub(super) struct Markup {
    /// Bytes of the text.
    pub(super) span: Range<usize>,
    /// [`CutReason::Quote`] or [`CutReason::Signature`].
    pub(super) reason: CutReason,
}

/// What the header says that helps to read the body.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hints {
    /// It answers another mail: `In-Reply-To`, `References` or a subject with "Re:".
    pub(super) reply: bool,
    /// Its subject says that it forwards: "TR:", "Fwd:".
    pub(super) forward: bool,
}

/// One line of the text, and what became of it.
#[derive(Clone, Debug)]
struct Line<'t> {
    /// With its line end.
    span: Range<usize>,
    /// Without blanks around it.
    text: &'t str,
    /// [`fold`]ed; of a line too long to be a program's, only the start.
    folded: String,
    /// `folded` is not the whole line.
    long: bool,
    cut: Option<CutReason>,
}

/// Longer lines are prose: no attribution or signature is that long.
const MACHINE_LINE_BYTES_MAX: usize = 600;

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    fn is_quoted(&self) -> bool {
        self.text.starts_with('>')
    }

    fn is_own(&self) -> bool {
        self.cut.is_none()
    }
}

impl Marked {
    pub(super) fn append(&mut self, other: Self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        let shift = self.text.len();
        self.text.push_str(&other.text);
        self.marks.extend(other.marks.into_iter().map(|mark| Markup {
            span: mark.span.start + shift..mark.span.end + shift,
            reason: mark.reason,
        }));
    }
}

impl VisibleText {
    /// Adds the text of an attached message below.
    pub(super) fn append_forward(&mut self, text: &str) {
        if !self.full.is_empty() && !self.full.ends_with('\n') {
            self.full.push('\n');
        }
        let start = self.full.len();
        self.full.push_str(text);
        self.cuts.push(Cut { span: start..self.full.len(), reason: CutReason::Forward });
    }

    /// The words of the first forward in it, without the marker and the header lines above them.
    pub(super) fn pasted_forward(&self) -> Option<String> {
        let cut = self.cuts.iter().find(|cut| cut.reason == CutReason::Forward)?;
        let text = quote::without_marks(self.full.get(cut.span.clone())?);
        // The forwarded mail may itself quote another: its author's words are what is forwarded.
        let inner = own_words(&text);
        (!inner.trim().is_empty()).then_some(inner)
    }
}

/// Cuts what is not the sender's own.
pub(super) fn cut(marked: Marked, hints: Hints) -> VisibleText {
    let Marked { text: full, marks } = marked;
    let mut lines = lines_of(&full);
    let (mut own_before, mut looked_at) = (false, 0);
    for mark in &marks {
        let start = lines.partition_point(|line| line.span.end <= mark.span.start);
        let end = lines.partition_point(|line| line.span.start < mark.span.end);
        own_before |= lines.iter().take(start).skip(looked_at).any(|line| line.is_own() && !line.is_blank());
        looked_at = looked_at.max(start);
        match mark.reason {
            CutReason::Signature => tail::marked_signature(&mut lines, start, end),
            _ => quote::marked(&mut lines, start, end, hints, own_before),
        }
    }
    quote::cut(&mut lines, hints);
    tail::cut(&mut lines);
    let cuts = cuts_of(&lines);
    let own = own_of(&full, &lines);
    VisibleText { own, full, cuts }
}

/// The own words of a text that stands alone, such as a forwarded message.
pub(super) fn own_words(text: &str) -> String {
    let mut lines = lines_of(text);
    quote::cut(&mut lines, Hints { reply: true, forward: false });
    tail::cut(&mut lines);
    own_of(text, &lines)
}

fn lines_of(text: &str) -> Vec<Line<'_>> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let span = at..at + line.len();
            at = span.end;
            let text = line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}');
            let long = text.len() > MACHINE_LINE_BYTES_MAX;
            let folded = if long { fold(start_of(text)) } else { fold(text) };
            Line { span, text, folded, long, cut: None }
        })
        .collect()
}

fn start_of(text: &str) -> &str {
    let end = (MACHINE_LINE_BYTES_MAX - 3..=MACHINE_LINE_BYTES_MAX).find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Neighbouring lines cut for one reason are one cut; the blank lines between them belong to it.
fn cuts_of(lines: &[Line<'_>]) -> Vec<Cut> {
    let mut cuts: Vec<Cut> = Vec::new();
    for line in lines {
        let Some(reason) = line.cut else { continue };
        match cuts.last_mut() {
            Some(last) if last.reason == reason && last.span.end == line.span.start => {
                last.span.end = line.span.end
            }
            _ => cuts.push(Cut { span: line.span.clone(), reason }),
        }
    }
    cuts
}

fn own_of(full: &str, lines: &[Line<'_>]) -> String {
    let mut own = String::with_capacity(full.len());
    let mut blanks = 0;
    for line in lines.iter().filter(|line| line.is_own()) {
        blanks = if line.is_blank() { blanks + 1 } else { 0 };
        if blanks <= 1 {
            let text = full.get(line.span.clone()).unwrap_or_default();
            own.push_str(text.trim_end());
            own.push('\n');
        }
    }
    own.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').to_owned()
}
