//! What could name a case of ours: ids, tags, tokens. Candidates only: who checks them has the key.

use super::headers::Headers;

/// How many ids of one field are kept from its start, and from its end (RFC 5322 §3.6.4 sets no bound).
const IDS_KEPT: usize = 20;

/// The ids in all fields called `name`, without angle brackets: the first and the last 20.
pub(super) fn ids(headers: &Headers, name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for value in headers.all(name) {
        let bracketed = value.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(id, _)| id);
        let before = found.len();
        found.extend(bracketed.map(clean).filter(|id| !id.is_empty()));
        if found.len() == before {
            found.extend(value.split_whitespace().filter(|word| word.contains('@')).map(clean));
        }
        if found.len() > 2 * IDS_KEPT {
            found.drain(IDS_KEPT..found.len() - IDS_KEPT);
        }
    }
    found
}

/// Prefixes that mail programs put before the subject they answer, folded, without the colon.
const REPLY_PREFIXES: [&str; 12] =
    ["re", "aw", "rv", "sv", "antw", "ref", "rif", "odp", "rép", "rep", "reponse", "r"];
/// Prefixes that mail programs put before the subject they forward.
const FORWARD_PREFIXES: [&str; 13] =
    ["tr", "fw", "fwd", "wg", "rv", "i", "enc", "doorst", "trans", "transfert", "vl", "vs", "res"];

/// Whether a program says with the subject that the mail answers another.
#[must_use]
pub fn is_reply(subject: &str) -> bool {
    prefix(subject).is_some_and(|prefix| REPLY_PREFIXES.contains(&prefix.as_str()))
}

/// Whether a program says with the subject that the mail passes another on.
#[must_use]
pub fn is_forward(subject: &str) -> bool {
    prefix(subject).is_some_and(|prefix| FORWARD_PREFIXES.contains(&prefix.as_str()))
}

fn prefix(subject: &str) -> Option<String> {
    let (prefix, _) = subject.split_once([':', '：'])?;
    let prefix = prefix.trim();
    let bare = prefix.split(['[', '(']).next().unwrap_or_default().trim();
    (bare.len() <= 10).then(|| super::visible::fold(bare))
}

fn clean(id: &str) -> String {
    id.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(250).collect()
}
