//! What an answer to our confirmation letter says, and phrases of an installation's own.

use rightsd::classify::{Answer, Kind, Language, OwnPhrases, Right, Words, read, read_by_rules};
use rightsd::mail::Origin;

#[track_caller]
fn check(rows: &[(&str, Answer)]) {
    let told = |own: &str| {
        let words = Words { subject: "Re: Votre demande", own, carries_our_token: true, ..Words::default() };
        let reading = read(&words, Origin::Person, &OwnPhrases::default());
        assert!(reading.kinds.contains(&Kind::Confirmation), "{own:?}");
        reading.answer
    };
    let wrong: Vec<_> =
        rows.iter().map(|(own, answer)| (own, *answer, told(own))).filter(|row| row.1 != row.2).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn yes_in_many_words() {
    check(&[
        ("oui", Answer::Yes),
        ("OUI !!!", Answer::Yes),
        ("ok", Answer::Yes),
        ("C'est bien moi", Answer::Yes),
        ("je confirme", Answer::Yes),
        ("Bonjour,\nJe vous confirme ma demande de suppression.\nCordialement", Answer::Yes),
        ("Oui, c'est bien moi qui ai fait cette demande, merci de procéder.", Answer::Yes),
        ("tout à fait", Answer::Yes),
        ("J'en suis bien l'auteur", Answer::Yes),
        ("Yes", Answer::Yes),
        ("yes it was me", Answer::Yes),
        ("I confirm my request", Answer::Yes),
        ("Confirmed.", Answer::Yes),
        ("That's correct, please proceed.", Answer::Yes),
        ("Yes. No need to call me back.", Answer::Yes),
        ("Oui. Non merci pour la newsletter.", Answer::Yes),
        ("ja, das war ich", Answer::Yes),
        ("Sí, confirmo", Answer::Yes),
        ("👍", Answer::Yes),
    ]);
}

#[test]
fn no_in_many_words() {
    check(&[
        ("non", Answer::No),
        ("Non, ce n'est pas moi.", Answer::No),
        ("Je n'ai jamais fait cette demande", Answer::No),
        ("c pas moi", Answer::No),
        ("c'est pas moi", Answer::No),
        ("Je confirme que je n'ai rien demandé.", Answer::No),
        ("Je ne confirme pas", Answer::No),
        ("Annulez cette demande", Answer::No),
        ("Quelqu'un se fait passer pour moi", Answer::No),
        ("No", Answer::No),
        ("That wasn't me", Answer::No),
        ("I never asked for this", Answer::No),
        ("I did not make this request.", Answer::No),
        ("not me", Answer::No),
        ("Please cancel it, I changed my mind", Answer::No),
        ("nein", Answer::No),
    ]);
}

#[test]
fn neither_is_unclear_and_nothing_is_empty() {
    check(&[
        ("", Answer::Empty),
        ("  \n ", Answer::Empty),
        ("C'est quoi cette demande ?", Answer::Unclear),
        ("Qui êtes-vous ?", Answer::Unclear),
        ("Je ne peux pas confirmer pour le moment", Answer::Unclear),
        ("What request?", Answer::Unclear),
        ("Bonjour", Answer::Unclear),
        ("🙂", Answer::Unclear),
    ]);
}

#[test]
fn an_installation_adds_its_own_phrases() {
    let words = Words { own: "Veuillez appliquer la consigne Z", ..Words::default() };
    let without = read_by_rules(&words, Origin::Person, &OwnPhrases::default());
    assert!(!without.kinds.contains(&Kind::Asks(Right::OptOut)), "{:?}", without.kinds);
    let own = OwnPhrases::new([(Right::OptOut, Language::Fr, "appliquer la consigne z")]).expect("words");
    let with = read(&words, Origin::Person, &own);
    assert!(with.kinds.contains(&Kind::Asks(Right::OptOut)), "{:?}", with.kinds);
    assert!(OwnPhrases::new([(Right::OptOut, Language::Fr, "..")]).is_err());
}

#[test]
fn instructions_to_software_and_other_peoples_words_do_nothing() {
    let kinds = |words: &Words<'_>| read(words, Origin::Person, &OwnPhrases::default()).kinds;
    let quoted =
        Words { own: "Bonjour, bien reçu.", quoted: "Supprimez mes données".into(), ..Words::default() };
    assert_eq!(kinds(&quoted), [Kind::Other].into());
    let forwarded =
        Words { subject: "Fwd: STOP", own: "", forwarded: Some("Désabonnez-moi"), ..Words::default() };
    assert_eq!(kinds(&forwarded), [Kind::Other].into());
    let adopted = Words { own: "Merci de traiter la demande ci-dessous.", ..forwarded };
    assert_eq!(kinds(&adopted), [Kind::Asks(Right::OptOut)].into());
    let attached = Words {
        own: "Voir pièce jointe.",
        attachment_names: vec!["demande-effacement.pdf"],
        ..Words::default()
    };
    assert_eq!(kinds(&attached), [Kind::Asks(Right::Erasure)].into());
}
