//! The real binary between a real Dovecot and a real SMTP server, with a configuration and a store of its own.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{Dovecot, Received, Running, SmtpServer, folder};

/// One installation. Mailboxes `optout` and `dpo`, the DPO is `dora@example.org`.
pub struct World {
    pub dovecot: Dovecot,
    pub smtp: SmtpServer,
    dir: tempfile::TempDir,
}

/// What an installation sets besides; later settings of a key are not allowed, as in the file itself.
#[derive(Default)]
pub struct Settings<'s> {
    /// Lines of `[limits]`.
    pub limits: &'s str,
    /// Whole tables.
    pub tables: &'s str,
    /// Where the IMAP server is reached instead: a port without encryption.
    pub imap: Option<u16>,
}

impl World {
    /// Over encrypted lines.
    pub fn new() -> Self {
        let limits = "letters_per_address_day = 10\nletters_per_address_kind_day = 5";
        Self::with(Dovecot::start(), "starttls", &Settings { limits, ..Settings::default() })
    }

    /// Around servers that run already; `security` is the SMTP server's.
    pub fn with(dovecot: Dovecot, security: &'static str, settings: &Settings<'_>) -> Self {
        let world = Self { dovecot, smtp: SmtpServer::start(security), dir: folder("world") };
        world.configure(settings);
        world
    }

    /// Writes the configuration anew.
    pub fn configure(&self, settings: &Settings<'_>) {
        let imap = |user: &str| match settings.imap {
            Some(port) => self.dovecot.plain_imap_table(user, "keep", port),
            None => self.dovecot.imap_table(user, "keep"),
        };
        let config = format!(
            r#"
[controller]
name = "Example"
group = "Example Group"
entities = ["Example Shop"]
postal_address = ["1 Main Street"]
dpo_email = "dora@example.org"
reference_prefix = "EX"
[[mailbox]]
name = "optout"
purpose = "opt-out"
address = "optout@example.org"
imap = {}
[[mailbox]]
name = "dpo"
purpose = "rights"
address = "dpo@example.org"
imap = {}
[smtp]
{}
[store]
path = "{}/data/rightsd.db"
free_mib_min = 16
[identity]
authserv_id = "mx.example.org"
dkim = false
[limits]
{}
{}
"#,
            imap("optout"),
            imap("dpo"),
            self.smtp.smtp_table(),
            self.dir.path().display(),
            settings.limits,
            settings.tables,
        );
        std::fs::write(self.config(), config).unwrap();
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("config.toml")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.dir.path().join("data/rightsd.db")
    }

    /// The binary with this configuration and these words.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rightsd"));
        command.arg("--config").arg(self.config()).args(words);
        command
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// What a command that must succeed prints.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> String {
        let done = self.run(words);
        assert!(done.status.success(), "{words:?}: {}{}", text(&done.stdout), text(&done.stderr));
        text(&done.stdout)
    }

    /// One round of the daemon: all that waits is fetched, understood and sent.
    #[track_caller]
    pub fn round(&self) {
        self.says(&["serve", "--once"]);
    }

    /// The daemon, to be left running or killed; what it logs is in [`World::log`].
    pub fn serve(&self, fail_point: Option<&str>) -> std::process::Child {
        self.serving(fail_point).spawn().unwrap()
    }

    /// The daemon until the end of the test.
    pub fn serve_on(&self) -> Running {
        Running::start(&mut self.serving(None), "rightsd")
    }

    fn serving(&self, fail_point: Option<&str>) -> Command {
        let mut command = self.command(&["serve"]);
        if let Some(point) = fail_point {
            command.env("RIGHTSD_FAIL_POINT", point);
        }
        let log = OpenOptions::new().create(true).append(true).open(self.dir.path().join("log")).unwrap();
        command.stderr(log).stdout(Stdio::null());
        command
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    pub fn cases(&self) -> Vec<serde_json::Value> {
        let listed = self.says(&["cases", "list", "--all", "--json"]);
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The only case of `sender`.
    #[track_caller]
    pub fn case_of(&self, sender: &str) -> serde_json::Value {
        let mut cases = self.cases();
        cases.retain(|case| case["sender"] == sender);
        assert_eq!(cases.len(), 1, "{cases:?}");
        cases.remove(0)
    }

    pub fn opted_out(&self, address: &str) -> bool {
        match self.run(&["optouts", "check", address]).status.code() {
            Some(0) => true,
            Some(1) => false,
            other => panic!("{other:?}"),
        }
    }

    /// The letters to one person, in order.
    pub fn letters(&self, to: &str) -> Vec<Received> {
        self.smtp.received_by(to)
    }

    /// The same once there are `count`, which a running daemon may take a moment for.
    #[track_caller]
    pub fn wait_for_letters(&self, to: &str, count: usize) -> Vec<Received> {
        let until = Instant::now() + Duration::from_secs(60);
        while Instant::now() < until {
            let letters = self.letters(to);
            if letters.len() >= count {
                return letters;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{} letters instead of {count}; the log:\n{}", self.letters(to).len(), self.log());
    }

    /// A mail arrives, with line ends as on the wire.
    pub fn write(&self, user: &str, mail: &str) {
        self.dovecot.save(user, "INBOX", mail.replace('\n', "\r\n").as_bytes());
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A mail as a person's program writes it; its Message-ID is its content's.
pub fn mail(from: &str, fields: &str, subject: &str, words: &str) -> String {
    let id = format!("{:x}", words.len() * 7919 + subject.len() * 31 + from.len());
    format!(
        "{fields}From: {from}\nTo: dpo@example.org\nSubject: {subject}\nMessage-ID: <{id}.{}@mail.example>\n\
         MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{words}\n",
        from.replace('@', ".")
    )
}

/// An answer as mail programs write it: to the letter's Reply-To, naming its id.
pub fn answer(letter: &Received, from: &str, words: &str) -> String {
    let to = letter.header("Reply-To").unwrap();
    let id = letter.header("Message-ID").unwrap();
    let fields = format!("Delivered-To: {to}\nIn-Reply-To: {id}\nReferences: {id}\n");
    mail(from, &fields, "Re: votre message", words)
}
