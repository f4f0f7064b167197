//! What stands below the words: signatures, confidentiality notices, a newsletter's own footer.
//!
//! A block is cut only when nothing in it could be a wish: the cost of a left-in telephone number is nothing, the
//! cost of a lost request is the law broken in silence.

use super::{CutReason, Line};
use crate::mail::any_of::{AnyOf, any_of, says};

/// A signature longer than this is no signature.
const SIGNATURE_LINES_MAX: usize = 15;

/// Stems of words with which wishes are told; folded. One of them in a block keeps the block.
static WISHES: AnyOf = AnyOf::new(|| {
    any_of(&[
        "desabon",
        "desinscri",
        "desincri",
        "unsub",
        "opt-out",
        "opt out",
        "optout",
        "stop",
        "suppr",
        "supri",
        "effac",
        "remov",
        "delet",
        "eras",
        "rectif",
        "corrig",
        "modif",
        "acces",
        "access",
        "copie",
        "copy",
        "retir",
        "enlev",
        "oppos",
        "object",
        "refus",
        "arret",
        "cess",
        "demand",
        "request",
        "souhait",
        "voudr",
        "veux",
        "veuill",
        "pourri",
        "pouvez",
        "want",
        "wish",
        "please",
        "would",
        "merci de",
        "svp",
        "s'il vous",
        "s'il te",
        "confirm",
        "oui",
        "non,",
        "yes",
        "ps:",
        "ps :",
        "p.s",
        "n.b",
        "nb:",
        "nb :",
        "portab",
        "limit",
        "mes donnees",
        "my data",
        "loschen",
        "abmeld",
        "baja",
    ])
});

/// Formulas that close a letter; folded. The line starts with one and is short.
const CLOSINGS: [&str; 56] = [
    "cordialement",
    "cdlt",
    "cdt",
    "bien cordialement",
    "tres cordialement",
    "bien a vous",
    "bien a toi",
    "salutations",
    "sincerement",
    "sinceres salutations",
    "respectueusement",
    "amicalement",
    "bonne journee",
    "bonne soiree",
    "bonne reception",
    "meilleures salutations",
    "meilleurs sentiments",
    "avec mes salutations",
    "a bientot",
    "bises",
    "merci d'avance",
    "merci par avance",
    "en vous remerciant",
    "regards",
    "best regards",
    "kind regards",
    "warm regards",
    "best",
    "all the best",
    "best wishes",
    "sincerely",
    "yours sincerely",
    "yours faithfully",
    "yours truly",
    "thanks",
    "thank you",
    "many thanks",
    "cheers",
    "with kind regards",
    "respectfully",
    "mit freundlichen gru",
    "freundliche gru",
    "viele gru",
    "beste gru",
    "mfg",
    "saludos",
    "un saludo",
    "atentamente",
    "cordiali saluti",
    "distinti saluti",
    "met vriendelijke groet",
    "vriendelijke groet",
    "groeten",
    "atenciosamente",
    "cumprimentos",
    "obrigado",
];

/// How mail programs on telephones sign; folded. The line starts with one and names a device or program.
const SENT_FROM: [&str; 26] = [
    "envoye de",
    "envoye depuis",
    "envoye a partir",
    "envoye avec",
    "envoye via",
    "envoye par",
    "envoye sur",
    "envoye grace",
    "sent from",
    "sent via",
    "sent with",
    "sent by",
    "sent using",
    "get outlook",
    "obtenez outlook",
    "obtenir outlook",
    "telecharger outlook",
    "telechargez outlook",
    "provenance :",
    "gesendet von",
    "gesendet mit",
    "von meinem",
    "enviado desde",
    "enviado do",
    "inviato da",
    "verzonden v",
];

/// Devices and programs of [`SENT_FROM`]; folded.
const DEVICES: [&str; 41] = [
    "iphone",
    "ipad",
    "ipod",
    "android",
    "galaxy",
    "samsung",
    "huawei",
    "honor",
    "xiaomi",
    "redmi",
    "oneplus",
    "pixel",
    "oppo",
    "nokia",
    "motorola",
    "blackberry",
    "smartphone",
    "mobile",
    "telephone",
    "portable",
    "tablette",
    "tablet",
    "appareil",
    "device",
    "handy",
    "outlook",
    "mail",
    "gmail",
    "yahoo",
    "orange",
    "proton",
    "windows",
    "laposte",
    "la poste",
    "free",
    "sfr",
    "bouygues",
    "thunderbird",
    "phone",
    "dispositivo",
    "movil",
];

/// How confidentiality notices and their like begin; folded.
const NOTICES: [&str; 40] = [
    "ce message et ",
    "ce message, ",
    "ce message (",
    "ce message ainsi que",
    "ce message contient",
    "ce message est confidentiel",
    "ce message est etabli",
    "ce message electronique",
    "ce courriel et ",
    "ce courriel est confidentiel",
    "ce courriel peut contenir",
    "ce courriel (",
    "ce mail et ",
    "ce mail est confidentiel",
    "cet e-mail",
    "cet email",
    "le present message",
    "le contenu de ce",
    "les informations contenues dans",
    "l'information contenue dans",
    "avis de confidentialite",
    "confidentialite :",
    "clause de confidentialite",
    "avertissement :",
    "this e-mail",
    "this email",
    "this message",
    "this communication",
    "the information contained in",
    "the information in this",
    "the contents of this",
    "confidentiality notice",
    "confidentiality:",
    "confidential:",
    "disclaimer",
    "notice:",
    "diese e-mail",
    "este mensaje",
    "questo messaggio",
    "dit bericht",
];

/// What such a notice also says; folded.
const NOTICE_WORDS: [&str; 27] = [
    "destinataire",
    "destine",
    "adressee",
    "addressee",
    "intended",
    "recipient",
    "confidentiel",
    "confidential",
    "pieces jointes",
    "piece jointe",
    "attachment",
    "privileged",
    "virus",
    "erreur",
    "in error",
    "by mistake",
    "expediteur",
    "vertraulich",
    "empfanger",
    "confidencial",
    "destinatario",
    "confidenziale",
    "riservat",
    "vertrouwelijk",
    "geadresseerde",
    "alteration",
    "integrite",
];

/// Lines that programs and firms add; folded, cut wherever they stand alone.
const ADDED: [&str; 27] = [
    "pensez a l'environnement",
    "pensez a la planete",
    "n'imprimez ce",
    "n'imprimez que",
    "avant d'imprimer",
    "preservons l'environnement",
    "please consider the environment",
    "consider the environment",
    "think before you print",
    "save a tree",
    "garanti sans virus",
    "sans virus.",
    "l'absence de virus dans ce",
    "cet e-mail a ete verifie par",
    "ce courrier electronique ne contient aucun virus",
    "virus-free",
    "this email has been checked for viruses",
    "this email has been scanned",
    "scanned by",
    "ce message a ete verifie par",
    "decouvrez yahoo mail",
    "yahoo mail:",
    "yahoo mail :",
    "une messagerie gratuite",
    "creez votre adresse electronique",
    "ne pas imprimer",
    "bitte prufen sie der umwelt",
];

/// What only a newsletter says of itself; folded.
static NEWSLETTER: AnyOf = AnyOf::new(|| {
    any_of(&[
        "vous recevez cet e-mail",
        "vous recevez cet email",
        "vous recevez ce mail",
        "vous recevez ce message",
        "vous recevez ce courriel",
        "vous recevez cette newsletter",
        "si vous ne souhaitez plus recevoir",
        "si vous ne desirez plus recevoir",
        "si vous souhaitez vous desabonner",
        "si vous souhaitez vous desinscrire",
        "si vous voulez vous desinscrire",
        "pour ne plus recevoir",
        "pour vous desabonner",
        "pour vous desinscrire",
        "pour se desabonner",
        "pour se desinscrire",
        "conformement a la loi informatique et libertes",
        "cliquez ici pour vous des",
        "se desabonner de cette",
        "se desinscrire de cette",
        "gerer vos preferences",
        "gerer mes preferences",
        "you are receiving this",
        "you received this",
        "you're receiving this",
        "if you no longer wish to receive",
        "if you do not wish to receive",
        "if you would like to unsubscribe",
        "to unsubscribe",
        "to stop receiving",
        "click here to unsubscribe",
        "update your preferences",
        "manage your preferences",
    ])
});

/// Words with which a person speaks of themself; folded, each between blanks.
static FIRST_PERSON: AnyOf = AnyOf::new(|| {
    any_of(&[
        " je ", " j'", " moi ", " mon ", " ma ", " mes ", " me ", " m'", " nous ", " notre ", " nos ", " i ",
        " i'", " my ", " mine ", " our ", " we ", " ich ", " mein", " mi ", " mis ", " mio ", " mie ",
        " mijn ", " meu ", " minha ",
    ])
});

/// Marks signatures and footers among the lines that are still the sender's.
pub(super) fn cut(lines: &mut [Line<'_>]) {
    paragraphs(lines);
    mobile(lines);
    let mut start = 0;
    while start < lines.len() {
        let mut end = start;
        while lines.get(end).is_some_and(|line| line.is_own() || line.cut == Some(CutReason::Footer)) {
            end += 1;
        }
        if end > start {
            signature(lines, start, end);
        }
        start = end.max(start) + 1;
    }
}

/// Marks lines that markup calls a signature, unless something in them could be a wish: some programs put the
/// cursor inside it.
pub(super) fn marked_signature(lines: &mut [Line<'_>], start: usize, end: usize) {
    let wish = lines.iter().take(end).skip(start).any(|line| {
        line.text.contains('?') || has_wish(&line.folded) || speaks_of_oneself(&format!(" {} ", line.folded))
    });
    if !wish {
        mark(lines, start, end, CutReason::Signature);
    }
}

/// Cuts notices and newsletters' footers, paragraph by paragraph.
fn paragraphs(lines: &mut [Line<'_>]) {
    let mut start = 0;
    while start < lines.len() {
        if lines.get(start).is_none_or(|line| line.is_blank() || !line.is_own()) {
            start += 1;
            continue;
        }
        let mut end = start;
        while lines.get(end).is_some_and(|line| !line.is_blank() && line.is_own()) {
            end += 1;
        }
        let first = lines.get(start).map(|line| line.folded.clone()).unwrap_or_default();
        if begins(&ADDED, &first) && end - start <= 4 {
            mark(lines, start, end, CutReason::Footer);
        } else if begins(&NOTICES, &first) {
            let text = joined(lines, start, end);
            let known = NOTICE_WORDS.iter().filter(|word| text.contains(**word)).count();
            if known >= 2 && !speaks_of_oneself(&text) {
                mark(lines, start, end, CutReason::Footer);
            }
        } else if says(&NEWSLETTER, &first) {
            let text = joined(lines, start, end);
            let link = [
                "http",
                "www.",
                "cliqu",
                "click",
                "lien",
                "link",
                "<mailto:",
                "abonne a",
                "inscrit",
                "subscribed",
                "signed up",
            ]
            .iter()
            .any(|word| text.contains(word));
            if link && !speaks_of_oneself(&text) && !text.contains('?') {
                mark(lines, start, end, CutReason::Footer);
            }
        }
        start = end;
    }
}

fn joined(lines: &[Line<'_>], start: usize, end: usize) -> String {
    let mut text = String::from(" ");
    for line in lines.iter().take(end).skip(start) {
        if line.long {
            text.push_str(&super::fold(line.text));
        } else {
            text.push_str(&line.folded);
        }
        text.push(' ');
    }
    text
}

/// Whether `text` begins with one of `phrases`. Most begin with another letter, which one look tells.
fn begins(phrases: &[&str], text: &str) -> bool {
    let first = text.as_bytes().first();
    phrases.iter().any(|phrase| phrase.as_bytes().first() == first && text.starts_with(phrase))
}

fn speaks_of_oneself(padded: &str) -> bool {
    says(&FIRST_PERSON, padded)
}

fn mark(lines: &mut [Line<'_>], start: usize, end: usize, reason: CutReason) {
    for line in lines.iter_mut().take(end).skip(start) {
        line.cut = line.cut.or(Some(reason));
    }
}

/// Cuts "Envoyé de mon iPhone" wherever it stands alone on its line.
fn mobile(lines: &mut [Line<'_>]) {
    for line in lines.iter_mut().filter(|line| line.is_own()) {
        let folded = line.folded.trim_start_matches(['-', '_', '<', '(', '[', ' ']);
        if folded.len() > 110 || folded.len() < 8 {
            continue;
        }
        let sent = begins(&SENT_FROM, folded);
        if sent && DEVICES.iter().any(|device| folded.contains(device)) {
            line.cut = Some(CutReason::Signature);
        }
    }
}

/// Cuts what stands below `-- ` or below a closing formula, in the own lines `start..end`.
fn signature(lines: &mut [Line<'_>], start: usize, end: usize) {
    let delimiter = (start..end).rev().take(SIGNATURE_LINES_MAX + 1).rfind(|at| {
        lines.get(*at).is_some_and(|line| {
            line.is_own() && matches!(line.text, "--" | "—" | "---" | "__" | "- --" | "___")
        })
    });
    if let Some(at) = delimiter
        && is_signature(lines, at + 1, end)
        && has_words(lines, start, at)
    {
        mark(lines, at, end, CutReason::Signature);
        return;
    }
    let closing = (start..end)
        .rev()
        .take(SIGNATURE_LINES_MAX + 1)
        .rfind(|at| lines.get(*at).is_some_and(|line| line.is_own() && is_closing(&line.folded)));
    if let Some(at) = closing
        && is_signature(lines, at + 1, end)
        && has_words(lines, start, at)
    {
        mark(lines, at + 1, end, CutReason::Signature);
    }
}

fn has_words(lines: &[Line<'_>], start: usize, end: usize) -> bool {
    lines.iter().take(end).skip(start).any(|line| line.is_own() && !line.is_blank())
}

fn is_closing(folded: &str) -> bool {
    folded.len() <= 60
        && CLOSINGS.iter().any(|formula| {
            folded.strip_prefix(formula).is_some_and(|rest| {
                rest.chars().all(|c| !c.is_alphanumeric()) || rest.len() < 22 && !has_wish(folded)
            })
        })
}

fn has_wish(folded: &str) -> bool {
    says(&WISHES, folded)
}

/// Whether the own lines `start..end` could be a name, a job, an address, a slogan, but no wish.
fn is_signature(lines: &[Line<'_>], start: usize, end: usize) -> bool {
    let mut filled = 0;
    for line in lines.iter().take(end).skip(start).filter(|line| line.is_own() && !line.is_blank()) {
        filled += 1;
        let long = line.long || line.folded.len() > 110;
        let asks = line.text.contains('?') || has_wish(&line.folded);
        let speaks = speaks_of_oneself(&format!(" {} ", line.folded));
        if filled > SIGNATURE_LINES_MAX || long || asks || speaks {
            return false;
        }
    }
    filled > 0
}
