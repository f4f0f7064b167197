//! The page as a visitor's other side: a running server, a desk that counts, and a client that says any bytes.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rightsd::case::Reference;
use rightsd::classify::Right;
use rightsd::config::{Controller, LetterLanguage, Public};
use rightsd::identity::{Code, Token};
use rightsd::public::{Deadlines, Outcome, Page, PageAsk, Shown, TRIES_MAX};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(crate) const CODE: &str = "271828";

/// A letter's token, and what the desk knows of it.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) shown: Shown,
    pub(crate) live: bool,
    pub(crate) tries: u32,
    pub(crate) answer: Option<bool>,
    /// How often an answer changed something.
    pub(crate) effects: u32,
    /// How often anybody tried.
    pub(crate) acts: u32,
}

#[derive(Clone, Default)]
pub(crate) struct FakeDesk {
    pub(crate) known: Arc<Mutex<HashMap<String, Known>>>,
    pub(crate) looks: Arc<Mutex<u64>>,
    /// How long looking up a token that was never given takes.
    pub(crate) slow_unknown: Duration,
}

impl FakeDesk {
    /// A token whose letter asks about these rights.
    pub(crate) fn give(&self, seed: u8, rights: &[Right], language: LetterLanguage) -> Token {
        let opt_out_only = rights == [Right::OptOut];
        let shown = Shown {
            reference: Reference::from_random("2J", [seed, 1, 2, 3]),
            language,
            rights: rights.to_vec(),
            received_on: jiff::civil::date(2026, 11, 23),
            opt_out_only,
            asks_code: !opt_out_only,
            locked: false,
        };
        let token = Token::from_random([seed; 20]);
        let known = Known { shown, live: true, tries: 0, answer: None, effects: 0, acts: 0 };
        self.known.lock().unwrap().insert(token.as_str().to_owned(), known);
        token
    }

    pub(crate) fn opt_out(&self) -> Token {
        self.give(1, &[Right::OptOut], LetterLanguage::Fr)
    }

    pub(crate) fn erasure(&self) -> Token {
        self.give(2, &[Right::Access, Right::Erasure], LetterLanguage::Fr)
    }

    pub(crate) fn of(&self, token: &Token) -> Known {
        self.known.lock().unwrap().get(token.as_str()).cloned().unwrap()
    }

    pub(crate) fn expire(&self, token: &Token) {
        self.known.lock().unwrap().get_mut(token.as_str()).unwrap().live = false;
    }

    pub(crate) fn acts(&self) -> u32 {
        self.known.lock().unwrap().values().map(|known| known.acts).sum()
    }

    pub(crate) async fn run(self, mut asks: mpsc::Receiver<PageAsk>) {
        while let Some(ask) = asks.recv().await {
            match ask {
                PageAsk::Look { token, reply } => {
                    *self.looks.lock().unwrap() += 1;
                    let shown = self.known.lock().unwrap().get(token.as_str()).cloned();
                    if shown.is_none() && !self.slow_unknown.is_zero() {
                        let slow = self.slow_unknown;
                        tokio::spawn(async move {
                            tokio::time::sleep(slow).await;
                            let _ = reply.send(None);
                        });
                        continue;
                    }
                    let shown = shown.filter(|known| known.live).map(|known| known.shown);
                    let _ = reply.send(shown);
                }
                PageAsk::Act { token, code, yes, reply } => {
                    let outcome = self.act(&token, code.as_ref(), yes);
                    let _ = reply.send(outcome);
                }
            }
        }
    }

    fn act(&self, token: &Token, code: Option<&Code>, yes: bool) -> Outcome {
        let mut known = self.known.lock().unwrap();
        let Some(known) = known.get_mut(token.as_str()).filter(|known| known.live) else {
            return Outcome::Gone;
        };
        known.acts += 1;
        if known.shown.asks_code && (known.shown.locked || code != Code::parse(CODE).as_ref()) {
            known.tries += 1;
            known.shown.locked = known.tries >= TRIES_MAX;
            return Outcome::WrongCode { left: TRIES_MAX.saturating_sub(known.tries) };
        }
        if known.answer.is_none() {
            known.answer = Some(yes);
            known.effects += 1;
        }
        Outcome::Done
    }
}

pub(crate) fn public(more: &str) -> Public {
    toml::from_str(&format!(
        "listen = \"127.0.0.1:0\"\nvisits_per_address_minute = 100000\nvisits_per_network_minute = 100000\n\
         visits_per_second = 100000\n{more}"
    ))
    .unwrap()
}

pub(crate) fn controller() -> Controller {
    toml::from_str(
        "name = \"2J PROCESS\"\nentities = [\"2J PROCESS\", \"SFP EXPANSION\"]\n\
         postal_address = [\"12 rue des Exemples\", \"75002 Paris\"]\ndpo_email = \"dpo@2jprocess.example\"\n\
         privacy_notice_url = \"https://2jprocess.example/donnees\"",
    )
    .unwrap()
}

/// A page that is served until this is dropped.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) served: Option<tokio::task::JoinHandle<()>>,
}

impl House {
    /// The address of `path` here.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.address.port())
    }

    pub(crate) async fn open(desk: &FakeDesk) -> Self {
        Self::open_with(desk, "base_url = \"https://droits.example\"", Deadlines::default()).await
    }

    pub(crate) async fn open_with(desk: &FakeDesk, settings: &str, deadlines: Deadlines) -> Self {
        let (asks, questions) = mpsc::channel(256);
        tokio::spawn(desk.clone().run(questions));
        Self::open_to(asks, settings, deadlines).await
    }

    pub(crate) async fn open_to(asks: mpsc::Sender<PageAsk>, settings: &str, deadlines: Deadlines) -> Self {
        Self::open_as(asks, &public(settings), deadlines).await
    }

    pub(crate) async fn open_as(asks: mpsc::Sender<PageAsk>, public: &Public, deadlines: Deadlines) -> Self {
        let page = Page::bind(public, &controller()).await.unwrap().with_deadlines(deadlines);
        let address = page.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(page.serve(asks, || {}, stop.clone()));
        Self { address, stop, served: Some(served) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.say(&format!("GET {path} HTTP/1.1\r\nHost: droits.example\r\n\r\n")).await
    }

    pub(crate) async fn method(&self, method: &str, path: &str) -> Answer {
        self.say(&format!("{method} {path} HTTP/1.1\r\nHost: droits.example\r\n\r\n")).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.post_with(path, "", body).await
    }

    pub(crate) async fn post_with(&self, path: &str, headers: &str, body: &str) -> Answer {
        self.say(&format!(
            "POST {path} HTTP/1.1\r\nHost: droits.example\r\n{headers}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await
    }

    /// Any bytes, and what comes back until the server closes.
    pub(crate) async fn say(&self, bytes: &str) -> Answer {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        Answer::read(&mut stream).await
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection from another address of this machine.
    pub(crate) async fn connect_from(&self, from: IpAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(self.address).await.unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Everything but `date`, in order, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {} bytes", self.status, self.headers, self.body.len())
    }
}

impl Answer {
    pub(crate) async fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .filter(|(name, _)| name != "date")
            .collect();
        Self { status: status.unwrap_or(0), headers, body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn whole(&self) -> String {
        format!("{} {:?}\n{}", self.status, self.headers, self.body)
    }
}
