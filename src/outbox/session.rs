//! One connection: greeting, EHLO, STARTTLS, AUTH, and any number of letters, one recipient each.

use data_encoding::BASE64;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use tokio::net::TcpStream;

use super::Deadlines;
use super::answer::Answer;
use super::connect::{Route, Stream};
use super::dialogue::Dialogue;
use super::outcome::{Cause, Class, Outcome, Step};

/// An open connection on which letters may be handed over.
pub(super) struct Session {
    dialogue: Dialogue<Box<dyn Stream>>,
    deadlines: Deadlines,
    pipelining: bool,
    size: bool,
    encrypted: bool,
    signed_in: bool,
}

impl Session {
    /// Connects and signs in. No secret is sent before TLS is verified (T35).
    pub(super) async fn open(route: &Route, deadlines: Deadlines) -> Result<Self, Class> {
        let tcp = route.tcp(deadlines).await?;
        // An address literal is valid where a host has no public name (RFC 5321 §4.1.4), and tells no secret.
        let local = tcp.local_addr().map_err(|_| Class::new(Step::Connect, Cause::Closed))?;
        let helo = match local.ip() {
            std::net::IpAddr::V4(ip) => format!("[{ip}]"),
            std::net::IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
        };
        let mut dialogue = if route.is_tls_from_the_start() {
            let mut dialogue = route.protect(tcp, deadlines).await?;
            greeting(&mut dialogue, deadlines).await?;
            dialogue
        } else if route.is_starttls() {
            route.protect(ask_for_tls(tcp, &helo, deadlines).await?, deadlines).await?
        } else {
            let mut dialogue = Dialogue::new(Box::new(tcp) as Box<dyn Stream>);
            greeting(&mut dialogue, deadlines).await?;
            dialogue
        };
        let offers = ehlo(&mut dialogue, &helo, deadlines).await?;
        let signed_in = sign_in(&mut dialogue, route, &offers, deadlines).await?;
        Ok(Self {
            dialogue,
            deadlines,
            pipelining: offered(&offers, "PIPELINING"),
            size: offered(&offers, "SIZE"),
            encrypted: route.is_tls_from_the_start() || route.is_starttls(),
            signed_in,
        })
    }

    /// Hands over one letter. The session comes back if it is good for another one.
    pub(super) async fn deliver(
        mut self,
        from: Option<&str>,
        to: &str,
        bytes: &[u8],
    ) -> (Outcome, Option<Self>) {
        let outcome = match self.transaction(from, to, bytes).await {
            Ok(outcome) => outcome,
            Err(class) => refusal(class),
        };
        let keep = match outcome {
            Outcome::Accepted { .. } => true,
            Outcome::Unknown => false,
            Outcome::Transient { class } | Outcome::Permanent { class } => {
                // In the middle of a letter a RSET would be a line of it.
                let answered = matches!(class.cause, Cause::Code(code, _) if code != 421);
                answered && class.step != Step::Body && self.reset().await
            }
        };
        if keep { (outcome, Some(self)) } else { (outcome, None) }
    }

    async fn transaction(&mut self, from: Option<&str>, to: &str, bytes: &[u8]) -> Result<Outcome, Class> {
        let mail = match self.size {
            true => format!("MAIL FROM:<{}> SIZE={}\r\n", from.unwrap_or_default(), bytes.len()),
            false => format!("MAIL FROM:<{}>\r\n", from.unwrap_or_default()),
        };
        let rcpt = format!("RCPT TO:<{to}>\r\n");
        if self.pipelining {
            self.ask_at_once(&mail, &rcpt).await?
        } else {
            self.ask_in_turn(&mail, &rcpt).await?
        }
        self.hand_over(bytes).await
    }

    /// Three commands in one round trip (RFC 2920).
    async fn ask_at_once(&mut self, mail: &str, rcpt: &str) -> Result<(), Class> {
        let commands = format!("{mail}{rcpt}DATA\r\n");
        self.write(Step::Mail, commands.as_bytes()).await?;
        let mail = self.answer(Step::Mail).await?;
        if mail.code == 421 {
            return Err(Class::new(Step::Mail, mail.cause()));
        }
        let rcpt = self.answer(Step::Rcpt).await.map_err(|class| first_failure(Step::Mail, &mail, class))?;
        let data = self
            .answer(Step::Data)
            .await
            .map_err(|class| first_failure(Step::Mail, &mail, first_failure(Step::Rcpt, &rcpt, class)))?;
        for (step, answer) in [(Step::Mail, &mail), (Step::Rcpt, &rcpt)] {
            if !answer.is_positive() {
                // The server wants a letter for nobody: it gets an empty one (RFC 2920 §3.1).
                if data.code == 354 {
                    self.write(Step::Data, b".\r\n").await?;
                    self.answer(Step::Data).await?;
                }
                return Err(Class::new(step, answer.cause()));
            }
        }
        if data.code == 354 { Ok(()) } else { Err(Class::new(Step::Data, data.cause())) }
    }

    async fn ask_in_turn(&mut self, mail: &str, rcpt: &str) -> Result<(), Class> {
        for (step, command) in [(Step::Mail, mail), (Step::Rcpt, rcpt), (Step::Data, "DATA\r\n")] {
            self.write(step, command.as_bytes()).await?;
            let answer = self.answer(step).await?;
            let good = if step == Step::Data { answer.code == 354 } else { answer.is_positive() };
            if !good {
                return Err(Class::new(step, answer.cause()));
            }
        }
        Ok(())
    }

    /// The letter, then the dot: up to the dot the server has no letter, from then on only it knows (R5).
    async fn hand_over(&mut self, bytes: &[u8]) -> Result<Outcome, Class> {
        let body = Step::Body;
        let stuffed = stuffed(bytes);
        let within = self.deadlines.body;
        self.dialogue.write(&stuffed, within).await.map_err(|cause| Class::new(body, cause))?;
        if self.dialogue.has_something_to_say().await {
            // The server hung up or gave up before the end; the dot is never sent.
            let answer = self.answer(body).await?;
            return Err(Class::new(body, answer.cause()));
        }
        let dot = self.deadlines.dot;
        match self.dialogue.write(b".\r\n", dot).await {
            Ok(()) => {}
            // Waiting to be written is neither here nor there.
            Err(Cause::Timeout) => return Ok(Outcome::Unknown),
            // Three bytes, or one TLS record, that the system did not take: no server can have them.
            Err(cause) => return Err(Class::new(body, cause)),
        }
        match self.dialogue.answer(dot).await {
            Ok(answer) if answer.is_positive() => Ok(Outcome::Accepted { code: answer.code }),
            Ok(answer) if answer.code >= 400 => Err(Class::new(Step::Dot, answer.cause())),
            Ok(_) | Err(_) => Ok(Outcome::Unknown),
        }
    }

    async fn reset(&mut self) -> bool {
        self.dialogue.ask("RSET\r\n", self.deadlines.command).await.is_ok_and(|answer| answer.is_positive())
    }

    /// One line about what was found.
    pub(super) async fn noop(&mut self) -> Result<String, Class> {
        self.write(Step::Noop, b"NOOP\r\n").await?;
        let answer = self.answer(Step::Noop).await?;
        if !answer.is_positive() {
            return Err(Class::new(Step::Noop, answer.cause()));
        }
        Ok(format!(
            "{}, {}, ready{}",
            if self.encrypted { "verified TLS" } else { "plain text to this machine" },
            if self.signed_in { "signed in" } else { "no sign-in" },
            if self.pipelining { " (pipelining)" } else { "" },
        ))
    }

    pub(super) async fn quit(mut self) {
        let _ = self.dialogue.ask("QUIT\r\n", self.deadlines.command).await;
    }

    async fn write(&mut self, step: Step, bytes: &[u8]) -> Result<(), Class> {
        self.dialogue.write(bytes, self.deadlines.command).await.map_err(|cause| Class::new(step, cause))
    }

    async fn answer(&mut self, step: Step) -> Result<Answer, Class> {
        self.dialogue.answer(self.deadlines.command).await.map_err(|cause| Class::new(step, cause))
    }
}

/// What a failure says about the letter: 5yz to its sender, recipient or content is final. A missing sign-in
/// (530, 535, 538) is a matter of settings, and all the rest may pass.
fn refusal(class: Class) -> Outcome {
    match class.cause {
        Cause::Code(530 | 535 | 538, _) => Outcome::Transient { class },
        Cause::Code(500..=599, _) => Outcome::Permanent { class },
        _ => Outcome::Transient { class },
    }
}

/// An answer that already refused tells more than the silence that followed.
fn first_failure(step: Step, answer: &Answer, silence: Class) -> Class {
    if answer.is_positive() { silence } else { Class::new(step, answer.cause()) }
}

async fn greeting<S: Stream>(dialogue: &mut Dialogue<S>, deadlines: Deadlines) -> Result<(), Class> {
    let at = |cause| Class::new(Step::Greeting, cause);
    let answer = dialogue.answer(deadlines.command).await.map_err(at)?;
    if answer.is_positive() { Ok(()) } else { Err(at(answer.cause())) }
}

async fn ehlo<S: Stream>(
    dialogue: &mut Dialogue<S>,
    helo: &str,
    deadlines: Deadlines,
) -> Result<Vec<String>, Class> {
    let at = |cause| Class::new(Step::Ehlo, cause);
    let answer = dialogue.ask(&format!("EHLO {helo}\r\n"), deadlines.command).await.map_err(at)?;
    if answer.is_positive() { Ok(answer.lines) } else { Err(at(answer.cause())) }
}

/// Plain greeting, EHLO and STARTTLS; what was offered so far is forgotten (RFC 3207 §4.2).
async fn ask_for_tls(tcp: TcpStream, helo: &str, deadlines: Deadlines) -> Result<TcpStream, Class> {
    let at = |cause| Class::new(Step::Starttls, cause);
    let mut dialogue = Dialogue::new(tcp);
    greeting(&mut dialogue, deadlines).await?;
    let offers = ehlo(&mut dialogue, helo, deadlines).await?;
    if !offered(&offers, "STARTTLS") {
        return Err(at(Cause::NotOffered));
    }
    let answer = dialogue.ask("STARTTLS\r\n", deadlines.command).await.map_err(at)?;
    if answer.code != 220 {
        return Err(at(answer.cause()));
    }
    dialogue.into_silent_stream().map_err(at)
}

/// AUTH PLAIN (RFC 4616), or LOGIN where a server knows nothing else. Whether there was anything to do.
async fn sign_in<S: Stream>(
    dialogue: &mut Dialogue<S>,
    route: &Route,
    offers: &[String],
    deadlines: Deadlines,
) -> Result<bool, Class> {
    let Some((name, secret)) = &route.account else { return Ok(false) };
    let at = |cause| Class::new(Step::Auth, cause);
    let secret = secret.expose_secret();
    let mechanisms: Vec<String> = offers
        .iter()
        .map(|line| line.replace('=', " ").to_ascii_uppercase())
        .filter(|line| line.starts_with("AUTH "))
        .flat_map(|line| line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let knows = |mechanism: &str| mechanisms.iter().any(|offer| offer == mechanism);
    let line = |bytes: &[u8]| Zeroizing::new(format!("{}\r\n", BASE64.encode(bytes)));
    let within = deadlines.command;
    let answer = if knows("PLAIN") {
        let plain = Zeroizing::new(format!("\0{name}\0{secret}"));
        let command = Zeroizing::new(format!("AUTH PLAIN {}", &**line(plain.as_bytes())));
        dialogue.ask(&command, within).await.map_err(at)?
    } else if knows("LOGIN") {
        let mut answer = dialogue.ask("AUTH LOGIN\r\n", within).await.map_err(at)?;
        for part in [name.as_str(), secret] {
            if answer.code != 334 {
                return Err(at(answer.cause()));
            }
            answer = dialogue.ask(&line(part.as_bytes()), within).await.map_err(at)?;
        }
        answer
    } else {
        return Err(at(Cause::NotOffered));
    };
    if answer.code == 235 { Ok(true) } else { Err(at(answer.cause())) }
}

/// Whether EHLO's lines, the first of which is the host's name, offer `word`.
fn offered(offers: &[String], word: &str) -> bool {
    let first =
        |line: &String| line.split_whitespace().next().is_some_and(|found| found.eq_ignore_ascii_case(word));
    offers.iter().skip(1).any(first)
}

/// RFC 5321 §4.5.2: a dot that begins a line is doubled. The bytes end with CRLF; they were checked.
fn stuffed(bytes: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if !bytes.starts_with(b".") && !bytes.windows(3).any(|three| three == b"\r\n.") {
        return bytes.into();
    }
    let mut out = Vec::with_capacity(bytes.len() + 64);
    let mut line_begins = true;
    for byte in bytes {
        if line_begins && *byte == b'.' {
            out.push(b'.');
        }
        out.push(*byte);
        line_begins = *byte == b'\n';
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t29_dots_at_the_start_of_lines_are_doubled() {
        for (plain, on_the_wire) in [
            (&b"a\r\nb\r\n"[..], &b"a\r\nb\r\n"[..]),
            (b".\r\n", b"..\r\n"),
            (b"a\r\n.\r\nQUIT\r\n", b"a\r\n..\r\nQUIT\r\n"),
            (b"a\r\n..b\r\n", b"a\r\n...b\r\n"),
            (b"a.\r\n", b"a.\r\n"),
        ] {
            assert_eq!(&*stuffed(plain), on_the_wire);
        }
    }

    #[test]
    fn offers_are_read_by_their_first_word() {
        let offers = ["host STARTTLS", "starttls", "SIZE 1000"].map(str::to_owned);
        assert!(offered(&offers, "STARTTLS") && offered(&offers, "SIZE"));
        assert!(!offered(&offers, "PIPELINING"));
        assert!(!offered(&["STARTTLS".to_owned()], "STARTTLS"), "the first line names the host");
    }
}
