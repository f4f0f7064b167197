//! `Authentication-Results`, read by its grammar (RFC 8601 §2.2): what the company's own mail server found out
//! when it took the mail.
//!
//! Anybody can write such a field into a mail. Only the topmost one that bears the configured server's name
//! counts, because a server writes on top of what is there and removes what bears its own name (RFC 8601 §5).
//! Everything that cannot be read, or can be read in two ways, proves nothing.

use super::evidence::{Authentication, Method, governs};
use crate::mail::Headers;
use crate::mail::headers::unfold;

/// The `authserv_id` to configure for a server that writes no name (Exchange Online): then the topmost field counts,
/// and only if it has none.
pub const NO_AUTHSERV_ID: &str = "(none)";

/// A field larger than this is not read.
const FIELD_BYTES_MAX: usize = 16 << 10;
/// Results in one field.
const RESULTS_MAX: usize = 64;
/// Comments within comments.
const COMMENT_DEPTH_MAX: usize = 16;

/// What the company's own server found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    results: Vec<Finding>,
}

/// One `method=result` with its properties.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    method: String,
    result: String,
    /// `ptype.property`, lower case, and the value as written.
    properties: Vec<(String, String)>,
}

/// The verdict of the server called `authserv_id`, from the topmost field that bears its name.
///
/// `None` when there is none. A field of that name that breaks the grammar is an empty verdict, and those below it
/// are never asked (T6).
#[must_use]
pub fn authentication_results(headers: &Headers, authserv_id: &str) -> Option<Verdict> {
    let nameless = authserv_id == NO_AUTHSERV_ID;
    for value in headers.raw("Authentication-Results") {
        let text = unfold(value.get(..value.len().min(FIELD_BYTES_MAX)).unwrap_or_default());
        let mut cursor = Cursor { rest: &text };
        let head = cursor.head();
        let ours = match &head {
            Head::Named(name) | Head::Unreadable(name) => !nameless && name.eq_ignore_ascii_case(authserv_id),
            Head::Nameless => nameless,
        };
        if ours {
            let readable = value.len() <= FIELD_BYTES_MAX && !matches!(head, Head::Unreadable(_));
            let results = if readable { cursor.results(nameless) } else { None };
            return Some(Verdict { results: results.unwrap_or_default() });
        }
        if nameless {
            return None;
        }
    }
    None
}

impl Verdict {
    /// What it says about a mail whose only `From` address is at `from_domain` (lower case).
    ///
    /// A pass counts only with its own domain, in its own result: each DKIM signature stands alone, of two DMARC or
    /// two SPF results the worse counts. Without a DMARC verdict a signature by the domain, or by one above it,
    /// is enough; SPF alone is not.
    #[must_use]
    pub fn authentication(&self, from_domain: &str) -> Authentication {
        match self.worst("dmarc") {
            Some(("pass", findings)) => {
                let all = findings.iter().all(|finding| {
                    finding.property("header.from").is_some_and(|from| from.eq_ignore_ascii_case(from_domain))
                });
                // The server read another `From` than we do: somebody wanted that.
                return if all {
                    Authentication::Aligned { by: Method::Dmarc }
                } else {
                    Authentication::NotAligned
                };
            }
            None | Some(("none" | "neutral" | "bestguesspass" | "temperror", _)) => {}
            Some(_) => return Authentication::Failed,
        }
        let mut seen = Authentication::None;
        for finding in self.results.iter().filter(|finding| finding.method == "dkim") {
            let ours = finding.signer().is_some_and(|signer| governs(signer, from_domain));
            match (finding.result.as_str(), ours) {
                ("pass", true) => return Authentication::Aligned { by: Method::Dkim },
                ("pass", false) if seen != Authentication::Failed => seen = Authentication::NotAligned,
                ("fail" | "policy" | "neutral" | "permerror", true) => seen = Authentication::Failed,
                ("temperror", true) if seen == Authentication::None => seen = Authentication::Unknown,
                _ => {}
            }
        }
        match (seen, self.worst("spf")) {
            (Authentication::None, Some(("fail" | "softfail", _))) => Authentication::Failed,
            (Authentication::None, Some(("pass", _))) => Authentication::NotAligned,
            (Authentication::None, _) if self.worst("dmarc").is_some_and(|(word, _)| word == "temperror") => {
                Authentication::Unknown
            }
            _ => seen,
        }
    }

    /// The worst result of a method, and everything found by it. Words we do not know are the worst.
    fn worst(&self, method: &str) -> Option<(&str, Vec<&Finding>)> {
        let findings: Vec<&Finding> =
            self.results.iter().filter(|finding| finding.method == method).collect();
        let worst =
            findings.iter().map(|finding| finding.result.as_str()).max_by_key(|word| match *word {
                "pass" => 0,
                "none" | "neutral" | "bestguesspass" => 1,
                "temperror" => 2,
                "softfail" | "policy" => 3,
                _ => 4,
            })?;
        Some((worst, findings))
    }
}

impl Finding {
    /// The value of a property that is given exactly once.
    fn property(&self, name: &str) -> Option<&str> {
        let mut values =
            self.properties.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }

    /// The domain that signed: `header.d`, or that of `header.i`, which is the same or one below it
    /// (RFC 6376 §3.5).
    fn signer(&self) -> Option<&str> {
        if self.properties.iter().any(|(key, _)| key == "header.d") {
            return self.property("header.d");
        }
        self.property("header.i")?.rsplit_once('@').map(|(_, domain)| domain)
    }
}

/// How a field begins.
enum Head {
    /// With a server's name.
    Named(String),
    /// With a server's name, perhaps empty, and then something that is not to be understood.
    Unreadable(String),
    /// With a result at once, where others have a name.
    Nameless,
}

/// What is still to be read of a field. Every step reads forward; nothing recurses.
#[derive(Clone)]
struct Cursor<'t> {
    rest: &'t str,
}

impl Cursor<'_> {
    /// Reads `[CFWS] authserv-id [CFWS authres-version]`; the cursor goes on only behind a readable name.
    fn head(&mut self) -> Head {
        let mut head = self.clone();
        let Some(name) = head.skip().and_then(|()| head.value()) else {
            return Head::Unreadable(String::new());
        };
        let readable = head.skip().is_some();
        if name.contains('=') || (readable && head.rest.starts_with('=')) {
            return Head::Nameless;
        }
        // An unknown version is a language we do not speak (RFC 8601 §2.2).
        let version = head.rest.starts_with(|c: char| c.is_ascii_digit()).then(|| head.keyword());
        let readable = readable && version.is_none_or(|version| version.as_deref() == Some("1"));
        if !readable || head.skip().is_none() || !(head.rest.is_empty() || head.rest.starts_with(';')) {
            return Head::Unreadable(name);
        }
        *self = head;
        Head::Named(name)
    }

    /// Everything behind the name; `None` as soon as anything breaks the grammar.
    fn results(&mut self, bare: bool) -> Option<Vec<Finding>> {
        let mut found = Vec::new();
        self.skip()?;
        let mut first = bare;
        while !self.rest.is_empty() {
            // Microsoft's field starts with its first result, where others have their name and a semicolon.
            if !std::mem::take(&mut first) && !self.eat(';') {
                return None;
            }
            self.skip()?;
            if self.rest.is_empty() {
                break;
            }
            if let Some(finding) = self.result()? {
                found.push(finding);
            }
            if found.len() > RESULTS_MAX {
                return None;
            }
        }
        Some(found)
    }

    /// `method[/version]=result [reason=…] [ptype.property=value]…`, or the lone word `none`. The inner `None` is
    /// a result that we must not understand: no result, or a version of a method to come (RFC 8601 §2.3).
    fn result(&mut self) -> Option<Option<Finding>> {
        let method = self.keyword()?;
        self.skip()?;
        if method == "none" && (self.rest.is_empty() || self.rest.starts_with(';')) {
            return Some(None);
        }
        let mut known = true;
        if self.eat('/') {
            self.skip()?;
            known = self.keyword()? == "1";
            self.skip()?;
        }
        if !self.eat('=') {
            return None;
        }
        self.skip()?;
        let result = self.keyword()?;
        let mut properties = Vec::new();
        loop {
            let before = self.rest.len();
            self.skip()?;
            if self.rest.is_empty() || self.rest.starts_with(';') {
                break;
            }
            if self.rest.len() == before && properties.is_empty() {
                return None;
            }
            let mut name = self.keyword()?;
            self.skip()?;
            // "reason=…", and Microsoft's "action=…", have no dot.
            while self.eat('.') {
                self.skip()?;
                name.push('.');
                name.push_str(&self.keyword()?);
                self.skip()?;
            }
            if !self.eat('=') {
                return None;
            }
            self.skip()?;
            properties.push((name, self.value()?));
        }
        Some(known.then_some(Finding { method, result, properties }))
    }

    /// White space and comments, nested ones too; `None` when one does not end.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        let mut escaped = false;
        let mut chars = self.rest.char_indices();
        loop {
            let Some((at, c)) = chars.next() else {
                self.rest = "";
                return (depth == 0).then_some(());
            };
            match c {
                _ if escaped => escaped = false,
                '\\' if depth > 0 => escaped = true,
                '(' if depth < COMMENT_DEPTH_MAX => depth += 1,
                '(' => return None,
                ')' if depth > 0 => depth -= 1,
                _ if depth > 0 || c == ' ' => {}
                _ => {
                    self.rest = self.rest.get(at..)?;
                    return Some(());
                }
            }
        }
    }

    /// Letters, digits, `-` and `_`, at least one; lower-cased.
    fn keyword(&mut self) -> Option<String> {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        let (word, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_ascii_lowercase())
    }

    /// A value: words, quoted strings and `@`, up to the next blank, comment or semicolon. Wider than the grammar
    /// where servers are (`/` and `=` in `header.b`, `:` in addresses), never across a quote or a comment.
    fn value(&mut self) -> Option<String> {
        let mut out = String::new();
        let mut quoted = false;
        let mut escaped = false;
        let mut end = self.rest.len();
        for (at, c) in self.rest.char_indices() {
            match c {
                _ if escaped => {
                    escaped = false;
                    out.push(c);
                }
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ if quoted => out.push(c),
                ' ' | ';' | '(' => {
                    end = at;
                    break;
                }
                ')' | '\\' | ',' => return None,
                _ => out.push(c),
            }
        }
        if quoted || end == 0 {
            return None;
        }
        self.rest = self.rest.get(end..)?;
        Some(out)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}
