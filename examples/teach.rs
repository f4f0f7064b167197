//! Learns the weights of `src/classify/taught` from labelled mails, the same bytes on every run.
//!
//!     cargo run --release --example teach            # writes src/classify/taught/weights.bin
//!     cargo run --release --example teach -- --folds 5    # shows what is learnt on mails that were not taught
//!
//! It reads the folders of `tests/corpus` that were written to learn from. In `seen` and `tune` the rules were written
//! with the mails at hand, so what they say there is left out: on new mails they are less often right.
//! `tests/corpus/measure` is never read here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rightsd::classify::{OwnPhrases, Words, choose, signs};
use rightsd::mail::{Bounds, Origin, Ours, parse, screen};

/// Folders, and whether what the rules say of their mails counts.
const FOLDERS: [(&str, bool); 4] =
    [("learn", true), ("seen", false), ("tune", false), ("../../../shared/corpus", true)];
const OUT: &str = "src/classify/taught/weights.bin";
const NAMES: [&str; 13] = [
    "unsubscribe",
    "access",
    "rectification",
    "erasure",
    "restriction",
    "portability",
    "objection",
    "confirmation",
    "auto-reply",
    "bounce",
    "list-mail",
    "spam",
    "other",
];
/// A sign that was met in fewer mails teaches nothing.
const MAILS_MIN: usize = 3;
const ROUNDS: usize = 30;
/// How strongly weights are drawn to nothing.
const DECAY: f32 = 2e-5;

struct Lesson {
    /// Each sign and its worth.
    signs: Vec<(u32, f32)>,
    kinds: BTreeSet<String>,
    accept: Vec<BTreeSet<String>>,
}

struct Learnt {
    places: BTreeMap<u32, usize>,
    weights: Vec<[f32; 13]>,
    bias: [f32; 13],
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (mut root, mut folds) = (PathBuf::from("tests/corpus"), None);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--corpus" => root = args.next().expect("a folder").into(),
            "--folds" => folds = Some(args.next().expect("a number").parse::<usize>().expect("a number")),
            other => panic!("what is {other}?"),
        }
    }
    let mut lessons = Vec::new();
    for (folder, with_rules) in FOLDERS {
        lessons.push(read(&root.join(folder), with_rules));
    }
    lessons.push(phrases(Path::new("tests/phrases")));
    lessons.push(phrases(&root.join("said")));
    let counts: Vec<usize> = lessons.iter().map(Vec::len).collect();
    println!("mails: {counts:?}");
    if let Some(folds) = folds {
        return examine(&lessons, folds);
    }
    let all: Vec<&Lesson> = lessons.iter().flatten().collect();
    let file = written(&teach(&all));
    std::fs::write(OUT, &file).expect("the weights are written");
    println!("{OUT}: {} bytes", file.len());
}

fn read(folder: &Path, with_rules: bool) -> Vec<Lesson> {
    let Ok(labels) = std::fs::read_to_string(folder.join("labels.csv")) else {
        println!("{} is absent", folder.display());
        return Vec::new();
    };
    let set = |text: &str| text.split('|').map(str::to_owned).collect::<BTreeSet<_>>();
    let mut lessons = Vec::new();
    for row in rows(&labels).into_iter().skip(1) {
        let [file, kinds, _, _, accept, ..] = &row[..] else { continue };
        let raw = std::fs::read(folder.join(file)).expect(file);
        let Ok(mail) = parse(&raw, &Bounds::default()) else { continue };
        // What a machine's own headers tell is not weighed.
        if screen(&mail, &Ours::default()).origin != Origin::Person {
            continue;
        }
        let signs = signs(&Words::of(&mail), &OwnPhrases::default(), with_rules);
        let mut sets = vec![set(kinds)];
        sets.extend(accept.split(';').filter(|set| !set.is_empty()).map(set));
        lessons.push(Lesson { signs, kinds: set(kinds), accept: sets });
    }
    lessons
}

/// Rows as in `tests/phrases`, of which each is a whole short mail: kinds, a colon, words.
fn phrases(folder: &Path) -> Vec<Lesson> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let text: String = files.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let set = |text: &str| text.split('+').map(|kind| kind.trim().to_owned()).collect::<BTreeSet<_>>();
    let mut lessons = Vec::new();
    for row in text.lines().map(str::trim).filter(|row| !row.is_empty() && !row.starts_with('#')) {
        let Some((kinds, words)) = row.split_once(": ") else { continue };
        let (subject, own) =
            words.strip_prefix('[').and_then(|rest| rest.split_once(']')).unwrap_or(("", words));
        let own = own.trim().replace("\\n", "\n");
        let words = Words { subject, own: &own, ..Words::default() };
        let signs = signs(&words, &OwnPhrases::default(), true);
        let accept: Vec<BTreeSet<String>> = kinds.split(" or ").map(set).collect();
        lessons.push(Lesson { signs, kinds: accept[0].clone(), accept });
    }
    lessons
}

/// The rows of a CSV file with quoted fields (RFC 4180).
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            c => field.push(c),
        }
    }
    rows
}

/// Logistic regression on each kind by itself, by steps that grow shorter (AdaGrad), in one fixed order.
fn teach(lessons: &[&Lesson]) -> Learnt {
    let mut mails: BTreeMap<u32, usize> = BTreeMap::new();
    for (sign, _) in lessons.iter().flat_map(|lesson| &lesson.signs) {
        *mails.entry(*sign).or_default() += 1;
    }
    let known = mails.into_iter().filter(|(_, mails)| *mails >= MAILS_MIN).map(|(sign, _)| sign);
    let places: BTreeMap<u32, usize> = known.enumerate().map(|(at, sign)| (sign, at)).collect();
    let known = |(sign, worth): &(u32, f32)| places.get(sign).map(|place| (*place, *worth));
    let rows: Vec<Vec<(usize, f32)>> =
        lessons.iter().map(|lesson| lesson.signs.iter().filter_map(known).collect()).collect();
    let mut weights = vec![[0.0_f32; 13]; places.len()];
    let mut bias = [0.0_f32; 13];
    for (kind, name) in NAMES.iter().enumerate() {
        let wanted: Vec<bool> = lessons.iter().map(|lesson| lesson.kinds.contains(*name)).collect();
        // Where a careful reader could say either, the lesson counts half.
        let worth: Vec<f32> = lessons
            .iter()
            .map(|lesson| {
                let said = |set: &BTreeSet<String>| set.contains(*name);
                if lesson.accept.iter().any(|set| said(set) != said(&lesson.kinds)) { 0.5 } else { 1.0 }
            })
            .collect();
        let (mut w, mut g, mut b, mut bg) =
            (vec![0.0_f32; places.len()], vec![1e-3_f32; places.len()], 0.0, 1e-3);
        let mut order: Vec<usize> = (0..lessons.len()).collect();
        let mut dice = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..ROUNDS {
            for at in (1..order.len()).rev() {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                order.swap(at, (dice % (at as u64 + 1)) as usize);
            }
            for &at in &order {
                let row = &rows[at];
                let sum: f32 = row.iter().map(|(place, worth)| w[*place] * worth).sum::<f32>() + b;
                let error = worth[at] * (1.0 / (1.0 + (-sum).exp()) - f32::from(wanted[at]));
                for (place, worth) in row {
                    let slope = error * worth + DECAY * w[*place];
                    g[*place] += slope * slope;
                    w[*place] -= 0.5 * slope / g[*place].sqrt();
                }
                bg += error * error;
                b -= 0.5 * error / bg.sqrt();
            }
        }
        for (row, weight) in weights.iter_mut().zip(&w) {
            row[kind] = *weight;
        }
        bias[kind] = b;
    }
    Learnt { places, weights, bias }
}

/// The file that the program embeds: steps, biases, then each sign with thirteen weights of one byte.
fn written(learnt: &Learnt) -> Vec<u8> {
    let mut step = [0.0_f32; 13];
    for row in &learnt.weights {
        for (step, weight) in step.iter_mut().zip(row) {
            *step = step.max(weight.abs() / 127.0);
        }
    }
    let mut file = Vec::new();
    file.extend(step.iter().chain(&learnt.bias).flat_map(|value| value.to_le_bytes()));
    for (sign, place) in &learnt.places {
        let row: Vec<i8> = learnt.weights[*place]
            .iter()
            .zip(&step)
            .map(|(weight, step)| if *step > 0.0 { (weight / step).round() as i8 } else { 0 })
            .collect();
        if row.iter().any(|weight| *weight != 0) {
            file.extend(sign.to_le_bytes());
            file.extend(row.iter().flat_map(|weight| weight.to_le_bytes()));
        }
    }
    file
}

/// Teaches on all but each part in turn, and asks that part.
fn examine(folders: &[Vec<Lesson>], folds: usize) {
    let requests: BTreeSet<&str> = NAMES[..7].iter().copied().collect();
    let asks = |set: &BTreeSet<String>| set.iter().any(|kind| requests.contains(kind.as_str()));
    let all: Vec<(usize, &Lesson)> =
        folders.iter().enumerate().flat_map(|(at, lessons)| lessons.iter().map(move |l| (at, l))).collect();
    let mut scores = vec![[0_usize; 6]; folders.len()];
    for fold in 0..folds {
        let of_fold = |at: &usize| at * 7919 % folds == fold;
        let taught: Vec<&Lesson> =
            all.iter().enumerate().filter(|(at, _)| !of_fold(at)).map(|(_, (_, lesson))| *lesson).collect();
        let learnt = teach(&taught);
        for (_, (folder, lesson)) in all.iter().enumerate().filter(|(at, _)| of_fold(at)) {
            let said = learnt.says(lesson);
            let [count, right, asked, lost, calm, invented] = &mut scores[*folder];
            *count += 1;
            *right += usize::from(lesson.accept.contains(&said));
            if lesson.accept.iter().all(asks) {
                *asked += 1;
                *lost += usize::from(!asks(&said));
            } else if !lesson.accept.iter().any(asks) {
                *calm += 1;
                *invented += usize::from(asks(&said));
            }
        }
    }
    let share = |n: usize, of: usize| 100.0 * n as f32 / of.max(1) as f32;
    let names = FOLDERS.into_iter().chain([("../phrases", true), ("said", true)]);
    for ((folder, with_rules), [count, right, asked, lost, calm, invented]) in names.zip(scores) {
        println!(
            "{folder} (rules {}): right or tolerable {:.1} % of {count}; lost {lost} of {asked} ({:.1} %); \
             invented {invented} of {calm} ({:.1} %)",
            if with_rules { "heard" } else { "not heard" },
            share(right, count),
            share(lost, asked),
            share(invented, calm)
        );
    }
}

impl Learnt {
    fn says(&self, lesson: &Lesson) -> BTreeSet<String> {
        let mut likely = [0.0_f32; 13];
        for (kind, slot) in likely.iter_mut().enumerate() {
            let weight = |(sign, worth): &(u32, f32)| {
                self.places.get(sign).map_or(0.0, |place| self.weights[*place][kind] * worth)
            };
            let sum: f32 = lesson.signs.iter().map(weight).sum();
            *slot = 1.0 / (1.0 + (-(sum + self.bias[kind])).exp());
        }
        choose(&likely).into_iter().map(|kind| kind.name().to_owned()).collect()
    }
}
