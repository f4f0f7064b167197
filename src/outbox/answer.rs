//! A server's answer: code, enhanced code, and for EHLO the words it offers. Bounded in line and length (T35).

use super::outcome::{Cause, Status};

/// Bytes of one line; RFC 5321 §4.5.3.1.5 allows 512, servers with long greetings more.
pub(super) const LINE_BYTES: usize = 2048;
/// Lines of one answer.
const LINES: usize = 100;

/// One whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) status: Option<Status>,
    /// The text of each line; read for EHLO only and never shown.
    pub(super) lines: Vec<String>,
}

impl Answer {
    pub(super) const fn is_positive(&self) -> bool {
        matches!(self.code, 200..=299)
    }

    pub(super) const fn cause(&self) -> Cause {
        Cause::Code(self.code, self.status)
    }
}

/// Puts lines together until an answer is whole.
#[derive(Debug, Default)]
pub(super) struct Reading {
    code: Option<u16>,
    lines: Vec<String>,
}

impl Reading {
    /// Takes one line without its line end; the answer, when it was the last one.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<Option<Answer>, Cause> {
        let digits =
            line.get(..3).and_then(|digits| std::str::from_utf8(digits).ok()).ok_or(Cause::Gibberish)?;
        let code: u16 = digits.parse().map_err(|_| Cause::Gibberish)?;
        if !(200..=599).contains(&code) || self.code.is_some_and(|before| before != code) {
            return Err(Cause::Gibberish);
        }
        let (last, text) = match line.get(3) {
            None => (true, &[][..]),
            Some(b' ') => (true, line.get(4..).unwrap_or_default()),
            Some(b'-') => (false, line.get(4..).unwrap_or_default()),
            Some(_) => return Err(Cause::Gibberish),
        };
        self.code = Some(code);
        self.lines.push(String::from_utf8_lossy(text).into_owned());
        if self.lines.len() > LINES {
            return Err(Cause::Gibberish);
        }
        Ok(last.then(|| {
            let lines = std::mem::take(&mut self.lines);
            self.code = None;
            Answer { code, status: lines.first().and_then(|line| status(line, code)), lines }
        }))
    }
}

/// The enhanced code at a line's start, when its class agrees with the reply code (RFC 2034 §4).
fn status(line: &str, code: u16) -> Option<Status> {
    let word = line.split(' ').next()?;
    let mut numbers = word.split('.');
    let status =
        Status(numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    (numbers.next().is_none() && u16::from(status.0) == code / 100 && status.1 < 1000 && status.2 < 1000)
        .then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], expected: Result<(u16, Option<Status>), Cause>) {
        let mut reading = Reading::default();
        for (number, line) in lines.iter().enumerate() {
            match reading.take(line.as_bytes()) {
                Ok(None) => assert!(number + 1 < lines.len(), "{lines:?} is not whole"),
                Ok(Some(answer)) => {
                    assert_eq!(number + 1, lines.len());
                    return assert_eq!(Ok((answer.code, answer.status)), expected);
                }
                Err(cause) => return assert_eq!(Err(cause), expected, "{lines:?}"),
            }
        }
    }

    #[test]
    fn answers_are_read_as_codes() {
        check(&["250 ok"], Ok((250, None)));
        check(&["250"], Ok((250, None)));
        check(&["250-a", "250-b", "250 c"], Ok((250, None)));
        check(&["550 5.1.1 no such user"], Ok((550, Some(Status(5, 1, 1)))));
        check(&["550 4.1.1 classes differ"], Ok((550, None)));
        check(&["451 4.7.1"], Ok((451, Some(Status(4, 7, 1)))));
        check(&["250 2.0.0.0 x"], Ok((250, None)));
        for gibberish in
            ["", "2", "25", "abc", "199 x", "600 x", "250_x", "HTTP/1.1 400", "+50 x", "\u{e9}50"]
        {
            check(&[gibberish], Err(Cause::Gibberish));
        }
        check(&["250-a", "251 b"], Err(Cause::Gibberish));
        check(&vec!["250-a"; LINES + 1], Err(Cause::Gibberish));
    }
}
