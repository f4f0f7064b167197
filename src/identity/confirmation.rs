//! What in a mail may come from a letter of ours. Candidates only: who holds the key checks them.

use crate::mail::InboundMail;

use super::Token;

/// Candidates looked at in one mail: more than any thread of ours has, few enough to be cheap.
const CANDIDATES_MAX: usize = 24;

/// Tokens by which a mail may answer a letter of ours, the surest first: the id it replies to, the address it
/// was sent to, the thread's ids from the newest, the subject.
#[must_use]
pub fn answer_tokens(mail: &InboundMail, separator: Option<char>) -> Vec<Token> {
    let tags = mail
        .recipients
        .iter()
        .filter_map(|address| address.tag(separator?))
        .filter_map(|tag| Token::parse(last(tag, separator)?.strip_prefix("r.")?));
    let replied = mail.in_reply_to.iter().filter_map(|id| token_of_id(id));
    let thread = mail.references.iter().rev().filter_map(|id| token_of_id(id));
    let subject = mail.subject.split("[r.").skip(1).filter_map(|rest| Token::parse(rest.split_once(']')?.0));
    unique(replied.chain(tags).chain(thread).chain(subject))
}

/// Tokens by which a report may be about a letter of ours: the return path it was sent to (T14).
#[must_use]
pub fn bounce_tokens(mail: &InboundMail, separator: Option<char>) -> Vec<Token> {
    let tags = mail
        .recipients
        .iter()
        .filter_map(|address| address.tag(separator?))
        .filter_map(|tag| Token::parse(last(tag, separator)?.strip_prefix("b.")?));
    unique(tags)
}

/// Whether the words are the one that takes an opt-out back, as our letter asks for it. Only a mail of a few
/// words can be that: in a longer one the word may mean anything.
#[must_use]
pub fn takes_back(own_words: &str) -> bool {
    let mut words = own_words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let (Some(first), Some(_) | None) = (words.next(), words.next()) else { return false };
    let few = own_words.split_whitespace().count() <= 12;
    let first = first.to_lowercase();
    few && matches!(
        first.as_str(),
        "annuler" | "annulez" | "annulation" | "annule" | "undo" | "cancel" | "réabonner"
    )
}

/// What follows the last separator: the mailbox's own name may hold one, a token never does.
fn last(tag: &str, separator: Option<char>) -> Option<&str> {
    tag.rsplit(separator?).next()
}

fn token_of_id(id: &str) -> Option<Token> {
    Token::parse(id.strip_prefix("r.")?.split_once('@')?.0)
}

fn unique(found: impl Iterator<Item = Token>) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for token in found {
        if tokens.len() == CANDIDATES_MAX {
            break;
        }
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_takes_an_opt_out_back() {
        for words in ["ANNULER", "annuler\n", "Annuler svp", "undo", "Undo, please!", "« ANNULER »"] {
            assert!(takes_back(words), "{words}");
        }
        for words in ["", "merci", "ne rien annuler", "Je veux annuler ma commande", "ok undo"] {
            assert!(!takes_back(words), "{words}");
        }
    }
}
