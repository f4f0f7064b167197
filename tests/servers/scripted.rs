//! Servers that say exactly what a test wants, right or wrong.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A listener that plays a script for each connection.
pub struct Scripted {
    /// Where it listens.
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
}

impl Scripted {
    /// Plays `script` for each connection, the connection's number (from 0) with it; the line closes when it ends.
    pub fn start(script: impl Fn(usize, &mut Talk) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let this = Self { port, heard: Arc::default(), connections: Arc::default(), ended: Arc::default() };
        let (heard, connections, ended) =
            (Arc::clone(&this.heard), Arc::clone(&this.connections), Arc::clone(&this.ended));
        let script = Arc::new(script);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let (heard, script) = (Arc::clone(&heard), Arc::clone(&script));
                std::thread::spawn(move || {
                    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                    let reader = BufReader::new(stream.try_clone().unwrap());
                    script(number, &mut Talk { reader, stream, heard, tag: String::new() });
                });
            }
        });
        this
    }

    /// Every line that clients sent.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Connections taken so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// One connection, as its script sees it.
pub struct Talk {
    reader: BufReader<TcpStream>,
    stream: TcpStream,
    heard: Arc<Mutex<Vec<String>>>,
    tag: String,
}

impl Talk {
    /// Sends bytes as they are; a client that has gone does not matter.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// The client's next line without its end and without its tag; `None` when it has gone.
    pub fn command(&mut self) -> Option<String> {
        let line = self.line()?;
        let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
        tag.clone_into(&mut self.tag);
        Some(command.to_owned())
    }

    /// The client's next line as it is.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(1..) => {
                let line = line.trim_end_matches(['\r', '\n']).to_owned();
                self.heard.lock().unwrap().push(line.clone());
                Some(line)
            }
            _ => None,
        }
    }

    /// Ends the command that was read last: `OK done`, `NO never`.
    pub fn end(&mut self, words: &str) {
        let line = format!("{} {words}\r\n", self.tag);
        self.say(line);
    }

    /// The tag of the command that was read last.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Passes everything on between the client and another server until one of them goes.
    pub fn pipe(&mut self, mut other: TcpStream) {
        let (mut back, mut from_other) = (self.stream.try_clone().unwrap(), other.try_clone().unwrap());
        let returning = std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_other, &mut back);
            let _ = back.shutdown(std::net::Shutdown::Both);
        });
        let _ = std::io::copy(&mut self.reader, &mut other);
        let _ = other.shutdown(std::net::Shutdown::Both);
        let _ = returning.join();
    }

    /// Greets, and answers sensibly until a command comes that the script wants to answer itself.
    pub fn until(&mut self, wanted: &str) -> Option<String> {
        self.until_with(wanted, "IMAP4rev1 AUTH=PLAIN IDLE UIDPLUS MOVE")
    }

    /// The same with other capabilities; `wanted` is how the command begins.
    pub fn until_with(&mut self, wanted: &str, capabilities: &str) -> Option<String> {
        if self.tag.is_empty() {
            self.say("* OK ready\r\n");
        }
        loop {
            let command = self.command()?;
            if command.starts_with(wanted) {
                return Some(command);
            }
            match command.split(' ').next().unwrap_or_default() {
                "CAPABILITY" => self.say(format!("* CAPABILITY {capabilities}\r\n")),
                "AUTHENTICATE" => {
                    self.say("+ \r\n");
                    self.line()?;
                }
                "SELECT" | "EXAMINE" => self.say(
                    "* 3 EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 7] valid\r\n* OK [UIDNEXT 4] next\r\n",
                ),
                "LOGOUT" => self.say("* BYE see you\r\n"),
                "IDLE" => {
                    self.say("+ idling\r\n");
                    self.line()?;
                }
                _ => {}
            }
            self.end("OK done");
        }
    }
}
