//! The letters' files: compiled once, checked by name and by rendering every sample (T31).
//!
//! A template has conditions, loops and includes of the same folder; no filter, function or test, nothing that
//! reaches a file, the environment or the network. A value that is missing stops the letter, and so the start.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use super::body::{self, LITERAL_STAR};
use super::sender::SenderIdentity;
use super::{context, embedded, samples, typography};
use crate::case::{Letter, LetterKind};
use crate::config::LetterLanguage;

/// Steps and bytes that one letter may cost; the longest digest takes a twentieth of it.
const FUEL: u64 = 1_000_000;
/// Characters of a subject.
const SUBJECT_CHARACTERS: usize = 150;

/// All letters, ready to be rendered from any thread.
pub struct Templates {
    environment: Environment<'static>,
}

/// A letter's subject, and its words as both of its parts hold them, in quoted-printable.
pub(super) struct Encoded {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
    pub(super) language_tag: &'static str,
}

/// What is wrong with a letter's file, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    file: String,
    line: Option<usize>,
    sentence: String,
}

impl TemplateError {
    fn new(file: &str, line: impl Into<Option<usize>>, sentence: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: line.into(), sentence: sentence.into() }
    }

    /// Says where an error of the template engine is; its own text names variables and tags, never values.
    fn from_engine(fallback: &str, error: &Error) -> Self {
        // An error inside an included piece names the letter; its cause names the piece.
        let mut innermost = error;
        while let Some(cause) = std::error::Error::source(innermost).and_then(|e| e.downcast_ref::<Error>()) {
            innermost = cause;
        }
        let file = innermost.name().unwrap_or(fallback);
        let detail = innermost.detail().map(str::to_owned).unwrap_or_else(|| innermost.kind().to_string());
        let sentence = match innermost.kind() {
            ErrorKind::UndefinedError => {
                "a value is printed that this letter does not have; ask for it with {% if … %} first, or see the \
                 list of values in templates/mail/README.md"
                    .to_owned()
            }
            ErrorKind::TemplateNotFound => {
                format!("includes a file that does not exist in the letters' folder ({detail})")
            }
            ErrorKind::OutOfFuel => "takes too many steps; it has a loop too much".to_owned(),
            ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest => {
                format!("{detail}; letters have no filters, functions or tests")
            }
            _ => detail,
        };
        Self::new(file, innermost.line(), sentence)
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "letter {}, line {line}: {}", self.file, self.sentence),
            None => write!(f, "letter {}: {}", self.file, self.sentence),
        }
    }
}

impl std::error::Error for TemplateError {}

impl Templates {
    /// The letters that the program brings along.
    ///
    /// # Panics
    /// Never: they are tested.
    #[must_use]
    pub fn embedded() -> Self {
        Self::with_overrides(&BTreeMap::new()).expect("the embedded letters are tested")
    }

    /// The embedded letters, each replaced where `files` has one: `fr/opt-out-applied.txt` → its text.
    /// All of them are compiled and every sample is rendered.
    ///
    /// # Errors
    /// The first thing that is wrong, with file and line.
    pub fn with_overrides(files: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_path_join_callback(|name, parent| {
            let folder = parent.split('/').next().unwrap_or_default();
            Cow::Owned(format!("{folder}/{name}"))
        });
        environment.set_formatter(|out, _state, value| {
            if value.is_none() || value.is_undefined() {
                return Err(Error::from(ErrorKind::UndefinedError));
            }
            match value.as_str() {
                // A value never marks words as strong; body.rs puts the asterisk back.
                Some(text) if text.contains('*') => {
                    out.write_str(&text.replace('*', LITERAL_STAR)).map_err(Error::from)
                }
                Some(text) => out.write_str(text).map_err(Error::from),
                None if value.is_number() => write!(out, "{value}").map_err(Error::from),
                None => {
                    Err(Error::new(ErrorKind::InvalidOperation, "a list or a yes/no value cannot be printed"))
                }
            }
        });
        if let Some(name) = files.keys().find(|name| !embedded::FILES.iter().any(|(known, _)| known == name))
        {
            let known: Vec<&str> =
                embedded::FILES.iter().filter_map(|(known, _)| known.strip_prefix("fr/")).collect();
            return Err(TemplateError::new(
                name,
                None,
                format!("no letter has this name; in fr/ and en/ there are {}", known.join(", ")),
            ));
        }
        for (name, own) in embedded::FILES {
            let source = files.get(*name).map_or(*own, String::as_str);
            let source = prepared(name, source)?;
            environment
                .add_template_owned(*name, source)
                .map_err(|error| TemplateError::from_engine(name, &error))?;
        }
        let templates = Self { environment };
        templates.check_names()?;
        templates.check_samples()?;
        Ok(templates)
    }

    /// Names that no letter has are found even where no sample goes.
    fn check_names(&self) -> Result<(), TemplateError> {
        for (name, template) in self.environment.templates() {
            let of_dpo = name.contains("dpo") || name.ends_with("/_case.txt");
            let known = |variable: &str| {
                context::SENDER.contains(&variable)
                    || if of_dpo {
                        context::DPO.contains(&variable)
                    } else {
                        context::PERSON.contains(&variable)
                    }
            };
            let mut unknown: Vec<String> = template
                .undeclared_variables(false)
                .into_iter()
                .filter(|variable| !known(variable))
                .collect();
            unknown.sort();
            if let Some(variable) = unknown.first() {
                let line = template.source().lines().position(|line| line.contains(variable.as_str()));
                return Err(TemplateError::new(
                    name,
                    line.map(|line| line + 1),
                    format!(
                        "there is no value named \"{variable}\" for this letter; see templates/mail/README.md"
                    ),
                ));
            }
        }
        Ok(())
    }

    fn check_samples(&self) -> Result<(), TemplateError> {
        for sender in samples::identities() {
            for sample in samples::samples() {
                let (subject, text) = self.words(&sample.letter, &sender)?;
                if let Some(person) = sample.letter.kind.person()
                    && !subject.contains(person.reference.as_str())
                    && !text.contains(person.reference.as_str())
                {
                    let file = file_name(&sample.letter.kind, sample.letter.language);
                    return Err(TemplateError::new(
                        &file,
                        None,
                        "does not name the case; write {{ reference }}",
                    ));
                }
            }
        }
        Ok(())
    }

    /// The subject and the words of `letter`.
    pub(super) fn words(
        &self,
        letter: &Letter,
        sender: &SenderIdentity,
    ) -> Result<(String, String), TemplateError> {
        self.written(letter, sender, |subject, blocks| (subject, body::to_text(blocks)))
    }

    /// The subject and the words of `letter` as they leave.
    pub(super) fn encoded(&self, letter: &Letter, sender: &SenderIdentity) -> Result<Encoded, TemplateError> {
        let language_tag = language_tag(letter.language);
        self.written(letter, sender, |subject, blocks| {
            let (text, html) = body::encoded(blocks, language_tag, &subject, sender);
            Encoded { subject, text, html, language_tag }
        })
    }

    fn written<R>(
        &self,
        letter: &Letter,
        sender: &SenderIdentity,
        end: impl FnOnce(String, &[body::Block<'_>]) -> R,
    ) -> Result<R, TemplateError> {
        let file = file_name(&letter.kind, letter.language);
        let failed = |error: Error| TemplateError::from_engine(&file, &error);
        let template = self.environment.get_template(&file).map_err(failed)?;
        let rendered = template.render(context::values(letter, sender)).map_err(failed)?;
        let wrong = |sentence: &str| TemplateError::new(&file, 1, sentence);
        let (subject, body) =
            rendered.split_once('\n').ok_or_else(|| wrong("has no text below its subject"))?;
        let subject = subject.strip_prefix(SUBJECT).map(body::plain).unwrap_or_default();
        if subject.trim().is_empty() {
            return Err(wrong("its subject is empty"));
        }
        if subject.chars().count() > SUBJECT_CHARACTERS {
            return Err(wrong("its subject is longer than 150 characters"));
        }
        let blocks = body::read(body).ok_or_else(|| {
            TemplateError::new(&file, None, "an asterisk opens strong words that no other one closes")
        })?;
        if blocks.is_empty() {
            return Err(wrong("has no text below its subject"));
        }
        Ok(end(subject, &blocks))
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Templates")
    }
}

const SUBJECT: &str = "Subject:";

/// The source as it is compiled, after what can be told without compiling.
fn prepared(name: &str, source: &str) -> Result<String, TemplateError> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source).replace("\r\n", "\n");
    for (number, line) in source.lines().enumerate() {
        if line.chars().any(|c| c != '\t' && super::sender::unprintable(c)) {
            return Err(TemplateError::new(
                name,
                number + 1,
                "holds a control or invisible character; remove it",
            ));
        }
        if [("{{", "}}"), ("{%", "%}"), ("{#", "#}")].iter().any(|(open, close)| is_open(line, open, close)) {
            return Err(TemplateError::new(
                name,
                number + 1,
                "opens a tag and does not close it on the same line",
            ));
        }
    }
    let is_piece = name.contains("/_");
    if !is_piece {
        let mut lines = source.lines();
        if !lines.next().is_some_and(|first| first.starts_with(SUBJECT)) {
            return Err(TemplateError::new(name, 1, "must begin with a line \"Subject: …\""));
        }
        if lines.next().is_some_and(|second| !second.trim().is_empty()) {
            return Err(TemplateError::new(name, 2, "must be empty: it parts the subject from the text"));
        }
    }
    Ok(typography::set(&without_tag_lines(&source), name.starts_with("fr/")))
}

fn is_open(line: &str, open: &str, close: &str) -> bool {
    line.rsplit_once(open).is_some_and(|(_, rest)| !rest.contains(close))
}

/// A line that holds nothing but one tag leaves no line in the letter: its end is moved into the tag, so that
/// errors still name the right line. The line of an included piece stays, for the piece.
fn without_tag_lines(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    for line in source.lines() {
        let inside = line.trim().strip_prefix("{%").and_then(|line| line.strip_suffix("%}"));
        match inside.filter(|inside| !inside.contains("%}") && !inside.trim().starts_with("include")) {
            Some(inside) => {
                out.push_str("{%");
                out.push_str(inside);
                out.push_str("\n%}");
            }
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

fn file_name(kind: &LetterKind, language: LetterLanguage) -> String {
    format!("{}/{}.txt", language_tag(language), kind.name())
}

fn language_tag(language: LetterLanguage) -> &'static str {
    match language {
        LetterLanguage::Fr => "fr",
        LetterLanguage::En => "en",
    }
}
