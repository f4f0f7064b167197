//! Lines to and from one server, each step within its time and its bounds.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::answer::{Answer, LINE_BYTES, Reading};
use super::outcome::Cause;

/// A stream and what was read from it and not yet understood.
pub(super) struct Dialogue<S> {
    stream: S,
    unread: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, unread: Vec::with_capacity(512) }
    }

    /// The stream, for TLS. What a server, or somebody between, sent before is no part of the protected dialogue;
    /// a server that talks ahead is not to be trusted at all (T35).
    pub(super) fn into_silent_stream(self) -> Result<S, Cause> {
        if self.unread.is_empty() { Ok(self.stream) } else { Err(Cause::Gibberish) }
    }

    pub(super) async fn write(&mut self, bytes: &[u8], within: Duration) -> Result<(), Cause> {
        let stream = &mut self.stream;
        timed(within, async {
            stream.write_all(bytes).await?;
            stream.flush().await
        })
        .await
    }

    pub(super) async fn answer(&mut self, within: Duration) -> Result<Answer, Cause> {
        let Self { stream, unread } = self;
        timed_cause(within, async {
            let mut reading = Reading::default();
            loop {
                while let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = unread.drain(..=end).collect();
                    let line = line.strip_suffix(b"\n").unwrap_or(&line);
                    let line = line.strip_suffix(b"\r").unwrap_or(line);
                    if let Some(answer) = reading.take(line)? {
                        return Ok(answer);
                    }
                }
                if unread.len() > LINE_BYTES {
                    return Err(Cause::Gibberish);
                }
                let mut chunk = [0; 1024];
                match stream.read(&mut chunk).await.map_err(|error| cause_of(&error))? {
                    0 => return Err(Cause::Closed),
                    count => unread.extend_from_slice(chunk.get(..count).unwrap_or_default()),
                }
            }
        })
        .await
    }

    pub(super) async fn ask(&mut self, line: &str, within: Duration) -> Result<Answer, Cause> {
        self.write(line.as_bytes(), within).await?;
        self.answer(within).await
    }

    /// Whether the server has already hung up or spoken out of turn. Never waits.
    pub(super) async fn has_something_to_say(&mut self) -> bool {
        if !self.unread.is_empty() {
            return true;
        }
        let mut chunk = [0; 1024];
        match futures::poll!(std::pin::pin!(self.stream.read(&mut chunk))) {
            std::task::Poll::Pending => false,
            std::task::Poll::Ready(Ok(count)) => {
                self.unread.extend_from_slice(chunk.get(..count).unwrap_or_default());
                true
            }
            std::task::Poll::Ready(Err(_)) => true,
        }
    }
}

pub(super) async fn timed<T>(
    within: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> Result<T, Cause> {
    timed_cause(within, async { work.await.map_err(|error| cause_of(&error)) }).await
}

async fn timed_cause<T>(within: Duration, work: impl Future<Output = Result<T, Cause>>) -> Result<T, Cause> {
    tokio::time::timeout(within, work).await.unwrap_or(Err(Cause::Timeout))
}

/// What an I/O error means; its own words may hold a server's.
pub(super) fn cause_of(error: &io::Error) -> Cause {
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
