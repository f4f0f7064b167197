//! T13, T25: out-of-office, bounces, receipts, lists and other robots are never a request and never answered.

use std::collections::BTreeSet;

use rightsd::classify::{Answer, Kind, OwnPhrases, classify};
use rightsd::mail::Origin;

use super::{encoded, message as mail, parse, screen};

/// What programs say in one language.
struct Tongue {
    code: &'static str,
    away: [&'static str; 4],
    away_subject: [&'static str; 3],
    automatic_subject: &'static str,
    receipt: [&'static str; 3],
    undelivered: [&'static str; 2],
    undelivered_subject: [&'static str; 2],
    newsletter: &'static str,
    read: &'static str,
    /// A request that somebody else wrote and that the robot quotes.
    quoted: &'static str,
}

const TONGUES: [Tongue; 6] = [
    Tongue {
        code: "fr",
        away: [
            "Bonjour,\n\nJe suis actuellement absent du bureau jusqu'au 17 août inclus.\nEn cas d'urgence, merci de contacter ma collègue Inès Pommier (ines@example.org).\n\nCordialement,\nMarc Verdier",
            "Bonjour,\nJe suis en congés du 3 au 21 août. Votre message sera lu à mon retour.\nBien à vous",
            "Madame, Monsieur,\n\nNos bureaux sont fermés jusqu'au 2 janvier. Nous prendrons connaissance de votre message dès notre retour. Pour toute urgence vous pouvez joindre le standard au 01 99 00 12 34.\n",
            "Je ne travaille pas le mercredi. Pour toute demande urgente, contactez le secrétariat.",
        ],
        away_subject: ["Absence du bureau", "Absent jusqu'au 17 août", "En congés du 3 au 21 août"],
        automatic_subject: "Réponse automatique : ",
        receipt: [
            "Bonjour,\n\nVotre demande a bien été enregistrée sous le numéro 48213. Un conseiller vous répondra dans les plus brefs délais.\n\nMerci de ne pas répondre à ce message automatique.",
            "Bonjour,\n\nNous avons bien reçu votre message et nous vous remercions de votre confiance. Nos équipes mettent tout en œuvre pour vous répondre sous 48 heures ouvrées.\n\nLe service client",
            "Nous accusons réception de votre courriel. Il sera traité dans les meilleurs délais par nos services.",
        ],
        undelivered: [
            "Votre message n'a pas pu être remis aux destinataires suivants :\n\nnadia@example.net\nL'adresse est introuvable (550 5.1.1).",
            "La remise a échoué pour ces destinataires : nadia@example.net. Boîte aux lettres pleine.",
        ],
        undelivered_subject: ["Non remis : Confirmez votre demande", "Échec de la remise du message"],
        newsletter: "Les nouveautés de la semaine\n\nDécouvrir l'offre : https://www.example.com/offre\n\nVous recevez cet e-mail car vous êtes inscrit à notre lettre.\nPour vous désabonner, cliquez ici : https://www.example.com/u",
        read: "Votre message\n\nA : Nadia\nObjet : Confirmez votre demande\n\na été lu le mardi 3 mars 2026 10:12.",
        quoted: "> Je vous demande de supprimer toutes mes données et de me désinscrire.",
    },
    Tongue {
        code: "en",
        away: [
            "Hello,\n\nI am currently out of the office until Monday 17 August with limited access to my email.\nFor urgent matters please contact ines@example.org.\n\nKind regards,\nMark",
            "Thank you for your email. I'm on annual leave and will be back in the office on 21 August. I will respond upon my return.",
            "Our offices are closed until 2 January. If your message is urgent, please contact our front desk.",
            "I am away from my desk this week. In case of emergency you can reach Sam on 0199 001234.",
        ],
        away_subject: ["Out of office", "Away until 17 August", "On vacation"],
        automatic_subject: "Automatic reply: ",
        receipt: [
            "Your request (48213) has been received and is being reviewed by our support staff.\n\nTo add additional comments, reply to this email.",
            "Hi,\n\nThank you for contacting us. We have received your message and one of our agents will get back to you within 2 business days.\n\nThe support team",
            "This is an automated response to let you know that your email has been received. Please do not reply to this message.",
        ],
        undelivered: [
            "Your message could not be delivered to one or more recipients.\n\n<nadia@example.net>: 550 5.1.1 user unknown",
            "Delivery to the following recipient failed permanently: nadia@example.net. The mailbox is full.",
        ],
        undelivered_subject: [
            "Undeliverable: Confirm your request",
            "Mail delivery failed: returning message to sender",
        ],
        newsletter: "This week's news\n\nShop now: https://www.example.com/offer\n\nYou are receiving this because you signed up.\nTo unsubscribe, click here: https://www.example.com/u",
        read: "Your message\n\nTo: Nadia\nSubject: Confirm your request\n\nwas read on Tuesday 3 March 2026 10:12.",
        quoted: "> Please delete all my data and unsubscribe me.",
    },
    Tongue {
        code: "de",
        away: [
            "Guten Tag,\n\nich bin derzeit nicht im Büro und ab dem 17. August wieder erreichbar.\nIn dringenden Fällen wenden Sie sich bitte an ines@example.org.",
            "Ich bin im Urlaub. Ihre E-Mail wird nicht weitergeleitet.",
            "Ich bin bis zum 2. Januar nicht im Hause. Bei dringenden Anliegen kontaktieren Sie bitte die Zentrale.",
            "Ich bin abwesend. Ihre Nachricht lese ich nach meiner Rückkehr.",
        ],
        away_subject: ["Abwesenheitsnotiz", "Abwesend bis 17. August", "Ich bin im Urlaub"],
        automatic_subject: "Automatische Antwort: ",
        receipt: [
            "Vielen Dank für Ihre Nachricht. Ihre Anfrage ist bei uns eingegangen und wird schnellstmöglich bearbeitet. Ihre Ticketnummer: 48213.",
            "Wir haben Ihre Anfrage erhalten. Unser Team wird sich innerhalb von zwei Werktagen melden. Diese E-Mail wurde automatisch erstellt.",
            "Dies ist eine automatische Eingangsbestätigung. Bitte antworten Sie nicht auf diese E-Mail.",
        ],
        undelivered: [
            "Ihre Nachricht konnte nicht zugestellt werden: nadia@example.net. Empfänger nicht gefunden.",
            "Fehler beim Zustellen an nadia@example.net: Postfach ist voll.",
        ],
        undelivered_subject: ["Unzustellbar: Bestätigen Sie", "Zustellung fehlgeschlagen"],
        newsletter: "Neues der Woche\n\nSie erhalten diesen Newsletter, weil Sie sich angemeldet haben.\nVom Newsletter abmelden: https://www.example.com/u\nImpressum",
        read: "Ihre Nachricht an Nadia wurde gelesen am 3. März 2026 10:12.",
        quoted: "> Bitte löschen Sie meine Daten.",
    },
    Tongue {
        code: "es",
        away: [
            "Hola:\n\nEstoy fuera de la oficina hasta el 17 de agosto. Para asuntos urgentes, pueden contactar con ines@example.org.",
            "Estoy de vacaciones hasta el 21 de agosto. Responderé a mi regreso.",
            "Estaré ausente hasta el 2 de enero. En caso de urgencia, contacte con la centralita.",
            "Actualmente estoy de viaje con acceso limitado al correo.",
        ],
        away_subject: ["Fuera de la oficina", "Ausente hasta el 17", "De vacaciones"],
        automatic_subject: "Respuesta automática: ",
        receipt: [
            "Gracias por contactar con nosotros. Hemos recibido su mensaje y le responderemos lo antes posible. Nuestro equipo",
            "Hemos recibido su solicitud con número de ticket 48213. Le contestaremos en breve.",
            "Este es un mensaje automático. Por favor, no responda a este correo.",
        ],
        undelivered: [
            "No se pudo entregar el mensaje a nadia@example.net. La dirección no existe (550 5.1.1).",
            "Error en la entrega a nadia@example.net: buzón lleno.",
        ],
        undelivered_subject: ["No se puede entregar: Confirme", "Notificación de estado de entrega"],
        newsletter: "Novedades de la semana\n\nHa recibido este correo porque está suscrito. Si no desea recibir más, puede darse de baja aquí: https://www.example.com/u. Ver en el navegador.",
        read: "Su mensaje para Nadia fue leído el 3 de marzo de 2026.",
        quoted: "> Les pido que eliminen mis datos.",
    },
    Tongue {
        code: "it",
        away: [
            "Buongiorno,\n\nsono fuori ufficio fino al 17 agosto. Per urgenze potete contattare ines@example.org.",
            "Sono in ferie fino al 21 agosto. Risponderò al mio rientro.",
            "Sarò assente fino al 2 gennaio. In caso di urgenza si prega di contattare il centralino.",
            "Sono assente per malattia con accesso limitato alla posta.",
        ],
        away_subject: ["Fuori ufficio", "Assente fino al 17", "In ferie"],
        automatic_subject: "Risposta automatica: ",
        receipt: [
            "Grazie per averci contattato. Abbiamo ricevuto la sua richiesta e risponderemo il prima possibile. Il nostro team",
            "La sua richiesta è stata registrata con numero di ticket 48213 ed è in lavorazione.",
            "Questo è un messaggio automatico, si prega di non rispondere.",
        ],
        undelivered: [
            "Impossibile recapitare il messaggio a nadia@example.net (550 5.1.1).",
            "Recapito non riuscito: casella piena.",
        ],
        undelivered_subject: ["Mancata consegna: Conferma", "Messaggio non recapitabile"],
        newsletter: "Le novità della settimana\n\nHai ricevuto questa email perché sei iscritto. Annulla iscrizione: https://www.example.com/u. Visualizza nel browser.",
        read: "Il messaggio è stato letto in data 3 marzo 2026.",
        quoted: "> Vi chiedo di cancellare i miei dati.",
    },
    Tongue {
        code: "nl",
        away: [
            "Goedendag,\n\nIk ben momenteel afwezig tot 17 augustus. Voor dringende zaken kunt u contact opnemen met ines@example.org.",
            "Ik ben met vakantie tot 21 augustus. Na mijn terugkeer beantwoord ik uw bericht.",
            "Ik ben niet aanwezig. Bij spoed: bel de receptie.",
            "Ik ben op vakantie. Tijdens mijn afwezigheid wordt uw mail niet gelezen.",
        ],
        away_subject: ["Afwezig", "Niet aanwezig", "Op vakantie"],
        automatic_subject: "Automatisch antwoord: ",
        receipt: [
            "Bedankt voor uw bericht. Wij hebben uw aanvraag ontvangen en antwoorden zo snel mogelijk. Ons team",
            "Uw aanvraag is ontvangen onder ticketnummer 48213 en is in behandeling.",
            "Dit is een automatisch bericht; u kunt deze e-mail niet beantwoorden.",
        ],
        undelivered: [
            "Uw bericht kon niet worden bezorgd bij nadia@example.net (550 5.1.1).",
            "Het bericht kan niet worden bezorgd: postvak is vol.",
        ],
        undelivered_subject: ["Onbestelbaar: Bevestig", "Bezorging mislukt"],
        newsletter: "Het nieuws van de week\n\nU ontvangt deze mail omdat u zich heeft aangemeld. Uitschrijven: https://www.example.com/u. Bekijk online.",
        read: "Uw bericht is gelezen op 3 maart 2026.",
        quoted: "> Verwijder al mijn gegevens.",
    },
];

/// What kind of text a format carries, and under which subject.
#[derive(Clone, Copy)]
enum Says {
    /// Away, under `{auto}Re …` as the format's program writes subjects.
    Away(Subject),
    Receipt(Subject),
    Undelivered,
    Newsletter,
    Read,
}

#[derive(Clone, Copy)]
enum Subject {
    /// "Automatic reply: …" in the language.
    Automatic,
    /// "Out of office" in the language.
    Away,
    /// "Re: …", nothing else.
    Reply,
    /// As given.
    Fixed(&'static str),
}

struct Format {
    name: &'static str,
    says: Says,
    from: &'static str,
    fields: &'static str,
    expected: Origin,
}

const PERSON: &str = "Marc Verdier <marc@example.org>";
const SERVICE: &str = "Service client <contact@shop.example>";
const NOREPLY: &str = "Ne pas répondre <noreply@shop.example>";
const DAEMON: &str = "Mail Delivery System <MAILER-DAEMON@mx.example.org>";

const fn format(
    name: &'static str,
    says: Says,
    from: &'static str,
    fields: &'static str,
    expected: Origin,
) -> Format {
    Format { name, says, from, fields, expected }
}

/// Programs, as they mark their mails. Several mark nothing at all.
const FORMATS: [Format; 53] = [
    format("nothing-but-words", Says::Away(Subject::Reply), PERSON, "", Origin::AutoReply),
    format("receipt-of-nothing-but-words", Says::Receipt(Subject::Reply), SERVICE, "", Origin::AutoReply),
    format("read-without-a-part", Says::Read, PERSON, "", Origin::AutoReply),
    format(
        "exchange-oof",
        Says::Away(Subject::Automatic),
        PERSON,
        "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\nX-MS-Exchange-Inbox-Rules-Loop: marc@example.org\nX-MS-Has-Attach:",
        Origin::AutoReply,
    ),
    format(
        "exchange-old",
        Says::Away(Subject::Away),
        PERSON,
        "X-Auto-Response-Suppress: DR, OOF, AutoReply\nX-MimeOLE: Produced By Microsoft Exchange V6.5",
        Origin::AutoReply,
    ),
    format(
        "outlook-subject-only",
        Says::Away(Subject::Automatic),
        PERSON,
        "X-Mailer: Microsoft Outlook 16.0",
        Origin::AutoReply,
    ),
    format(
        "gmail-vacation",
        Says::Away(Subject::Reply),
        PERSON,
        "Auto-Submitted: auto-replied\nPrecedence: bulk\nX-Autoreply: yes",
        Origin::AutoReply,
    ),
    format(
        "vacation-1",
        Says::Away(Subject::Fixed("away from my mail")),
        PERSON,
        "Precedence: bulk\nAuto-Submitted: auto-replied",
        Origin::AutoReply,
    ),
    format("vacation-old", Says::Away(Subject::Reply), PERSON, "Precedence: junk", Origin::AutoReply),
    format(
        "sieve",
        Says::Away(Subject::Fixed("Auto: Confirmez votre demande")),
        PERSON,
        "Auto-Submitted: auto-replied (vacation)",
        Origin::AutoReply,
    ),
    format(
        "sieve-owner",
        Says::Away(Subject::Reply),
        PERSON,
        "Auto-Submitted: auto-replied; owner-email=\"marc@example.org\"\nX-Sieve: Pigeonhole Sieve 2.3.21",
        Origin::AutoReply,
    ),
    format(
        "zimbra",
        Says::Away(Subject::Reply),
        PERSON,
        "Auto-Submitted: auto-replied (zimbra; vacation)\nPrecedence: bulk",
        Origin::AutoReply,
    ),
    format(
        "cpanel",
        Says::Away(Subject::Reply),
        PERSON,
        "X-Autorespond: Confirmez votre demande\nPrecedence: auto_reply\nX-Precedence: auto_reply",
        Origin::AutoReply,
    ),
    format(
        "plesk",
        Says::Away(Subject::Reply),
        PERSON,
        "X-Autoreply: yes\nAuto-Submitted: auto-replied",
        Origin::AutoReply,
    ),
    format(
        "ovh",
        Says::Away(Subject::Reply),
        PERSON,
        "X-Autoreply: Yes\nPrecedence: bulk",
        Origin::AutoReply,
    ),
    format("orange", Says::Away(Subject::Automatic), PERSON, "X-Mailer: Laposte v10", Origin::AutoReply),
    format("free-without-fields", Says::Away(Subject::Away), PERSON, "", Origin::AutoReply),
    format(
        "words-only",
        Says::Away(Subject::Reply),
        PERSON,
        "X-Auto-Response-Suppress: All",
        Origin::AutoReply,
    ),
    format(
        "notes",
        Says::Away(Subject::Fixed("Marc Verdier is out of the office")),
        PERSON,
        "X-Mailer: Lotus Domino\nAuto-Submitted: auto-generated",
        Origin::AutoReply,
    ),
    format(
        "groupwise",
        Says::Away(Subject::Away),
        PERSON,
        "X-Mailer: Novell GroupWise\nAuto-Submitted: auto-replied",
        Origin::AutoReply,
    ),
    format(
        "kerio",
        Says::Away(Subject::Fixed("[Auto-Reply] Confirmez")),
        PERSON,
        "X-Auto-Reply: yes",
        Origin::AutoReply,
    ),
    format(
        "mdaemon",
        Says::Away(Subject::Automatic),
        PERSON,
        "X-MDaemon-Deliver-To: dpo@verger.example\nPrecedence: bulk\nX-Mdautoresponder: yes\nX-Autoresponder: yes",
        Origin::AutoReply,
    ),
    format(
        "first-class",
        Says::Away(Subject::Reply),
        PERSON,
        "X-FC-MachineGenerated: true",
        Origin::AutoReply,
    ),
    format(
        "post-messageclass",
        Says::Away(Subject::Reply),
        PERSON,
        "X-POST-MessageClass: 9; Autoresponder",
        Origin::AutoReply,
    ),
    format(
        "communigate",
        Says::Away(Subject::Fixed("Away from mail")),
        PERSON,
        "X-Autogenerated: Reply",
        Origin::AutoReply,
    ),
    format(
        "delivered-autoresponder",
        Says::Away(Subject::Reply),
        PERSON,
        "Delivered-To: Autoresponder",
        Origin::AutoReply,
    ),
    format(
        "zendesk",
        Says::Receipt(Subject::Fixed("[Request received] Confirmez")),
        "Support <support@shop.example>",
        "Auto-Submitted: auto-generated\nX-Zendesk-From-Account-Id: 1\nX-Auto-Response-Suppress: All\nX-Mailer: Zendesk Mailer",
        Origin::AutoReply,
    ),
    format(
        "freshdesk",
        Says::Receipt(Subject::Fixed("Ticket Received - Confirmez")),
        SERVICE,
        "Auto-Submitted: auto-replied\nX-Auto-Response-Suppress: DR, RN, OOF, AutoReply",
        Origin::AutoReply,
    ),
    format(
        "otrs",
        Says::Receipt(Subject::Fixed("[Ticket#2026030310] Confirmez")),
        SERVICE,
        "Precedence: bulk\nAuto-Submitted: auto-generated\nX-OTRS-Loop: yes",
        Origin::AutoReply,
    ),
    format(
        "glpi",
        Says::Receipt(Subject::Fixed("[GLPI #0048213] Nouveau ticket")),
        SERVICE,
        "X-Auto-Response-Suppress: OOF, DR, NDR, RN, NRN\nAuto-Submitted: auto-generated\nIn-Reply-To: <c1@verger.example>",
        Origin::AutoReply,
    ),
    format(
        "osticket",
        Says::Receipt(Subject::Fixed("Support Ticket Opened [#48213]")),
        SERVICE,
        "X-Autoreply: osTicket\nX-Auto-Response-Suppress: ALL, AutoReply\nAuto-Submitted: auto-replied",
        Origin::AutoReply,
    ),
    format(
        "jira",
        Says::Receipt(Subject::Fixed("SUP-48213 Confirmez votre demande")),
        SERVICE,
        "Auto-Submitted: auto-replied\nPrecedence: bulk\nX-JIRA-FingerPrint: 1",
        Origin::AutoReply,
    ),
    format(
        "salesforce",
        Says::Receipt(Subject::Automatic),
        NOREPLY,
        "X-SFDC-User: 1\nX-Mailer: Salesforce",
        Origin::AutoReply,
    ),
    format("ticket-from-noreply", Says::Receipt(Subject::Reply), NOREPLY, "", Origin::AutoReply),
    format("ticket-without-fields", Says::Receipt(Subject::Automatic), SERVICE, "", Origin::AutoReply),
    format(
        "intercom",
        Says::Receipt(Subject::Reply),
        SERVICE,
        "X-Auto-Response-Suppress: All\nAuto-Submitted: auto-replied",
        Origin::AutoReply,
    ),
    format(
        "requesttracker",
        Says::Receipt(Subject::Fixed("[shop.example #48213] AutoReply: Confirmez")),
        SERVICE,
        "Precedence: bulk\nX-RT-Loop-Prevention: shop\nAuto-Submitted: auto-replied",
        Origin::AutoReply,
    ),
    format(
        "crisp",
        Says::Receipt(Subject::Reply),
        NOREPLY,
        "Auto-Submitted: auto-generated\nIn-Reply-To: <c1@verger.example>",
        Origin::AutoReply,
    ),
    format("bounce-daemon", Says::Undelivered, DAEMON, "Auto-Submitted: auto-replied", Origin::Bounce),
    format("bounce-null", Says::Undelivered, "postmaster@example.org", "Return-Path: <>", Origin::Bounce),
    format(
        "bounce-exim",
        Says::Undelivered,
        "Mail Delivery System <Mailer-Daemon@mx.example.org>",
        "X-Failed-Recipients: nadia@example.net\nAuto-Submitted: auto-replied",
        Origin::Bounce,
    ),
    format(
        "bounce-exchange",
        Says::Undelivered,
        "Microsoft Outlook <postmaster@example.org>",
        "Return-Path: <>\nX-MS-Exchange-Message-Is-Ndr:\nAuto-Submitted: auto-generated",
        Origin::Bounce,
    ),
    format(
        "bounce-without-fields",
        Says::Undelivered,
        "Mail Delivery Subsystem <mailer-daemon@example.org>",
        "",
        Origin::Bounce,
    ),
    format("bounce-postmaster", Says::Undelivered, "postmaster@example.org", "", Origin::Bounce),
    format(
        "bounce-gmail",
        Says::Undelivered,
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "Auto-Submitted: auto-replied\nX-Failed-Recipients: nadia@example.net\nReturn-Path: <>",
        Origin::Bounce,
    ),
    format(
        "newsletter-list-unsubscribe",
        Says::Newsletter,
        "La Boutique <bonjour@shop.example>",
        "List-Unsubscribe: <https://shop.example/u>, <mailto:u@shop.example>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click",
        Origin::ListMail,
    ),
    format(
        "newsletter-precedence",
        Says::Newsletter,
        "La Boutique <bonjour@shop.example>",
        "Precedence: bulk",
        Origin::ListMail,
    ),
    format(
        "newsletter-service",
        Says::Newsletter,
        "La Boutique <newsletter@shop.example>",
        "Feedback-ID: 1:shop:mailjet\nX-CSA-Complaints: csa@example.org",
        Origin::ListMail,
    ),
    format("newsletter-noreply", Says::Newsletter, NOREPLY, "", Origin::ListMail),
    format(
        "mailman",
        Says::Newsletter,
        "Marc via Liste <liste@lists.example>",
        "List-Id: <liste.lists.example>\nList-Post: <mailto:liste@lists.example>\nX-Mailman-Version: 2.1.29\nPrecedence: list",
        Origin::ListMail,
    ),
    format(
        "google-groups",
        Says::Newsletter,
        "Marc <groupe@lists.example>",
        "Mailing-list: list groupe@lists.example\nList-ID: <groupe.lists.example>\nX-Google-Group-Id: 1",
        Origin::ListMail,
    ),
    format(
        "sympa",
        Says::Newsletter,
        "liste@lists.example",
        "X-Loop: liste@lists.example\nList-Id: <liste.lists.example>\nX-no-archive: yes",
        Origin::ListMail,
    ),
    format(
        "newsletter-campaign",
        Says::Newsletter,
        "Promo <promo@shop.example>",
        "X-Campaign: mailchimp1\nX-MC-User: 1",
        Origin::ListMail,
    ),
];

fn subject(subject: Subject, tongue: &Tongue, variation: usize) -> String {
    match subject {
        Subject::Automatic => format!("{}Confirmez votre demande [R-2026-0042]", tongue.automatic_subject),
        Subject::Away => pick(&tongue.away_subject, variation).to_owned(),
        Subject::Reply => "Re: Confirmez votre demande [R-2026-0042]".to_owned(),
        Subject::Fixed(text) => text.to_owned(),
    }
}

fn pick<'t>(all: &[&'t str], variation: usize) -> &'t str {
    all[variation % all.len()]
}

/// One robot mail. Odd variations quote a request of somebody else, every third is HTML.
fn robot(format: &Format, tongue: &Tongue, variation: usize) -> String {
    let (subject, text) = match format.says {
        Says::Away(how) => (subject(how, tongue, variation), pick(&tongue.away, variation)),
        Says::Receipt(how) => (subject(how, tongue, variation), pick(&tongue.receipt, variation)),
        Says::Undelivered => {
            (pick(&tongue.undelivered_subject, variation).to_owned(), pick(&tongue.undelivered, variation))
        }
        Says::Read => (
            if tongue.code == "fr" { "Lu : Confirmez".to_owned() } else { "Read: Confirmez".to_owned() },
            tongue.read,
        ),
        Says::Newsletter => {
            (tongue.newsletter.lines().next().unwrap_or_default().to_owned(), tongue.newsletter)
        }
    };
    let mut text = text.to_owned();
    let newsletter = matches!(format.says, Says::Newsletter);
    if variation % 2 == 1 && !newsletter {
        text.push_str(&format!(
            "\n\nLe 3 mars 2026 à 10:12, Nadia <nadia@example.net> a écrit :\n\n{}\n",
            tongue.quoted
        ));
    }
    let (kind, body) = if variation % 3 == 2 {
        let lines: Vec<String> = text.lines().map(|line| line.replace('<', "&lt;")).collect();
        ("text/html", format!("<html><body><p>{}</p></body></html>", lines.join("<br>\n")))
    } else {
        ("text/plain", text)
    };
    let fields = if format.fields.is_empty() { String::new() } else { format!("\n{}", format.fields) };
    mail(
        &format!(
            "From: {}\nTo: dpo@verger.example\nSubject: {}\nDate: Tue, 3 Mar 2026 10:12:00 +0100\nMessage-ID: <{}-{}-{variation}@example.org>{fields}\nMIME-Version: 1.0\nContent-Type: {kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit",
            format.from,
            encoded(&subject),
            format.name,
            tongue.code,
        ),
        &body,
    )
}

#[test]
fn t13_five_hundred_robot_mails_are_never_a_persons() {
    let (mut count, mut by_words) = (0, 0);
    let mut wrong = Vec::new();
    for format in &FORMATS {
        for tongue in &TONGUES {
            for variation in 0..4 {
                let mail = robot(format, tongue, variation);
                let screening = screen(&mail);
                count += 1;
                let mut asks = matches!(
                    screening.origin,
                    Origin::Person | Origin::ListUnsubscribe | Origin::FeedbackOptOut
                );
                if screening.by_words {
                    // Where only words tell, they are weighed once more.
                    let reading = classify(&parse(&mail), &screening, &OwnPhrases::default());
                    asks |= reading.kinds.iter().any(|kind| matches!(kind, Kind::Asks(_)));
                    asks |= reading.kinds.contains(&Kind::Confirmation) && reading.answer == Answer::Yes;
                    by_words += 1;
                }
                if asks || screening.may_answer.is_ok() {
                    wrong.push(format!(
                        "{} {} {variation}: {:?} {:?}",
                        format.name, tongue.code, screening.origin, screening.signs
                    ));
                }
            }
        }
    }
    let names: BTreeSet<_> = FORMATS.iter().map(|format| format.name).collect();
    assert_eq!(names.len(), FORMATS.len());
    assert!(by_words >= 50, "{by_words}");
    assert!(count >= 1_000 && FORMATS.len() >= 50 && TONGUES.len() >= 5);
    assert!(
        wrong.is_empty(),
        "{} of {count} taken for a person or answered:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn t13_robots_are_the_kind_they_are() {
    let mut wrong = Vec::new();
    for format in &FORMATS {
        for tongue in &TONGUES[..2] {
            for variation in 0..4 {
                let screening = screen(robot(format, tongue, variation));
                if screening.origin != format.expected {
                    wrong.push(format!(
                        "{} {} {variation}: {:?} {:?}",
                        format.name, tongue.code, screening.origin, screening.signs
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
