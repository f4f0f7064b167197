//! Whole mails against their labels: the part that the rules were tuned on, and the part that only measures.
//!
//! `measure` was written by people who knew neither the rules nor what the scales learn from; nothing is ever mended
//! on it. `learn` and `seen` teach the scales (`tests/corpus/teach.rs`) and are not scored here: what was learnt is known.
//! What is printed is what CI shows: `cargo test --test corpus -- --nocapture`. The floors are a little below the
//! last figures, so that a change that loses requests fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rightsd::classify::{Answer, OwnPhrases, Reading, Words, read, read_by_rules};
use rightsd::mail::{Bounds, Origin, Ours, parse, screen};

#[path = "corpus/samples.rs"]
mod samples;

use samples::{Kinds, Sample, samples};

const REQUESTS: [&str; 7] =
    ["unsubscribe", "access", "rectification", "erasure", "restriction", "portability", "objection"];

/// Shares, 0 to 1.
struct Floor {
    right: f64,
    lost: f64,
    invented: f64,
}

#[derive(Default)]
struct Figures {
    messages: usize,
    right: usize,
    tolerable: usize,
    requests: usize,
    lost: usize,
    calm: usize,
    invented: usize,
    languages: usize,
    wrong_language: usize,
    kinds: BTreeMap<String, [usize; 3]>,
}

/// Kinds that no person writes.
const MACHINES: [&str; 2] = ["auto-reply", "bounce"];

/// How the program reads, or how its rules alone do.
type Reader = fn(&Words<'_>, Origin, &OwnPhrases) -> Reading;

fn score(samples: &[Sample], reader: Reader) -> Figures {
    let mut figures = Figures::default();
    for sample in samples {
        let mail = parse(&sample.raw, &Bounds::default())
            .unwrap_or_else(|_| panic!("{} is out of bounds", sample.file));
        let screening = screen(&mail, &Ours::default());
        let reading = reader(&Words::of(&mail, &screening), screening.origin, &OwnPhrases::default());
        let got: Kinds = reading.kinds.iter().map(|kind| kind.name().to_owned()).collect();
        figures.count(&got, &sample.accepted);
        if matches!(sample.lang.as_str(), "fr" | "en") {
            figures.languages += 1;
            figures.wrong_language += usize::from(sample.lang != reading.language.code());
        }
    }
    figures
}

impl Figures {
    fn count(&mut self, got: &Kinds, accepted: &[Kinds]) {
        let asks = |set: &Kinds| set.iter().any(|kind| REQUESTS.contains(&kind.as_str()));
        self.messages += 1;
        self.right += usize::from(*got == accepted[0]);
        self.tolerable += usize::from(*got != accepted[0] && accepted.contains(got));
        let nearest = accepted.iter().min_by_key(|set| set.symmetric_difference(got).count()).expect("one");
        for kind in got.union(nearest) {
            let counts = self.kinds.entry(kind.clone()).or_default();
            let at = usize::from(!nearest.contains(kind)) + 2 * usize::from(!got.contains(kind));
            counts[at] += 1;
        }
        if accepted.iter().all(asks) {
            self.requests += 1;
            self.lost += usize::from(!asks(got));
        } else if !accepted.iter().any(asks) {
            self.calm += 1;
            self.invented += usize::from(asks(got));
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "counts are small")]
    fn share(part: usize, whole: usize) -> f64 {
        if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
    }

    fn print(&self, name: &str) {
        println!("== {name}");
        for (kind, [hit, false_alarm, missed]) in &self.kinds {
            let precision = Self::share(*hit, hit + false_alarm);
            let recall = Self::share(*hit, hit + missed);
            println!("{kind:14} precision {precision:.3}  recall {recall:.3}  of {}", hit + missed);
        }
        self.print_sums(name);
    }

    fn print_sums(&self, name: &str) {
        println!(
            "{name}: {} messages: right {}, tolerable {} ({:.4}); requests lost {} of {}; invented {} of {}; language wrong {} of {}",
            self.messages,
            self.right,
            self.tolerable,
            Self::share(self.right + self.tolerable, self.messages),
            self.lost,
            self.requests,
            self.invented,
            self.calm,
            self.wrong_language,
            self.languages,
        );
    }
}

#[track_caller]
fn check(name: &str, path: PathBuf, floor: &Floor) {
    let Some(samples) = samples(&path) else {
        println!("== {name}: absent, not measured ({})", path.display());
        return;
    };
    score(&samples, read_by_rules).print_sums(&format!("{name}, by the rules alone"));
    let figures = score(&samples, read);
    figures.print(name);
    let right = Figures::share(figures.right + figures.tolerable, figures.messages);
    let lost = Figures::share(figures.lost, figures.requests);
    let invented = Figures::share(figures.invented, figures.calm);
    assert!(right >= floor.right, "{name}: right or tolerable {right:.4}, floor {}", floor.right);
    assert!(lost <= floor.lost, "{name}: lost {lost:.4}, at most {}", floor.lost);
    assert!(invented <= floor.invented, "{name}: invented {invented:.4}, at most {}", floor.invented);
}

fn own(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(part)
}

#[test]
fn the_part_to_tune_on() {
    check("tune", own("tune"), &Floor { right: 0.96, lost: 0.015, invented: 0.01 });
}

#[test]
fn the_part_to_measure_only() {
    check("measure", own("measure"), &Floor { right: 0.93, lost: 0.02, invented: 0.07 });
}

#[test]
fn the_second_part_to_measure_only() {
    check("blind", own("blind.jsonl"), &Floor { right: 0.94, lost: 0.015, invented: 0.01 });
}

/// Written after the last lesson. Its first score was 94.3 %, 5 of 165 lost, 1 of 123 invented; one rule came after it.
#[test]
fn the_last_part_to_measure_only() {
    check("blind-last", own("blind-last.jsonl"), &Floor { right: 0.92, lost: 0.04, invented: 0.02 });
}

/// An ordinary year's mail in other voices. Before the last 20,000 lessons it scored about 90 %.
#[test]
fn the_ordinary_part_to_measure_only() {
    check("blind-ordinary", own("blind-ordinary.jsonl"), &Floor { right: 0.90, lost: 0.06, invented: 0.06 });
}

/// Lay people who do not know the word for what they want, and tell it through their life: the hardest. Before the last
/// 20,000 lessons it scored about 80 %, with 8 % lost and 15 % invented.
#[test]
fn the_lay_part_to_measure_only() {
    check("blind-lay", own("blind-lay.jsonl"), &Floor { right: 0.86, lost: 0.09, invented: 0.09 });
}

/// Written when nearly all was taught. Its first score was 92.7 %, 10 of 152 lost, 3 of 138 invented.
#[test]
fn the_year_to_measure_only() {
    check("blind-year", own("blind-year.jsonl"), &Floor { right: 0.91, lost: 0.07, invented: 0.04 });
}

/// Two hands: ordinary mail in plain words, and opt-outs, answers, robots without fields and traps, a third each. A second
/// reader agreed with all 400 labels. Its first score was 94.3 %, 3 of 133 lost, 9 of 251 invented.
#[test]
fn the_freshest_part_to_measure_only() {
    check("blind-fresh", own("blind-fresh.jsonl"), &Floor { right: 0.92, lost: 0.04, invented: 0.05 });
}

/// What a mailbox gets in a year that asks for nothing of the kind, in many languages. Before the lessons that ask for
/// nothing (`told/elsewhere-*`) it scored 88.6 %, and 21 of its mails were taken for requests.
#[test]
fn the_part_on_anything_else_to_measure_only() {
    check("blind-elsewhere", own("blind-elsewhere.jsonl"), &Floor { right: 0.92, lost: 0.0, invented: 0.03 });
}

/// German, Spanish, Italian, Dutch and Portuguese.
#[test]
fn the_part_from_abroad() {
    check("abroad", own("abroad.jsonl"), &Floor { right: 0.79, lost: 0.08, invented: 0.15 });
}

/// What answers to our confirmation letters say, in the parts that only measure: a no or a hesitation that is taken for a
/// yes confirms what its writer did not want.
#[test]
fn a_yes_is_a_yes() {
    let (mut yes, mut taken, mut others, mut wrong) = (0, 0, 0, 0);
    for sample in [
        "measure",
        "blind.jsonl",
        "blind-last.jsonl",
        "blind-ordinary.jsonl",
        "blind-lay.jsonl",
        "blind-year.jsonl",
        "blind-fresh.jsonl",
    ]
    .iter()
    .filter_map(|part| samples(&own(part)))
    .flatten()
    {
        let Some(said) = sample.notes.split("confirm:").nth(1) else { continue };
        let mail = parse(&sample.raw, &Bounds::default()).expect("within bounds");
        let screening = screen(&mail, &Ours::default());
        let reading = read(&Words::of(&mail, &screening), screening.origin, &OwnPhrases::default());
        let as_yes = usize::from(reading.answer == Answer::Yes);
        if said.trim_start().starts_with("yes") {
            yes += 1;
            taken += as_yes;
        } else {
            others += 1;
            wrong += as_yes;
        }
    }
    println!("answers: {taken} of {yes} yeses taken for one; {wrong} of {others} others too");
    assert!(others > 20 && wrong <= 3, "{wrong} of {others} that say no or neither were taken for a yes");
    assert!(taken * 100 >= yes * 70, "only {taken} of {yes} yeses were understood");
}

/// A reason that no person can read is none: whatever the scales alone find is told with words that stand in the mail.
#[test]
fn what_the_scales_find_is_told_in_the_persons_own_words() {
    let (mut told, mut silent) = (0, Vec::new());
    for part in ["told/buried.jsonl", "told/long-2.jsonl", "told/curt.jsonl"] {
        for sample in samples(&own(part)).expect("lessons") {
            let mail = parse(&sample.raw, &Bounds::default()).expect("within bounds");
            let screening = screen(&mail, &Ours::default());
            let words = Words::of(&mail, &screening);
            let reading = read(&words, screening.origin, &OwnPhrases::default());
            for finding in reading.findings.iter().filter(|finding| finding.rule == "weighs_most") {
                let stands = match &finding.span {
                    Some(span) => words.own.get(span.clone()) == Some(finding.text.as_str()),
                    None => words.subject.contains(&finding.text),
                };
                let wordless = words.own.trim().is_empty();
                told += 1;
                if !stands || finding.text.is_empty() && !wordless {
                    silent.push(format!("{part}:{} {}", sample.file, finding.kind.name()));
                }
            }
        }
    }
    assert!(told > 200, "{told}");
    assert!(silent.len() * 100 <= told, "{} of {told}: {silent:?}", silent.len());
}

/// T13: what the rules alone or the scales alone take for a machine's stays marked, and no yes comes of it, however it is
/// understood in the end.
#[test]
fn t13_what_either_reader_takes_for_a_machines_says_no_yes() {
    let (mut machines, mut overruled) = (0, 0);
    for part in
        ["told/machines-4.jsonl", "told/machines-5.jsonl", "told/answers-2.jsonl", "told/answers-3.jsonl"]
    {
        for sample in samples(&own(part)).expect("lessons") {
            let mail = parse(&sample.raw, &Bounds::default()).expect("within bounds");
            let screening = screen(&mail, &Ours::default());
            let words = Words { carries_our_token: true, ..Words::of(&mail, &screening) };
            let by_rules = read_by_rules(&words, screening.origin, &OwnPhrases::default());
            let reading = read(&words, screening.origin, &OwnPhrases::default());
            let machine =
                |reading: &Reading| reading.kinds.iter().any(|kind| MACHINES.contains(&kind.name()));
            if machine(&by_rules) || machine(&reading) {
                machines += 1;
                overruled += usize::from(machine(&by_rules) && !machine(&reading));
                let yes = screening.origin == Origin::Person && reading.answer == Answer::Yes;
                assert!(reading.machine && !yes, "{part}:{}", sample.file);
                assert!(!reading.certain || machine(&reading), "{part}:{}", sample.file);
            }
        }
    }
    assert!(machines > 200 && overruled > 10, "{machines}, {overruled}");
}

#[test]
fn the_shared_corpus_when_it_is_there() {
    let labels = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    check("shared", labels, &Floor { right: 0.97, lost: 0.01, invented: 0.008 });
}
