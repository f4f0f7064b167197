//! The page on which a person may say "yes, that was me", for those who would rather click than reply.
//!
//! Only there when `[public]` is configured. It knows no mail, no address and no name: a [`Token`] from a letter
//! comes in, a [`PageAsk`] asks what may be [`Shown`] for it, and an answer goes out as another. What follows is
//! decided where all else is.
//!
//! - A look changes nothing, however often and by whomever (T16, T18). The page works without script and never sends
//!   itself. What discloses or erases needs the code of the letter; stopping the advertising takes one click, or the
//!   one-click POST of a mail program (T17, RFC 8058).
//! - Tokens that are unknown, expired, spent or malformed get the same bytes after the same time (T19). A token stands
//!   in no page, title, log or redirect (T20).
//! - Visits are bounded per address, per network and in total, each step has its deadline, and all of it takes bounded
//!   memory (T21, T22). Overload is turned away here and never reaches the store.
//! - Nothing of a request is ever written into an answer, links come from the configuration alone (T23, T24).

mod connections;
mod form;
mod limits;
mod pace;
mod pages;
mod routes;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::case::Reference;
use crate::classify::Right;
use crate::config::{Controller, LetterLanguage, Public};
use crate::identity::{Code, Token};

/// A question of the page's to whoever keeps the tokens. A dropped `reply` is told to the visitor as "try again".
#[derive(Debug)]
pub enum PageAsk {
    /// What may be shown for a token? Must change nothing (T16).
    Look {
        /// As it stood in the address, well formed.
        token: Token,
        /// `None` for every token that does not confirm: unknown, expired, or of another purpose.
        ///
        /// A token that was answered goes on being shown until it expires (T18).
        reply: oneshot::Sender<Option<Shown>>,
    },
    /// A person's answer.
    Act {
        /// As it stood in the address, well formed.
        token: Token,
        /// As typed; `None` only when [`Shown::asks_code`] was false.
        code: Option<Code>,
        /// "Yes, it was me", or "no".
        yes: bool,
        /// What became of it.
        reply: oneshot::Sender<Outcome>,
    },
}

/// What the page shows for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The case's number.
    pub reference: Reference,
    /// The letter's language; the visitor can switch.
    pub language: LetterLanguage,
    /// What is asked.
    pub rights: Vec<Right>,
    /// Civil day of receipt.
    pub received_on: Date,
    /// Whether only the advertising is to stop: one click is then enough.
    pub opt_out_only: bool,
    /// Whether the letter's code must be typed. Must be true for anything that discloses or erases (T17).
    pub asks_code: bool,
    /// Whether too many wrong codes were typed: from then on only a reply by mail confirms.
    pub locked: bool,
}

impl Shown {
    /// Whether the page takes an answer at all. One about more than the advertising for which the letter brought no
    /// code (it was written when there was no page) is only taken by mail (T17).
    #[must_use]
    pub const fn takes_answers(&self) -> bool {
        !self.locked && (self.opt_out_only || self.asks_code)
    }
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is settled, now or before: an effect happens once, the page says the same (T18).
    Done,
    /// The code was wrong, which is counted where it survives a restart; so many tries are left, 0 locks.
    WrongCode {
        /// Further tries.
        left: u32,
    },
    /// The token confirms nothing any more.
    Gone,
}

/// Wrong codes after which a token is only good for replying (T17).
pub const TRIES_MAX: u32 = 5;

/// How long each step of a visit may take (T22).
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Until the last byte of the header.
    pub header: Duration,
    /// Until the last byte of a form, from the end of the header.
    pub body: Duration,
    /// Until the desk has answered.
    pub desk: Duration,
    /// Until the connection is closed, whatever happens.
    pub whole: Duration,
    /// Open visits at the end of the program.
    pub goodbye: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            body: Duration::from_secs(20),
            desk: Duration::from_secs(5),
            whole: Duration::from_secs(30),
            goodbye: Duration::from_secs(5),
        }
    }
}

/// Where the page puts its questions.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    asks: mpsc::Sender<PageAsk>,
    deadline: Duration,
}

/// The desk is full, silent or gone: the visitor is asked to come again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Busy;

impl Desk {
    async fn look(&self, token: Token) -> Result<Option<Shown>, Busy> {
        let (reply, answer) = oneshot::channel();
        self.ask(PageAsk::Look { token, reply }, answer).await
    }

    async fn act(&self, token: Token, code: Option<Code>, yes: bool) -> Result<Outcome, Busy> {
        let (reply, answer) = oneshot::channel();
        self.ask(PageAsk::Act { token, code, yes, reply }, answer).await
    }

    /// Never waits for room: a full desk means overload, and overload is turned away (R28).
    async fn ask<T>(&self, ask: PageAsk, answer: oneshot::Receiver<T>) -> Result<T, Busy> {
        self.asks.try_send(ask).map_err(|_| Busy)?;
        match tokio::time::timeout(self.deadline, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(Busy),
        }
    }
}

/// The page, bound to its address and not yet serving.
pub struct Page {
    listener: TcpListener,
    pages: pages::Pages,
    pace: pace::Pace,
    public: Public,
    deadlines: Deadlines,
}

impl Page {
    /// Takes the configured address and renders every page once.
    ///
    /// # Errors
    /// The address is taken or not ours, or the base address has characters that need escaping; the sentence says
    /// which.
    pub async fn bind(public: &Public, controller: &Controller) -> io::Result<Self> {
        let pages = pages::Pages::new(public, controller)?;
        let listener = TcpListener::bind(&public.listen).await.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("the confirmation page cannot listen on {} (public.listen): {error}", public.listen),
            )
        })?;
        let pace = pace::Pace::start()?;
        Ok(Self { listener, pages, pace, public: public.clone(), deadlines: Deadlines::default() })
    }

    /// The same with other deadlines.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop`, then lets open visits end for some seconds. `pulse` is called at least every five seconds
    /// while visitors are let in (R30).
    pub async fn serve(self, asks: mpsc::Sender<PageAsk>, pulse: impl Fn() + Send, stop: CancellationToken) {
        let desk = Desk { asks, deadline: self.deadlines.desk };
        let app = Arc::new(routes::App::new(&self.public, self.pages, self.pace, desk, self.deadlines));
        connections::accept(self.listener, app, &self.public, self.deadlines, pulse, stop).await;
    }
}

/// [`Page::bind`] and [`Page::serve`] in one.
///
/// # Errors
/// As [`Page::bind`].
pub async fn serve(
    public: &Public,
    controller: &Controller,
    asks: mpsc::Sender<PageAsk>,
    stop: CancellationToken,
) -> io::Result<()> {
    Page::bind(public, controller).await?.serve(asks, || {}, stop).await;
    Ok(())
}
