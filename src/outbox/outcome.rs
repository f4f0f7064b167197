//! How an attempt at sending ended, in codes and words of ours.

use std::fmt;

/// How an attempt at sending ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server has it (2yz after the final dot).
    Accepted {
        /// Its reply code, 250 nearly always.
        code: u16,
    },
    /// It has surely not gone out, and may later: 4yz, a failed connection, a refused sign-in.
    Transient {
        /// Where and why.
        class: Class,
    },
    /// The server will never take it: 5yz to this sender, recipient or content.
    Permanent {
        /// Where and why.
        class: Class,
    },
    /// No answer after the final dot: it may have gone out (R5).
    Unknown,
}

/// Where an attempt failed, and why. Holds nothing that a server wrote (T55).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Where.
    pub step: Step,
    /// Why.
    pub cause: Cause,
}

/// The steps of sending, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Our own look at addresses and bytes.
    Check,
    /// Writing into the rehearsal folder.
    Folder,
    /// Name lookup and TCP.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The server's first line.
    Greeting,
    /// EHLO.
    Ehlo,
    /// STARTTLS.
    Starttls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA.
    Data,
    /// The letter's bytes.
    Body,
    /// The final dot.
    Dot,
    /// NOOP, of a probe.
    Noop,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The server's reply code, and its enhanced code when it gave one (RFC 3463).
    Code(u16, Option<Status>),
    /// The connection ended.
    Closed,
    /// A deadline passed.
    Timeout,
    /// Nobody listens there, or no way leads there.
    Unreachable,
    /// The host's name is not known.
    Name,
    /// The certificate does not prove the host; the word says what is wrong with it.
    Certificate(&'static str),
    /// No common way to encrypt.
    Handshake,
    /// A plain connection that does not lead to this machine.
    NotLoopback,
    /// What the server said is no SMTP, or too long.
    Gibberish,
    /// The server does not offer what we insist on.
    NotOffered,
    /// An address that is not plain.
    Address,
    /// Bytes that are not one clean mail.
    Bytes,
    /// The folder cannot be written.
    Disk(std::io::ErrorKind),
}

/// An enhanced status code, such as 5.1.1 (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u8, pub u16, pub u16);

impl Class {
    pub(super) const fn new(step: Step, cause: Cause) -> Self {
        Self { step, cause }
    }

    /// Whether the server hung up, or said it would, before it took anything of the letter.
    pub(super) const fn is_hangup(self) -> bool {
        matches!(self.step, Step::Mail) && matches!(self.cause, Cause::Closed | Cause::Code(421, _))
    }

    /// One sentence for an operator: what happened, and what to look at.
    #[must_use]
    pub fn in_words(self) -> String {
        let Self { step, cause } = self;
        let remedy = match (step, cause) {
            (_, Cause::Certificate("unknown issuer")) => {
                "; name the authority's certificate in smtp.ca_file if it is your own"
            }
            (_, Cause::Certificate("wrong name")) => "; smtp.host must be the name in the certificate",
            (Step::Auth, Cause::Code(..)) => "; check smtp.username and its password",
            (Step::Auth, Cause::NotOffered) => "; the server offers neither PLAIN nor LOGIN",
            (Step::Starttls, Cause::NotOffered) => {
                "; the server offers no STARTTLS, try smtp.security = \"tls\" and its port"
            }
            (Step::Greeting, Cause::Timeout) => "; a TLS port needs smtp.security = \"tls\"",
            (Step::Tls, _) => "; a STARTTLS port needs smtp.security = \"starttls\"",
            (Step::Connect, _) => "; check smtp.host and smtp.port",
            _ => "",
        };
        format!("{self}{remedy}")
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.step, self.cause)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Check => "check",
            Self::Folder => "folder",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Greeting => "greeting",
            Self::Ehlo => "ehlo",
            Self::Starttls => "starttls",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Body => "body",
            Self::Dot => "dot",
            Self::Noop => "noop",
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code, None) => write!(f, "{code}"),
            Self::Code(code, Some(Status(class, subject, detail))) => {
                write!(f, "{code} {class}.{subject}.{detail}")
            }
            Self::Closed => f.write_str("closed"),
            Self::Timeout => f.write_str("timeout"),
            Self::Unreachable => f.write_str("unreachable"),
            Self::Name => f.write_str("unknown host"),
            Self::Certificate(what) => write!(f, "certificate: {what}"),
            Self::Handshake => f.write_str("handshake failed"),
            Self::NotLoopback => f.write_str("plain text to another machine"),
            Self::Gibberish => f.write_str("no SMTP"),
            Self::NotOffered => f.write_str("not offered"),
            Self::Address => f.write_str("address is not plain"),
            Self::Bytes => f.write_str("bytes are not one clean mail"),
            Self::Disk(kind) => write!(f, "{kind}"),
        }
    }
}
