//! What the person wrote, cut from what they quote.

use rightsd::mail::{CutReason, InboundMail};

use super::{message as mail, parse};

const QUOTED: &str = "Bonjour,\nSupprimez mes données et désinscrivez-moi.\nNadia";

fn plain(subject: &str, body: &str) -> InboundMail {
    parse(mail(
        &format!("From: nadia@example.net\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8"),
        body,
    ))
}

fn html(body: &str) -> InboundMail {
    parse(mail(
        "From: nadia@example.net\nSubject: Re: Confirmez\nContent-Type: text/html; charset=utf-8",
        body,
    ))
}

/// The own words of `body` are exactly `own`, and nothing is lost.
#[track_caller]
fn check(name: &str, body: &str, own: &str) {
    let read = plain("Re: Confirmez votre demande", body);
    assert_eq!(read.visible.own, own, "{name}: {:?}", read.visible.cuts);
    assert_whole(name, &read);
}

/// Cuts lie in order inside `full`, and what they leave is what is own.
#[track_caller]
fn assert_whole(name: &str, read: &InboundMail) {
    let full = &read.visible.full;
    let mut left = String::new();
    let mut at = 0;
    for cut in &read.visible.cuts {
        assert!(at <= cut.span.start && cut.span.start < cut.span.end, "{name}: cuts in order");
        left.push_str(full.get(at..cut.span.start).expect("on letters"));
        at = cut.span.end;
    }
    left.push_str(full.get(at..).expect("on letters"));
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&left), words(&read.visible.own), "{name}: own is what the cuts leave");
}

#[test]
fn what_outlook_writes_above_a_quote() {
    let heads = [
        "De : Service DPO <dpo@verger.example>\nEnvoyé : mardi 3 mars 2026 10:12\nÀ : Nadia Verdier <nadia@example.net>\nObjet : Confirmez votre demande\n",
        "De : Service DPO [mailto:dpo@verger.example]\nEnvoyé : mardi 3 mars 2026 10:12\nÀ : Nadia\nCc : Paul\nObjet : Confirmez votre demande\nImportance : Haute\n",
        "-----Message d'origine-----\nDe : Service DPO\nEnvoyé : mardi 3 mars 2026 10:12\nÀ : Nadia\nObjet : Confirmez\n",
        "________________________________\nDe : Service DPO <dpo@verger.example>\nEnvoyé : mardi 3 mars 2026 10:12:33\nÀ : Nadia\nObjet : Confirmez\n",
        "De: \"Service DPO\" <dpo@verger.example>\nÀ: \"Nadia\" <nadia@example.net>\nEnvoyé: Mardi 3 Mars 2026 10:12:00\nObjet: Confirmez\n",
        "*De :* Service DPO <dpo@verger.example>\n*Envoyé :* mardi 3 mars 2026 10:12\n*À :* Nadia\n*Objet :* Confirmez\n",
        "From: DPO <dpo@verger.example>\nSent: Tuesday, March 3, 2026 10:12 AM\nTo: Nadia <nadia@example.net>\nSubject: Confirm\n",
        "-----Original Message-----\nFrom: DPO\nSent: 03 March 2026 10:12\nTo: Nadia\nSubject: Confirm\n",
        "From: DPO <dpo@verger.example>\nDate: Tuesday, 3 March 2026 at 10:12\nTo: Nadia <nadia@example.net>\nSubject: Confirm\n",
        "Von: DPO <dpo@verger.example>\nGesendet: Dienstag, 3. März 2026 10:12\nAn: Nadia\nBetreff: Bestätigen\n",
        "De: DPO <dpo@verger.example>\nEnviado el: martes, 3 de marzo de 2026 10:12\nPara: Nadia\nAsunto: Confirme\n",
        "Da: DPO <dpo@verger.example>\nInviato: martedì 3 marzo 2026 10:12\nA: Nadia\nOggetto: Conferma\n",
        "Van: DPO <dpo@verger.example>\nVerzonden: dinsdag 3 maart 2026 10:12\nAan: Nadia\nOnderwerp: Bevestig\n",
        "De: DPO <dpo@verger.example>\nEnviada em: terça-feira, 3 de março de 2026 10:12\nPara: Nadia\nAssunto: Confirme\n",
        "----- Mail original -----\nDe: \"DPO\" <dpo@verger.example>\nÀ: nadia@example.net\nEnvoyé: Mardi 3 Mars 2026 10:12:00\nObjet: Confirmez\n",
        "De : Service DPO <dpo@verger.example> Envoyé : mardi 3 mars 2026 10:12 À : Nadia <nadia@example.net> Objet : Confirmez\n",
    ];
    for head in heads {
        check(head, &format!("Oui, c'est bien moi.\n\n{head}\n{QUOTED}\n"), "Oui, c'est bien moi.");
        check(head, &format!("{head}\n{QUOTED}\n"), "");
        check(head, &format!("Oui.\nNadia\n{head}{QUOTED}\n"), "Oui.\nNadia");
    }
}

#[test]
fn who_wrote_when_in_many_languages() {
    let heads = [
        "Le mar. 3 mars 2026 à 10:12, Service DPO <dpo@verger.example> a écrit :",
        "Le mar. 3 mars 2026 à 10:12, Service DPO <dpo@verger.example> a écrit\u{a0}:",
        "Le mar. 3 mars 2026 à 10:12, Service DPO <\ndpo@verger.example> a écrit :",
        "Le mar. 3 mars 2026 à 10:12, Service de la protection des données <dpo@verger.example>\na écrit :",
        "Le mar. 3 mars 2026 à\n10:12, Service DPO\n<dpo@verger.example> a\nécrit :",
        "Le 3 mars 2026 à 10:12, Service DPO a écrit :",
        "Le 03/03/2026 à 10:12, Service DPO a écrit :",
        "Le mardi 3 mars 2026 à 10:12:00 UTC+1, Service DPO <dpo@verger.example> a écrit :",
        "On Tue, Mar 3, 2026 at 10:12 AM DPO <dpo@verger.example> wrote:",
        "On Tue, Mar 3, 2026 at 10:12 AM DPO <\ndpo@verger.example> wrote:",
        "On 3 Mar 2026, at 10:12, DPO <dpo@verger.example> wrote:",
        "On Tuesday, March 3rd, 2026 at 10:12, DPO <dpo@verger.example> wrote:",
        "Am 03.03.2026 um 10:12 schrieb DPO <dpo@verger.example>:",
        "Am Di., 3. März 2026 um 10:12 Uhr schrieb DPO <\ndpo@verger.example>:",
        "El mar, 3 mar 2026 a las 10:12, DPO (<dpo@verger.example>) escribió:",
        "Il giorno mar 3 mar 2026 alle ore 10:12 DPO <dpo@verger.example> ha scritto:",
        "Op di 3 mrt 2026 om 10:12 schreef DPO <dpo@verger.example>:",
        "Em ter., 3 de mar. de 2026 às 10:12, DPO <dpo@verger.example> escreveu:",
        "2026-03-03 10:12 GMT+01:00 DPO <dpo@verger.example>:",
        "\"DPO\" <dpo@verger.example> a écrit le 03/03/2026 10:12 :",
        "DPO <dpo@verger.example> wrote:",
        "--- On Tue, 3/3/26, 10:12, DPO <dpo@verger.example> wrote:",
    ];
    let marked: String = QUOTED.lines().map(|line| format!("> {line}\n")).collect();
    for head in heads {
        check(head, &format!("Oui, c'est moi.\n\n{head}\n\n{marked}"), "Oui, c'est moi.");
        check(head, &format!("{head}\n{marked}\nOui, c'est moi.\n"), "Oui, c'est moi.");
        check(head, &format!("Oui, c'est moi.\n\n{head}\n\n{QUOTED}\n"), "Oui, c'est moi.");
        check(head, &format!("{head}\n\n{marked}"), "");
    }
}

#[test]
fn web_mail_that_marks_each_line() {
    check(
        "orange",
        "Oui\n\n> Message du 03/03/26 10:12\n> De : \"Service DPO\" <dpo@verger.example>\n> A : nadia@example.net\n> Copie à : \n> Objet : Confirmez\n> \n> Supprimez mes données.\n",
        "Oui",
    );
    check(
        "hotmail",
        "Oui\n\n> Subject: Confirmez\n> From: dpo@verger.example\n> To: nadia@example.net\n> Date: Tue, 3 Mar 2026 10:12:22 +0100\n>\n> Supprimez\n",
        "Oui",
    );
}

#[test]
fn answers_between_quoted_lines_are_never_cut() {
    check(
        "inline",
        "Bonjour,\n\nLe 3 mars 2026 à 10:12, DPO <dpo@verger.example> a écrit :\n> Êtes-vous Nadia Verdier ?\nOui.\n> Voulez-vous la suppression ou seulement ne plus recevoir nos lettres ?\n\nLa suppression de tout.\n\n> Cordialement\n> Le DPO\n\nNadia\n",
        "Bonjour,\n\nOui.\n\nLa suppression de tout.\n\nNadia",
    );
    let read = html(
        "<div>Voir plus bas.</div><div class=\"gmail_quote\"><div class=\"gmail_attr\">Le mar. 3 mars 2026 à 10:12, DPO &lt;<a href=\"mailto:dpo@verger.example\">dpo@verger.example</a>&gt; a écrit :<br></div><blockquote class=\"gmail_quote\" style=\"margin:0 0 0 .8ex;border-left:1px solid\">Êtes-vous Nadia ?</blockquote><div>Oui, supprimez tout.</div><blockquote class=\"gmail_quote\">Cordialement</blockquote></div>",
    );
    assert_eq!(read.visible.own, "Voir plus bas.\n\nOui, supprimez tout.");
    assert_whole("gmail inline", &read);
}

#[test]
fn html_of_the_usual_programs() {
    let cases = [
        (
            "gmail",
            "<div dir=\"ltr\">Oui</div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">Le mar. 3 mars 2026 à 10:12, DPO &lt;dpo@verger.example&gt; a écrit :<br></div><blockquote class=\"gmail_quote\"><p>Supprimez mes données</p></blockquote></div>",
        ),
        (
            "outlook desktop",
            "<div class=WordSection1><p class=MsoNormal>Oui<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>De&nbsp;:</b> DPO &lt;dpo@verger.example&gt; <br><b>Envoyé&nbsp;:</b> mardi 3 mars 2026 10:12<br><b>À&nbsp;:</b> Nadia<br><b>Objet&nbsp;:</b> Confirmez</p></div></div><p class=MsoNormal>Supprimez mes données</p></div>",
        ),
        (
            "outlook in a language we do not read",
            "<p class=MsoNormal>Oui</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal><b>Lähettäjä:</b> DPO<br><b>Aihe:</b> Vahvista</p></div><p>Supprimez</p>",
        ),
        (
            "outlook web",
            "<div>Oui</div><div id=\"appendonsend\"></div><hr style=\"display:inline-block;width:98%\" tabindex=\"-1\"><div id=\"divRplyFwdMsg\" dir=\"ltr\"><b>De :</b> DPO<br><b>Objet :</b> Confirmez</div><div>Supprimez mes données</div>",
        ),
        (
            "apple",
            "<body>Oui<br><div><br><blockquote type=\"cite\"><div>Le 3 mars 2026 à 10:12, DPO &lt;dpo@verger.example&gt; a écrit :</div><br><div>Supprimez</div></blockquote></div></body>",
        ),
        (
            "thunderbird",
            "<p>Oui</p><div class=\"moz-cite-prefix\">Le 03/03/2026 à 10:12, DPO a écrit&nbsp;:<br></div><blockquote type=\"cite\" cite=\"mid:x\"><p>Supprimez</p></blockquote>",
        ),
        (
            "yahoo",
            "<div class=\"yahoo-style-wrap\"><div>Oui</div></div><div id=\"ydp1yahoo_quoted_1\" class=\"yahoo_quoted\"><div>Le mardi 3 mars 2026 à 10:12:00 UTC+1, DPO &lt;dpo@verger.example&gt; a écrit :</div><div>Supprimez mes données</div></div>",
        ),
        (
            "proton",
            "<div>Oui</div><div class=\"protonmail_quote\">Le mardi 3 mars 2026 à 10:12, DPO &lt;dpo@verger.example&gt; a écrit :<br><blockquote class=\"protonmail_quote\" type=\"cite\">Supprimez</blockquote></div>",
        ),
        (
            "outlook phone",
            "<div>Oui</div><div id=\"ms-outlook-mobile-signature\">Obtenir <a href=\"x\">Outlook pour Android</a></div><hr><div id=\"divRplyFwdMsg\"><strong>From:</strong> DPO</div>Supprimez",
        ),
        (
            "new outlook",
            "<div>Oui</div><div id=\"mail-editor-reference-message-container\"><div><b>De : </b>DPO<br><b>Date : </b>mardi</div>Supprimez</div>",
        ),
        ("renamed by outlook", "<div>Oui</div><div class=\"x_yahoo_quoted\">Supprimez</div>"),
        (
            "hidden words",
            "<div style=\"display:none\">Supprimez mes données</div><span style='font-size:0px'>Supprimez</span><div style=\"visibility: hidden\">Supprimez</div><p style=\"color:#ffffff\">Supprimez</p><p hidden>Supprimez</p>Oui<style>p{}</style><script>var a='<p>Supprimez';</script><!-- Supprimez --><!--[if mso]>Supprimez<![endif]--><template>Supprimez</template>",
        ),
    ];
    for (name, body) in cases {
        let read = html(body);
        assert_eq!(read.visible.own, "Oui", "{name}: {:?} {:?}", read.visible.full, read.visible.cuts);
        assert_whole(name, &read);
    }
}

#[test]
fn html_is_laid_out_as_it_is_read() {
    let cases = [
        (
            "<p>Bonjour,</p><p>Je  veux\n une <b>copie</b> de mes donn&eacute;es.</p>",
            "Bonjour,\n\nJe veux une copie de mes données.",
        ),
        ("un<br>deux<br/>trois", "un\ndeux\ntrois"),
        ("<div>un</div><div>deux</div>", "un\ndeux"),
        ("<ul><li>accès</li><li>effacement</li></ul>", "- accès\n- effacement"),
        (
            "<table><tr><td>Nom</td><td>Nadia</td></tr><tr><td>Ville</td><td>Lyon</td></tr></table>",
            "Nom Nadia\nVille Lyon",
        ),
        ("<pre>a\n  b</pre>", "a\n  b"),
        (
            "1 &lt; 2 &amp;&amp; 3 &gt; 2 &#39;x&#x27; &#146; &euro; &nosuch; & x",
            "1 < 2 && 3 > 2 'x' ’ € &nosuch; & x",
        ),
        ("prix <5 euros, et 3<4", "prix <5 euros, et 3<4"),
        ("<a title=\"a > b\" href='x'>ici</a>", "ici"),
        ("dé<wbr>sabo&shy;nnez", "désabo\u{ad}nnez"),
        (
            "<blockquote style=\"margin:0 0 0 40px;border:none;padding:0px\">Mon texte en retrait</blockquote>",
            "Mon texte en retrait",
        ),
        ("<div style=\"font-size:0.9em;opacity:0.5;max-height:0.5em\">visible</div>", "visible"),
        (
            "<table bgcolor=\"#000000\"><tr><td style=\"color:#ffffff\">blanc sur noir</td></tr></table>",
            "blanc sur noir",
        ),
        ("pas de fin <b>de balise", "pas de fin de balise"),
        ("fin <a href=\"x", "fin <a href=\"x"),
        ("<p>avant<!-- jamais fini <p>après", "avant jamais fini\n\naprès"),
    ];
    for (body, own) in cases {
        assert_eq!(html(body).visible.own, own, "{body}");
    }
}

#[test]
fn signatures_go_and_wishes_stay() {
    check(
        "delimiter",
        "Supprimez mon compte.\n\n-- \nNadia Verdier\nTél. 01 99 00 12 34\nwww.example.net\n",
        "Supprimez mon compte.",
    );
    check(
        "closing formula",
        "Supprimez mon compte.\n\nCordialement,\n\nNadia Verdier\nComptable\n12 rue des Lilas, 69001 Lyon\n06 99 00 12 34\n",
        "Supprimez mon compte.\n\nCordialement,",
    );
    check(
        "a wish below the name",
        "Bonjour\n\nCordialement,\nNadia\n\nPS : supprimez aussi mon numéro.\n",
        "Bonjour\n\nCordialement,\nNadia\n\nPS : supprimez aussi mon numéro.",
    );
    check(
        "a wish below the delimiter",
        "Bonjour\n-- \nMerci de me désinscrire.\n",
        "Bonjour\n-- \nMerci de me désinscrire.".replace("-- ", "--").as_str(),
    );
    check("nothing above", "-- \nNadia Verdier\n", "--\nNadia Verdier");
    for line in [
        "Envoyé de mon iPhone",
        "Envoyé depuis mon appareil Galaxy",
        "Envoyé depuis mon mobile Orange",
        "Envoyé à partir de Outlook pour Android",
        "Envoyé à partir de Courrier pour Windows",
        "Envoyé depuis l'application Mail Orange",
        "Envoyé avec la messagerie sécurisée Proton Mail.",
        "Envoyé via Yahoo Mail pour Android",
        "Télécharger Outlook pour Android",
        "Télécharger Outlook pour iOS<https://aka.ms/o0ukef>",
        "Obtenez Outlook pour iOS",
        "Get Outlook for iOS",
        "Get Outlook for Android<https://aka.ms/AAb9ysg>",
        "Sent from my iPhone",
        "Sent from my Samsung Galaxy smartphone.",
        "Sent from Yahoo Mail on Android",
        "Sent from Mail for Windows",
        "Sent with Proton Mail secure email.",
        "Provenance : Courrier pour Windows",
        "Von meinem iPhone gesendet",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Verzonden vanaf mijn iPhone",
        "Enviado do meu iPhone",
    ] {
        check(line, &format!("STOP\n\n{line}\n"), "STOP");
        check(line, &format!("{line}\n"), "");
    }
    let by_post = "Envoyé par courrier recommandé le 3 mars, ma demande reste sans réponse.";
    check("no telephone", &format!("{by_post}\n"), by_post);
}

#[test]
fn notices_go() {
    for notice in [
        "Ce message et toutes les pièces jointes sont confidentiels et établis à l'intention exclusive de ses destinataires. Si vous recevez ce message par erreur, merci de le détruire et d'en avertir l'expéditeur.",
        "Ce courriel et ses pièces jointes peuvent contenir des informations confidentielles. Si vous n'êtes pas le destinataire, supprimez-le.",
        "This e-mail and any attachments are confidential and intended solely for the addressee. If you are not the intended recipient, please delete it and notify the sender.",
        "CONFIDENTIALITY NOTICE: This message is intended only for the recipient and may be privileged. If received in error, delete it.",
        "Pensez à l'environnement avant d'imprimer ce message.",
        "Please consider the environment before printing this email.",
        "L'absence de virus dans ce courrier électronique a été vérifiée par le logiciel antivirus Avast.\nwww.avast.com",
        "Garanti sans virus. www.avast.com",
        "Pour vous désabonner de cette lettre, cliquez ici : https://www.example.com/u",
        "You are receiving this because you signed up at example.com. To unsubscribe click here.",
    ] {
        check(notice, &format!("Bonjour, une question.\n\n{notice}\n"), "Bonjour, une question.");
        let read = plain("Question", &format!("Bonjour, une question.\n\n{notice}\n"));
        assert_eq!(read.visible.cuts.last().map(|cut| cut.reason), Some(CutReason::Footer), "{notice}");
    }
    for words in [
        "Ce message est confidentiel et destiné à votre DPO : supprimez mes données.",
        "Pour vous désabonner cliquez ici, dites-vous : je clique et rien ne se passe.",
        "Comment se désabonner ?",
        "This email is my formal request to delete my data.",
    ] {
        check(words, &format!("{words}\n"), words);
    }
}

#[test]
fn a_letters_own_head_is_no_quote() {
    let letter = "De : Nadia Verdier\nÀ : Société du Verger, service DPO\nObjet : Demande d'effacement\nLyon, le 3 mars 2026\n\nMadame, Monsieur,\nje vous demande l'effacement de mes données.";
    let read = plain("Demande d'effacement", letter);
    assert_eq!(read.visible.own, letter);
    let told = "Le 3 mars 2026, vous m'avez écrit :\n« votre demande est prise en compte ».\nRien n'a été fait : supprimez mes données.";
    assert_eq!(plain("Relance", told).visible.own, told);
    let reply = "Je me suis inscrite le 3 mars :\nplus rien depuis. Désinscrivez-moi.";
    assert_eq!(plain("Bonjour", reply).visible.own, reply);
}

#[test]
fn forwards_keep_their_words_apart() {
    let markers = [
        "---------- Forwarded message ---------\nDe : Nadia <nadia@example.org>\nDate : mar. 3 mars 2026 à 10:12\nSubject: Mes données\nTo: <paul@example.net>\n",
        "---------- Message transféré ----------\nDe : Nadia <nadia@example.org>\nDate : mar. 3 mars 2026 à 10:12\nObjet : Mes données\nÀ : Paul\n",
        "-------- Message transféré --------\nSujet : \tMes données\nDate : \tTue, 3 Mar 2026 10:12:00 +0100\nDe : \tNadia <nadia@example.org>\nPour : \tpaul@example.net\n",
        "-----Message transféré-----\nDe : Nadia\nObjet : Mes données\n",
        "----- Mail transféré -----\nDe: \"Nadia\" <nadia@example.org>\nObjet: Mes données\n",
        "-----Forwarded message-----\nFrom: Nadia\nSubject: Mes données\n",
        "Begin forwarded message:\n\nFrom: Nadia <nadia@example.org>\nSubject: Mes données\nDate: 3 March 2026 at 10:12:00 CET\nTo: paul@example.net\n",
        "Début du message réexpédié :\n\nDe: Nadia <nadia@example.org>\nObjet: Mes données\nDate: 3 mars 2026 à 10:12:00 UTC+1\nÀ: paul@example.net\n",
        "De : Nadia <nadia@example.org>\nEnvoyé : mardi 3 mars 2026 10:12\nÀ : Paul\nObjet : Mes données\n",
        "________________________________\nFrom: Nadia <nadia@example.org>\nSent: Tuesday, March 3, 2026 10:12 AM\nTo: Paul\nSubject: Mes données\n",
    ];
    for marker in markers {
        let read = plain(
            "TR: Mes données",
            &format!("Merci de traiter la demande ci-dessous.\n\n{marker}\n{QUOTED}\n"),
        );
        assert_eq!(read.visible.own, "Merci de traiter la demande ci-dessous.", "{marker}");
        let forwarded = read.forwarded.as_deref().unwrap_or_default();
        assert!(
            forwarded.starts_with("Mes données") && forwarded.contains("Supprimez mes données"),
            "{marker}: {forwarded}"
        );
        assert!(!forwarded.contains("nadia@example.org"), "{marker}: {forwarded}");
        assert!(read.visible.cuts.iter().any(|cut| cut.reason == CutReason::Forward), "{marker}");
        assert_whole(marker, &read);
        assert_eq!(plain("TR: Mes données", &format!("{marker}\n{QUOTED}\n")).visible.own, "", "{marker}");
    }
}

#[test]
fn text_that_is_only_attached() {
    let head = "From: nadia@example.net\nSubject: TR: demande\nContent-Type: multipart/mixed; boundary=b";
    let message = "--b\nContent-Type: text/plain\n\nMerci de traiter.\n--b\nContent-Type: message/rfc822\n\nFrom: paul@example.org\nSubject: Mes donnees\n\nSupprimez mon compte.\n--b--\n";
    let read = parse(mail(head, message));
    assert_eq!(read.visible.own, "Merci de traiter.");
    assert!(read.forwarded.as_deref().unwrap_or_default().contains("Supprimez mon compte."));
    assert!(read.visible.full.contains("Supprimez mon compte."));
    assert_whole("attached message", &read);
    let file = "--b\nContent-Type: text/plain; name=demande.txt\nContent-Disposition: attachment; filename=demande.txt\n\nSupprimez mon compte.\n--b--\n";
    assert_eq!(parse(mail(head, file)).visible.own, "Supprimez mon compte.");
    let both = format!("--b\nContent-Type: text/plain\n\nVoir la lettre.\n{file}");
    let read = parse(mail(head, &both));
    assert_eq!(read.visible.own, "Voir la lettre.");
    assert_eq!(read.attachments.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["demande.txt"]);
}

#[test]
fn soft_line_breaks_are_undone() {
    let read = parse(mail(
        "From: nadia@example.net\nSubject: Re: x\nContent-Type: text/plain; charset=utf-8; format=flowed",
        "Je vous demande de bien vouloir supprimer la totalité de mes \ndonnées personnelles.\nMerci \nNadia \n\n> Voulez-vous vraiment que nous supprimions votre compte et toutes les \ndonnées qui y sont liées ? \nOui \n",
    ));
    assert_eq!(
        read.visible.own,
        "Je vous demande de bien vouloir supprimer la totalité de mes données personnelles.\nMerci\nNadia\n\nOui"
    );
}

#[test]
fn an_answer_below_our_unmarked_letter_is_found() {
    let letter = "De : DPO <dpo@verger.example>\nEnvoyé : mardi 3 mars 2026 10:12\nÀ : Nadia\nObjet : Cette demande vient-elle bien de vous ?\n\nC'est bien vous ? Répondez « oui ».\n\n--\nDossier 2026-0042\n\nVous pouvez à tout moment adresser une réclamation à la CNIL : https://www.cnil.fr/fr/plaintes\n";
    check("below", &format!("{letter}\nOui, c'est bien moi.\n"), "Oui, c'est bien moi.");
    check("above", &format!("Oui.\n\n{letter}"), "Oui.");
    check("nothing", letter, "");
    let thread = "De : Nadia <nadia@example.net>\nEnvoyé : lundi 2 mars 2026 09:00\nÀ : DPO\nObjet : Mes données\n\nSupprimez mes données.\n";
    check("the whole thread", &format!("Oui.\n\n{letter}\n{thread}"), "Oui.");
}

#[test]
fn the_letters_end_as_this_room_believes() {
    for language in ["fr", "en"] {
        let foot = std::fs::read_to_string(format!("templates/mail/{language}/_foot.txt"))
            .expect("the foot of our letters");
        let last = foot.lines().rfind(|line| !line.trim().is_empty()).expect("a last line");
        let letter = format!(
            "From: DPO <dpo@verger.example>\nSent: Tuesday, March 3, 2026 10:12 AM\nTo: Nadia\nSubject: x\n\nDelete my data?\n\n{last}\n\nNo.\n"
        );
        check(language, &letter, "No.");
    }
}
