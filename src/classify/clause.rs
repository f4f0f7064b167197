//! One sentence, with what the lexicon knows of it, and in which mood each act stands: asked, refused, done…

use std::ops::Range;

use super::Language;
use super::lexicon::{Class, Hit};
use super::words::{Break, Text};

/// Where words come from. It decides what a bare noun means: in a subject, "deletion of my account" asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Subject,
    Own,
    FileName,
    Forwarded,
}

/// How an act stands in its sentence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mood {
    /// Asked for, with this confidence.
    Asked(f32),
    /// Not asked for; the reason's stable name.
    Aside(&'static str),
}

/// One sentence in one language.
pub(super) struct Clause<'t> {
    pub(super) text: &'t Text,
    pub(super) words: Range<usize>,
    pub(super) question: bool,
    pub(super) place: Place,
    pub(super) language: Language,
    pub(super) hits: Vec<&'t Hit>,
}

/// Acts that end the reach of the act before them.
const NEXT_ACT: [Class; 9] = [
    Class::Erase,
    Class::Remove,
    Class::Unsubscribe,
    Class::Stop,
    Class::Correct,
    Class::Freeze,
    Class::Oppose,
    Class::Send,
    Class::Export,
];

impl<'t> Clause<'t> {
    pub(super) fn has(&self, class: Class) -> bool {
        self.hits.iter().any(|hit| hit.class == class)
    }

    pub(super) fn has_any(&self, classes: &[Class]) -> bool {
        self.hits.iter().any(|hit| classes.contains(&hit.class))
    }

    pub(super) fn all(&self, class: Class) -> impl Iterator<Item = &&'t Hit> {
        self.hits.iter().filter(move |hit| hit.class == class)
    }

    /// A hit of one of `classes` that lies in `range`.
    pub(super) fn within(&self, classes: &[Class], range: &Range<usize>) -> Option<&'t Hit> {
        self.hits.iter().copied().find(|hit| {
            classes.contains(&hit.class) && hit.words.start >= range.start && hit.words.end <= range.end
        })
    }

    fn word(&self, at: usize) -> &str {
        self.text.norm(at)
    }

    /// The words just before `at`, inside the sentence.
    fn before(&self, at: usize, back: usize) -> &str {
        if at < self.words.start + back { "" } else { self.word(at - back) }
    }

    pub(super) fn length(&self) -> usize {
        self.words.len()
    }

    /// Where the thought that holds word `at` begins: after the last comma or "and", "but".
    pub(super) fn segment(&self, at: usize) -> usize {
        let mut start = self.words.start;
        for i in self.words.start + 1..=at {
            if self.text.words.get(i).is_some_and(|word| word.before >= Break::Comma) {
                start = i;
            }
        }
        for hit in self.all(Class::But) {
            if hit.words.end <= at && hit.words.end > start {
                start = hit.words.end;
            }
        }
        start
    }

    /// The stretch in which `hit` finds its objects: to the right, up to the next act.
    pub(super) fn reach(&self, hit: &Hit) -> Range<usize> {
        let mut end = (hit.words.end + 16).min(self.words.end);
        for other in &self.hits {
            if other.words.start >= hit.words.end
                && other.words.start < end
                && NEXT_ACT.contains(&other.class)
            {
                end = other.words.start;
                break;
            }
        }
        hit.words.end..end
    }

    /// To the left of a passive: "that my data be deleted".
    pub(super) fn reach_left(&self, hit: &Hit) -> Range<usize> {
        let mut start = hit.words.start.saturating_sub(12).max(self.words.start);
        for other in &self.hits {
            if other.words.end <= hit.words.start
                && other.words.end > start
                && NEXT_ACT.contains(&other.class)
            {
                start = other.words.end;
            }
        }
        start..hit.words.start
    }

    /// Whose an object is, by the words around it.
    pub(super) fn owner(&self, object: &Hit) -> Owner {
        let from = object.words.start.saturating_sub(3).max(self.words.start);
        let mut owner = Owner::Nobody;
        for hit in &self.hits {
            if hit.words.start < from || hit.words.start >= object.words.end {
                continue;
            }
            match hit.class {
                Class::My => owner = Owner::Mine,
                Class::Your => owner = Owner::Yours,
                _ => {}
            }
        }
        let first = self.word(object.words.start);
        if matches!(first, "my" | "our" | "mon" | "ma" | "mes" | "nos" | "notre" | "mi" | "mis") {
            owner = Owner::Mine;
        }
        let pointed = matches!(
            self.before(object.words.start, 1),
            "cet" | "cette" | "ces" | "ce" | "this" | "these" | "those"
        );
        if pointed && owner == Owner::Nobody {
            owner = Owner::Mine;
        }
        if matches!(first, "your" | "vos" | "votre") {
            owner = Owner::Yours;
        }
        let after = object.words.end..(object.words.end + 5).min(self.words.end);
        if self.within(&[Class::AboutMe], &after).is_some() {
            owner = Owner::Mine;
        }
        owner
    }

    /// Negated, looking at the words that can negate `hit` in its own thought.
    pub(super) fn negated(&self, hit: &Hit) -> bool {
        let segment = self.segment(hit.words.start);
        for not in &self.hits {
            let mut class = not.class;
            if class == Class::Enough {
                class = match self.word(not.words.start) {
                    "pas" | "aucun" | "aucune" | "no" | "sans" | "jamais" => Class::Not,
                    "plus" => Class::NoMore,
                    _ => continue,
                };
            }
            if class != Class::Not && class != Class::NoMore {
                continue;
            }
            let harmless = self
                .all(Class::NotIf)
                .any(|h| h.words.start <= not.words.start && not.words.end <= h.words.end);
            if harmless {
                continue; // "without delay"
            }
            if not.words.start <= hit.words.start
                && hit.words.end <= not.words.end
                && hit.words.len() < not.words.len()
            {
                return true; // "cancel my deletion request"
            }
            if not.words.start >= segment && not.words.end <= hit.words.start {
                let wants_after = self.hits.iter().any(|want| {
                    want.class == Class::Want
                        && want.words.start > not.words.end + 1
                        && want.words.end <= hit.words.start
                });
                let forgiven = self.hits.iter().any(|h| {
                    matches!(h.class, Class::NotForget | Class::Cannot | Class::Noise)
                        && h.words.start <= not.words.start
                        && not.words.end <= h.words.end
                });
                let far = hit.words.start - not.words.end > 9;
                if wants_after || forgiven || far {
                    continue;
                }
                if class == Class::NoMore {
                    let wanted = self.hits.iter().any(|want| {
                        want.class == Class::Want
                            && want.words.end <= not.words.start
                            && not.words.start - want.words.end <= 2
                    });
                    let bare = matches!(self.before(not.words.start, 1), "ne" | "n" | "de");
                    if !(wanted || bare) || hit.words.start - not.words.end > 4 {
                        continue;
                    }
                }
                return true;
            }
            if class == Class::Not && not.words.start >= hit.words.end {
                let gap = not.words.start - hit.words.end;
                let right = match self.language {
                    Language::De | Language::Nl => {
                        gap <= 8 && self.segment(not.words.start) <= hit.words.start
                    }
                    Language::Fr => {
                        let ne = (1..=4).any(|back| matches!(self.before(hit.words.start, back), "ne" | "n"));
                        (matches!(self.word(not.words.start), "pas" | "jamais")
                            && gap == 0
                            && self.text.words.get(not.words.start).is_some_and(|w| w.before == Break::None))
                            || (ne && gap <= 3)
                    }
                    _ => false,
                };
                if right {
                    return true;
                }
            }
        }
        false
    }

    /// "No longer", "stop", "do not" on an act that is only asked for when negated ("stop using").
    pub(super) fn stopped(&self, hit: &Hit) -> bool {
        let segment = self.segment(hit.words.start);
        let left = segment..hit.words.start;
        if self.within(&[Class::Stop, Class::NoMore, Class::Not, Class::Oppose], &left).is_some() {
            return true;
        }
        let right = hit.words.end..(hit.words.end + 4).min(self.words.end);
        let ne = (1..=4).any(|back| matches!(self.before(hit.words.start, back), "ne" | "n"));
        (ne && (self.within(&[Class::NoMore, Class::Not], &right).is_some()
            || self.word(hit.words.end) == "rien"))
            || (self.language == Language::Fr
                && self
                    .within(
                        &[Class::NoMore, Class::Not],
                        &(hit.words.end..(hit.words.end + 1).min(self.words.end)),
                    )
                    .is_some())
            || (matches!(self.language, Language::De | Language::Nl)
                && self.within(&[Class::NoMore, Class::Not], &right).is_some())
    }

    /// How `hit` stands, negation apart for acts that live on it.
    pub(super) fn mood(&self, hit: &Hit, noun: bool, negation: bool) -> Mood {
        let start = hit.words.start;
        let segment = self.segment(start);
        if negation && self.negated(hit) {
            if self.done(hit) {
                // "you have still not deleted": they want it done.
                return Mood::Asked(0.8);
            }
            let cannot =
                self.within(&[Class::Cannot, Class::NotForget], &(self.words.start..start + 1)).is_some();
            if !cannot {
                return Mood::Aside("negated");
            }
        }
        let overlaps = |class: Class| {
            self.hits
                .iter()
                .any(|h| h.class == class && h.words.start < hit.words.end && hit.words.start < h.words.end)
        };
        let did_before = self.hits.iter().any(|h| {
            h.class == Class::Did
                && h.words.end <= start
                && h.words.start >= segment
                && start - h.words.end <= 6
        });
        let wanted_in_segment = self.within(&[Class::Want, Class::Polite], &(segment..start)).is_some();
        let late = start.saturating_sub(4).max(self.words.start)..start;
        let soft = wanted_in_segment
            && (matches!(self.before(start, 1), "is" | "est" | "are" | "sont")
                || self.within(&[Class::Want], &late).is_some());
        if (overlaps(Class::Did) && !soft) || (did_before && !wanted_in_segment) {
            return Mood::Aside("done");
        }
        if self.done(hit) {
            return Mood::Aside("done");
        }
        if self.has(Class::Later) && !self.has(Class::Polite) {
            return Mood::Aside("later_event");
        }
        let condition = self.hits.iter().any(|h| {
            h.class == Class::If
                && h.words.end <= start
                && h.words.start >= self.comma_segment(start)
                && !self.hits.iter().any(|n| {
                    n.class == Class::NotIf && n.words.start <= h.words.start && h.words.start < n.words.end
                })
        });
        if condition && !wanted_in_segment_after_if(self, start) {
            return Mood::Aside("condition");
        }
        let asks = self.has(Class::Polite)
            || self.has(Class::Want)
            || self.has(Class::How)
            || self.has(Class::Cannot);
        if self.within(&[Class::AskRight], &(self.words.start..start + 1)).is_some() {
            return Mood::Aside("question_about");
        }
        if self.within(&[Class::Reported], &(self.words.start..start)).is_some() && !wanted_in_segment {
            return Mood::Aside("reported");
        }
        let mine = self
            .within(
                &[Class::My, Class::Me, Class::AboutMe],
                &(start.saturating_sub(2).max(self.words.start)..(hit.words.end + 4).min(self.words.end)),
            )
            .is_some();
        if self.has(Class::Reader) && !mine {
            return Mood::Aside("speaks_to_the_reader");
        }
        let at_start = start <= segment + 1;
        if self.question && !asks && !(at_start && !noun) && self.place == Place::Own {
            return Mood::Aside("question_about");
        }
        let first = self.word(start);
        let future = (self.language == Language::Fr
            && (first.ends_with("erai") || first.ends_with("irai"))
            && self.before(start, 1) != "m")
            || (self.language == Language::En
                && matches!(self.before(start, 1), "will" | "ill")
                && matches!(self.before(start, 2), "i" | "we"));
        if future {
            return Mood::Aside("later_event");
        }
        if noun && self.place == Place::Own {
            if matches!(
                self.before(start, 1),
                "cette"
                    | "this"
                    | "diese"
                    | "dieser"
                    | "esta"
                    | "questa"
                    | "dit"
                    | "deze"
                    | "said"
                    | "ladite"
            ) {
                return Mood::Aside("only_mentioned");
            }
            let after = self
                .within(&[Class::After], &(start.saturating_sub(4).max(self.words.start)..start))
                .is_some();
            let request = self
                .within(&[Class::Right], &(start.saturating_sub(4).max(self.words.start)..start))
                .is_some();
            if after && !request {
                return Mood::Aside("background");
            }
            if after {
                return Mood::Asked(0.65);
            }
            let before = self.words.start..start;
            let asks =
                self.within(&[Class::Want, Class::Polite, Class::Cannot, Class::How], &before).is_some();
            if asks || request || start <= self.words.start + 2 {
                return Mood::Asked(0.9);
            }
            return Mood::Aside("only_mentioned");
        }
        Mood::Asked(if asks || at_start { 0.95 } else { 0.8 })
    }

    fn comma_segment(&self, at: usize) -> usize {
        let mut start = self.words.start;
        for i in self.words.start + 1..=at {
            if self.text.words.get(i).is_some_and(|word| word.before >= Break::Comma) {
                start = i;
            }
        }
        start
    }

    /// "has been deleted", "vous avez supprimé".
    fn done(&self, hit: &Hit) -> bool {
        let start = hit.words.start;
        let clitic = matches!(self.word(start), "me" | "m" | "se" | "nous" | "vous");
        let word = self.word(if clitic { hit.words.end - 1 } else { start });
        for aux in self.all(Class::Aux) {
            if aux.words.end > start
                || start - aux.words.end > 4
                || aux.words.start < self.comma_segment(start)
            {
                continue;
            }
            let between = aux.words.end..start;
            if self
                .within(&[Class::Want, Class::Polite, Class::Right, Class::If, Class::But], &between)
                .is_some()
            {
                continue;
            }
            let helper = self.word(aux.words.start);
            let previous = self.before(aux.words.start, 1);
            let wanted =
                self.within(&[Class::Want, Class::Polite], &(self.words.start..aux.words.start)).is_some();
            let present = matches!(helper, "is" | "are" | "est" | "sont" | "got" | "etaient" | "etait");
            if present && wanted {
                // "Can you confirm that it is deleted?" asks how things stand.
                let status =
                    self.within(&[Class::Send, Class::Know], &(self.words.start..aux.words.start)).is_some();
                if status
                    && (self.question || word.ends_with("ed") || word.ends_with('e') || word.ends_with('s'))
                {
                    return true;
                }
                continue;
            }
            match self.language {
                Language::En => {
                    let participle = word.ends_with("ed")
                        || matches!(word, "forgotten" | "frozen" | "taken" | "sent" | "removed");
                    let causative = matches!(helper, "have" | "has" | "had" | "having")
                        && (matches!(previous, "to" | "please" | "kindly" | "and" | "pls" | "just" | "")
                            || (start - aux.words.end > 2 || previous == "you" && helper == "have")
                                && wanted);
                    if participle && !causative {
                        return true;
                    }
                }
                Language::Fr => {
                    let infinitive = (word.ends_with("er") || word.ends_with("re") || word.ends_with("ir"))
                        && !(matches!(helper, "avez" | "ai" | "ont") && start - aux.words.end <= 1);
                    let noun = word.ends_with("ion") || word.ends_with("ment") || word.ends_with("ions");
                    let imperative = word.ends_with("ez") && !matches!(helper, "avez" | "ave");
                    let clear = self
                        .within(&[Class::Data, Class::Account, Class::File, Class::Identity], &between)
                        .is_none();
                    if !infinitive && !noun && !imperative && clear {
                        return true;
                    }
                }
                _ => {
                    if start - aux.words.end <= 1 {
                        return true;
                    }
                }
            }
        }
        // "The update deleted my photos": somebody did, and nobody asked before.
        let asked = self.within(&[Class::Want, Class::Polite], &(self.words.start..start)).is_some();
        let object =
            self.within(&[Class::My, Class::Them], &(hit.words.end..(hit.words.end + 2).min(self.words.end)));
        if self.language == Language::En
            && word.ends_with("ed")
            && !asked
            && object.is_some()
            && start > self.words.start
        {
            return true;
        }
        // The simple past: "you deleted my account", "I deleted it".
        self.language == Language::En
            && word.ends_with("ed")
            && self.within(&[Class::Want], &(start.saturating_sub(4).max(self.words.start)..start)).is_none()
            && (matches!(
                self.before(start, 1),
                "you" | "i" | "we" | "they" | "already" | "just" | "successfully" | "kindly"
            ) && !matches!(self.before(start, 2), "want" | "like" | "have"))
    }
}

/// "if X I want you to delete": the wish comes after the condition.
fn wanted_in_segment_after_if(clause: &Clause<'_>, start: usize) -> bool {
    let condition = clause.all(Class::If).filter(|h| h.words.end <= start).map(|h| h.words.start).max();
    condition.is_some_and(|at| {
        clause
            .hits
            .iter()
            .any(|h| matches!(h.class, Class::Want) && h.words.start > at + 3 && h.words.end <= start)
    })
}

/// Whose an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Mine,
    Yours,
    Nobody,
}
