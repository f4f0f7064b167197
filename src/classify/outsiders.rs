//! Strangers and machines that no single phrase betrays, by what all of their sort have in common.
//!
//! A fraud names money, threatens, presses and wants a click; a seller speaks of "our solution", "your site" and
//! a call; a machine says who is away, until when, and who may help; a postmaster names what failed. Each such
//! facet has its words in `lexicon/outsiders_*.toml`, each a small whole weight here, and the sum decides: no
//! facet alone does. What persons say of their own matters weighs against.

use std::sync::LazyLock;

use super::lexicon::{Builder, Class, Hit, Lexicon};
use super::rules::Zone;
use super::{Kind, Language};

/// A facet counts at most so many different words.
const MOST: i32 = 3;

/// Outsiders say within so many words what they want.
const WORDS_MOST: usize = 220;
/// So far below its threshold, a sort is ruled out.
const DENIED: i32 = -4;

/// What one sort of outsider's mails show, with weights, and the sum from which on it is taken for one.
struct Sort {
    kind: Kind,
    rule: &'static str,
    enough: i32,
    /// For each facet of [`STRANGER`] that is there at all: breadth tells more than repetition.
    breadth: i32,
    weights: &'static [(Class, i32)],
    /// One of these must be there: people too say that they are away, or that something failed them.
    needs: &'static [Class],
    /// For each question that is asked, up to two: machines ask none.
    question: i32,
    /// When it answers a mail: strangers do not.
    reply: i32,
}

const STRANGER: [Class; 12] = [
    Class::Pay,
    Class::Threat,
    Class::Hurry,
    Class::Bait,
    Class::Windfall,
    Class::Secret,
    Class::Nobody,
    Class::Pitch,
    Class::Prospect,
    Class::Gain,
    Class::Meet,
    Class::Trade,
];

const SORTS: [Sort; 3] = [
    Sort {
        kind: Kind::Bounce,
        rule: "speaks_like_a_postmaster",
        enough: 12,
        breadth: 0,
        weights: &[
            (Class::Failed, 4),
            (Class::Carried, 4),
            (Class::Technical, 2),
            (Class::Bounce, 2),
            (Class::My, -3),
            (Class::Own, -2),
            (Class::Want, -1),
            (Class::Marketing, -1),
            (Class::Erase, -1),
            (Class::Pay, -1),
            (Class::Threat, -1),
            (Class::Prospect, -1),
            (Class::Pitch, -1),
        ],
        needs: &[Class::Failed],
        question: -2,
        reply: -1,
    },
    Sort {
        kind: Kind::AutoReply,
        rule: "speaks_like_a_machine",
        enough: 10,
        breadth: 0,
        weights: &[
            (Class::AutoReply, 5),
            (Class::Automatic, 4),
            (Class::Unread, 4),
            (Class::Received, 4),
            (Class::Gone, 3),
            (Class::Until, 3),
            (Class::Challenge, 3),
            (Class::Instead, 2),
            (Class::Queue, 2),
            (Class::Absence, 2),
            (Class::Carried, 2),
            (Class::My, -2),
            (Class::Own, -3),
            (Class::Trade, -2),
            (Class::Windfall, -2),
            (Class::Pay, -2),
            (Class::Failed, -2),
            (Class::Know, -1),
            (Class::NoMore, -1),
            (Class::Refusal, -1),
            (Class::Polite, -1),
            (Class::Bulk, -1),
            (Class::Elsewhere, -1),
        ],
        needs: &[
            Class::AutoReply,
            Class::Automatic,
            Class::Unread,
            Class::Received,
            Class::Challenge,
            Class::Instead,
        ],
        question: -2,
        reply: 0,
    },
    Sort {
        kind: Kind::Spam,
        rule: "speaks_like_a_stranger",
        enough: 12,
        breadth: 3,
        weights: &[
            (Class::Spam, 3),
            (Class::Pay, 3),
            (Class::Bait, 2),
            (Class::Meet, 2),
            (Class::Threat, 1),
            (Class::Windfall, 1),
            (Class::Secret, 2),
            (Class::Nobody, 1),
            (Class::Prospect, 1),
            (Class::Gain, 1),
            (Class::Trade, 1),
            (Class::Own, -3),
            (Class::Policy, -2),
            (Class::Thanks, -2),
            (Class::Stop, -2),
            (Class::Marketing, -2),
            (Class::Until, -2),
            (Class::My, -1),
            (Class::Want, -1),
            (Class::NoMore, -1),
            (Class::Erase, -1),
            (Class::Complaint, -1),
            (Class::Elsewhere, -1),
            (Class::Gone, -1),
            (Class::Queue, -1),
            (Class::Failed, -1),
            (Class::Technical, -1),
            (Class::AutoReply, -1),
            (Class::Bulk, -1),
        ],
        needs: &STRANGER,
        question: -1,
        reply: -1,
    },
];

static FACETS: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut builder = Builder::default();
    for (language, name, text) in FILES {
        if let Err(fault) = builder.file(language, text) {
            // Read at build time and tested: an unreadable file cannot reach a release.
            panic!("lexicon/{name}: {fault}");
        }
    }
    builder.build()
});

const FILES: [(Language, &str, &str); 2] = [
    (Language::Fr, "outsiders_fr.toml", include_str!("lexicon/outsiders_fr.toml")),
    (Language::En, "outsiders_en.toml", include_str!("lexicon/outsiders_en.toml")),
];

/// What else a mail shows.
#[derive(Clone, Copy)]
pub(super) enum Signs {
    /// Nothing.
    None,
    /// A request was met, but nobody's in particular.
    Vague,
    /// A request was met, of somebody who speaks of themselves.
    Requests,
    /// Its outside is a list's.
    List,
}

/// How far a mail shows each sort.
pub(super) struct Look<'z> {
    /// By the order of [`SORTS`]: how far above its threshold.
    margins: [i32; 3],
    /// The words that say most for each sort.
    texts: [&'z str; 3],
    /// The facets have words in the mail's language.
    read: bool,
}

impl Look<'_> {
    /// The sort that shows most, when it shows enough; more is asked when there are `signs` of something else.
    pub(super) fn kind(&self, signs: Signs) -> Option<(Kind, &'static str, &str)> {
        let least = |kind: Kind| match signs {
            Signs::None => 0,
            Signs::Vague if kind == Kind::Spam => 3,
            Signs::List if kind == Kind::Spam => 12,
            Signs::Vague | Signs::Requests | Signs::List => 6,
        };
        let sorts = SORTS.iter().zip(self.margins).zip(&self.texts);
        let best = sorts
            .filter(|((sort, margin), _)| *margin >= least(sort.kind))
            .max_by_key(|((_, margin), _)| *margin);
        best.map(|((sort, _), text)| (sort.kind, sort.rule, *text))
    }

    /// Whether the words speak clearly against `kind`, whatever single phrase was met.
    pub(super) fn denies(&self, kind: Kind) -> bool {
        let margin = SORTS.iter().zip(self.margins).find(|(sort, _)| sort.kind == kind);
        self.read && margin.is_some_and(|(_, margin)| margin < DENIED)
    }
}

/// Weighs `own` words, and the `subject` if it is the sender's own. Linear in their length.
pub(super) fn look<'z>(
    subject: Option<&'z Zone<'_>>,
    own: &'z Zone<'_>,
    language: Language,
    reply: bool,
) -> Look<'z> {
    let mut counts = [0_i32; 256];
    let mut firsts: [Option<&str>; 256] = [None; 256];
    let read = matches!(language, Language::Fr | Language::En);
    let mut seen: Vec<(Class, &str)> = Vec::new();
    for zone in subject.into_iter().chain([own]) {
        let found = FACETS.find_first(&zone.text, WORDS_MOST);
        let mut count = |hit: &Hit| {
            if read && hit.language != language && found_here(hit.class) {
                return;
            }
            let at = hit.class as usize;
            let text = zone.source.get(zone.text.span(&hit.words)).unwrap_or("");
            let slot = counts.get_mut(at);
            if let Some(slot) = slot
                && *slot < MOST
                && !seen.iter().any(|(class, said)| *class == hit.class && said.eq_ignore_ascii_case(text))
            {
                seen.push((hit.class, text));
                *slot += 1;
                if let Some(first @ None) = firsts.get_mut(at) {
                    *first = Some(text);
                }
            }
        };
        found.hits.iter().for_each(&mut count);
        let near = zone.found.hits.iter().take_while(|hit| hit.words.start < WORDS_MOST);
        near.filter(|hit| weighed(hit.class)).for_each(&mut count);
    }
    for (signs, class) in [(&['€', '$', '£'][..], Class::Pay), (&['%'][..], Class::Gain)] {
        if let Some(slot) = counts.get_mut(class as usize)
            && *slot < MOST
            && signs.iter().any(|sign| own.source.contains(*sign))
        {
            *slot += 1;
        }
    }
    let questions = own.text.sentences.iter().filter(|sentence| sentence.question).count();
    let questions = i32::try_from(questions.min(2)).unwrap_or(2);
    let mut margins = [0; 3];
    let mut texts = [""; 3];
    for ((sort, margin), text) in SORTS.iter().zip(&mut margins).zip(&mut texts) {
        let count = |class: Class| counts.get(class as usize).copied().unwrap_or(0);
        let sum: i32 = sort.weights.iter().map(|(class, weight)| weight * count(*class)).sum();
        let broad = STRANGER.iter().filter(|class| count(**class) > 0).count();
        let broad = i32::try_from(broad).unwrap_or(0) * sort.breadth;
        *margin = sum + broad + questions * sort.question + if reply { sort.reply } else { 0 } - sort.enough;
        if !sort.needs.iter().any(|class| count(*class) > 0) {
            *margin = (*margin).min(-1);
        }
        let most = sort.weights.iter().max_by_key(|(class, weight)| weight * count(*class));
        *text = most.and_then(|(class, _)| firsts.get(*class as usize).copied().flatten()).unwrap_or("");
    }
    Look { margins, texts, read }
}

/// Whether `class` weighs anything.
fn weighed(class: Class) -> bool {
    static WEIGHED: LazyLock<[bool; 256]> = LazyLock::new(|| {
        let mut weighed = [false; 256];
        for (class, _) in SORTS.iter().flat_map(|sort| sort.weights) {
            if let Some(slot) = weighed.get_mut(*class as usize) {
                *slot = true;
            }
        }
        weighed
    });
    WEIGHED.get(class as usize).copied().unwrap_or(false)
}

/// Whether `class` is one of this file's facets, whose words mean something in their language only.
fn found_here(class: Class) -> bool {
    (Class::Pay..=Class::Own).contains(&class)
}

#[cfg(test)]
mod tests {
    use super::super::clause::Place;
    use super::super::lexicon::LEXICON;
    use super::*;

    #[track_caller]
    fn check(language: Language, own: &str, kind: Option<Kind>) {
        let own = Zone::read(Place::Own, own, &LEXICON);
        let told = look(None, &own, language, false);
        assert_eq!(told.kind(Signs::None).map(|(kind, ..)| kind), kind, "{:?} {}", told.margins, own.source);
    }

    #[test]
    fn many_facets_tell_who_writes() {
        let fr = |own, kind| check(Language::Fr, own, Some(kind));
        fr(
            "Cher usager, votre passage au péage reste impayé. Réglez 4,20 € sous 24 h sur ce lien, sans quoi une \
            amende sera appliquée.",
            Kind::Spam,
        );
        fr(
            "Nos conseillers en énergie comparent les tarifs pour votre entreprise : jusqu'à 30 % d'économies, sans \
            engagement. Un créneau de 15 minutes mardi ?",
            Kind::Spam,
        );
        fr(
            "La mairie sera fermée du 24 au 31 décembre. Les messages seront lus à partir du 2 janvier ; en cas \
            d'urgence, appelez l'astreinte.",
            Kind::AutoReply,
        );
        fr(
            "Le serveur n'a pas pu remettre votre message : le destinataire est inconnu dans notre domaine.",
            Kind::Bounce,
        );
        let en = |own, kind| check(Language::En, own, Some(kind));
        en(
            "Dear taxpayer, a refund of 214 pounds is pending. Confirm your card details below within 24 hours or \
            the payment expires.",
            Kind::Spam,
        );
        en(
            "We help companies like yours rank on Google. Our team guarantees results from $99 per month. Shall I \
            send a proposal?",
            Kind::Spam,
        );
        en(
            "Your enquiry has been logged. One of our advisers will respond within three working days.",
            Kind::AutoReply,
        );
        en(
            "Your email could not be delivered: the recipient's mailbox is full. Status: permanent.",
            Kind::Bounce,
        );
    }

    #[test]
    fn persons_are_not_outsiders() {
        for own in [
            "Vous m'avez facturé 39 € de frais que je ne dois pas. Remboursez-moi sous 48 heures ou je saisis le tribunal.",
            "J'ai reçu un mail qui me demande ma carte bancaire sous 24 h en votre nom. Est-ce vous ?",
            "Je serai absent la semaine prochaine, je vous réponds à mon retour.",
            "Mon mari est décédé, pouvez-vous fermer son compte et effacer ses coordonnées ?",
            "Mes courriers vous sont revenus, j'ai déménagé : voici ma nouvelle adresse.",
        ] {
            check(Language::Fr, own, None);
        }
        for own in [
            "I was charged a fee twice, please refund my card today or I will call my bank.",
            "I never received my parcel and your helpdesk will not answer.",
            "I am away next week but please delete my account before Friday.",
            "My message to you bounced, is your mailbox full?",
        ] {
            check(Language::En, own, None);
        }
    }

    #[test]
    fn every_file_is_sound() {
        for (language, name, text) in FILES {
            let mut builder = Builder::default();
            builder.file(language, text).unwrap_or_else(|fault| panic!("lexicon/{name}: {fault}"));
        }
    }
}
