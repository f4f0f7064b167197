//! The stream that lettre speaks over, listened in on: for bounds, and for what lettre does not tell.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of one line of an answer. lettre has the same bound, but looks at it when the line has ended (T35).
const LINE_BYTES: usize = 1000;
/// Lines of one answer. lettre reads an answer anew with each line that is added to it.
const LINES: usize = 100;
/// The word of a server that takes several commands at once.
const PIPELINING: &[u8] = b"PIPELINING";
/// What ends a letter. In a letter it cannot stand: dots that begin a line are doubled.
const DOT: &[u8] = b"\r\n.\r\n";

/// Either kind of stream.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// One end is lettre's, its clone is ours.
#[derive(Clone)]
pub(super) struct Tap(Arc<Mutex<Line>>);

struct Line {
    stream: Box<dyn Stream>,
    /// To be read before what the stream has.
    unread: Vec<u8>,
    /// Of the answers to what we last said: their lines, the bytes of the line that comes in, whether that one is not
    /// the last of its answer, and how many answers are still to come.
    lines: usize,
    column: usize,
    continues: bool,
    awaited: usize,
    /// Commands in what we say next.
    commands: usize,
    interrupted: bool,
    /// The beginning of the line that comes in, and whether one said that commands may be sent together.
    beginning: Vec<u8>,
    pipelining: bool,
    /// The last bytes that we said.
    said: Vec<u8>,
}

impl Tap {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self::with_unread(stream, Vec::new())
    }

    /// A server greets once, lettre expects it of each connection: after STARTTLS it hears a greeting of ours.
    pub(super) fn already_greeted(stream: Box<dyn Stream>) -> Self {
        Self::with_unread(stream, b"220 \r\n".to_vec())
    }

    fn with_unread(stream: Box<dyn Stream>, unread: Vec<u8>) -> Self {
        let line = Line {
            stream,
            unread,
            lines: 0,
            column: 0,
            continues: false,
            awaited: 1,
            commands: 1,
            interrupted: false,
            beginning: Vec::with_capacity(PIPELINING.len() + 6),
            pipelining: false,
            said: Vec::new(),
        };
        Self(Arc::new(Mutex::new(line)))
    }

    /// The stream itself, when nothing was said on it but answers, and lettre no longer holds its end.
    pub(super) fn into_stream(self) -> Option<Box<dyn Stream>> {
        let line = Arc::into_inner(self.0)?.into_inner().unwrap_or_else(PoisonError::into_inner);
        (!line.interrupted).then_some(line.stream)
    }

    /// Whether the server said that it takes several commands at once (RFC 2920 §3). To be asked after the EHLO.
    pub(super) fn offers_pipelining(&self) -> bool {
        self.line().pipelining
    }

    /// What we say next is so many commands, each with an answer of its own.
    pub(super) fn will_say(&self, commands: usize) {
        self.line().commands = commands;
    }

    /// Whether anything was said on this stream.
    pub(super) fn has_spoken(&self) -> bool {
        !self.line().said.is_empty()
    }

    /// Whether the final dot was handed over: up to then the server has no letter, from then on only it knows (R5).
    pub(super) fn dot_is_out(&self) -> bool {
        self.line().said == DOT
    }

    /// Whether the server said more than answers. lettre would take the rest for the answer to what it says next;
    /// so nothing more is sent, and what was said can be read.
    pub(super) fn was_interrupted(&self) -> bool {
        self.line().interrupted
    }

    /// Held for one poll, by the one task that sends; what is in it holds after a panic, too.
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn hear(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        for byte in bytes {
            self.interrupted |= self.awaited == 0;
            self.commands = 1;
            self.column += 1;
            match (self.column, *byte) {
                (_, b'\n') => {
                    self.awaited = self.awaited.saturating_sub(usize::from(!self.continues));
                    self.continues = false;
                    (self.lines, self.column) = (self.lines + 1, 0);
                    let word = self.beginning.strip_prefix(b"250").and_then(|rest| rest.get(1..));
                    let word = word.and_then(|word| word.strip_suffix(b"\r"));
                    self.pipelining |= word.is_some_and(|word| word.eq_ignore_ascii_case(PIPELINING));
                    self.beginning.clear();
                }
                (4, b'-') => self.continues = true,
                _ => {}
            }
            if self.column > 0 && self.beginning.len() < PIPELINING.len() + 6 {
                self.beginning.push(*byte);
            }
            if self.column > LINE_BYTES || self.lines > LINES {
                return Err(ErrorKind::InvalidData.into());
            }
            // Servers explain themselves in Latin-1, too. lettre reads UTF-8 only, and we read codes only.
            if !byte.is_ascii() {
                *byte = b'?';
            }
        }
        Ok(())
    }

    fn say(&mut self, bytes: &[u8]) {
        (self.lines, self.column, self.awaited) = (0, 0, self.commands);
        self.beginning.clear();
        self.said.extend(bytes.iter().skip(bytes.len().saturating_sub(DOT.len())));
        self.said.drain(..self.said.len().saturating_sub(DOT.len()));
    }

    /// Looks, without waiting, whether the server hung up or spoke out of turn: no dot goes to a server that has
    /// given the letter up.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if !self.interrupted {
            let mut early = [0; 1024];
            let mut early = ReadBuf::new(&mut early);
            match Pin::new(&mut self.stream).poll_read(cx, &mut early) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Ready(Ok(())) if early.filled().is_empty() => {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                Poll::Ready(Ok(())) => {
                    self.unread.extend_from_slice(early.filled());
                    self.interrupted = true;
                }
            }
        }
        Err(ErrorKind::ConnectionAborted.into())
    }
}

impl AsyncRead for Tap {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let line = &mut *self.line();
        let before = buf.filled().len();
        if line.unread.is_empty() {
            ready!(Pin::new(&mut line.stream).poll_read(cx, buf))?;
        } else {
            let count = line.unread.len().min(buf.remaining());
            buf.put_slice(&line.unread.drain(..count).collect::<Vec<_>>());
        }
        match buf.filled_mut().get_mut(before..) {
            Some(fresh @ [_, ..]) => Poll::Ready(line.hear(fresh)),
            // To lettre an end is as good as nonsense; to us it is not.
            _ => Poll::Ready(Err(ErrorKind::UnexpectedEof.into())),
        }
    }
}

impl AsyncWrite for Tap {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let line = &mut *self.line();
        line.poll_turn(cx)?;
        let count = ready!(Pin::new(&mut line.stream).poll_write(cx, buf))?;
        line.say(buf.get(..count).unwrap_or(buf));
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line().stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Tap {
    /// lettre never asks us; `Route` looked at it.
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(ErrorKind::Unsupported.into())
    }
}

/// Nothing of what was said.
impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}
