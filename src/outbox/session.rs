//! One connection, spoken on by lettre: EHLO, STARTTLS, AUTH, and any number of letters, one recipient each.

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::panic::AssertUnwindSafe;
use std::pin::pin;

use futures::FutureExt;
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{ClientId, Extension};
use lettre::transport::smtp::response::Response;
use secrecy::ExposeSecret;

use super::Deadlines;
use super::connect::Route;
use super::failure::timed;
use super::outcome::{Cause, Class, Outcome, Step};
use super::tap::{Stream, Tap};

/// An open connection on which letters may be handed over.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    tap: Tap,
    deadlines: Deadlines,
    encrypted: bool,
    signed_in: bool,
    /// Whether sender, recipient and DATA may be said at once.
    pipelining: bool,
    /// The server waits for a letter that will not come.
    stranded: bool,
}

impl Session {
    /// Connects and signs in. No secret is sent before TLS is verified (T35).
    pub(super) async fn open(route: &Route, deadlines: Deadlines) -> Result<Self, Class> {
        let tcp = route.tcp(deadlines).await?;
        // An address literal is valid where a host has no public name (RFC 5321 §4.1.4), and tells no secret.
        let hello = match tcp.local_addr().map_err(|_| Class::new(Step::Connect, Cause::Closed))?.ip() {
            IpAddr::V4(ip) => ClientId::Ipv4(ip),
            IpAddr::V6(ip) => ClientId::Ipv6(ip),
        };
        let tcp: Box<dyn Stream> = Box::new(tcp);
        let mut session = if route.is_tls_from_the_start() {
            Self::meet(Tap::new(route.protect(tcp, deadlines).await?), &hello, deadlines).await?
        } else if route.is_starttls() {
            let plain = Self::meet(Tap::new(tcp), &hello, deadlines).await?;
            let stream = route.protect(plain.ask_for_tls().await?, deadlines).await?;
            // What was offered so far is forgotten (RFC 3207 §4.2).
            Self::meet(Tap::already_greeted(stream), &hello, deadlines).await?
        } else {
            Self::meet(Tap::new(tcp), &hello, deadlines).await?
        };
        session.encrypted = route.is_tls_from_the_start() || route.is_starttls();
        session.sign_in(route).await?;
        Ok(session)
    }

    /// Greeting and EHLO.
    async fn meet(tap: Tap, hello: &ClientId, deadlines: Deadlines) -> Result<Self, Class> {
        let step = |cause| Class::new(if tap.has_spoken() { Step::Ehlo } else { Step::Greeting }, cause);
        let met = AsyncSmtpConnection::connect_with_transport(Box::new(tap.clone()), hello);
        // An offer made of blanks is unwrapped as a word by lettre 0.11.23.
        let met = AssertUnwindSafe(met).catch_unwind().map(|met| match met {
            Ok(met) => met.map_err(Cause::from),
            Err(_) => Err(Cause::Gibberish),
        });
        let connection = timed(deadlines.command, met).await.map_err(step)?;
        let pipelining = tap.offers_pipelining();
        Ok(Self {
            connection,
            tap,
            deadlines,
            encrypted: false,
            signed_in: false,
            pipelining,
            stranded: false,
        })
    }

    /// The bare stream, for TLS. What a server, or somebody between, said beyond its answer is no part of the
    /// protected dialogue; a server that talks ahead is not to be trusted at all (T35).
    async fn ask_for_tls(mut self) -> Result<Box<dyn Stream>, Class> {
        let at = |cause| Class::new(Step::Starttls, cause);
        if !self.connection.server_info().supports_feature(Extension::StartTls) {
            return Err(at(Cause::NotOffered));
        }
        self.ask_for(Step::Starttls, Starttls, 220..=220).await?;
        drop(self.connection);
        self.tap.into_stream().ok_or(at(Cause::Gibberish))
    }

    /// AUTH PLAIN (RFC 4616), or LOGIN where a server knows nothing else.
    async fn sign_in(&mut self, route: &Route) -> Result<(), Class> {
        let Some((name, secret)) = &route.account else { return Ok(()) };
        let at = |cause| Class::new(Step::Auth, cause);
        if self.connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
            return Err(at(Cause::NotOffered));
        }
        let credentials = Credentials::new(name.clone(), secret.expose_secret().to_owned());
        let asked = self.connection.auth(DEFAULT_MECHANISMS, &credentials);
        let asked = timed(self.deadlines.command, asked).await;
        match self.understand(asked).await.map_err(at)? {
            235 => self.signed_in = true,
            code => return Err(at(Cause::Code(code, None))),
        }
        Ok(())
    }

    /// Hands over one letter. The session comes back if it is good for another one.
    pub(super) async fn deliver(mut self, envelope: &Envelope, bytes: &[u8]) -> (Outcome, Option<Self>) {
        let outcome = match self.transaction(envelope, bytes).await {
            Ok(outcome) => outcome,
            Err(class) => refusal(class),
        };
        let keep = match outcome {
            Outcome::Accepted { .. } => true,
            Outcome::Unknown => false,
            Outcome::Transient { class } | Outcome::Permanent { class } => {
                // In the middle of a letter a RSET would be a line of it.
                let answered = matches!(class.cause, Cause::Code(code, _) if code != 421);
                let in_letter = self.stranded || class.step == Step::Body;
                answered && !in_letter && matches!(self.ask(Rset).await, Ok(200..=299))
            }
        };
        if keep { (outcome, Some(self)) } else { (outcome, None) }
    }

    /// Step by step, where lettre's own `send` would not tell at which one it failed.
    async fn transaction(&mut self, envelope: &Envelope, bytes: &[u8]) -> Result<Outcome, Class> {
        let Envelope { from, to } = envelope;
        let mail = Mail::new(from.clone(), Vec::new());
        let rcpt = Rcpt::new(to.clone(), Vec::new());
        if self.pipelining {
            self.offer(mail, rcpt).await?;
        } else {
            self.ask_for(Step::Mail, mail, 200..=299).await?;
            self.ask_for(Step::Rcpt, rcpt, 200..=299).await?;
            self.ask_for(Step::Data, Data, 354..=354).await?;
        }
        self.hand_over(bytes).await
    }

    /// Sender, recipient and DATA in one packet, then their answers, each of which must be good (RFC 2920 §3.1).
    async fn offer(&mut self, mail: Mail, rcpt: Rcpt) -> Result<(), Class> {
        self.tap.will_say(3);
        let mut answered = self.ask(format!("{mail}{rcpt}{Data}")).await;
        let mut refused = None;
        for (step, good) in [(Step::Mail, 200..=299), (Step::Rcpt, 200..=299), (Step::Data, 354..=354)] {
            if step != Step::Mail {
                answered = self.answer().await;
            }
            match answered {
                Ok(code) if good.contains(&code) => self.stranded = step == Step::Data && refused.is_some(),
                Ok(code) => refused = refused.or(Some(Class::new(step, Cause::Code(code, None)))),
                // The others' answers still come; behind a 421 nothing does.
                Err(cause @ Cause::Code(code, _)) if code != 421 => {
                    refused = refused.or(Some(Class::new(step, cause)));
                }
                Err(cause) => return Err(refused.unwrap_or(Class::new(step, cause))),
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// The letter and the dot. What fails is a matter of whether the dot was out (R5).
    async fn hand_over(&mut self, bytes: &[u8]) -> Result<Outcome, Class> {
        let Deadlines { body, dot, .. } = self.deadlines;
        // The last line's end is written by lettre, with the dot.
        let letter = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
        let answered = {
            let mut handing = pin!(self.connection.message(letter));
            match tokio::time::timeout(body, &mut handing).await {
                Ok(answered) => answered.map_err(Cause::from),
                Err(_) if self.tap.dot_is_out() => timed(dot, handing).await,
                Err(_) => Err(Cause::Timeout),
            }
        };
        match (self.understand(answered).await, self.tap.dot_is_out()) {
            (Ok(code @ 200..=299), true) => Ok(Outcome::Accepted { code }),
            (Err(cause @ Cause::Code(400.., _)), true) => Err(Class::new(Step::Dot, cause)),
            (_, true) => Ok(Outcome::Unknown),
            (Err(cause), false) => Err(Class::new(Step::Body, cause)),
            (Ok(_), false) => Err(Class::new(Step::Body, Cause::Gibberish)),
        }
    }

    /// One line about what was found.
    pub(super) async fn noop(&mut self) -> Result<String, Class> {
        self.ask_for(Step::Noop, Noop, 200..=299).await?;
        Ok(format!(
            "{}, {}, ready",
            if self.encrypted { "verified TLS" } else { "plain text to this machine" },
            if self.signed_in { "signed in" } else { "no sign-in" },
        ))
    }

    pub(super) async fn quit(mut self) {
        let _ = timed(self.deadlines.command, self.connection.quit()).await;
    }

    async fn ask_for(
        &mut self,
        step: Step,
        command: impl Display,
        good: RangeInclusive<u16>,
    ) -> Result<(), Class> {
        match self.ask(command).await {
            Ok(code) if good.contains(&code) => Ok(()),
            Ok(code) => Err(Class::new(step, Cause::Code(code, None))),
            Err(cause) => Err(Class::new(step, cause)),
        }
    }

    async fn ask(&mut self, command: impl Display) -> Result<u16, Cause> {
        let answered = timed(self.deadlines.command, self.connection.command(command)).await;
        self.understand(answered).await
    }

    /// One more answer to what was said.
    async fn answer(&mut self) -> Result<u16, Cause> {
        let answered = timed(self.deadlines.command, self.connection.read_response()).await;
        self.understand(answered).await
    }

    /// An answer's code, 2yz or 3yz.
    async fn understand(&mut self, answered: Result<Response, Cause>) -> Result<u16, Cause> {
        match answered {
            Ok(answer) => Ok(answer.code().into()),
            // Nothing was sent, for the server had spoken: that says why it goes, as 421 does.
            Err(Cause::Closed) if self.tap.was_interrupted() => {
                let said = timed(self.deadlines.command, self.connection.read_response()).await;
                Err(said.err().unwrap_or(Cause::Gibberish))
            }
            Err(cause) => Err(cause),
        }
    }
}

/// From whom, `None` being the null sender, and to whom.
pub(super) struct Envelope {
    pub(super) from: Option<Address>,
    pub(super) to: Address,
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
