//! What a visitor sees: templates compiled into the program, rendered once at the start wherever nothing varies.

use std::io;

use axum::body::Bytes;
use data_encoding::BASE64;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use super::{Outcome, Shown, TRIES_MAX};
use crate::case::Reference;
use crate::classify::Right;
use crate::config::{Controller, LetterLanguage, Public};
use crate::reply::date_in_words;

const STYLE: &str = include_str!("../../templates/page/style.css");

const TEMPLATES: &[(&str, &str)] = &[
    ("layout.html", include_str!("../../templates/page/layout.html")),
    ("check.html", include_str!("../../templates/page/check.html")),
    ("gone.html", include_str!("../../templates/page/gone.html")),
    ("trouble.html", include_str!("../../templates/page/trouble.html")),
    ("fr/question.html", include_str!("../../templates/page/fr/question.html")),
    ("fr/locked.html", include_str!("../../templates/page/fr/locked.html")),
    ("fr/stopped.html", include_str!("../../templates/page/fr/stopped.html")),
    ("fr/confirmed.html", include_str!("../../templates/page/fr/confirmed.html")),
    ("fr/declined.html", include_str!("../../templates/page/fr/declined.html")),
    ("en/question.html", include_str!("../../templates/page/en/question.html")),
    ("en/locked.html", include_str!("../../templates/page/en/locked.html")),
    ("en/stopped.html", include_str!("../../templates/page/en/stopped.html")),
    ("en/confirmed.html", include_str!("../../templates/page/en/confirmed.html")),
    ("en/declined.html", include_str!("../../templates/page/en/declined.html")),
];

/// The page after an answer; its address says nothing of whose (T20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// The advertising stops.
    Stopped,
    /// "It was me."
    Confirmed,
    /// "It was not me."
    Declined,
}

impl Done {
    pub(super) const ALL: [Self; 3] = [Self::Stopped, Self::Confirmed, Self::Declined];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Confirmed => "confirmed",
            Self::Declined => "declined",
        }
    }
}

/// What to mend in a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Nothing.
    Nothing,
    /// The code was another one; so many tries are left.
    Code(u32),
    /// No six digits were typed; that costs no try.
    Missing,
    /// The box of "it was not me" was not ticked.
    Sure,
}

/// Every page, ready.
pub(super) struct Pages {
    templates: Environment<'static>,
    common: Value,
    /// `'sha256-…'` of the style, for the content policy.
    pub(super) style_hash: String,
    /// What every token gets that confirms nothing (T19).
    pub(super) gone: Bytes,
    /// Whatever else goes wrong.
    pub(super) trouble: Bytes,
    done: Vec<(LetterLanguage, Done, Bytes)>,
    /// The path of the configured base address, without a slash at its end.
    pub(super) base_path: String,
    /// Scheme, host and port of the configured base address.
    pub(super) origin: String,
}

impl Pages {
    /// Renders every page once, so that a broken template stops the start (T31).
    ///
    /// # Errors
    /// A template fails, or the base address has a path that would need escaping.
    pub(super) fn new(public: &Public, controller: &Controller) -> io::Result<Self> {
        let (origin, base_path) = split_base(&public.base_url).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "public.base_url: the path may hold letters, digits, '-', '_', '.' and '/' only",
            )
        })?;
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, source) in TEMPLATES {
            templates.add_template(name, source).map_err(io::Error::other)?;
        }
        let others = controller.entities.iter().any(|entity| *entity != controller.name);
        let common = context! {
            company => &controller.name,
            others => others,
            address => controller.address_lines().join(", "),
            dpo => &controller.dpo_email,
            notice => &controller.privacy_notice_url,
            style => STYLE,
            switch => "",
        };
        let style_hash = format!("'sha256-{}'", BASE64.encode(&Sha256::digest(STYLE.as_bytes())));
        let mut pages = Self {
            templates,
            common,
            style_hash,
            gone: Bytes::new(),
            trouble: Bytes::new(),
            done: Vec::new(),
            base_path,
            origin,
        };
        // Both languages stand in these two; screen readers are told where each begins.
        pages.gone = pages.render("gone.html", context! { lang => "fr" })?;
        pages.trouble = pages.render("trouble.html", context! { lang => "fr" })?;
        for language in [LetterLanguage::Fr, LetterLanguage::En] {
            for done in Done::ALL {
                let switch = pages.done_path(other(language), done);
                let page = format!("{}/{}.html", tag(language), done.name());
                let bytes = pages.render(&page, context! { lang => tag(language), switch => switch })?;
                pages.done.push((language, done, bytes));
            }
        }
        for (rights, asks_code) in [(vec![Right::OptOut], false), (RIGHTS.to_vec(), true)] {
            let sample = Shown {
                reference: Reference::from_random("DP", [0; 4]),
                language: LetterLanguage::Fr,
                opt_out_only: !asks_code,
                rights,
                received_on: jiff::civil::date(2026, 11, 23),
                asks_code,
                locked: false,
            };
            for language in [LetterLanguage::Fr, LetterLanguage::En] {
                for wrong in [Wrong::Nothing, Wrong::Code(1), Wrong::Missing, Wrong::Sure] {
                    pages.question(&sample, language, wrong)?;
                }
                pages.locked(&sample, language)?;
            }
        }
        Ok(pages)
    }

    /// The question, in `language`, perhaps with what to mend.
    pub(super) fn question(
        &self,
        shown: &Shown,
        language: LetterLanguage,
        wrong: Wrong,
    ) -> io::Result<Bytes> {
        let (word, left) = match wrong {
            Wrong::Nothing => ("", TRIES_MAX),
            Wrong::Code(left) => ("code", left),
            Wrong::Missing => ("missing", TRIES_MAX),
            Wrong::Sure => ("sure", TRIES_MAX),
        };
        let mut rights = shown.rights.clone();
        rights.sort_unstable();
        rights.dedup();
        self.render(
            &format!("{}/question.html", tag(language)),
            context! {
                lang => tag(language),
                switch => switch(language),
                reference => shown.reference.as_str(),
                received_on => date_in_words(shown.received_on, language),
                rights => rights.into_iter().map(right_name).collect::<Vec<_>>(),
                opt_out => shown.opt_out_only && !shown.asks_code,
                asks_code => shown.asks_code,
                wrong => word,
                left => left,
            },
        )
    }

    /// "Answer our mail instead."
    pub(super) fn locked(&self, shown: &Shown, language: LetterLanguage) -> io::Result<Bytes> {
        self.render(
            &format!("{}/locked.html", tag(language)),
            context! {
                lang => tag(language),
                switch => switch(language),
                reference => shown.reference.as_str(),
                codeless => !shown.asks_code,
            },
        )
    }

    /// The page after an answer.
    pub(super) fn done(&self, language: LetterLanguage, done: Done) -> Bytes {
        let page = self.done.iter().find(|(lang, what, _)| (*lang, *what) == (language, done));
        page.map(|(_, _, bytes)| bytes.clone()).unwrap_or_default()
    }

    /// Where that page is, as a path on our host.
    pub(super) fn done_path(&self, language: LetterLanguage, done: Done) -> String {
        format!("{}/{}/{}", self.base_path, tag(language), done.name())
    }

    fn render(&self, name: &str, own: Value) -> io::Result<Bytes> {
        let values = context! { ..own, ..self.common.clone() };
        let page = self.templates.get_template(name).and_then(|template| template.render(values));
        page.map(Bytes::from).map_err(io::Error::other)
    }
}

impl From<Outcome> for Wrong {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::WrongCode { left } => Self::Code(left),
            Outcome::Done | Outcome::Gone => Self::Nothing,
        }
    }
}

const RIGHTS: [Right; 7] = [
    Right::OptOut,
    Right::Access,
    Right::Rectification,
    Right::Erasure,
    Right::Restriction,
    Right::Portability,
    Right::Objection,
];

/// The right's name in templates.
const fn right_name(right: Right) -> &'static str {
    match right {
        Right::OptOut => "opt-out",
        Right::Access => "access",
        Right::Rectification => "rectification",
        Right::Erasure => "erasure",
        Right::Restriction => "restriction",
        Right::Portability => "portability",
        Right::Objection => "objection",
    }
}

/// The language's tag (BCP 47) and folder.
pub(super) const fn tag(language: LetterLanguage) -> &'static str {
    match language {
        LetterLanguage::Fr => "fr",
        LetterLanguage::En => "en",
    }
}

const fn other(language: LetterLanguage) -> LetterLanguage {
    match language {
        LetterLanguage::Fr => LetterLanguage::En,
        LetterLanguage::En => LetterLanguage::Fr,
    }
}

/// A link to the same page in the other language: relative, so that no token is written into the page (T20).
const fn switch(language: LetterLanguage) -> &'static str {
    match language {
        LetterLanguage::Fr => "?lang=en",
        LetterLanguage::En => "?lang=fr",
    }
}

/// Origin and path of the base address; `None` when the path holds anything that would need escaping.
fn split_base(base_url: &str) -> Option<(String, String)> {
    let (scheme, rest) = base_url.split_once("://")?;
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at_checked(at)?,
        None => (rest, ""),
    };
    let path = path.trim_end_matches('/');
    let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    let proper = path.split('/').skip(1).all(|part| !part.is_empty() && part != "." && part != "..");
    (plain && proper).then(|| (format!("{scheme}://{host}").to_ascii_lowercase(), path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t23_a_base_address_is_split_or_refused() {
        for (base, expected) in [
            ("https://example.org", Some(("https://example.org", ""))),
            ("https://example.org/", Some(("https://example.org", ""))),
            ("http://LocalHost:8080", Some(("http://localhost:8080", ""))),
            ("https://example.org/vos-droits/", Some(("https://example.org", "/vos-droits"))),
            ("https://example.org/a/b", Some(("https://example.org", "/a/b"))),
            ("https://example.org/a b", None),
            ("https://example.org/{x}", None),
            ("https://example.org/a//b", None),
            ("https://example.org/../b", None),
            ("https://example.org/é", None),
        ] {
            let expected = expected.map(|(origin, path)| (origin.to_owned(), path.to_owned()));
            assert_eq!(split_base(base), expected, "{base}");
        }
    }
}
