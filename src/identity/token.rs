//! What a letter carries so that its answer can be trusted: a [`Token`] in addresses and ids, a [`Code`] to
//! type on the page. Both are made from bytes of the system's generator, which the caller brings (T15).

use std::fmt;

use data_encoding::BASE32_NOPAD;

/// 160 random bits, written as 32 lower-case letters and digits, so that it survives mail programs, local
/// parts and subjects. Compared exactly: a re-cased or shortened one never matches.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Token(String);

impl Token {
    /// Characters of a written token.
    pub const LENGTH: usize = 32;

    /// The token that these random bytes make.
    #[must_use]
    pub fn from_random(bytes: [u8; 20]) -> Self {
        Self(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
    }

    /// Reads exactly what [`Token::as_str`] wrote; anything else is no token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let shape =
            text.len() == Self::LENGTH && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
        shape.then(|| Self(text.to_owned()))
    }

    /// The secret itself: for the letter that carries it and for hashing, nothing else.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Six digits from the mail, typed on the page for anything but an opt-out (T17).
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// The code that these random bytes make; the bias of 2³² modulo 10⁶ is below one in four thousand.
    #[must_use]
    pub fn from_random(bytes: [u8; 4]) -> Self {
        Self(format!("{:06}", u32::from_le_bytes(bytes) % 1_000_000))
    }

    /// Reads six digits; spaces between them are what people type.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(Self(digits))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t15_only_the_very_token_is_read_back() {
        let token = Token::from_random([7; 20]);
        let text = token.as_str().to_owned();
        assert_eq!(Token::parse(&text), Some(token));
        for wrong in ["", &text[1..], &format!("{text}a"), &text.to_uppercase(), &text.replace('a', "0"), " "]
        {
            if *wrong != text {
                assert_eq!(Token::parse(wrong), None, "{wrong:?}");
            }
        }
    }

    #[test]
    fn codes_are_six_digits_as_people_type_them() {
        assert_eq!(Code::from_random([0; 4]).as_str(), "000000");
        assert_eq!(Code::parse(" 123 456 "), Some(Code("123456".to_owned())));
        assert_eq!(Code::parse("12345"), None);
        assert_eq!(Code::parse("12345a"), None);
    }

    #[test]
    fn t15_nothing_prints_a_secret() {
        assert_eq!(
            format!("{:?} {:?}", Token::from_random([1; 20]), Code::from_random([1; 4])),
            "Token(…) Code(…)"
        );
    }
}
