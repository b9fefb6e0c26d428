//! The text form of a sealed value, the same for every engine: `1.<header>.<nonce ‖ ciphertext ‖ tag>`, the last two
//! in base64url. Only where the data key comes from differs, and what an engine keeps in the header to find it again.
//!
//! Its one rule: tenant and record are associated data, so a value that was moved does not open.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::SealError;
use crate::tenant::TenantId;

/// First part of the text and of the associated data: a value cannot be passed off as one of another version.
const VERSION: &str = "1";
const TAG_LEN: usize = 16;

/// A key that seals for one tenant; wiped when it is dropped.
pub(super) struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    pub(super) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, self.0.as_slice()).map_err(|_| SealError::DoesNotOpen)?;
        Ok(LessSafeKey::new(key))
    }
}

/// A sealed text taken apart; nothing of it is verified yet.
pub(super) struct Envelope {
    /// What the engine stored beside the ciphertext, such as the wrapped data key.
    pub(super) header: Vec<u8>,
    pub(super) nonce_and_ciphertext: Vec<u8>,
}

/// Seals under a fresh random nonce. With 96 random bits, one key may seal 2^32 values (NIST SP 800-38D, 8.3).
pub(super) fn seal(
    key: &DataKey,
    header: &[u8],
    tenant: TenantId,
    record: &str,
    plain: &SecretString,
) -> Result<String, SealError> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| SealError::Unavailable("no randomness".into()))?;

    let plain = plain.expose_secret().as_bytes();
    // The capacity is exact: a buffer that grew would leave the plaintext behind in freed memory.
    let mut buffer = Zeroizing::new(Vec::with_capacity(plain.len() + TAG_LEN));
    buffer.extend_from_slice(plain);
    key.cipher()?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound_to(tenant, record), &mut *buffer)
        .map_err(|_| SealError::Unavailable("too long to seal".into()))?;

    let mut body = Vec::with_capacity(NONCE_LEN + buffer.len());
    body.extend_from_slice(&nonce);
    body.extend_from_slice(&buffer);
    Ok(format!("{VERSION}.{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(body)))
}

/// Takes the text apart, so that the engine can find the data key by the header.
pub(super) fn split(text: &str) -> Result<Envelope, SealError> {
    let mut parts = text.split('.');
    let (Some(VERSION), Some(header), Some(body), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(SealError::DoesNotOpen);
    };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| SealError::DoesNotOpen);
    Ok(Envelope { header: decode(header)?, nonce_and_ciphertext: decode(body)? })
}

/// Opens what [`seal`] made for the same tenant and record under the same key.
pub(super) fn open(
    key: &DataKey,
    envelope: &Envelope,
    tenant: TenantId,
    record: &str,
) -> Result<SecretString, SealError> {
    let (nonce, ciphertext) =
        envelope.nonce_and_ciphertext.split_at_checked(NONCE_LEN).ok_or(SealError::DoesNotOpen)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::DoesNotOpen)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let plain = key
        .cipher()?
        .open_in_place(nonce, bound_to(tenant, record), &mut buffer)
        .map_err(|_| SealError::DoesNotOpen)?;
    // From a borrowed text, because the copy is then exactly as long as the secret and is never reallocated.
    str::from_utf8(plain).map(SecretString::from).map_err(|_| SealError::DoesNotOpen)
}

/// `version ‖ tenant (8 bytes, big-endian) ‖ record`: the fixed lengths in front leave only one reading.
fn bound_to(tenant: TenantId, record: &str) -> Aad<Vec<u8>> {
    Aad::from([VERSION.as_bytes(), &tenant.0.to_be_bytes(), record.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> DataKey {
        DataKey::new(Zeroizing::new([byte; 32]))
    }

    fn opened(key: &DataKey, text: &str, tenant: u64, record: &str) -> Result<String, SealError> {
        open(key, &split(text)?, TenantId(tenant), record).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn header_comes_back_and_the_secret_opens() {
        let text = seal(&key(1), b"wrapped", TenantId(7), "cred/1", &"päss".into()).unwrap();
        assert_eq!(split(&text).unwrap().header, b"wrapped");
        assert_eq!(opened(&key(1), &text, 7, "cred/1").unwrap(), "päss");
    }

    #[test]
    fn another_key_tenant_or_record_does_not_open() {
        let text = seal(&key(1), b"", TenantId(7), "cred/1", &"secret".into()).unwrap();
        for (key, tenant, record) in [(key(2), 7, "cred/1"), (key(1), 8, "cred/1"), (key(1), 7, "cred/2")] {
            assert!(matches!(opened(&key, &text, tenant, record), Err(SealError::DoesNotOpen)));
        }
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let text = seal(&key(1), b"", TenantId(7), "r", &"secret".into()).unwrap();
        let envelope = split(&text).unwrap();
        for at in 0..envelope.nonce_and_ciphertext.len() {
            let mut body = envelope.nonce_and_ciphertext.clone();
            body[at] ^= 1;
            let changed = Envelope { header: Vec::new(), nonce_and_ciphertext: body };
            assert!(open(&key(1), &changed, TenantId(7), "r").is_err(), "byte {at}");
        }
    }

    #[test]
    fn what_is_no_envelope_does_not_open() {
        for text in ["", "1", "1..", "2..AAAA", "1.!.AAAA", "1..AAAA", "1..AAAA.AAAA", "plain text"] {
            assert!(matches!(opened(&key(1), text, 7, "r"), Err(SealError::DoesNotOpen)), "{text}");
        }
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let seal = || seal(&key(1), b"", TenantId(7), "r", &"secret".into()).unwrap();
        assert_ne!(seal(), seal());
    }
}
