//! A real Dovecot 2.3 with TLS and STARTTLS, the accounts `optout@example.org` and `dpo@example.org`, and `Junk`.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::{Running, answers, certificate, folder, free_port, give, is_root, listens, unprivileged};

/// The password of every account.
pub const PASSWORD: &str = "correct horse";

pub struct Dovecot {
    /// Implicit TLS.
    pub imaps: u16,
    /// Plain, with STARTTLS.
    pub imap: u16,
    /// Takes deliveries.
    pub lmtp: u16,
    server: Option<Running>,
    dir: tempfile::TempDir,
    delivered: AtomicU64,
}

impl Dovecot {
    /// Starts one; ready when it returns.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// The same with more lines of configuration; `{d}` in them is the server's folder, where `other.pem` and
    /// `other-key.pem` are a certificate for another name.
    pub fn start_with(extra: &str) -> Self {
        let dir = folder("dovecot");
        let path = dir.path();
        certificate(path);
        fs::write(path.join("password"), format!("{PASSWORD}\n")).unwrap();
        fs::set_permissions(path.join("password"), fs::Permissions::from_mode(0o600)).unwrap();
        let mut users = String::new();
        for user in ["optout", "dpo", "other"] {
            writeln!(users, "{user}@example.org:{{PLAIN}}{PASSWORD}::::::").unwrap();
        }
        // A password that LOGIN cannot carry.
        writeln!(users, "umlaut@example.org:{{PLAIN}}pässword \"\\::::::").unwrap();
        fs::write(path.join("users"), users).unwrap();
        fs::create_dir(path.join("mail")).unwrap();
        for name in ["", "users", "mail"] {
            give(&path.join(name));
        }
        let mut this = Self { imaps: 0, imap: 0, lmtp: 0, server: None, dir, delivered: AtomicU64::new(0) };
        // Between finding free ports and taking them another test may have come.
        for _ in 0..5 {
            [this.imaps, this.imap, this.lmtp] = [free_port(), free_port(), free_port()];
            fs::write(this.dir.path().join("dovecot.conf"), this.configuration(extra)).unwrap();
            if this.run() {
                return this;
            }
        }
        panic!("Dovecot does not start:\n{}", this.log());
    }

    /// Stops it; the mail stays.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts it again after [`Dovecot::stop`], on the same ports.
    pub fn start_again(&mut self) {
        assert!(self.run(), "Dovecot does not start again:\n{}", self.log());
    }

    fn run(&mut self) -> bool {
        let mut command = unprivileged("/usr/sbin/dovecot");
        command.arg("-F").arg("-c").arg(self.conf());
        let mut server = Running::start(&mut command, "dovecot");
        let ready = [self.imaps, self.imap, self.lmtp].iter().all(|port| listens(*port, &mut server));
        // Who listens at a port may be another test's server, which took it first: the socket is this one's alone.
        let socket = self.dir.path().join("run/auth-userdb");
        let ready = ready && answers(&mut server, || UnixStream::connect(&socket).is_ok());
        self.server = Some(server);
        ready
    }

    fn conf(&self) -> PathBuf {
        self.dir.path().join("dovecot.conf")
    }

    /// What it wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// The authority that signed its certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("c.pem")
    }

    /// A file that holds [`PASSWORD`], mode 0600.
    pub fn password_file(&self) -> PathBuf {
        self.dir.path().join("password")
    }

    /// The same without encryption, at another port: a proxy's.
    pub fn plain_imap_table(&self, user: &str, after: &str, port: u16) -> String {
        self.imap_table(user, after).replace(
            &format!("port = {}, security = \"tls\"", self.imaps),
            &format!("port = {port}, security = \"plaintext\""),
        )
    }

    /// The value of `imap =` for a configuration file: implicit TLS, INBOX and Junk.
    pub fn imap_table(&self, user: &str, after: &str) -> String {
        format!(
            "{{ host = \"localhost\", port = {}, security = \"tls\", ca_file = \"{}\", username = \"{user}@example.org\", \
             password_file = \"{}\", folders = [\"INBOX\", \"Junk\"], after = \"{after}\" }}",
            self.imaps,
            self.ca_file().display(),
            self.password_file().display()
        )
    }

    /// Delivers through LMTP: slow, as a real server would do it.
    pub fn deliver(&self, user: &str, raw: &[u8]) {
        self.save(user, "INBOX", raw);
    }

    /// Saves one mail into a folder of an account, announced to whoever is idling there.
    pub fn save(&self, user: &str, folder: &str, raw: &[u8]) {
        use std::io::Write;
        let mut command = self.doveadm();
        command.args(["save", "-u", &format!("{user}@example.org"), "-m", folder]);
        let mut child =
            command.stdin(std::process::Stdio::piped()).spawn().expect("doveadm cannot be started");
        child.stdin.take().unwrap().write_all(raw).unwrap();
        assert!(child.wait().unwrap().success(), "doveadm save failed");
    }

    /// Puts mails straight into the account's Maildir, received at `at`: thousands in a second.
    pub fn drop_in<'a>(
        &self,
        user: &str,
        folder: &str,
        at: SystemTime,
        mails: impl IntoIterator<Item = &'a [u8]>,
    ) {
        let root = self.maildir(user);
        let home = if folder == "INBOX" { root } else { root.join(format!(".{folder}")) };
        for part in ["cur", "new", "tmp"] {
            make_folder(&home.join(part), self.dir.path());
        }
        for raw in mails {
            let number = self.delivered.fetch_add(1, Ordering::Relaxed);
            let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
            let name = format!("{seconds}.M{number:09}P1.test");
            let file = home.join("tmp").join(&name);
            fs::write(&file, raw).unwrap();
            fs::File::options().write(true).open(&file).unwrap().set_modified(at).unwrap();
            give(&file);
            fs::rename(&file, home.join("new").join(&name)).unwrap();
        }
    }

    /// The account's folder on disk.
    pub fn maildir(&self, user: &str) -> PathBuf {
        self.dir.path().join("mail").join(format!("{user}@example.org"))
    }

    /// The UIDs in a folder, in order; empty when it does not exist.
    pub fn uids(&self, user: &str, folder: &str) -> Vec<u32> {
        self.fetch(user, folder, "uid")
            .iter()
            .filter_map(|line| line.strip_prefix("uid: ")?.parse().ok())
            .collect()
    }

    /// The flags of every mail in a folder, in order, without `\Recent`.
    pub fn flags(&self, user: &str, folder: &str) -> Vec<String> {
        self.fetch(user, folder, "flags")
            .iter()
            .filter_map(|line| Some(line.strip_prefix("flags:")?.replace("\\Recent", "").trim().to_owned()))
            .collect()
    }

    fn fetch(&self, user: &str, folder: &str, what: &str) -> Vec<String> {
        let user = format!("{user}@example.org");
        let done =
            self.doveadm().args(["-f", "pager", "fetch", "-u", &user, what, "mailbox", folder]).output();
        let text = String::from_utf8_lossy(&done.unwrap().stdout).into_owned();
        text.lines().map(str::to_owned).collect()
    }

    /// A colleague deletes what matches, such as `["uid", "1:3"]` or `["all"]`.
    pub fn expunge(&self, user: &str, folder: &str, query: &[&str]) {
        let user = format!("{user}@example.org");
        self.tell(&[&["expunge", "-u", &user, "mailbox", folder], query].concat());
    }

    /// A colleague reads everything.
    pub fn mark_seen(&self, user: &str, folder: &str) {
        self.tell(&[
            "flags",
            "add",
            "-u",
            &format!("{user}@example.org"),
            "\\Seen",
            "mailbox",
            folder,
            "all",
        ]);
    }

    /// The folder's UIDs mean something else from now on.
    pub fn change_uidvalidity(&self, user: &str, folder: &str, value: u32) {
        let user = format!("{user}@example.org");
        self.tell(&["mailbox", "update", "-u", &user, "--uid-validity", &value.to_string(), folder]);
    }

    /// Cuts the account's connections.
    pub fn kick(&self, user: &str) {
        let _ = self.doveadm().args(["kick", &format!("{user}@example.org")]).output();
    }

    /// Runs doveadm, which must succeed.
    #[track_caller]
    pub fn tell(&self, words: &[&str]) -> String {
        let done = self.doveadm().args(words).output().expect("doveadm cannot be started");
        assert!(done.status.success(), "doveadm {words:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    fn doveadm(&self) -> Command {
        let mut command = unprivileged("/usr/bin/doveadm");
        command.arg("-c").arg(self.conf());
        command
    }

    fn configuration(&self, extra: &str) -> String {
        let Self { imaps, imap, lmtp, .. } = self;
        let d = self.dir.path().display();
        let extra = extra.replace("{d}", &d.to_string());
        let (user, group) =
            if is_root() { ("nobody".to_owned(), "nogroup".to_owned()) } else { (me("-un"), me("-gn")) };
        format!(
            "protocols = imap lmtp
listen = 127.0.0.1
base_dir = {d}/run
state_dir = {d}/run
log_path = {d}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{d}/mail/%u
ssl = yes
ssl_cert = <{d}/c.pem
ssl_key = <{d}/k.pem
auth_mechanisms = plain login
auth_failure_delay = 0
mail_max_userip_connections = 50
mail_fsync = never
passdb {{
  driver = passwd-file
  args = {d}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={d}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
{extra}
"
        )
    }
}

fn me(flag: &str) -> String {
    let name = Command::new("id").arg(flag).output().expect("id cannot be started").stdout;
    String::from_utf8(name).unwrap().trim().to_owned()
}

fn make_folder(path: &Path, root: &Path) {
    if path == root || path.exists() {
        return;
    }
    if let Some(parent) = path.parent() {
        make_folder(parent, root);
    }
    fs::create_dir(path).unwrap();
    give(path);
}

/// A mail of `bytes` or a little more, different for each `number`.
pub fn sample(number: usize, bytes: usize) -> Vec<u8> {
    let mut mail = format!(
        "From: Person {number} <person{number}@example.com>\r\nTo: dpo@example.org\r\nSubject: Number {number}\r\n\
         Date: Mon, 2 Nov 2026 10:00:00 +0100\r\nMessage-ID: <{number}@example.com>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n"
    );
    while mail.len() < bytes {
        mail.push_str("Bonjour, merci de ne plus m'envoyer de publicit\u{e9}.\r\n");
    }
    mail.into_bytes()
}
