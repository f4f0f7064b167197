//! Why a mailbox could not be read, in words for a person: never what a server said, never a secret (T55).

use std::fmt;
use std::io;

use crate::store::StoreError;

/// Why mail did not come in. [`IntakeError::is_transient`] says whether waiting may help.
#[derive(Debug)]
#[non_exhaustive]
pub enum IntakeError {
    /// The password cannot be read; the sentence says which key and what to do.
    Password(String),
    /// The file of `ca_file` holds no certificate that can be read.
    CaFile(String),
    /// No certificate of an authority was found on this system.
    NoAuthorities,
    /// No connection to the server.
    Unreachable(io::ErrorKind),
    /// `plaintext` was configured, and the server is not on this machine.
    NotLoopback,
    /// The server's certificate is not accepted; why.
    Certificate(&'static str),
    /// The port does not speak TLS, or no version of it that is safe.
    NotTls,
    /// The server does not offer STARTTLS.
    NoStartTls,
    /// A step took longer than its deadline; which.
    Late(&'static str),
    /// The line broke, or the server ended it.
    Closed,
    /// The server takes no password over this connection.
    NoPasswordLogin,
    /// User name or password are wrong.
    LoginRefused,
    /// The server cannot check passwords right now.
    LoginUnavailable,
    /// The server said NO or BAD to this command.
    Refused(&'static str),
    /// The server sent what no server may send; what.
    Nonsense(&'static str),
    /// A configured folder does not exist on the server; these do.
    NoFolder {
        /// The folder.
        folder: String,
        /// Folders that exist, at most fifty.
        existing: Vec<String>,
    },
    /// A folder of a Maildir, or a file, cannot be used.
    Files {
        /// Its path.
        path: String,
        /// Why.
        kind: io::ErrorKind,
    },
    /// The disk is nearly full: intake pauses until there is room (R17).
    DiskFull,
    /// The store did not take the mail.
    Store(StoreError),
    /// The system gives no random bytes, or a task was lost.
    System(&'static str),
}

impl IntakeError {
    /// Whether trying again may help without anybody's doing (RFC 5321 would say 4yz).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::Late(_)
            | Self::Closed
            | Self::LoginUnavailable
            | Self::Refused(_)
            | Self::Nonsense(_)
            | Self::DiskFull
            | Self::System(_)
            | Self::Store(_) => true,
            Self::Password(_)
            | Self::CaFile(_)
            | Self::NoAuthorities
            | Self::NotLoopback
            | Self::Certificate(_)
            | Self::NotTls
            | Self::NoStartTls
            | Self::NoPasswordLogin
            | Self::LoginRefused
            | Self::NoFolder { .. }
            | Self::Files { .. } => false,
        }
    }

    /// A stable name for logs and counters.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Password(_) => "password-unreadable",
            Self::CaFile(_) => "ca-file-unreadable",
            Self::NoAuthorities => "no-authorities",
            Self::Unreachable(_) => "unreachable",
            Self::NotLoopback => "not-loopback",
            Self::Certificate(_) => "certificate",
            Self::NotTls => "not-tls",
            Self::NoStartTls => "no-starttls",
            Self::Late(_) => "deadline",
            Self::Closed => "closed",
            Self::NoPasswordLogin => "no-password-login",
            Self::LoginRefused => "login-refused",
            Self::LoginUnavailable => "login-unavailable",
            Self::Refused(_) => "refused",
            Self::Nonsense(_) => "nonsense",
            Self::NoFolder { .. } => "no-folder",
            Self::Files { .. } => "files",
            Self::DiskFull => "disk-full",
            Self::Store(_) => "store",
            Self::System(_) => "system",
        }
    }
}

impl fmt::Display for IntakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password(sentence) => f.write_str(sentence),
            Self::CaFile(file) => write!(f, "ca_file {file} holds no certificate in PEM form"),
            Self::NoAuthorities => f.write_str(
                "this system has no certificates of authorities; install ca-certificates or set ca_file",
            ),
            Self::Unreachable(kind) => write!(f, "the server cannot be reached: {kind}"),
            Self::NotLoopback => {
                f.write_str("\"plaintext\" is for this machine only, and the server is another; use \"tls\"")
            }
            Self::Certificate(why) => write!(f, "the server's certificate is not accepted: {why}"),
            Self::NotTls => f.write_str(
                "the port does not speak TLS, or none that is safe; check port, and security = \"tls\" or \"starttls\"",
            ),
            Self::NoStartTls => f.write_str("the server does not offer STARTTLS; try security = \"tls\""),
            Self::Late(step) => write!(f, "the server took too long: {step}"),
            Self::Closed => f.write_str("the connection ended"),
            Self::NoPasswordLogin => f.write_str("the server takes no passwords on this connection"),
            Self::LoginRefused => {
                f.write_str("the server refuses username and password; check both, and that IMAP is allowed for the account")
            }
            Self::LoginUnavailable => f.write_str("the server cannot check passwords at the moment"),
            Self::Refused(command) => write!(f, "the server refused the command {command}"),
            Self::Nonsense(what) => write!(f, "the server sent what no mail server may send: {what}"),
            Self::NoFolder { folder, existing } => {
                write!(f, "there is no folder \"{}\"; the server has: ", plain(folder))?;
                for (number, name) in existing.iter().enumerate() {
                    write!(f, "{}\"{}\"", if number == 0 { "" } else { ", " }, plain(name))?;
                }
                Ok(())
            }
            Self::Files { path, kind } => write!(f, "{path}: {kind}"),
            Self::DiskFull => f.write_str("the disk is nearly full; mail waits on the server until there is room"),
            Self::Store(error) => error.fmt(f),
            Self::System(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for IntakeError {}

impl From<StoreError> for IntakeError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A folder's name without what could break a line.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
