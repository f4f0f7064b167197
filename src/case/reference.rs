//! The number by which people name a case, on the phone too.

use std::fmt;

/// `2J-482-915-307`: the installation's prefix and nine digits, the last a check digit (ISO/IEC 7812-1
/// Annex B, "Luhn"), so that one misheard digit is noticed. Random, so that a number tells nothing about how
/// many cases there are (T46). It grants nothing: a reference in a mail is a hint, never a key (T2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference(String);

impl Reference {
    /// The reference that these random bytes make.
    #[must_use]
    pub fn from_random(prefix: &str, bytes: [u8; 4]) -> Self {
        let number = u32::from_le_bytes(bytes) % 100_000_000;
        let digits = format!("{number:08}");
        let digits = format!("{digits}{}", check_digit(&digits));
        let (first, rest) = digits.split_at(3);
        let (second, third) = rest.split_at(3);
        Self(format!("{prefix}-{first}-{second}-{third}"))
    }

    /// Reads a reference as a person writes it: any case, spaces, dots or hyphens between the groups.
    /// `None` when the shape or the check digit is wrong.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String =
            text.trim().chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '\u{a0}')).collect();
        let plain = plain.to_ascii_uppercase();
        let at = plain.len().checked_sub(9)?;
        let (prefix, digits) = (plain.get(..at)?, plain.get(at..)?);
        let shape = (2..=4).contains(&prefix.len())
            && prefix.bytes().all(|b| b.is_ascii_alphanumeric())
            && digits.bytes().all(|b| b.is_ascii_digit());
        if !shape || !digits.ends_with(check_digit(digits.get(..8)?)) {
            return None;
        }
        Some(Self(format!("{prefix}-{}-{}-{}", digits.get(..3)?, digits.get(3..6)?, digits.get(6..)?)))
    }

    /// As written in letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_digit(digits: &str) -> char {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    char::from(b'0' + u8::try_from((10 - sum % 10) % 10).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_survives_being_said_and_typed() {
        let reference = Reference::from_random("2J", 48_291_530_u32.to_le_bytes());
        let shown = reference.as_str().to_owned();
        for typed in [shown.clone(), shown.to_lowercase(), shown.replace('-', " "), shown.replace('-', "")] {
            assert_eq!(Reference::parse(&typed), Some(reference.clone()), "{typed}");
        }
    }

    #[test]
    fn one_wrong_digit_is_noticed() {
        let shown = Reference::from_random("2J", 48_291_530_u32.to_le_bytes()).as_str().to_owned();
        for (at, old) in shown.char_indices().filter(|(at, c)| *at > 2 && c.is_ascii_digit()) {
            for new in ('0'..='9').filter(|new| *new != old) {
                let mut wrong = shown.clone();
                wrong.replace_range(at..=at, &new.to_string());
                assert_eq!(Reference::parse(&wrong), None, "{wrong}");
            }
        }
    }

    #[test]
    fn what_is_no_reference_is_none() {
        for text in ["", "2J", "2J-123", "123456789", "2J-482-915-30x", "PREFIX-482-915-307", "é"] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }
}
