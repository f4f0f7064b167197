use rightsd::{clock::Clock, config::Config, daemon, store::Arrival};
#[tokio::main]
async fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let port: u16 = std::env::args().nth(2).unwrap().parse().unwrap();
    let dir = std::env::temp_dir().join(format!("pipe{}", std::process::id()));
    let text = format!(
        r#"
[controller]
name = "2J PROCESS"
entities = ["SFP EXPANSION"]
postal_address = ["La Direction"]
dpo_email = "dora@2jprocess.example"
reference_prefix = "2J"
[[mailbox]]
name = "dpo"
purpose = "rights"
address = "2J-DPO@2jprocess.example"
maildir = {{ path = "/tmp" }}
[smtp]
host = "127.0.0.1"
port = {port}
security = "plaintext"
connections = 8
[store]
path = "{}/rightsd.db"
free_mib_min = 16
[limits]
letters_per_hour = 1000000
letters_per_domain_hour = 1000000
"#,
        dir.display()
    );
    let config = Config::parse(&text, std::path::Path::new("x")).unwrap();
    let office = daemon::open_office(config, Clock::System).await.unwrap();
    let t = std::time::Instant::now();
    for chunk in 0..n / 500 {
        let batch = (0..500).map(|i| { let k = chunk * 500 + i; Arrival { mailbox: "dpo".into(), folder: "INBOX".into(), place: format!("1/{k}"), received_at: jiff::Timestamp::now(), partial: false, verified: None,
            raw: format!("From: P {k} <p{k}@d{}.example.org>\r\nTo: 2J-DPO@2jprocess.example\r\nSubject: STOP\r\nMessage-ID: <{k}@example.org>\r\nDate: Mon, 23 Nov 2026 08:00:00 +0100\r\n\r\n{}", k % 97, "Je ne veux plus recevoir vos offres, merci de me retirer.\r\n".repeat(40)).into_bytes() } }).collect();
        office.store.receive(batch).await.unwrap();
    }
    eprintln!("received {:?}", t.elapsed());
    let t = std::time::Instant::now();
    while office.process_batch().await.unwrap() > 0 {}
    eprintln!("processed {:?}", t.elapsed());
    let t = std::time::Instant::now();
    let postman = rightsd::outbox::Postman::new(&office.config.smtp).unwrap();
    while office.dispatch_batch(&postman).await.unwrap() > 0 {}
    eprintln!("dispatched {:?}", t.elapsed());
    eprintln!("{:?}", office.store.letter_counts().await);
    std::fs::remove_dir_all(dir).unwrap();
}
