//! What one mail costs, from its bytes to its kinds: a 4 kB mail is to stay under 150 µs on one core.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rightsd::classify::{OwnPhrases, Words, classify, read};
use rightsd::mail::{Bounds, Origin, Ours, parse, screen};

const WORDS: &str = "Madame, Monsieur,\r\n\r\n\
Je me permets de vous écrire au sujet de la relation commerciale que nous avons entretenue entre 2018 et 2022. \
J'avais souscrit à l'époque une offre familiale, que j'ai résiliée après notre déménagement. J'ai depuis reçu des \
courriers de votre part, à des adresses successives, ce qui laisse penser que vous avez tenu mon dossier à jour.\r\n\r\n\
En conséquence, je vous demande de procéder à l'effacement de mes données et de cesser tout envoi publicitaire. \
Je ne demande pas la fermeture de mon contrat en cours.\r\n\r\n";

/// A mail of about `bytes` bytes, head included.
fn mail(bytes: usize) -> Vec<u8> {
    let mut text = String::from(
        "From: Jeanne Martin <jeanne@example.net>\r\nTo: dpo@example.com\r\nSubject: Mes droits\r\n\
         Message-ID: <1@example.net>\r\nDate: Tue, 5 Mar 2024 10:15:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
    );
    while text.len() < bytes {
        text.push_str(WORDS);
    }
    text.into_bytes()
}

fn benches(c: &mut Criterion) {
    let ours = Ours::default();
    let own = OwnPhrases::default();
    let mut group = c.benchmark_group("classify");
    for bytes in [1_000, 4_000, 64_000] {
        let raw = mail(bytes);
        group.throughput(Throughput::Bytes(raw.len() as u64));
        group.bench_function(format!("{bytes} bytes, raw to kinds"), |b| {
            b.iter(|| {
                let mail = parse(black_box(&raw), &Bounds::default()).expect("within bounds");
                classify(&mail, &screen(&mail, &ours), &own)
            });
        });
    }
    let text = String::from_utf8(mail(4_000)).expect("UTF-8");
    group.bench_function("4000 bytes, words to kinds", |b| {
        b.iter(|| {
            read(
                &Words { subject: "Mes droits", own: black_box(&text), ..Words::default() },
                Origin::Person,
                &own,
            )
        });
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
