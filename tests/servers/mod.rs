//! Real servers on loopback for tests: Dovecot, an SMTP server that keeps what it gets, a proxy that cuts lines,
//! and scripted servers that break the rules. Each lives in a folder and on ports of its own; all end on drop.
//!
//! Debian: `apt-get install --no-install-recommends dovecot-imapd dovecot-lmtpd python3-aiosmtpd postfix openssl`.

// Several test programs include this; none uses all of it.
#![allow(dead_code, unused_imports, unreachable_pub, missing_docs, clippy::unwrap_used)]

mod browser;
mod dovecot;
mod proxy;
mod scripted;
mod smtp;
mod world;

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub use browser::Browser;
pub use dovecot::{Dovecot, PASSWORD, sample};
pub use proxy::Proxy;
pub use scripted::{Scripted, Talk};
pub use smtp::{Received, SmtpServer, SmtpSink};
pub use world::{Settings, World, answer, mail};

/// The user and group that servers run as when the tests run as root, which Dovecot refuses to be.
const NOBODY: u32 = 65534;

/// A process that does not outlive its owner.
pub struct Running(Child);

impl Running {
    pub fn start(command: &mut Command, program: &str) -> Self {
        let child = command.stdin(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|error| panic!("{program} cannot be started ({error}); is it installed?")))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Ends it the friendly way, so that it can take its own children along; then the other way.
    pub fn stop(&mut self) {
        if !self.is_alive() {
            return;
        }
        let _ = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
        let until = Instant::now() + Duration::from_secs(3);
        while self.is_alive() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A port that nobody listens on right now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until something listens on `port`; false when `server` ends first or ten seconds pass.
pub fn listens(port: u16, server: &mut Running) -> bool {
    answers(server, || TcpStream::connect(("127.0.0.1", port)).is_ok())
}

/// Waits until it `connects`; false when `server` ends first or ten seconds pass.
pub fn answers(server: &mut Running, connects: impl Fn() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if connects() {
            return true;
        }
        if !server.is_alive() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Waits until `holds`, at most `seconds`; the test fails with `what` when it never does.
#[track_caller]
pub fn eventually(what: &str, seconds: u64, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(seconds);
    while !holds() {
        assert!(Instant::now() < until, "not within {seconds} s: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A folder for one server. Under /tmp, because paths of sockets are short.
fn folder(name: &str) -> tempfile::TempDir {
    tempfile::Builder::new().prefix(name).tempdir_in("/tmp").unwrap()
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// Hands a file or folder to the user that servers run as.
fn give(path: &Path) {
    if is_root() {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

/// The command, run as the user that servers run as.
fn unprivileged(program: &str) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups", program]);
    command
}

/// Writes a key and a certificate that is its own authority: `c.pem` for `localhost` and 127.0.0.1, and `other.pem`
/// for a name that nobody here has; returns the first one's path.
fn certificate(folder: &Path) -> PathBuf {
    for (cert, key, name, names) in [
        ("c.pem", "k.pem", "localhost", "DNS:localhost,IP:127.0.0.1"),
        ("other.pem", "other-key.pem", "mail.example.net", "DNS:mail.example.net"),
    ] {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
            .args(["-days", "30", "-subj", &format!("/CN={name}")])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-addext", &format!("subjectAltName={names}"), "-keyout"])
            .arg(folder.join(key))
            .arg("-out")
            .arg(folder.join(cert))
            .output()
            .expect("openssl is not installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        give(&folder.join(cert));
        give(&folder.join(key));
    }
    folder.join("c.pem")
}
