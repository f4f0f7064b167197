//! Letters out: final bytes in, one of four answers back. SMTP as a submission client (RFC 5321, 6409).
//!
//! A letter leaves over verified TLS, or in plain text to this machine; never otherwise (T35). Whatever fails before
//! the final dot is [`Outcome::Transient`] or [`Outcome::Permanent`] and the letter has surely not gone out; silence
//! after it is [`Outcome::Unknown`], because then it may have (R5). What a server says is reduced to codes: its
//! words never reach a log (T55). This room keeps no state but open connections, and never retries a letter that
//! could have been taken: when and whether to try again is decided from the store, with [`backoff`].
//!
//! lettre speaks SMTP. What it speaks over is ours, so that we know whether the final dot was out, bound what a
//! server may say, and take up nothing that was said before TLS; so is the pool, so that a letter is never sent
//! twice behind our back. lettre's `tracing` feature stays off: it prints passwords.

mod backoff;
mod connect;
mod failure;
mod folder;
mod outcome;
mod session;
mod tap;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use backoff::backoff;
pub use connect::PostmanError;
pub use outcome::{Cause, Class, Outcome, Status, Step};

use crate::config::Smtp;
use crate::mail::Address;
use crate::reply::wire;
use connect::Route;
use folder::Folder;
use session::{Envelope, Session};

/// A connection that rested longer is not used again: servers hang up after some minutes.
const IDLE_MAX: Duration = Duration::from_secs(45);

/// How long a server may take. RFC 5321 §4.5.3.2 allows minutes for each step, for servers that relay while we
/// wait; a submission server queues, and a connection that waits sends nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Name lookup and TCP.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// Greeting with EHLO, the sign-in, and each other command's answer.
    pub command: Duration,
    /// Writing the letter.
    pub body: Duration,
    /// The answer after the final dot: too short a wait doubles letters.
    pub dot: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            tls: Duration::from_secs(30),
            command: Duration::from_secs(60),
            body: Duration::from_secs(60),
            dot: Duration::from_secs(180),
        }
    }
}

/// Sends letters, several side by side. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Postman {
    way: Arc<Way>,
}

enum Way {
    Server(Box<Pool>),
    Folder(Folder),
}

struct Pool {
    route: Route,
    deadlines: Deadlines,
    seats: Semaphore,
    idle: Mutex<Vec<(Session, Instant)>>,
}

impl Postman {
    /// A postman for this server or folder. Reads the password and the certificates, connects to nothing.
    ///
    /// # Errors
    /// One sentence with the key and the remedy.
    pub fn new(smtp: &Smtp) -> Result<Self, PostmanError> {
        Self::with_deadlines(smtp, Deadlines::default())
    }

    /// As [`Postman::new`], with other deadlines.
    ///
    /// # Errors
    /// As [`Postman::new`].
    pub fn with_deadlines(smtp: &Smtp, deadlines: Deadlines) -> Result<Self, PostmanError> {
        let way = match &smtp.folder {
            Some(folder) => Way::Folder(Folder::new(folder.clone())),
            None => Way::Server(Box::new(Pool {
                route: Route::new(smtp)?,
                deadlines,
                seats: Semaphore::new(smtp.connections.max(1)),
                idle: Mutex::new(Vec::new()),
            })),
        };
        Ok(Self { way: Arc::new(way) })
    }

    /// Hands over one letter. `None` as `envelope_from` is the null sender. Bytes or addresses that could become
    /// a second command, mail or recipient are refused before any server sees them (T28, T29).
    ///
    /// Dropping the future before it ends leaves the outcome unknown.
    pub async fn send(&self, envelope_from: Option<&str>, to: &str, bytes: &[u8]) -> Outcome {
        let refused = |cause| Outcome::Permanent { class: Class::new(Step::Check, cause) };
        let Some(address) = plain(to) else { return refused(Cause::Address) };
        let from = envelope_from.map(|from| plain(from).and_then(|from| from.as_str().parse().ok()));
        let (None | Some(Some(_)), Ok(recipient)) = (&from, to.parse()) else {
            return refused(Cause::Address);
        };
        let envelope = Envelope { from: from.flatten(), to: recipient };
        if wire::check(bytes, &address).is_err() {
            return refused(Cause::Bytes);
        }
        match &*self.way {
            Way::Folder(folder) => folder.put(bytes).await,
            Way::Server(pool) => pool.send(&envelope, bytes).await,
        }
    }

    /// Connects, signs in and asks for nothing: one line for `check`.
    ///
    /// # Errors
    /// One sentence about the step that failed.
    pub async fn probe(&self) -> Result<String, PostmanError> {
        match &*self.way {
            Way::Folder(folder) => folder.probe().await,
            Way::Server(pool) => pool.probe().await,
        }
    }

    /// Takes leave of the server on all connections that rest (QUIT), within a second.
    pub async fn close(&self) {
        if let Way::Server(pool) = &*self.way {
            let resting = std::mem::take(&mut *pool.idle.lock().unwrap_or_else(PoisonError::into_inner));
            let leave = futures::future::join_all(resting.into_iter().map(|(session, _)| session.quit()));
            let _ = tokio::time::timeout(Duration::from_secs(1), leave).await;
        }
    }
}

/// The address, if it is written as it will be sent.
fn plain(text: &str) -> Option<Address> {
    Address::parse(text).filter(|address| address.as_str() == text)
}

/// Where letters go, not with which password.
impl fmt::Debug for Postman {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.way {
            Way::Folder(_) => f.write_str("Postman(folder)"),
            Way::Server(pool) => write!(f, "Postman({})", pool.route.place()),
        }
    }
}

impl Pool {
    async fn send(&self, envelope: &Envelope, bytes: &[u8]) -> Outcome {
        let Ok(_seat) = self.seats.acquire().await else {
            return Outcome::Transient { class: Class::new(Step::Connect, Cause::Closed) };
        };
        if let Some(session) = self.rested() {
            let (outcome, session) = session.deliver(envelope, bytes).await;
            // A server may hang up on a connection that rested, or after so many letters. Nothing of this letter
            // was taken then, and a fresh connection tells what the server thinks of it.
            let hung_up = matches!(&outcome, Outcome::Transient { class } if class.is_hangup());
            if !hung_up {
                self.rest(session);
                return outcome;
            }
        }
        match Session::open(&self.route, self.deadlines).await {
            Ok(session) => {
                let (outcome, session) = session.deliver(envelope, bytes).await;
                self.rest(session);
                outcome
            }
            // A server that turns us away, or a wrong password, says nothing about this letter.
            Err(class) => Outcome::Transient { class },
        }
    }

    fn rested(&self) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        idle.retain(|(_, since)| now.duration_since(*since) < IDLE_MAX);
        idle.pop().map(|(session, _)| session)
    }

    fn rest(&self, session: Option<Session>) {
        if let Some(session) = session {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((session, Instant::now()));
        }
    }

    async fn probe(&self) -> Result<String, PostmanError> {
        let failed =
            |class: Class| PostmanError::new(format!("{}: {}", self.route.place(), class.in_words()));
        let mut session = Session::open(&self.route, self.deadlines).await.map_err(failed)?;
        let found = session.noop().await.map_err(failed)?;
        session.quit().await;
        Ok(format!("{}: {found}", self.route.place()))
    }
}
