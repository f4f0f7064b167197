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
