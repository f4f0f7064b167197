//! A request that was made before: chased (LABELS R11), settled, or taken back.

use std::ops::Range;

use super::{Class, Mood, Reader};

impl Reader<'_, '_> {
    /// What "my request for deletion" comes to, by what is said of it; `None` where nothing is, or no earlier request
    /// is meant. `words` are those that name the right.
    pub(super) fn follow_up(&self, words: &Range<usize>) -> Option<Mood> {
        let clause = self.clause;
        let left = words.start.saturating_sub(3).max(clause.words.start);
        let request = (left..words.end).find(|at| {
            let word = clause.text.norm(*at);
            word.starts_with("demand") && word != "demander" || word.starts_with("request")
        })?;
        // "Request for erasure" opens one; "my request", "the request that I sent" is one that was made.
        let whose = request.saturating_sub(4).max(clause.words.start)..request;
        let made = whose.clone().any(|at| {
            matches!(clause.text.norm(at), "ma" | "mes" | "notre" | "nos" | "la" | "my" | "our" | "the")
        }) || clause.within(&[Class::Past], &clause.words).is_some();
        if !made {
            return None;
        }
        if clause.within(&[Class::Stay], &clause.words).is_some() {
            return Some(Mood::Aside("taken_back"));
        }
        let settled = clause.all(Class::Settled).find(|hit| hit.words.start >= words.end);
        if let Some(settled) = settled {
            let said = words.end..settled.words.start;
            let norm = |at: usize| clause.text.norm(at);
            if clause.within(&[Class::Not, Class::NoMore, Class::Still, Class::Cannot], &said).is_some() {
                return Some(Mood::Asked(0.85));
            }
            // "is to be processed", "doit être traitée": not yet.
            let wished = said.clone().any(|at| {
                matches!(
                    norm(at),
                    "be" | "should" | "must" | "will" | "etre" | "doit" | "soit" | "sera" | "devra"
                )
            });
            let happened = said.rev().take(4).any(|at| {
                matches!(
                    norm(at),
                    "ben" | "was" | "were" | "is" | "got" | "has" | "a" | "est" | "ete" | "sont" | "ont"
                )
            });
            if !wished && (happened || settled.words.len() > 1) {
                return Some(Mood::Aside("done"));
            }
        }
        let chased = |class: Class| self.zone.found.hits.iter().any(|hit| hit.class == class);
        (chased(Class::Reminder) || chased(Class::Still)).then_some(Mood::Asked(0.85))
    }
}
