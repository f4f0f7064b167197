//! What a failure means, in codes and words of ours: a server's words may be in it and are left there (T55).

use std::error::Error as _;
use std::future::Future;
use std::io;
use std::time::Duration;

use lettre::transport::smtp;

use super::outcome::{Cause, Status};

/// `work`, or [`Cause::Timeout`].
pub(super) async fn timed<T>(
    within: Duration,
    work: impl Future<Output = Result<T, impl Into<Cause>>>,
) -> Result<T, Cause> {
    match tokio::time::timeout(within, work).await {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err(Cause::Timeout),
    }
}

impl From<smtp::Error> for Cause {
    fn from(error: smtp::Error) -> Self {
        if let Some(code) = error.status().map(u16::from) {
            let status = error.source().and_then(|said| status(&said.to_string(), code));
            return Self::Code(code, status);
        }
        match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
            Some(error) => cause_of(error),
            None => Self::Gibberish,
        }
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        cause_of(&error)
    }
}

/// The enhanced code at an answer's start, when its class agrees with the reply code (RFC 2034 §4).
fn status(answer: &str, code: u16) -> Option<Status> {
    let word = answer.split(' ').next()?;
    let mut numbers = word.split('.');
    let status =
        Status(numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    (numbers.next().is_none() && u16::from(status.0) == code / 100 && status.1 < 1000 && status.2 < 1000)
        .then_some(status)
}

fn cause_of(error: &io::Error) -> Cause {
    use io::ErrorKind as Kind;
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return cause_of_tls(tls);
    }
    match error.kind() {
        Kind::ConnectionRefused
        | Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::AddrNotAvailable => Cause::Unreachable,
        Kind::TimedOut => Cause::Timeout,
        Kind::InvalidData => Cause::Gibberish,
        _ => Cause::Closed,
    }
}

fn cause_of_tls(error: &rustls::Error) -> Cause {
    use rustls::CertificateError as Certificate;
    match error {
        rustls::Error::InvalidCertificate(what) => Cause::Certificate(match what {
            Certificate::Expired | Certificate::ExpiredContext { .. } => "expired",
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => "not valid yet",
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => "wrong name",
            Certificate::UnknownIssuer => "unknown issuer",
            Certificate::Revoked => "revoked",
            _ => "not usable",
        }),
        _ => Cause::Handshake,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enhanced_codes_are_read_where_they_agree() {
        for (answer, code, expected) in [
            ("5.1.1 no such user", 550, Some(Status(5, 1, 1))),
            ("4.7.1", 451, Some(Status(4, 7, 1))),
            ("4.1.1 classes differ", 550, None),
            ("5.1.1.1 x", 550, None),
            ("5.1000.1 x", 550, None),
            ("ok", 550, None),
            ("", 550, None),
        ] {
            assert_eq!(status(answer, code), expected, "{answer:?}");
        }
    }
}
