//! What the person wrote, cut from what they quote.

use std::ops::Range;

/// The text that the person wrote, cut from what they quote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisibleText {
    /// The person's own words, line ends `\n`.
    pub own: String,
    /// The whole readable text, nothing cut.
    pub full: String,
    /// What was cut out of `full`, in order.
    pub cuts: Vec<Cut>,
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
    /// Where markup says that a quote starts, in bytes of `text`.
    pub(super) quotes: Vec<Range<usize>>,
    /// The markup was nested too deeply to be followed.
    pub(super) deep: bool,
}

impl Marked {
    pub(super) fn append(&mut self, other: Self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        let shift = self.text.len();
        self.text.push_str(&other.text);
        self.quotes.extend(other.quotes.into_iter().map(|range| range.start + shift..range.end + shift));
        self.deep |= other.deep;
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
}

/// Plain text with its line ends normalised and soft breaks undone (RFC 3676).
pub(super) fn plain(text: &str, flowed: bool, delsp: bool) -> Marked {
    let _ = (flowed, delsp);
    Marked { text: text.replace("\r\n", "\n").replace('\r', "\n"), ..Marked::default() }
}

/// Cuts what is not the sender's own.
pub(super) fn cut(marked: Marked) -> VisibleText {
    let full = marked.text;
    let mut cuts = Vec::new();
    let mut own = String::new();
    let mut at = 0;
    for line in full.split_inclusive('\n') {
        let trimmed = line.trim();
        let lower = trimmed.to_lowercase();
        if trimmed.starts_with("-----")
            || lower.ends_with("a écrit :")
            || lower.ends_with("wrote:")
            || line.trim_end_matches(['\r', '\n']) == "-- "
        {
            cuts.push(Cut { span: at..full.len(), reason: CutReason::Quote });
            break;
        }
        if trimmed.starts_with('>') {
            cuts.push(Cut { span: at..at + line.len(), reason: CutReason::Quote });
        } else {
            own.push_str(line);
        }
        at += line.len();
    }
    VisibleText { own: own.trim().to_owned(), full, cuts }
}

/// The text of a forward that is pasted below the sender's words.
pub(super) fn pasted_forward(visible: &VisibleText) -> Option<String> {
    visible
        .cuts
        .iter()
        .find(|cut| cut.reason == CutReason::Forward)
        .and_then(|cut| visible.full.get(cut.span.clone()))
        .map(str::to_owned)
}
