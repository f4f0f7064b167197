//! Our own letters, known again when they come back: a keyed hash of the Message-ID in a header (T26).

use std::fmt;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header that carries the mark.
pub const MARK_FIELD: &str = "X-Rightsd";

/// The key of the mark; made from the installation's key, never written anywhere.
#[derive(Clone)]
pub struct MarkKey(Hmac<Sha256>);

impl MarkKey {
    /// The key that these secret bytes make.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(bytes).expect("HMAC takes a key of any length"))
    }

    /// The mark of a letter: 64 hexadecimal digits.
    #[must_use]
    pub fn mark(&self, message_id: &str) -> String {
        HEXLOWER.encode(&self.over(message_id).finalize().into_bytes())
    }

    fn over(&self, message_id: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(b"rightsd letter ");
        mac.update(message_id.as_bytes());
        mac
    }
}

impl fmt::Debug for MarkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MarkKey(…)")
    }
}

/// Whether `value` is our mark of the letter with this Message-ID (no angle brackets). Constant time; anything
/// else in the header, or our mark of another letter, is no mark.
#[must_use]
pub fn verify_mark(message_id: &str, value: &str, key: &MarkKey) -> bool {
    HEXLOWER
        .decode(value.trim().as_bytes())
        .is_ok_and(|bytes| bytes.len() == 32 && key.over(message_id).verify_slice(&bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t26_only_our_own_mark_of_this_letter_counts() {
        let key = MarkKey::new(&[1; 32]);
        let mark = key.mark("r.abc@example.org");
        assert!(verify_mark("r.abc@example.org", &format!(" {mark} "), &key));
        assert!(!verify_mark("r.abd@example.org", &mark, &key));
        assert!(!verify_mark("r.abc@example.org", &mark, &MarkKey::new(&[2; 32])));
        for wrong in ["", "yes", mark.get(1..).unwrap(), &mark.to_uppercase(), &mark.replace('a', "b")] {
            assert!(wrong == mark || !verify_mark("r.abc@example.org", wrong, &key), "{wrong}");
        }
    }
}
