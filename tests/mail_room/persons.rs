//! What persons write that looks like a robot's: never to be taken for one, or a request is lost.

use rightsd::mail::Origin;

use super::{message as mail, screen};

#[test]
fn persons_stay_persons() {
    let cases = [
        (
            "hand-written absence",
            "Absence",
            "Bonjour,\nJe vous informe que je serai absente la semaine prochaine. Pouvez-vous me répondre avant vendredi ?\nMerci, Nadia",
        ),
        (
            "absence with a wish",
            "Absence du bureau",
            "Bonjour, je pars en congés demain : merci de supprimer mes données avant lundi. En mon absence contactez mon mari.",
        ),
        (
            "away, but asks",
            "Re: votre dossier",
            "I am away until Monday. Please delete my account before, and contact my wife in case of emergency.",
        ),
        (
            "tells of an automatic answer",
            "Ma demande du 3 mars",
            "Bonjour,\nJ'ai reçu un message automatique disant « votre demande a bien été enregistrée » et depuis plus rien. Je renouvelle ma demande d'effacement.",
        ),
        (
            "quotes a receipt",
            "Relance",
            "Votre demande a bien été prise en compte, m'avez-vous dit. Je n'ai toujours rien reçu. Supprimez mes données.",
        ),
        (
            "moved address as rectification",
            "Changement d'adresse",
            "Bonjour, j'ai changé d'adresse mail, ma nouvelle adresse est nadia@example.org, merci de corriger mon compte.",
        ),
        (
            "complains of a newsletter",
            "Votre newsletter",
            "Vous recevez cet e-mail car vous êtes inscrit : non, je ne me suis jamais inscrite ! Désinscrivez-moi, votre lien de désabonnement ne marche pas.",
        ),
        ("one word", "stop", ""),
        ("one word in the body", "", "STOP"),
        ("unsubscribe by hand", "unsubscribe", ""),
        (
            "answers an automatic reply",
            "Re: Réponse automatique : Confirmez",
            "Oui c'est bien moi, je confirme.",
        ),
        (
            "forwards a bounce",
            "TR: Undeliverable: votre courrier",
            "Bonjour, vos courriers me reviennent toujours, retirez mon adresse.",
        ),
        ("thanks", "Re: Confirmez", "Merci pour votre message, je confirme ma demande."),
        (
            "lawyer",
            "Notre cliente Mme Verdier",
            "Nous avons bien reçu votre courrier du 3 mars. Au nom de notre cliente, nous demandons l'accès à ses données sous un mois.",
        ),
        ("out of patience", "Out of patience", "I have asked three times. Remove me from your mailing list."),
        (
            "vacation rental",
            "Vacation rental account",
            "Please delete my account with your vacation rentals.",
        ),
        (
            "failure notice in prose",
            "Failure to delete my data",
            "You failed to delete my data. This is my second mail.",
        ),
        ("delivery", "Delivery of my parcel", "The delivery failed and now I want my data erased."),
        ("read", "Read this please", "I want a copy of my data."),
        (
            "ticket",
            "Ticket n° 48213",
            "Bonjour, suite au ticket 48213, je demande la suppression de mon compte.",
        ),
        (
            "hello from a shared box",
            "Bonjour",
            "Bonjour, nous avons reçu votre publicité par la poste, merci de retirer notre association de vos fichiers.",
        ),
    ];
    for (name, subject, body) in cases {
        let screening = screen(mail(
            &format!(
                "From: Nadia Verdier <nadia@example.net>\nTo: dpo@verger.example\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8"
            ),
            body,
        ));
        assert_eq!(screening.origin, Origin::Person, "{name}: {:?}", screening.signs);
        assert_eq!(screening.may_answer, Ok(()), "{name}");
    }
}

#[test]
fn a_group_address_of_our_own_makes_no_list_mail() {
    let screening = screen(mail(
        "From: Nadia <nadia@example.net>\nTo: dpo@verger.example\nSubject: Mes donnees\nPrecedence: list\nMailing-list: list dpo@verger.example; contact dpo+owners@verger.example\nList-ID: <dpo.verger.example>\nX-Google-Group-Id: 1",
        "Supprimez mes données.",
    ));
    assert_eq!(screening.origin, Origin::Person, "{:?}", screening.signs);
}

#[test]
fn a_letter_of_ours_that_comes_back_is_known() {
    let screening = screen(mail(
        "From: dpo@verger.example\nTo: stop@verger.example\nSubject: Confirmez\nX-Rightsd: v1",
        "Supprimez mes données.",
    ));
    assert_eq!(screening.origin, Origin::OwnLetter);
}

/// Written after the lexicon, from another angle.
#[test]
fn persons_nobody_had_in_mind() {
    let cases = [
        (
            "Demande automatique",
            "Bonjour, votre site m'envoie des messages automatiques tous les jours. Cela suffit.",
        ),
        (
            "Retour de courrier",
            "Madame, le courrier que vous m'adressez me revient avec la mention destinataire inconnu. Quelle est votre adresse postale ?",
        ),
        ("Accusé de réception", "Pourriez-vous m'accuser réception de ma demande d'effacement du 3 mars ?"),
        (
            "Re: Confirmez votre demande",
            "Bonjour,\nMerci pour votre réponse rapide. C'est bien moi qui ai fait la demande.\nCordialement\nNadia",
        ),
        ("Congés", "Bonjour, étant en congés je n'ai vu votre mail qu'aujourd'hui. Je confirme ma demande."),
        (
            "Contact",
            "Nom : Verdier\nPrénom : Nadia\nMessage : je voudrais savoir quelles données vous avez sur moi",
        ),
        ("Undelivered", "My parcel was undelivered and nobody answers. Who is your data protection officer?"),
        ("Read my mail", "Nobody read my last mail. I want to know what you hold about me."),
        ("Delivery status", "What is the delivery status of my order?"),
        (
            "Votre demande",
            "Je réponds à votre demande de justificatif : vous trouverez ma carte d'identité en pièce jointe.",
        ),
        ("Your request", "As requested, here is my passport number. Please proceed."),
        ("Re: Your ticket 48213", "It has been six weeks. As soon as possible is not an answer."),
        ("ticket 48213", "Où en est mon dossier ?"),
        ("Lu et approuvé", "Bon pour accord."),
        ("Auto", "Bonjour, je vous ai acheté une auto en 2019 et ne veux plus de vos courriers."),
        ("Vacances", "Bonjour, nous étions clients de votre village vacances, effacez nos coordonnées."),
        ("Absence de réponse", "Sans réponse de votre part depuis un mois, je saisirai la CNIL."),
        ("Absence de consentement", "Je n'ai jamais consenti à recevoir ces courriels."),
        (
            "Message de Nadia",
            "Bonjour, merci de contacter mon avocat pour la suite. Il est à votre disposition.",
        ),
        (
            "URGENT",
            "Pour toute urgence appelez-moi au 06 99 00 11 22. J'attends la suppression de mes photos.",
        ),
        ("Fermeture", "Fermez mon compte et effacez tout."),
        ("Rejected: my objection", "You rejected my objection without any reason."),
        ("Blocked", "My account is blocked since Monday, and I want the data you hold."),
        (
            "Re: Newsletter mars",
            "STOP svp\n\nVous recevez cet e-mail car vous êtes inscrit. Pour vous désabonner, cliquez ici : https://www.example.com/u",
        ),
        ("Newsletter", "Merci de me retirer. Je suis inscrite depuis 2019."),
        ("Re: Thank you for contacting us", "Thank you. I am still waiting for the copy of my data."),
        ("hello", "Dear team, I got your letter, thanks. Could you tell me how long you keep my file?"),
        ("Confirmation de ma demande", "Je vous confirme ma demande du 3 mars."),
        ("Notification of objection", "I hereby object to the processing of my data for profiling."),
        (
            "Postmaster",
            "I run a small server. Your bulk mail hits my spam traps, please drop example.net from it.",
        ),
    ];
    let mut wrong = Vec::new();
    for (subject, body) in cases {
        let screening = screen(mail(
            &format!(
                "From: Nadia Verdier <nadia@example.net>\nTo: dpo@verger.example\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8"
            ),
            body,
        ));
        if screening.origin != Origin::Person {
            wrong.push(format!("{subject}: {:?} {:?}", screening.origin, screening.signs));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
