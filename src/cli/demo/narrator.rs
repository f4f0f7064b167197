//! Tells what the daemon does, as it happens: what came in, what was understood, what was decided, what was sent.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cli::output;
use crate::mail::{Bounds, parse};
use crate::store::{SettledMail, Store};

pub(super) struct Narrator {
    letters: PathBuf,
    last_mail: i64,
    mails: usize,
    told: BTreeSet<PathBuf>,
    page_letter: Option<PathBuf>,
}

impl Narrator {
    pub(super) fn new(dir: &Path) -> Self {
        Self {
            letters: dir.join("letters"),
            last_mail: 0,
            mails: 0,
            told: BTreeSet::new(),
            page_letter: None,
        }
    }

    /// Mails told so far.
    pub(super) fn mails(&self) -> usize {
        self.mails
    }

    /// A letter that holds a link to the page.
    pub(super) fn page_letter(&self) -> Option<&Path> {
        self.page_letter.as_deref()
    }

    /// Tells what is new; returns whether anything was.
    pub(super) async fn look(&mut self, store: &Store) -> anyhow::Result<bool> {
        let settled = store.settled_after(self.last_mail, 100).await?;
        let mut said = !settled.is_empty();
        for mail in settled {
            self.last_mail = mail.mail.id.0;
            self.mails += 1;
            self.mail(store, &mail).await?;
        }
        said |= self.new_letters()?;
        Ok(said)
    }

    async fn mail(&self, store: &Store, settled: &SettledMail) -> anyhow::Result<()> {
        let reading: serde_json::Value = serde_json::from_slice(&settled.reading).unwrap_or_default();
        let words = |value: &serde_json::Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let subject =
            parse(&settled.mail.raw, &Bounds::default()).map(|mail| mail.subject).unwrap_or_default();
        output::line(&format!(
            "← {:7} {}  “{subject}”",
            settled.mail.mailbox,
            words(&reading, "sender_shown")
        ))?;
        for finding in reading["findings"].as_array().into_iter().flatten() {
            let text = words(finding, "text").split_whitespace().collect::<Vec<_>>().join(" ");
            // A robot tells itself by its headers: there are no words to show.
            let why =
                if text.is_empty() { words(finding, "rule") } else { format!("because of “{text}”") };
            output::line(&format!("    understood  {} {why}", words(finding, "kind")))?;
        }
        for aside in reading["set_aside"].as_array().into_iter().flatten() {
            output::line(&format!(
                "    set aside   {} for “{}”: {}",
                words(aside, "kind"),
                words(aside, "text"),
                words(aside, "reason")
            ))?;
        }
        match &settled.case {
            None => {
                output::line(&format!("    ended as    {}: kept, and nobody is answered", settled.outcome))?
            }
            Some(reference) => {
                let Some(listed) = store.case(reference).await? else { return Ok(()) };
                let case = listed.case;
                output::line(&format!(
                    "    case        {reference}, {}, identity {}, due on {}",
                    case.status.name(),
                    case.identity.name(),
                    case.due_on
                ))?;
                if let Some(on) = case.advertising_stopped_on {
                    output::line(&format!("    advertising stopped on {on}"))?;
                }
            }
        }
        Ok(())
    }

    fn new_letters(&mut self) -> anyhow::Result<bool> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(&self.letters)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|file| {
                file.extension().is_some_and(|ending| ending == "eml") && !self.told.contains(file)
            })
            .collect();
        files.sort();
        for file in &files {
            let raw = std::fs::read(file)?;
            if let Ok(mail) = parse(&raw, &Bounds::default()) {
                let to = mail.headers.first("To").unwrap_or_default();
                let subject = mail.subject.split(" [r.").next().unwrap_or_default().to_owned();
                output::line(&format!("→ letter  {to}  “{subject}”"))?;
                if self.page_letter.is_none() && mail.visible.full.contains("http://127.0.0.1") {
                    self.page_letter = Some(file.clone());
                }
            }
            self.told.insert(file.clone());
        }
        Ok(!files.is_empty())
    }
}
