//! The key beside the database, and what is derived from it: sealing, fingerprints, token hashes, our mark.
//!
//! Whoever copies the database alone learns no address, no mail, no letter and no usable token (T15, T52).

use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

use super::StoreError;
use crate::case::Fingerprint;
use crate::identity::{Code, Token};
use crate::mail::Address;

/// Everything derived from the installation's one key.
pub struct Keys {
    seal: LessSafeKey,
    person: hmac::Key,
    suppression: hmac::Key,
    domain: hmac::Key,
    token: hmac::Key,
    code: hmac::Key,
    mark: [u8; 32],
}

impl Keys {
    /// Reads the key file; makes a new one when both it and the database are absent.
    ///
    /// # Errors
    /// [`StoreError::Key`] with a sentence: absent beside an existing database, readable by others, malformed.
    pub fn load(file: &Path, database_exists: bool) -> Result<Self, StoreError> {
        let wrong = |text: String| StoreError::Key(text);
        if !file.exists() {
            if database_exists {
                return Err(wrong(format!(
                    "{} is absent but its database exists; restore the key from your backup, nothing can be read without it",
                    file.display()
                )));
            }
            let mut master = [0; 32];
            getrandom::fill(&mut master).map_err(|_| wrong("the system gives no random bytes".to_owned()))?;
            let mut out = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(file)
                .map_err(|error| wrong(format!("{}: {}", file.display(), error.kind())))?;
            out.write_all(data_encoding::HEXLOWER.encode(&master).as_bytes())
                .and_then(|()| out.write_all(b"\n"))
                .and_then(|()| out.sync_all())
                .map_err(|error| wrong(format!("{}: {}", file.display(), error.kind())))?;
        }
        let mut text = String::new();
        let mut input = std::fs::File::open(file)
            .map_err(|error| wrong(format!("{}: {}", file.display(), error.kind())))?;
        let mode = input.metadata().map_or(0, |meta| meta.permissions().mode());
        if mode & 0o077 != 0 {
            return Err(wrong(format!("{0} can be read by others; run: chmod 600 {0}", file.display())));
        }
        input
            .read_to_string(&mut text)
            .map_err(|error| wrong(format!("{}: {}", file.display(), error.kind())))?;
        let master = data_encoding::HEXLOWER_PERMISSIVE
            .decode(text.trim().as_bytes())
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .ok_or_else(|| {
                wrong(format!("{} is not 64 hexadecimal digits; restore it from your backup", file.display()))
            })?;
        Self::from_master(&master)
    }

    fn from_master(master: &[u8; 32]) -> Result<Self, StoreError> {
        let root = hmac::Key::new(hmac::HMAC_SHA256, master);
        let derive = |label: &str| -> [u8; 32] {
            let tag = hmac::sign(&root, label.as_bytes());
            let mut out = [0; 32];
            out.copy_from_slice(tag.as_ref());
            out
        };
        let mac = |label: &str| hmac::Key::new(hmac::HMAC_SHA256, &derive(label));
        let seal = UnboundKey::new(&AES_256_GCM, &derive("rightsd seal 1"))
            .map_err(|_| StoreError::Key("the key cannot be used".to_owned()))?;
        Ok(Self {
            seal: LessSafeKey::new(seal),
            person: mac("rightsd person 1"),
            suppression: mac("rightsd suppression 1"),
            domain: mac("rightsd domain 1"),
            token: mac("rightsd token 1"),
            code: mac("rightsd code 1"),
            mark: derive("rightsd mark 1"),
        })
    }

    /// Nonce, ciphertext and tag of `plain`; empty stays empty.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        if plain.is_empty() {
            return Ok(Vec::new());
        }
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| StoreError::Random)?;
        let mut out = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let (_, body) = out.split_at_mut(NONCE_LEN);
        let tag = self
            .seal
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), body)
            .map_err(|_| StoreError::Random)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    /// What was sealed; `None` when it was not sealed with this key or was changed.
    #[must_use]
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        if sealed.is_empty() {
            return Some(Vec::new());
        }
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = body.to_vec();
        let length = self.seal.open_in_place(nonce, Aad::empty(), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }

    /// Names the owner of exactly this address: what an answer is bound to (T2, T8).
    #[must_use]
    pub fn person(&self, address: &Address) -> Fingerprint {
        fingerprint(&self.person, address.as_str().as_bytes())
    }

    /// Names an address for the suppression list and the caps, case folded: no mail system tells people apart
    /// by the case of a local part, and an opt-out must not be missed for it.
    #[must_use]
    pub fn suppression(&self, address: &Address) -> Fingerprint {
        fingerprint(&self.suppression, address.as_str().to_ascii_lowercase().as_bytes())
    }

    /// Names an address's domain, for the cap per domain.
    #[must_use]
    pub fn domain(&self, address: &Address) -> Fingerprint {
        fingerprint(&self.domain, address.domain().as_bytes())
    }

    /// What stands for a token in the database.
    #[must_use]
    pub fn token(&self, token: &Token) -> [u8; 32] {
        fingerprint(&self.token, token.as_str().as_bytes()).0
    }

    /// What stands for a code, bound to its token.
    #[must_use]
    pub fn code(&self, token: &Token, code: &Code) -> [u8; 32] {
        fingerprint(&self.code, format!("{} {}", token.as_str(), code.as_str()).as_bytes()).0
    }

    /// The key of the mark on our letters (T26).
    #[must_use]
    pub const fn mark(&self) -> &[u8; 32] {
        &self.mark
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

fn fingerprint(key: &hmac::Key, bytes: &[u8]) -> Fingerprint {
    let tag = hmac::sign(key, bytes);
    let mut out = [0; 32];
    out.copy_from_slice(tag.as_ref());
    Fingerprint(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t52_what_is_sealed_opens_with_its_key_only() {
        let keys = Keys::from_master(&[1; 32]).unwrap();
        let sealed = keys.seal(b"alice@example.org").unwrap();
        assert_eq!(keys.open(&sealed).as_deref(), Some(b"alice@example.org".as_slice()));
        assert_eq!(Keys::from_master(&[2; 32]).unwrap().open(&sealed), None);
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(keys.open(&changed), None);
        assert_eq!(keys.open(b"short"), None);
        assert_ne!(keys.seal(b"same").unwrap(), keys.seal(b"same").unwrap());
    }

    #[test]
    fn t8_case_is_folded_for_opt_outs_and_never_for_identity() {
        let keys = Keys::from_master(&[1; 32]).unwrap();
        let (one, two) =
            (Address::parse("Alice@example.org").unwrap(), Address::parse("alice@example.org").unwrap());
        assert_eq!(keys.suppression(&one), keys.suppression(&two));
        assert_ne!(keys.person(&one), keys.person(&two));
    }
}
