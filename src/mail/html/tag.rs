//! One tag: its name and the few attributes that matter to a reader.

/// A start or end tag.
#[derive(Debug, Default)]
pub(super) struct Tag<'t> {
    /// As written.
    pub(super) name: &'t str,
    pub(super) closes: bool,
    pub(super) class: Option<&'t str>,
    pub(super) id: Option<&'t str>,
    pub(super) kind: Option<&'t str>,
    pub(super) background: bool,
    pub(super) hidden: bool,
    /// In lower case, without blanks.
    pub(super) style: String,
}

impl<'t> Tag<'t> {
    /// Reads what stands between `<` and `>`.
    pub(super) fn read(inner: &'t str) -> Self {
        let closes = inner.starts_with('/');
        let inner = inner.trim_start_matches('/');
        let name_len =
            inner.bytes().position(|b| b.is_ascii_whitespace() || b == b'/').unwrap_or(inner.len());
        let (name, mut rest) = inner.split_at(name_len);
        let mut tag = Tag { name, closes, ..Self::default() };
        if closes {
            return tag;
        }
        while let Some((name, value, after)) = attribute(rest) {
            tag.take(name, value);
            rest = after;
        }
        tag
    }

    /// Whether the content is no text: it runs to the end tag of the same name.
    pub(super) fn is_raw(&self) -> bool {
        !self.closes && self.is_any(&["script", "style", "title", "xmp", "noembed"])
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(super) fn is_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.is(name))
    }

    /// Whether a class or the id is `name`, also as Outlook renames it: `x_name`.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let words = self.class.into_iter().chain(self.id).flat_map(str::split_whitespace);
        words.map(|word| word.trim_start_matches("x_")).any(|word| word.eq_ignore_ascii_case(name))
    }

    pub(super) fn is_called_like(&self, start: &str) -> bool {
        let words = self.class.into_iter().chain(self.id).flat_map(str::split_whitespace);
        words.map(|word| word.trim_start_matches("x_")).any(|word| word.starts_with(start))
    }

    fn take(&mut self, name: &str, value: &'t str) {
        match name.len() {
            5 if name.eq_ignore_ascii_case("class") => self.class = self.class.or(Some(value)),
            5 if name.eq_ignore_ascii_case("style") && self.style.is_empty() => {
                self.style =
                    value.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
            }
            2 if name.eq_ignore_ascii_case("id") => self.id = self.id.or(Some(value)),
            4 if name.eq_ignore_ascii_case("type") => self.kind = self.kind.or(Some(value)),
            7 if name.eq_ignore_ascii_case("bgcolor") => self.background = true,
            10 if name.eq_ignore_ascii_case("background") => self.background = true,
            6 if name.eq_ignore_ascii_case("hidden") => self.hidden = true,
            _ => {}
        }
    }
}

/// The first attribute of `rest`, its value without quotes, and what follows it.
fn attribute(rest: &str) -> Option<(&str, &str, &str)> {
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
    if rest.is_empty() {
        return None;
    }
    let name_len = rest
        .bytes()
        .enumerate()
        .position(|(at, b)| b.is_ascii_whitespace() || b == b'=' && at > 0)
        .unwrap_or(rest.len());
    let (name, after) = rest.split_at(name_len);
    let Some(value) = after.trim_ascii_start().strip_prefix('=') else {
        return Some((name, "", after));
    };
    let value = value.trim_ascii_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    match quote {
        Some(quote) => {
            let inner = value.get(1..).unwrap_or_default();
            let (inner, after) = inner.split_once(quote).unwrap_or((inner, ""));
            Some((name, inner, after))
        }
        None => {
            let len = value.bytes().position(|b| b.is_ascii_whitespace()).unwrap_or(value.len());
            let (value, after) = value.split_at(len);
            Some((name, value, after))
        }
    }
}
