//! The servers that the other tests lean on do what they promise.

use std::io::{BufRead, Write};
use std::time::SystemTime;

use crate::servers::{Dovecot, PASSWORD, SmtpServer, SmtpSink, sample};

#[test]
fn the_servers_of_the_tests_work() {
    let dovecot = Dovecot::start();
    dovecot.deliver("dpo", &sample(1, 300));
    let mails: Vec<_> = (2..5).map(|number| sample(number, 3000)).collect();
    dovecot.drop_in("dpo", "Junk", SystemTime::now(), mails.iter().map(Vec::as_slice));
    assert_eq!(dovecot.uids("dpo", "INBOX"), [1]);
    assert_eq!(dovecot.uids("dpo", "Junk"), [1, 2, 3]);
    dovecot.expunge("dpo", "Junk", &["uid", "2"]);
    dovecot.mark_seen("dpo", "Junk");
    dovecot.change_uidvalidity("dpo", "Junk", 4711);
    assert_eq!(dovecot.flags("dpo", "Junk").len(), 2);
}

#[test]
fn the_smtp_servers_of_the_tests_work() {
    let server = SmtpServer::start("plain");
    for port in [server.port, SmtpSink::start().port] {
        let mut line = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut answers = std::io::BufReader::new(line.try_clone().unwrap());
        let mut answer = String::new();
        for words in [
            "",
            "HELO me\r\n",
            "MAIL FROM:<>\r\n",
            "RCPT TO:<a@example.com>\r\n",
            "DATA\r\n",
            "A: b\r\n\r\n..\r\n.\r\n",
        ] {
            line.write_all(words.as_bytes()).unwrap();
            answer.clear();
            answers.read_line(&mut answer).unwrap();
        }
        assert!(answer.starts_with("250"), "{answer}");
    }
    let kept = server.received();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].raw, b"A: b\r\n\r\n.\r\n");
    assert_eq!((kept[0].mail_from.as_str(), &kept[0].rcpt_tos[..]), ("", &["a@example.com".to_owned()][..]));
    assert_eq!(server.violations(), "");
}

#[test]
fn the_encrypted_smtp_servers_of_the_tests_work() {
    use lettre::transport::smtp::authentication::Credentials;
    use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
    use lettre::{Address, SmtpTransport, Transport, address::Envelope};

    for security in ["tls", "starttls"] {
        let mut server = SmtpServer::start(security);
        let ca = Certificate::from_pem(&std::fs::read(server.ca_file()).unwrap()).unwrap();
        let tls =
            TlsParameters::builder("localhost".to_owned()).add_root_certificate(ca).build_rustls().unwrap();
        let tls = if security == "tls" { Tls::Wrapper(tls) } else { Tls::Required(tls) };
        let client = SmtpTransport::builder_dangerous("localhost")
            .port(server.port)
            .tls(tls)
            .credentials(Credentials::new("rightsd".to_owned(), PASSWORD.to_owned()))
            .build();
        let send = |to: &str| {
            let to = to.parse::<Address>().unwrap();
            let envelope = Envelope::new(Some("a@example.org".parse().unwrap()), vec![to]).unwrap();
            client.send_raw(&envelope, b"Subject: x\r\n\r\nx\r\n")
        };
        send("ok@example.com").unwrap();
        assert!(send("later1@example.com").unwrap_err().is_transient());
        assert!(send("gone1@example.com").unwrap_err().is_permanent());
        assert!(send("cutdot@example.com").is_err());
        server.fail_with(Some("451"));
        assert!(send("ok@example.com").unwrap_err().is_transient());
        server.fail_with(None);
        server.stop();
        assert!(send("ok@example.com").is_err());
        server.start_again();
        send("ok@example.com").unwrap();
        assert_eq!(server.received_by("ok@example.com").len(), 2);
        assert_eq!(server.received_by("cutdot@example.com").len(), 1);
        assert!(server.received().iter().all(|mail| mail.tls && mail.login));
        assert_eq!(server.violations(), "");
    }
}
