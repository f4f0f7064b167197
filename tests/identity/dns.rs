//! A DNS server in a page: TXT answers from a table, "no such name" for everything else, or silence.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

const TXT: u16 = 16;

pub(crate) struct Dns {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Dns {
    /// A server that knows these names (lower case, without final dot).
    pub(crate) async fn with(records: &[(&str, &str)]) -> Self {
        let records = records.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Self::start(Some(records)).await
    }

    /// A server that takes questions and says nothing.
    pub(crate) async fn silent() -> Self {
        Self::start(None).await
    }

    /// Every name that was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn start(records: Option<HashMap<String, String>>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut buffer = [0_u8; 1500];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
                let (name, kind, end) = question(&buffer[..length]);
                noted.lock().unwrap().push(name.clone());
                let Some(records) = &records else { continue };
                let text = records.get(&name).filter(|_| kind == TXT);
                let _ = socket.send_to(&answer(&buffer[..end], text), peer).await;
            }
        });
        Self { address, asked, task }
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn question(packet: &[u8]) -> (String, u16, usize) {
    let mut at = 12;
    let mut labels = Vec::new();
    while packet[at] != 0 {
        let length = usize::from(packet[at]);
        labels.push(String::from_utf8_lossy(&packet[at + 1..=at + length]).to_lowercase());
        at += 1 + length;
    }
    (labels.join("."), u16::from_be_bytes([packet[at + 1], packet[at + 2]]), at + 5)
}

fn answer(question: &[u8], text: Option<&String>) -> Vec<u8> {
    let mut out = question.to_vec();
    out[2] = 0x85; // answer, authoritative, recursion desired
    out[3] = if text.is_some() { 0x80 } else { 0x83 };
    out[6..12].copy_from_slice(&[0, u8::from(text.is_some()), 0, 0, 0, 0]);
    if let Some(text) = text {
        let mut data = Vec::new();
        for part in text.as_bytes().chunks(255) {
            data.push(part.len() as u8);
            data.extend_from_slice(part);
        }
        out.extend_from_slice(&[0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
        out.extend_from_slice(&(data.len() as u16).to_be_bytes());
        out.extend_from_slice(&data);
    }
    out
}
