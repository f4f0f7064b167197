//! Stands between the line and the parser, and refuses what no honest server sends (T35).
//!
//! The parser behind it recurses on parentheses, reads a line again and again while it grows, and allocates what a
//! literal announces. So the guard follows the shape of the answers: lines end with CR LF and are bounded,
//! parentheses are nested a few deep, and a literal is looked at before a byte of it is read. It also keeps the
//! deadline of silence, which is per read: a large mail on a slow line is not a dead one.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, BufWriter, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::pulse::Pulse;

/// Longest line, literals not counted. A folder list or a capability line needs less than one.
const LINE_MAX: usize = 64 << 10;
/// Deepest nesting. What we ask for is answered at two.
const DEPTH_MAX: usize = 16;
/// Literals in one answer. What we ask for is answered with one.
const LITERALS_MAX: usize = 8;

/// A connection, whatever protects it.
pub(super) trait Pipe: AsyncRead + AsyncWrite + fmt::Debug + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Sync + Unpin> Pipe for T {}

/// A guarded connection. Writing is buffered until a flush: a command is one packet, not four.
pub(super) struct Guard {
    pipe: BufWriter<Box<dyn Pipe>>,
    shape: Shape,
    silence: Duration,
    pulse: Pulse,
    alarm: Pin<Box<Sleep>>,
    armed: bool,
    patient: bool,
}

/// What the guard refused; the only words about it that may be shown.
#[derive(Debug)]
pub(super) struct Shapeless(pub(super) &'static str);

impl fmt::Display for Shapeless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Shapeless {}

impl Guard {
    /// Guards `pipe`: literals up to `literal_max` bytes; a read that gets nothing for `silence` fails, one that gets
    /// something is a sign of life.
    pub(super) fn new(pipe: Box<dyn Pipe>, literal_max: usize, silence: Duration, pulse: Pulse) -> Self {
        Self {
            pipe: BufWriter::new(pipe),
            shape: Shape::new(literal_max),
            silence,
            pulse,
            alarm: Box::pin(tokio::time::sleep(silence)),
            armed: false,
            patient: false,
        }
    }

    /// Whether silence is expected: while the server idles, somebody else watches the clock.
    pub(super) fn be_patient(&mut self, patient: bool) {
        self.patient = patient;
        self.armed = false;
    }

    /// The connection; what was read from it and not used is gone.
    pub(super) fn into_pipe(self) -> Box<dyn Pipe> {
        self.pipe.into_inner()
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl AsyncRead for Guard {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        match Pin::new(&mut this.pipe).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                this.armed = false;
                this.pulse.beat();
                let new = buf.filled().get(before..).unwrap_or_default();
                let seen = this.shape.see(new);
                Poll::Ready(seen.map_err(|refused| io::Error::new(io::ErrorKind::InvalidData, refused)))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending if this.patient => Poll::Pending,
            Poll::Pending => {
                if !this.armed {
                    this.armed = true;
                    this.alarm.as_mut().reset(Instant::now() + this.silence);
                }
                std::task::ready!(this.alarm.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncWrite for Guard {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().pipe).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().pipe).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().pipe).poll_shutdown(cx)
    }
}

/// Follows the bytes of answers just far enough to know where literals are.
struct Shape {
    literal_max: usize,
    /// Bytes of the present literal still to come; they are not looked at.
    literal_left: usize,
    /// The present line, as far as it came.
    line: Vec<u8>,
    quotes: Quotes,
    /// Of the present answer, which goes on after a literal:
    literals: usize,
    literal_bytes: usize,
    depth: usize,
}

/// Where in a quoted string the present byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Outside,
    Inside,
    /// After a backslash.
    Escaped,
}

impl Shape {
    fn new(literal_max: usize) -> Self {
        let (line, quotes) = (Vec::new(), Quotes::Outside);
        Self { literal_max, literal_left: 0, line, quotes, literals: 0, literal_bytes: 0, depth: 0 }
    }

    /// Looks at bytes before the parser does: it reads the beginning of a line without waiting for the end.
    fn see(&mut self, mut bytes: &[u8]) -> Result<(), Shapeless> {
        while !bytes.is_empty() {
            if self.literal_left > 0 {
                let (literal, rest) = bytes.split_at(self.literal_left.min(bytes.len()));
                self.literal_left -= literal.len();
                bytes = rest;
                continue;
            }
            let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
            let (part, rest) = bytes.split_at(end);
            if self.line.len() + part.len() > LINE_MAX {
                return Err(Shapeless("an endless line"));
            }
            self.nest(part)?;
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.end_of_line(&line)?;
                self.line = line;
                self.line.clear();
                self.quotes = Quotes::Outside;
            }
            bytes = rest;
        }
        Ok(())
    }

    fn end_of_line(&mut self, line: &[u8]) -> Result<(), Shapeless> {
        let Some(line) = line.strip_suffix(b"\r\n") else { return Err(Shapeless("a line without its end")) };
        if !announced_literal(line) {
            (self.literals, self.literal_bytes, self.depth) = (0, 0, 0);
            return Ok(());
        }
        // The parser takes it for a literal in data only, where no text for people can be.
        if self.literals == 0 && is_status(line) {
            return Err(Shapeless("a literal in a text"));
        }
        let digits = line.rsplit(|byte| *byte == b'{').next().unwrap_or_default();
        let digits = digits.strip_suffix(b"}").unwrap_or_default();
        let bytes = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<usize>().ok());
        let bytes = bytes.ok_or(Shapeless("a literal without end"))?;
        self.literals += 1;
        self.literal_bytes = self.literal_bytes.saturating_add(bytes);
        if self.literals > LITERALS_MAX || self.literal_bytes > self.literal_max {
            return Err(Shapeless("a literal beyond the limit"));
        }
        self.literal_left = bytes;
        Ok(())
    }

    fn nest(&mut self, part: &[u8]) -> Result<(), Shapeless> {
        for byte in part {
            self.quotes = match (self.quotes, byte) {
                (Quotes::Outside, b'"') | (Quotes::Escaped, _) => Quotes::Inside,
                (Quotes::Inside, b'"') => Quotes::Outside,
                (Quotes::Inside, b'\\') => Quotes::Escaped,
                (quotes, _) => quotes,
            };
            if self.quotes == Quotes::Outside {
                match byte {
                    b'(' => self.depth += 1,
                    b')' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
            }
            if self.depth > DEPTH_MAX {
                return Err(Shapeless("nesting without end"));
            }
        }
        Ok(())
    }
}

/// Whether a line ends with `{digits}`.
fn announced_literal(line: &[u8]) -> bool {
    let Some(rest) = line.strip_suffix(b"}") else { return false };
    let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && rest.get(..rest.len() - digits).is_some_and(|rest| rest.ends_with(b"{"))
}

/// Whether a line is text for people: everything but untagged data.
fn is_status(line: &[u8]) -> bool {
    let Some(data) = line.strip_prefix(b"* ") else { return true };
    let word = data.split(|byte| *byte == b' ').next().unwrap_or_default();
    [&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"].iter().any(|status| word.eq_ignore_ascii_case(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(answers: &[u8], step: usize) -> Result<(), &'static str> {
        let mut shape = Shape::new(1000);
        answers.chunks(step).try_for_each(|part| shape.see(part)).map_err(|refused| refused.0)
    }

    #[track_caller]
    fn check(answers: &[u8], expected: Result<(), &'static str>) {
        for step in [1, 2, 7, usize::MAX] {
            assert_eq!(judge(answers, step), expected, "in pieces of {step}");
        }
    }

    #[test]
    fn honest_answers_pass() {
        check(
            b"* OK [CAPABILITY IMAP4rev1] ready :-((((((\r\n* OK \"((((\r\nA1 OK done\r\n+ idling\r\n",
            Ok(()),
        );
        check(b"* 1 FETCH (UID 1 FLAGS (\\Seen) BODY[] {12}\r\n{999999}\r\n((\r\n)\r\n* 2 FETCH (UID 2 BODY[] NIL)\r\n", Ok(()));
        check(
            b"* LIST () \"/\" {5}\r\nINBOX\r\n* LIST () \"/\" \"((((((((((((((((((((((((((((\"\r\n",
            Ok(()),
        );
        check(b"* 1 FETCH (X \"a\\\"(((((((((((((((((((((((((\")\r\n", Ok(()));
    }

    #[test]
    fn t35_a_literal_is_refused_before_it_comes() {
        check(b"* 1 FETCH (UID 1 BODY[] {1001}\r\n", Err("a literal beyond the limit"));
        check(b"* 1 FETCH (UID 1 BODY[] {99999999999999999999999}\r\n", Err("a literal without end"));
        check(b"* 1 FETCH (A {600}\r\n", Ok(()));
        let two = [&b"* 1 FETCH (A {600}\r\n"[..], &[b'x'; 600], b" B {600}\r\n"].concat();
        check(&two, Err("a literal beyond the limit"));
        let many = [&b"* 1 FETCH (A {0}\r\n"[..], &b" B {0}\r\n".repeat(8)].concat();
        check(&many, Err("a literal beyond the limit"));
    }

    #[test]
    fn t35_a_literal_cannot_be_hidden_behind_a_text() {
        check(b"* OK {500}\r\n* 1 FETCH (BODY[] {400000000}\r\n", Err("a literal in a text"));
        check(b"A1 OK {500}\r\n", Err("a literal in a text"));
        check(b"+ {500}\r\n", Err("a literal in a text"));
    }

    #[test]
    fn t35_endless_lines_bare_line_ends_and_nesting_are_refused() {
        check(&b"* OK ".repeat(20_000), Err("an endless line"));
        check(b"* 3 EXISTS\n", Err("a line without its end"));
        check(
            &[b"* 1 FETCH (BODYSTRUCTURE ", &b"(".repeat(600)[..], b"\r\n"].concat(),
            Err("nesting without end"),
        );
        let split = [&b"* 1 FETCH (A (((({0}\r\n"[..], &b"((((((({0}\r\n".repeat(3)].concat();
        check(&split, Err("nesting without end"));
        // Refused before the line has ended: the parser would not wait either.
        check(b"* 1 FETCH (BODYSTRUCTURE (((((((((((((((((((", Err("nesting without end"));
    }
}
