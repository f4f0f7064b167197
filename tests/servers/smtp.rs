//! SMTP servers: one that keeps and judges every mail (aiosmtpd), one that is fast (Postfix's smtp-sink).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{PASSWORD, Running, certificate, folder, free_port, give, is_root, listens};

/// Keeps every mail as a file; see `smtp.py` for what recipients can make it do.
pub struct SmtpServer {
    /// Where it listens.
    pub port: u16,
    security: &'static str,
    server: Option<Running>,
    dir: tempfile::TempDir,
}

/// One mail, as the server got it.
#[derive(Clone, Debug)]
pub struct Received {
    /// The envelope's sender; empty for `<>`.
    pub mail_from: String,
    /// The envelope's recipients.
    pub rcpt_tos: Vec<String>,
    /// Whether the line was encrypted.
    pub tls: bool,
    /// Whether the client logged in.
    pub login: bool,
    /// The bytes, dots taken out.
    pub raw: Vec<u8>,
}

impl Received {
    /// The bytes as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// The first part of its text, decoded.
    pub fn words(&self) -> String {
        let mail = mail_parser::MessageParser::default().parse(&self.raw).unwrap();
        mail.body_text(0).unwrap().into_owned()
    }

    /// The first field of that name, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = self.text().replace("\r\n ", " ").replace("\r\n\t", " ");
        let head = text.split("\r\n\r\n").next()?.to_owned();
        head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

impl SmtpServer {
    /// `security` is "plain", "starttls" or "tls"; but for "plain" a login as `rightsd` with [`PASSWORD`] is asked.
    pub fn start(security: &'static str) -> Self {
        let dir = folder("smtp");
        certificate(dir.path());
        fs::write(dir.path().join("smtp.py"), include_str!("smtp.py")).unwrap();
        fs::write(dir.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        fs::set_permissions(dir.path().join("password"), fs::Permissions::from_mode(0o600)).unwrap();
        let mut this = Self { port: 0, security, server: None, dir };
        for _ in 0..5 {
            this.port = free_port();
            if this.run() {
                return this;
            }
        }
        panic!("the SMTP server does not start: is python3-aiosmtpd installed?");
    }

    /// Stops it; what it kept stays.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts it again on the same port.
    pub fn start_again(&mut self) {
        assert!(self.run(), "the SMTP server does not start again");
    }

    fn run(&mut self) -> bool {
        // The system's own Python: that is where the distribution's aiosmtpd lies.
        let python = if Path::new("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" };
        let mut command = Command::new(python);
        // A second life continues the numbering in a folder of its own.
        let lives = self.lives().len();
        let folder = self.dir.path().join(format!("{lives:03}"));
        fs::create_dir(&folder).unwrap();
        for name in ["c.pem", "k.pem"] {
            fs::copy(self.dir.path().join(name), folder.join(name)).unwrap();
        }
        command
            .arg(self.dir.path().join("smtp.py"))
            .arg(self.port.to_string())
            .arg(&folder)
            .arg(self.security)
            .stderr(fs::File::create(self.dir.path().join("noise")).unwrap());
        let mut server = Running::start(&mut command, "python3");
        let ready = listens(self.port, &mut server);
        self.server = Some(server);
        ready
    }

    fn lives(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut lives: Vec<_> = entries.filter(|path| path.is_dir()).collect();
        lives.sort();
        lives
    }

    /// The authority that signed its certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("c.pem")
    }

    /// A file that holds [`PASSWORD`], mode 0600.
    pub fn password_file(&self) -> PathBuf {
        self.dir.path().join("password")
    }

    /// The lines under `[smtp]` for a configuration file.
    pub fn smtp_table(&self) -> String {
        let port = self.port;
        if self.security == "plain" {
            return format!("host = \"127.0.0.1\"\nport = {port}\nsecurity = \"plaintext\"\n");
        }
        format!(
            "host = \"localhost\"\nport = {port}\nsecurity = \"{}\"\nca_file = \"{}\"\nusername = \"rightsd\"\n\
             password_file = \"{}\"\n",
            self.security,
            self.ca_file().display(),
            self.password_file().display()
        )
    }

    /// Every mail so far, in the order in which they came.
    pub fn received(&self) -> Vec<Received> {
        let mut all = Vec::new();
        for life in self.lives() {
            let mut files: Vec<_> = fs::read_dir(life).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
            files.sort();
            all.extend(files.iter().map(|file| read(file)));
        }
        all
    }

    /// The mails to one recipient.
    pub fn received_by(&self, recipient: &str) -> Vec<Received> {
        self.received().into_iter().filter(|mail| mail.rcpt_tos.iter().any(|to| to == recipient)).collect()
    }

    /// What was against the rules; empty when nothing was.
    pub fn violations(&self) -> String {
        let read = |life: &PathBuf| fs::read_to_string(life.join("VIOLATIONS")).unwrap_or_default();
        self.lives().iter().map(read).collect()
    }

    /// Makes every transaction fail with this code ("451", "550", "close"), or none with `None`.
    pub fn fail_with(&self, code: Option<&str>) {
        let lives = self.lives();
        let file = lives.last().unwrap().join("FAIL");
        match code {
            Some(code) => fs::write(file, code).unwrap(),
            None => fs::remove_file(file).unwrap_or_default(),
        }
    }
}

fn read(file: &Path) -> Received {
    let facts = fs::read(file.with_extension("json")).unwrap();
    let facts: serde_json::Value = serde_json::from_slice(&facts).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    Received {
        mail_from: text(&facts["mail_from"]),
        rcpt_tos: facts["rcpt_tos"].as_array().unwrap().iter().map(text).collect(),
        tls: facts["tls"] == true,
        login: facts["login"] == true,
        raw: fs::read(file).unwrap(),
    }
}

/// Takes mail as fast as it comes, without TLS; one file each.
pub struct SmtpSink {
    /// Where it listens.
    pub port: u16,
    _server: Running,
    dir: tempfile::TempDir,
}

impl SmtpSink {
    /// Starts one.
    pub fn start() -> Self {
        let dir = folder("sink");
        let mails = dir.path().join("mails");
        fs::create_dir(&mails).unwrap();
        give(dir.path());
        give(&mails);
        for _ in 0..5 {
            let port = free_port();
            let mut command = Command::new("/usr/sbin/smtp-sink");
            if is_root() {
                command.args(["-u", "nobody"]);
            }
            command.current_dir(&mails).args(["-d", "%H%M%S."]).arg(format!("127.0.0.1:{port}")).arg("100");
            let mut server = Running::start(&mut command, "smtp-sink (Debian: postfix)");
            if listens(port, &mut server) {
                return Self { port, _server: server, dir };
            }
        }
        panic!("smtp-sink does not start");
    }

    /// The lines under `[smtp]` for a configuration file.
    pub fn smtp_table(&self) -> String {
        format!("host = \"127.0.0.1\"\nport = {}\nsecurity = \"plaintext\"\n", self.port)
    }

    /// Mails so far.
    pub fn count(&self) -> usize {
        fs::read_dir(self.dir.path().join("mails")).unwrap().count()
    }
}
