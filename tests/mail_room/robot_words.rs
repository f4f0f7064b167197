//! T13: robots that nothing but their words betrays, and persons who write like one.

use std::collections::BTreeSet;

use rightsd::classify::{Answer, Kind, OwnPhrases, Right, classify};

use super::{encoded, message as mail, parse, screen};

/// A mail of nothing but words.
fn plain(subject: &str, body: &str) -> String {
    let subject = encoded(subject);
    let head = format!(
        "From: Claire Pommier <claire@example.org>\nTo: dpo@verger.example\nSubject: {subject}\n\
         Content-Type: text/plain; charset=utf-8"
    );
    mail(&head, body)
}

/// Robots as they write outside the templates above: no header tells but where one is given.
#[test]
fn t13_robots_in_other_words() {
    let away = [
        (
            "Re: Votre demande",
            "Bonjour et merci pour votre message,\n\nActuellement en congés, je ne consulterai mes mails qu'à partir du 25 août.\n\nPour les sujets urgents, merci de vous rapprocher de Paul Noyer, paul@example.org.\n\nBelle journée,\nClaire",
        ),
        (
            "Réponse automatique : [R-2026-0042] Confirmez votre demande",
            "Bonjour,\n\nJe serai de retour lundi 24.\n\nMerci",
        ),
        (
            "Absence",
            "Bonjour,\nAbsente jusqu'au 24/08, je répondrai à vos mails à mon retour.\nEn cas d'urgence : 01 99 00 22 33",
        ),
        (
            "Congé maternité",
            "Bonjour, je suis en congé maternité jusqu'au 12 octobre. Pendant mon absence, merci d'adresser vos demandes à rh@example.org.",
        ),
        (
            "Re: Confirmez votre demande",
            "Bonjour,\n\nJe suis en télétravail avec un accès restreint à ma messagerie. Je vous répondrai dès que possible.\n\nRéponse automatique",
        ),
        ("Auto: Confirmez votre demande", "Je suis en déplacement cette semaine."),
        (
            "Re: Confirmez votre demande",
            "Madame, Monsieur,\nLe cabinet est fermé du 1er au 15 août. Les messages seront traités à la réouverture.\nEn cas d'urgence médicale composez le 15.",
        ),
        (
            "Re: Confirmez votre demande",
            "Je suis parti à la retraite le 30 juin. Merci de contacter désormais mon successeur : luc@example.org",
        ),
        (
            "Automatic reply: Confirm your request",
            "I have left the firm. Please redirect your message to hello@example.org.",
        ),
        (
            "Re: Confirm your request",
            "Thanks for your message. I'm currently travelling and will have sporadic access to email. If it's urgent, text me, otherwise I'll get back to you when I return on the 9th.",
        ),
        ("OOO Re: Confirm your request", "Out until the 9th. Ping Sam for anything urgent."),
        ("Out of Office", "I'm out of the office today."),
        (
            "Re: Confirm your request",
            "Hi there,\n\nI am out on parental leave until September. For all enquiries please contact team@example.org.\n\nBest, Jo",
        ),
        ("I am on holiday Re: Confirm", "I am on holiday and will reply to your email when I'm back."),
        ("Autoreply: Confirm your request", "This account is checked once a week."),
        ("Vacation: Confirm your request", "I will be back on Monday."),
    ];
    let receipts = [
        (
            "Nous avons bien reçu votre message",
            "Bonjour Nadia,\n\nMerci de nous avoir contactés ! Votre message est bien arrivé. Nous vous répondrons sous 2 jours ouvrés.\n\nÀ très vite,\nL'équipe",
        ),
        (
            "Re: Confirmez votre demande",
            "Bonjour,\n\nVotre demande a été prise en compte (réf. 4821-33). Elle sera traitée par notre service dans un délai de 5 jours ouvrés.\nMerci de conserver cette référence pour tout échange ultérieur.",
        ),
        (
            "[Ticket n° 48213] Confirmez votre demande",
            "Votre ticket a bien été créé. Vous pouvez suivre son avancement depuis votre espace client.",
        ),
        (
            "Accusé de réception de votre courriel",
            "Madame, Monsieur,\n\nLe secrétariat du maire accuse réception de votre courriel et vous informe qu'il a été transmis au service compétent.",
        ),
        ("Confirmation de réception", "Votre message a bien été transmis à nos équipes."),
        (
            "Votre demande n°48213",
            "Bonjour,\nNous accusons bonne réception de votre demande et revenons vers vous rapidement.\nCeci est un e-mail automatique, merci de ne pas y répondre.",
        ),
        (
            "Demande reçue",
            "Bonjour,\nVotre demande nous est bien parvenue. Un collaborateur prendra contact avec vous sous 48h.\n-- \nCe message est généré automatiquement.",
        ),
        (
            "Your ticket has been created - #48213",
            "Hello,\n\nA ticket has been opened for your request. Our team will respond as soon as possible.\n\nTicket ID: 48213",
        ),
        (
            "We've received your email!",
            "Thanks for reaching out! This is just a quick note to let you know we got your email and will reply within 24 hours.",
        ),
        (
            "Case 00048213: Confirm your request",
            "Dear customer, your case has been logged and assigned to an agent. Please do not change the subject line when replying.",
        ),
        (
            "Request received: Confirm your request",
            "Your request has been received and is being processed. Reference: 48213.",
        ),
        (
            "Thank you for contacting Orchard",
            "We appreciate you getting in touch. A member of our team will get back to you shortly.",
        ),
    ];
    let mut wrong = Vec::new();
    for (subject, body) in away.iter().chain(&receipts) {
        let raw = plain(subject, body);
        // The outside may tell nothing: then the words must.
        let screening = screen(&raw);
        let reading = classify(&parse(&raw), &screening, &OwnPhrases::default());
        if reading.kinds != BTreeSet::from([Kind::AutoReply]) {
            wrong
                .push(format!("{subject}: {:?} {:?} {:?}", screening.origin, screening.signs, reading.kinds));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), away.len() + receipts.len(), wrong.join("\n"));
}

/// Written after the lexicon, from another angle: how it does on words it was not made for.
#[test]
fn t13_robots_nobody_had_in_mind() {
    let robots = [
        (
            "Re: Votre courrier",
            "Bonjour,\n\nJe prends quelques jours de repos bien mérités et serai à nouveau joignable le lundi 31 août.\nD'ici là, ma collègue Anne (anne@example.org) se tient à votre disposition.",
        ),
        ("Réponse automatique", "Absent - de retour le 4."),
        (
            "Re: Confirmez votre demande",
            "Boîte mail non consultée pendant les vacances scolaires. Reprise le 2 septembre.",
        ),
        (
            "En déplacement professionnel Re: Confirmez",
            "En déplacement jusqu'à vendredi, je traiterai vos messages à mon retour.",
        ),
        (
            "Absence prolongée",
            "Bonjour, je suis en arrêt maladie pour une durée indéterminée. Merci de contacter le 01 99 00 45 67.",
        ),
        (
            "Message automatique de la médiathèque",
            "La médiathèque est fermée pour travaux. Nous répondrons à votre message dès la réouverture.",
        ),
        (
            "Re: Confirmez votre demande",
            "Bonjour, vous êtes bien sur la messagerie de Luc Noyer. Je suis absent aujourd'hui. Pour une urgence, composez le 06 99 00 11 22.",
        ),
        (
            "Bien reçu !",
            "Merci pour votre mail, il est entre de bonnes mains ! Nous revenons vers vous sous 24h.",
        ),
        (
            "Re: Confirmez votre demande",
            "Bonjour,\n\nCe courriel vous confirme la bonne réception de votre message. Compte tenu du nombre important de sollicitations, notre délai de réponse est actuellement de 10 jours.\n\nLe service relations usagers",
        ),
        (
            "Votre message à la préfecture",
            "Votre message électronique a été enregistré sous le n° 2026-04821. Il sera traité dans les meilleurs délais.\nMerci de ne pas répondre à ce message.",
        ),
        (
            "SAV - Dossier 48213",
            "Bonjour, un dossier a été ouvert suite à votre message. Un technicien vous contactera sous 48h.",
        ),
        (
            "[#48213] Confirmez votre demande",
            "##- Veuillez saisir votre réponse au-dessus de cette ligne -##\n\nVotre demande (48213) a été reçue et est en cours d'examen par notre équipe d'assistance.",
        ),
        (
            "Re: Confirmez votre demande",
            "Cette adresse électronique n'est pas destinée à recevoir des messages. Votre courriel ne sera pas lu.",
        ),
        (
            "Adresse inactive",
            "Bonjour, l'adresse que vous utilisez est désactivée. Écrivez-nous désormais à bonjour@example.org.",
        ),
        (
            "Votre email n'a pas été distribué : action requise",
            "Bonjour, pour protéger ma boîte du spam, je vous invite à cliquer sur le lien ci-dessous afin que votre message me parvienne : https://filtre.example/v/1",
        ),
        ("Lu: Confirmez votre demande", "Votre message a été lu le 03/03/2026 à 10:12."),
        (
            "Supprimé sans être lu : Confirmez votre demande",
            "Votre message a été supprimé sans être lu le 03/03/2026.",
        ),
        ("Out of the office Re: Confirm", "Greetings! I'm hiking with no reception until 9 August."),
        (
            "Re: Confirm your request",
            "Hello, you've reached Sam's inbox. I'm on sabbatical until January 2027. Please write to office@example.org instead.",
        ),
        (
            "Automatic response",
            "We are experiencing a high volume of enquiries. We will respond within ten working days.",
        ),
        (
            "Thanks for your email",
            "Hi! We've got your message and a human will read it soon. In the meantime have a look at our FAQ.",
        ),
        (
            "Re: Confirm your request",
            "This inbox is not monitored. Please use the contact form on our website.",
        ),
        (
            "Your email to ACME support (ref 48213)",
            "We have logged your query and a colleague will be in touch. Please quote ref 48213.",
        ),
        ("Not read: Confirm your request", "Your message was deleted without being read on Tuesday."),
        (
            "Sam Noyer is no longer with Orchard",
            "Sam Noyer has left Orchard. For all future correspondence contact hello@example.org.",
        ),
        (
            "Re: Confirm your request",
            "I'm on maternity leave. Your email will not be read or forwarded. Kate is looking after my clients: kate@example.org",
        ),
    ];
    let (mut wrong, mut doubtful) = (Vec::new(), Vec::new());
    for (subject, body) in robots {
        let raw = plain(subject, body);
        // The outside may tell nothing: then the words must.
        let screening = screen(&raw);
        let reading = classify(&parse(&raw), &screening, &OwnPhrases::default());
        let told = || format!("{subject}: {:?} {:?} {:?}", screening.origin, screening.signs, reading.kinds);
        // A person may write that they are away: where that is not ruled out, a person reads it, and nothing is done.
        if reading.kinds == BTreeSet::from([Kind::Other]) {
            doubtful.push(told());
        } else if reading.kinds != BTreeSet::from([Kind::AutoReply]) {
            wrong.push(told());
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), robots.len(), wrong.join("\n"));
    assert!(doubtful.len() <= 1, "{} of {}:\n{}", doubtful.len(), robots.len(), doubtful.join("\n"));
}

/// Automatic beats content where a machine's own field or a part says so. Where nothing but words does, they are weighed:
/// whoever mocks an automatic answer still wants what they ask. A person looks first, and no yes comes of it.
#[test]
fn t13_words_alone_make_no_machine() {
    let body = "Typed by a cross human being, whatever the line above says. Yes, it's me. No more brochures from you, ever: \
                three a week is past a joke.";
    let head = "From: Claire Pommier <claire@example.org>\nTo: dpo@verger.example\nSubject: Automatic reply\n\
                Content-Type: text/plain; charset=utf-8";
    let words = mail(head, body);
    let screening = screen(&words);
    assert!(screening.by_words && screening.may_answer.is_err(), "{screening:?}");
    let reading = classify(&parse(&words), &screening, &OwnPhrases::default());
    assert_eq!(reading.kinds, BTreeSet::from([Kind::Asks(Right::OptOut)]));
    assert!(!reading.certain && reading.answer != Answer::Yes, "{reading:?}");
    for field in ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All", "Precedence: bulk"] {
        let machine = mail(&format!("{field}\n{head}"), body);
        let screening = screen(&machine);
        assert!(!screening.by_words, "{field}: {screening:?}");
        let reading = classify(&parse(&machine), &screening, &OwnPhrases::default());
        assert!(!reading.kinds.contains(&Kind::Asks(Right::OptOut)), "{field}: {:?}", reading.kinds);
    }
}
