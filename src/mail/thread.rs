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

fn clean(id: &str) -> String {
    id.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(250).collect()
}
