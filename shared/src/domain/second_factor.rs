//! The second factor of a login: a code that changes every half minute (TOTP, RFC 6238: SHA-1, six digits, thirty seconds), or one of
//! ten recovery codes.
//!
//! Its one rule: a code is good once. What a code was used for moves the record on, and of two that use the same one, the store lets
//! one pass.

use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::api_key::hex;
use crate::{
    clock::Millis,
    ids::{Ids, UserId},
};

/// Recovery codes that come with a second factor.
pub const RECOVERY_CODES: usize = 10;
/// Longest text that is looked at.
pub const MAX_CODE: usize = 40;

/// Characters of base 62, which are the bytes of the secret: 160 bits, as RFC 4226 §4 recommends.
const SECRET_CHARS: usize = 27;
/// 95 bits.
const RECOVERY_CHARS: usize = 20;
const STEP: i64 = 30;
const DIGITS: usize = 6;
/// Steps that the clock of a phone may be off, either way.
const TOLERATED: i64 = 1;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What is kept of somebody's second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    pub sealed_secret: String,
    /// None until a first code has shown that it arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Millis>,
    /// The step of the last code that was used: no code of it or of an earlier one is good again.
    pub last_step: i64,
    /// SHA-256 of each recovery code that was not used yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery: Vec<String>,
    /// Counts its changes.
    pub v: u64,
}

/// A new secret, as text.
pub fn secret(ids: &dyn Ids) -> SecretString {
    ids.secret(SECRET_CHARS).into()
}

/// Under which name the secret is sealed.
pub fn seal_record(user: UserId) -> String {
    format!("second-factor/{user}")
}

/// The secret as apps take it when it is typed: base 32 (RFC 4648) without padding.
pub fn base32(secret: &SecretString) -> String {
    let bytes = secret.expose_secret().as_bytes();
    let digit = |at: usize| {
        let bit = |n: usize| bytes.get(n / 8).map_or(0, |byte| (byte >> (7 - n % 8)) & 1);
        let value = (5 * at..5 * at + 5).fold(0, |value, n| (value << 1) | bit(n));
        char::from(BASE32[usize::from(value & 31)])
    };
    (0..(bytes.len() * 8).div_ceil(5)).map(digit).collect()
}

/// The same as a link, or as what a square of dots holds.
pub fn otpauth_url(secret: &SecretString, email: &str) -> String {
    let email: String = url::form_urlencoded::byte_serialize(email.as_bytes()).collect();
    let secret = base32(secret);
    format!(
        "otpauth://totp/Baton:{email}?secret={secret}&issuer=Baton&algorithm=SHA1&digits={DIGITS}&period={STEP}"
    )
}

impl SecondFactor {
    /// One that was not confirmed yet, in the place of another such.
    pub fn begun(sealed_secret: String, before: Option<&Self>) -> Self {
        let v = before.map_or(0, |before| before.v) + 1;
        Self { sealed_secret, confirmed_at: None, last_step: 0, recovery: Vec::new(), v }
    }

    /// As it is once this code has shown that the secret arrived, and its recovery codes, which are shown once. None where the code
    /// is wrong.
    pub fn confirmed(
        &self,
        secret: &SecretString,
        code: &str,
        ids: &dyn Ids,
        now: Millis,
    ) -> Option<(Self, Vec<String>)> {
        let step = self.step_of(secret, &stripped(code), now)?;
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code(ids)).collect();
        let recovery = codes.iter().map(|code| hash(&stripped(code))).collect();
        let confirmed =
            Self { confirmed_at: Some(now), last_step: step, recovery, v: self.v + 1, ..self.clone() };
        Some((confirmed, codes))
    }

    /// As it is once this code, or recovery code, was used; none where it is no good.
    pub fn used(&self, secret: &SecretString, code: &str, now: Millis) -> Option<Self> {
        let code = stripped(code);
        let mut next = Self { v: self.v + 1, ..self.clone() };
        if code.len() == DIGITS {
            next.last_step = self.step_of(secret, &code, now)?;
            return Some(next);
        }
        let hash = hash(&code);
        let at = self.recovery.iter().position(|known| *known == hash)?;
        next.recovery.remove(at);
        Some(next)
    }

    /// The step that a code is of, if it may be used now.
    fn step_of(&self, secret: &SecretString, code: &str, now: Millis) -> Option<i64> {
        let now = now.seconds().div_euclid(STEP);
        let steps = (now - TOLERATED)..=(now + TOLERATED);
        steps.filter(|step| *step > self.last_step).find(|step| code_of(secret, *step) == code)
    }
}

/// The code of a moment.
pub fn code_at(secret: &SecretString, at: Millis) -> String {
    code_of(secret, at.seconds().div_euclid(STEP))
}

fn code_of(secret: &SecretString, step: i64) -> String {
    digits(secret.expose_secret().as_bytes(), step, DIGITS)
}

/// RFC 4226 §5.3.
fn digits(secret: &[u8], step: i64, digits: usize) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().map_or(0, |byte| byte & 15));
    let taken = tag.iter().skip(offset).take(4).fold(0_u32, |value, byte| (value << 8) | u32::from(*byte));
    let all = format!("{:010}", taken & 0x7fff_ffff);
    all[all.len() - digits..].to_owned()
}

/// Codes are shown in groups by some apps, and typed with the gaps.
fn stripped(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// In groups of four, and without capitals: people copy it by hand.
fn recovery_code(ids: &dyn Ids) -> String {
    let secret = ids.secret(RECOVERY_CHARS).to_ascii_lowercase();
    let groups: Vec<_> = secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    groups.join("-")
}

/// SHA-256 suffices where what is hashed has some 100 random bits.
fn hash(code: &str) -> String {
    hex(&Sha256::digest(code.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SystemIds;

    /// RFC 6238, appendix B, for SHA-1.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(digits(b"12345678901234567890", seconds / STEP, 8), code, "{seconds}");
        }
    }

    /// RFC 4648 §10, without padding.
    #[test]
    fn secrets_are_typed_in_the_base_of_the_standard() {
        for (text, typed) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(&text.to_owned().into()), typed);
        }
        assert_eq!(base32(&secret(&SystemIds::default())).len(), 44);
    }

    fn confirmed(now: Millis) -> (SecretString, SecondFactor, Vec<String>) {
        let ids = SystemIds::default();
        let secret = secret(&ids);
        let begun = SecondFactor::begun("sealed".into(), None);
        assert!(begun.confirmed(&secret, "000000x", &ids, now).is_none());
        let (factor, codes) = begun.confirmed(&secret, &code_at(&secret, now), &ids, now).unwrap();
        (secret, factor, codes)
    }

    #[test]
    fn a_code_is_good_once_and_for_a_minute_and_a_half() {
        let now = Millis(1_737_455_400_000);
        let later = |seconds: i64| Millis(now.0 + seconds * 1000);
        let (secret, factor, _) = confirmed(now);
        assert!(factor.used(&secret, &code_at(&secret, now), now).is_none(), "it has confirmed it");
        let next = code_at(&secret, later(30));
        for (seconds, good) in [(-1, false), (0, true), (30, true), (89, true), (90, false)] {
            assert_eq!(factor.used(&secret, &next, later(seconds)).is_some(), good, "{seconds}");
        }
        let used = factor.used(&secret, &format!("{} {}", &next[..3], &next[3..]), later(30)).unwrap();
        assert_eq!((used.last_step, used.v), (factor.last_step + 1, factor.v + 1));
        assert!(used.used(&secret, &next, later(31)).is_none());
        let another = super::secret(&SystemIds::default());
        assert!(factor.used(&another, &next, later(30)).is_none());
    }

    #[test]
    fn a_recovery_code_is_good_once() {
        let now = Millis(1_737_455_400_000);
        let (secret, factor, codes) = confirmed(now);
        assert_eq!((codes.len(), factor.recovery.len()), (RECOVERY_CODES, RECOVERY_CODES));
        let typed = format!("{}-{}", &codes[3][..8], &codes[3][8..]);
        let used = factor.used(&secret, &typed, now).unwrap();
        assert_eq!(used.recovery.len(), RECOVERY_CODES - 1);
        assert!(used.used(&secret, &codes[3], now).is_none());
        assert!(used.used(&secret, &codes[4], now).is_some());
        for wrong in ["", "-", "0123456789abcdef"] {
            assert!(factor.used(&secret, wrong, now).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_link_holds_what_an_app_needs() {
        let secret = SecretString::from("foobar");
        assert_eq!(
            otpauth_url(&secret, "jane+x@acme.example"),
            "otpauth://totp/Baton:jane%2Bx%40acme.example?secret=MZXW6YTBOI&issuer=Baton&algorithm=SHA1&digits=6&period=30"
        );
    }
}
