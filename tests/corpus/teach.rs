//! Learns the weights of `src/classify/taught` from labelled mails, the same bytes on every run.
//!
//!     cargo run --release --example teach                   # writes src/classify/taught/weights.bin
//!     cargo run --release --example teach -- --folds 5      # what is learnt, on mails that were not taught
//!     cargo run --release --example teach -- --apart        # the same on each source of ../shared that was not taught
//!
//!     cargo run --release --example teach -- --ask PATH     # teaches, writes nothing, and scores a folder or a file of lines
//!
//! It reads what lies in `tests/corpus` to be learnt from: folders of whole mails, files of one mail a line (`told`), of
//! one sentence a line (`said`). In `seen` and `tune` the rules were written with the mails at hand, so what they say
//! there is left out: on new mails they are less often right. `measure`, `abroad.jsonl` and all that begins with `blind` are never taught.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rightsd::classify::{OwnPhrases, Reading, Signs, Words, choose, read_by_rules, signs};
use rightsd::mail::{Bounds, Origin, Ours, parse, screen};

#[path = "samples.rs"]
mod samples;

use samples::samples;

/// Folders, and whether what the rules say of their mails counts.
const FOLDERS: [(&str, bool); 4] =
    [("learn", true), ("seen", false), ("tune", false), ("../../../shared/corpus", true)];
/// Mails that nobody wrote for this program count more, since they are few.
const SHARED_WORTH: f32 = 3.0;
const OUT: &str = "src/classify/taught/weights.bin";
/// The scales: the kinds, then what an answer to a confirmation letter says if it says no, or neither yes nor no.
const NAMES: [&str; 15] = [
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
    "confirm:no",
    "confirm:unclear",
];
/// The first so many scales are rights, and so many kinds.
const RIGHTS: usize = 7;
const KINDS: usize = 13;
/// A sign that was met in fewer mails teaches nothing.
const MAILS_MIN: usize = 5;
const ROUNDS: usize = 12;
/// What is learnt is the mean of what stands after each of the last so many rounds: single mails pull less.
const ROUNDS_KEPT: usize = 9;
/// How strongly weights are drawn to nothing.
const DECAY: f32 = 1e-5;

struct Lesson {
    signs: Signs,
    kinds: BTreeSet<String>,
    accept: Vec<BTreeSet<String>>,
    /// What it answers to a confirmation letter, as a scale's name or `confirm:yes`; `None` for what answers none.
    answer: Option<String>,
    /// What the rules say.
    rules: Reading,
    /// Where it comes from: the folder that it lies in, below its own for the shared corpus.
    source: String,
}

struct Learnt {
    places: BTreeMap<u32, usize>,
    /// What each sign weighs in the mail, and in its sentence.
    weights: [Vec<[f32; 15]>; 2],
    bias: [f32; 15],
}

/// Known signs, by their places, and their worth.
type Row = Vec<(usize, f32)>;

fn main() {
    let mut args = std::env::args().skip(1);
    let (mut root, mut folds, mut apart) = (PathBuf::from("tests/corpus"), None, false);
    let mut asked = Vec::new();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--corpus" => root = args.next().expect("a folder").into(),
            "--folds" => folds = Some(args.next().expect("a number").parse::<usize>().expect("a number")),
            "--apart" => apart = true,
            "--ask" => asked.push(PathBuf::from(args.next().expect("a folder"))),
            other => panic!("what is {other}?"),
        }
    }
    let mut lessons = Vec::new();
    for (folder, with_rules) in FOLDERS {
        lessons.push(read(&root.join(folder), with_rules));
    }
    lessons.push(files(&root.join("told")).iter().flat_map(|path| read(path, true)).collect());
    lessons.push(phrases(Path::new("tests/phrases")));
    lessons.push(phrases(&root.join("said")));
    let counts: Vec<usize> = lessons.iter().map(Vec::len).collect();
    println!("mails: {counts:?}");
    if apart {
        return examine_sources(&lessons);
    }
    if let Some(folds) = folds {
        return examine(&lessons, folds);
    }
    let all: Vec<&Lesson> = lessons.iter().flatten().collect();
    let learnt = teach(&all);
    if !asked.is_empty() {
        for folder in asked {
            let mut score = Score::default();
            for lesson in read(&folder, true) {
                score.add(&lesson, &learnt.says(&lesson));
            }
            score.print(&folder.display().to_string());
        }
        return;
    }
    let file = written(&learnt);
    std::fs::write(OUT, &file).expect("the weights are written");
    println!("{OUT}: {} bytes", file.len());
}

fn read(path: &Path, with_rules: bool) -> Vec<Lesson> {
    let Some(samples) = samples(path) else {
        println!("{} is absent", path.display());
        return Vec::new();
    };
    let mut lessons = Vec::new();
    for sample in samples {
        let Ok(mail) = parse(&sample.raw, &Bounds::default()) else { continue };
        let screening = screen(&mail, &Ours::default());
        let source = Path::new(&sample.file).parent().map(|parent| parent.display().to_string());
        let answer = answer(&sample.notes).filter(|_| sample.accepted[0].contains("confirmation"));
        let (words, source) = (Words::of(&mail, &screening), source.unwrap_or_default());
        let lesson = lesson(&words, screening.origin, sample.accepted, with_rules, source);
        // What a machine's own headers tell is not weighed.
        lessons.extend((!lesson.signs.whole.is_empty()).then_some(Lesson { answer, ..lesson }));
    }
    lessons
}

/// The files of `folder`, always in one order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// Rows as in `tests/phrases`, of which each is a whole short mail: kinds, a colon, words.
fn phrases(folder: &Path) -> Vec<Lesson> {
    let text: String = files(folder).iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let set = |text: &str| text.split('+').map(|kind| kind.trim().to_owned()).collect::<BTreeSet<_>>();
    let mut lessons = Vec::new();
    for row in text.lines().map(str::trim).filter(|row| !row.is_empty() && !row.starts_with('#')) {
        let Some((kinds, words)) = row.split_once(": ") else { continue };
        let (subject, own) =
            words.strip_prefix('[').and_then(|rest| rest.split_once(']')).unwrap_or(("", words));
        let own = own.trim().replace("\\n", "\n");
        let words = Words { subject, own: &own, ..Words::default() };
        let kinds = kinds.split(" or ").map(set).collect();
        lessons.push(lesson(&words, Origin::Person, kinds, true, String::new()));
    }
    lessons
}

fn lesson(
    words: &Words<'_>,
    origin: Origin,
    accept: Vec<BTreeSet<String>>,
    with_rules: bool,
    source: String,
) -> Lesson {
    let extra = OwnPhrases::default();
    let signs = signs(words, origin, &extra, with_rules);
    let rules = read_by_rules(words, origin, &extra);
    Lesson { signs, kinds: accept[0].clone(), accept, answer: None, rules, source }
}

/// `confirm:yes`, `confirm:no` or `confirm:unclear`, where `notes` say one.
fn answer(notes: &str) -> Option<String> {
    let word = notes.split("confirm:").nth(1)?.trim_start();
    let end = word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len());
    Some(format!("confirm:{}", &word[..end]))
}

/// Logistic regression on each kind by itself, by steps that grow shorter (AdaGrad), in one fixed order. To what the mail
/// weighs as a whole comes what its loudest sentence weighs: a wish is told in one.
fn teach(lessons: &[&Lesson]) -> Learnt {
    let mut mails: BTreeMap<u32, usize> = BTreeMap::new();
    for (sign, _) in lessons.iter().flat_map(|lesson| lesson.signs.text.iter().chain(&lesson.signs.whole)) {
        *mails.entry(*sign).or_default() += 1;
    }
    let known = mails.into_iter().filter(|(_, mails)| *mails >= MAILS_MIN).map(|(sign, _)| sign);
    let places: BTreeMap<u32, usize> = known.enumerate().map(|(at, sign)| (sign, at)).collect();
    let row = |signs: &Vec<(u32, f32)>| -> Row {
        signs.iter().filter_map(|(sign, worth)| Some((*places.get(sign)?, *worth))).collect()
    };
    // For the scale of a right, and for the others.
    let rows = [true, false].map(|right| -> Vec<Row> {
        lessons.iter().map(|lesson| row(&whole(&lesson.signs, right))).collect()
    });
    let sentences: Vec<Vec<Row>> =
        lessons.iter().map(|lesson| lesson.signs.sentences.iter().map(row).collect()).collect();
    let mut weights = [vec![[0.0_f32; 15]; places.len()], vec![[0.0_f32; 15]; places.len()]];
    let mut bias = [0.0_f32; 15];
    for (kind, name) in NAMES.iter().enumerate() {
        let says = |lesson: &Lesson| match kind {
            0..KINDS => lesson.kinds.contains(*name),
            _ => lesson.answer.as_deref() == Some(*name),
        };
        let wanted: Vec<bool> = lessons.iter().map(|lesson| says(lesson)).collect();
        // Where a careful reader could say either, the lesson counts half.
        let worth: Vec<f32> = lessons
            .iter()
            .map(|lesson| {
                if kind >= KINDS {
                    return f32::from(u8::from(lesson.answer.is_some()));
                }
                let said = |set: &BTreeSet<String>| set.contains(*name);
                let either = lesson.accept.iter().any(|set| said(set) != said(&lesson.kinds));
                let shared = if lesson.source.contains('/') { SHARED_WORTH } else { 1.0 };
                shared * if either { 0.5 } else { 1.0 }
            })
            .collect();
        let mut scale = [Scale::new(0.5, places.len()), Scale::new(0.25, places.len())];
        let (mut b, mut bg, mut kept_bias) = (0.0, 1e-3, 0.0);
        let mut order: Vec<usize> = (0..lessons.len()).filter(|at| worth[*at] > 0.0).collect();
        let mut dice = 0x2545_f491_4f6c_dd1d_u64;
        for round in 0..ROUNDS {
            for at in (1..order.len()).rev() {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                order.swap(at, (dice % (at as u64 + 1)) as usize);
            }
            for &at in &order {
                let (row, [whole, single]) = (&rows[usize::from(kind >= RIGHTS)][at], &mut scale);
                let loudest = sentences[at].iter().map(|row| (single.weigh(row), row));
                let loudest = loudest.max_by(|a, b| a.0.total_cmp(&b.0));
                let sum = whole.weigh(row) + loudest.map_or(0.0, |(sum, _)| sum) + b;
                let error = worth[at] * (1.0 / (1.0 + (-sum).exp()) - f32::from(wanted[at]));
                whole.learn(row, error);
                if let Some((_, row)) = loudest {
                    single.learn(row, error);
                }
                bg += error * error;
                b -= 0.5 * error / bg.sqrt();
            }
            if round + ROUNDS_KEPT >= ROUNDS {
                scale.iter_mut().for_each(Scale::keep);
                kept_bias += b;
            }
        }
        for (weights, scale) in weights.iter_mut().zip(&scale) {
            for (row, weight) in weights.iter_mut().zip(&scale.kept) {
                row[kind] = *weight / ROUNDS_KEPT as f32;
            }
        }
        bias[kind] = kept_bias / ROUNDS_KEPT as f32;
    }
    Learnt { places, weights, bias }
}

/// All that is told of a mail, as it counts on the scale of a right or of something else.
fn whole(signs: &Signs, right: bool) -> Vec<(u32, f32)> {
    let share = if right { signs.right_share } else { 1.0 };
    let text = signs.text.iter().map(|(sign, worth)| (*sign, worth * share));
    text.chain(signs.whole.iter().copied()).collect()
}

/// What one scale has learnt so far.
struct Scale {
    /// How far the first step goes.
    pace: f32,
    weights: Vec<f32>,
    /// The sum of the squared slopes of each.
    steep: Vec<f32>,
    /// The sum of what stood after each of the last rounds.
    kept: Vec<f32>,
}

impl Scale {
    fn new(pace: f32, signs: usize) -> Self {
        Self { pace, weights: vec![0.0; signs], steep: vec![1e-3; signs], kept: vec![0.0; signs] }
    }

    fn weigh(&self, row: &Row) -> f32 {
        row.iter().map(|(place, worth)| self.weights[*place] * worth).sum()
    }

    fn learn(&mut self, row: &Row, error: f32) {
        for (place, worth) in row {
            let slope = error * worth + DECAY * self.weights[*place];
            self.steep[*place] += slope * slope;
            self.weights[*place] -= self.pace * slope / self.steep[*place].sqrt();
        }
    }

    fn keep(&mut self) {
        for (kept, weight) in self.kept.iter_mut().zip(&self.weights) {
            *kept += weight;
        }
    }
}

/// The file that the program embeds: steps, biases, then each sign with twice sixteen weights of one byte.
fn written(learnt: &Learnt) -> Vec<u8> {
    let steps = learnt.weights.each_ref().map(|weights| {
        let mut step = [0.0_f32; 15];
        for row in weights {
            for (step, weight) in step.iter_mut().zip(row) {
                *step = step.max(weight.abs() / 127.0);
            }
        }
        step
    });
    let mut file = Vec::new();
    file.extend(steps.iter().flatten().chain(&learnt.bias).flat_map(|value| value.to_le_bytes()));
    for (sign, place) in &learnt.places {
        let lanes = learnt.weights.iter().zip(&steps).map(|(weights, step)| weights[*place].iter().zip(step));
        let steps =
            |(weight, step): (&f32, &f32)| if *step > 0.0 { (weight / step).round() as i8 } else { 0 };
        // One lane more of each is nothing: the program adds up sixteen at a time.
        let row: Vec<i8> = lanes.flat_map(|lanes| lanes.map(steps).chain([0])).collect();
        if row.iter().any(|weight| *weight != 0) {
            file.extend(sign.to_le_bytes());
            file.extend(row.iter().flat_map(|weight| weight.to_le_bytes()));
        }
    }
    file
}

/// How many were right, how many asked and were lost, how many did not ask and were taken for a request.
#[derive(Clone, Copy, Default)]
struct Score {
    count: usize,
    right: usize,
    asked: usize,
    lost: usize,
    calm: usize,
    invented: usize,
}

impl Score {
    fn add(&mut self, lesson: &Lesson, said: &BTreeSet<String>) {
        let asks = |set: &BTreeSet<String>| set.iter().any(|kind| NAMES[..RIGHTS].contains(&kind.as_str()));
        self.count += 1;
        self.right += usize::from(lesson.accept.contains(said));
        if lesson.accept.iter().all(asks) {
            self.asked += 1;
            self.lost += usize::from(!asks(said));
        } else if !lesson.accept.iter().any(asks) {
            self.calm += 1;
            self.invented += usize::from(asks(said));
        }
    }

    fn print(self, name: &str) {
        let share = |n: usize, of: usize| 100.0 * n as f32 / of.max(1) as f32;
        println!(
            "{name}: right or tolerable {:.1} % of {}; lost {} of {} ({:.1} %); invented {} of {} ({:.1} %)",
            share(self.right, self.count),
            self.count,
            self.lost,
            self.asked,
            share(self.lost, self.asked),
            self.invented,
            self.calm,
            share(self.invented, self.calm)
        );
    }
}

/// Teaches on all but each part in turn, and asks that part.
fn examine(folders: &[Vec<Lesson>], folds: usize) {
    let all: Vec<(usize, &Lesson)> =
        folders.iter().enumerate().flat_map(|(at, lessons)| lessons.iter().map(move |l| (at, l))).collect();
    let mut scores = vec![Score::default(); folders.len()];
    for fold in 0..folds {
        let of_fold = |at: &usize| at * 7919 % folds == fold;
        let taught: Vec<&Lesson> =
            all.iter().enumerate().filter(|(at, _)| !of_fold(at)).map(|(_, (_, lesson))| *lesson).collect();
        let learnt = teach(&taught);
        for (_, (folder, lesson)) in all.iter().enumerate().filter(|(at, _)| of_fold(at)) {
            scores[*folder].add(lesson, &learnt.says(lesson));
        }
    }
    let names = FOLDERS.into_iter().chain([("told", true), ("../phrases", true), ("said", true)]);
    for ((folder, with_rules), score) in names.zip(scores) {
        score.print(&format!("{folder} (rules {})", if with_rules { "heard" } else { "not heard" }));
    }
}

/// Teaches on all but each source of the shared corpus in turn, and asks that source: mails of another making than any
/// that were taught.
fn examine_sources(folders: &[Vec<Lesson>]) {
    let shared = FOLDERS.iter().position(|(folder, _)| folder.contains("shared")).expect("a shared folder");
    let sources: BTreeSet<&str> = folders[shared].iter().map(|lesson| lesson.source.as_str()).collect();
    let mut whole = Score::default();
    for source in sources {
        let apart = |at: usize, lesson: &Lesson| at == shared && lesson.source == source;
        let all = folders.iter().enumerate().flat_map(|(at, lessons)| lessons.iter().map(move |l| (at, l)));
        let taught: Vec<&Lesson> =
            all.filter(|(at, lesson)| !apart(*at, lesson)).map(|(_, lesson)| lesson).collect();
        let learnt = teach(&taught);
        let mut score = Score::default();
        for lesson in folders[shared].iter().filter(|lesson| lesson.source == source) {
            let said = learnt.says(lesson);
            score.add(lesson, &said);
            whole.add(lesson, &said);
        }
        score.print(source);
    }
    whole.print("all sources, each apart");
}

impl Learnt {
    fn says(&self, lesson: &Lesson) -> BTreeSet<String> {
        let mut likely = [0.0_f32; 15];
        for (kind, slot) in likely.iter_mut().enumerate() {
            let weigh = |which: usize, signs: &Vec<(u32, f32)>| -> f32 {
                let weight = |(sign, worth): &(u32, f32)| {
                    self.places.get(sign).map_or(0.0, |place| self.weights[which][*place][kind] * worth)
                };
                signs.iter().map(weight).sum()
            };
            let loudest = lesson.signs.sentences.iter().map(|signs| weigh(1, signs)).reduce(f32::max);
            let sum = weigh(0, &whole(&lesson.signs, kind < RIGHTS)) + loudest.unwrap_or(0.0);
            *slot = 1.0 / (1.0 + (-(sum + self.bias[kind])).exp());
        }
        let chosen = choose(&likely, &lesson.rules);
        chosen
            .unwrap_or_else(|| lesson.rules.kinds.clone())
            .into_iter()
            .map(|kind| kind.name().to_owned())
            .collect()
    }
}
