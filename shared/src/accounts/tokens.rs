//! Session tokens: JWTs of one fixed algorithm, HS256 (RFC 7519, RFC 8725).
//!
//! Its one rule: the `kid` says which session's key to try, and nothing that a token says is believed before that key
//! has confirmed it.

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey, Header, Validation,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error as JwtError, ErrorKind as JwtErrorKind},
    signature::{Error as SignatureError, Signer, Verifier},
};
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::{
    domain::session::SessionRef,
    error::{Error, Result},
};

/// What a token says. `sub` is for its reader: whom a request acts as is read from the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user's id.
    pub sub: String,
    /// The secret that makes a stored session worthless to whoever reads it: there is only the hash of it.
    pub jti: String,
    /// Unix seconds.
    pub iat: i64,
    pub exp: i64,
}

/// Three parts with dots between them; an API key has none.
pub fn looks_like_one(text: &str) -> bool {
    text.split('.').count() == 3
}

/// Which session a token says it belongs to.
pub fn place(token: &str) -> Option<SessionRef> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    header.kid?.parse().ok()
}

pub fn sign(place: &SessionRef, key: &str, claims: &Claims) -> Result<String> {
    use_ring();
    let header = Header { kid: Some(place.to_string()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(key.as_bytes())).map_err(Error::internal)
}

/// The claims of a token that this key signed. Its time is not looked at.
pub fn open(token: &str, key: &str) -> Option<Claims> {
    use_ring();
    let mut rules = Validation::new(Algorithm::HS256);
    // The crate asks the machine for the time; the caller asks the house's clock.
    rules.validate_exp = false;
    let key = DecodingKey::from_secret(key.as_bytes());
    jsonwebtoken::decode(token, &key, &rules).ok().map(|token| token.claims)
}

/// The crate takes its cryptography from whoever installs it first: here the same ring as everywhere in the house.
fn use_ring() {
    // An error means that it is installed already.
    let _ = RING.install_default();
}

static RING: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        check(*algorithm, key.family())?;
        Ok(Box::new(Hs256(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))))
    },
    verifier_factory: |algorithm, key| {
        check(*algorithm, key.family())?;
        Ok(Box::new(Hs256(hmac::Key::new(hmac::HMAC_SHA256, key.try_get_as_bytes()?))))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

fn check(algorithm: Algorithm, family: AlgorithmFamily) -> Result<(), JwtError> {
    if algorithm == Algorithm::HS256 && family == AlgorithmFamily::Hmac {
        Ok(())
    } else {
        Err(JwtErrorKind::InvalidAlgorithm.into())
    }
}

struct Hs256(hmac::Key);

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        hmac::verify(&self.0, message, signature).map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        ids::{EntityId, Id, SessionId, UserId},
        tenant::TenantId,
    };

    const KEY: &str = "a key of the session";

    fn here() -> SessionRef {
        let id = |n| Id::from_u64(n).unwrap();
        SessionRef { tenant: TenantId(7), user_id: UserId::of(id(8)), id: SessionId::of(id(9)) }
    }

    fn claims() -> Claims {
        Claims { sub: "8".into(), jti: "secret".into(), iat: 1_737_455_400, exp: 1_737_459_000 }
    }

    fn part(value: &Value) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
    }

    /// A token of any header, signed as `ring` knows how.
    fn forged(header: &Value, key: &[u8], algorithm: hmac::Algorithm) -> String {
        let message = format!("{}.{}", part(header), part(&serde_json::to_value(claims()).unwrap()));
        let signature = hmac::sign(&hmac::Key::new(algorithm, key), message.as_bytes());
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn a_token_says_where_its_session_is_and_opens_with_its_key() {
        let token = sign(&here(), KEY, &claims()).unwrap();
        assert!(looks_like_one(&token));
        assert_eq!(place(&token), Some(here()));
        assert_eq!(open(&token, KEY), Some(claims()));
        let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        let header = crate::testing::json(&header).unwrap();
        assert_eq!(header, json!({ "typ": "JWT", "alg": "HS256", "kid": "7.8.9" }));
    }

    /// RFC 7515 A.1: another implementation's signature is ours too.
    #[test]
    fn the_signature_is_the_one_of_the_standard() {
        let key = BASE64_URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let message = concat!(
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.",
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        );
        let signature = Hs256(hmac::Key::new(hmac::HMAC_SHA256, &key)).try_sign(message.as_bytes()).unwrap();
        let expected = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(signature), expected);
    }

    #[test]
    fn another_key_does_not_open_it() {
        let token = sign(&here(), KEY, &claims()).unwrap();
        assert_eq!(open(&token, "another key"), None);
        assert_eq!(open(&token, ""), None);
    }

    #[test]
    fn a_token_without_a_signature_is_none() {
        for algorithm in ["none", "None", "NONE", ""] {
            let header = json!({ "typ": "JWT", "alg": algorithm, "kid": "7.8.9" });
            let message = format!("{}.{}", part(&header), part(&serde_json::to_value(claims()).unwrap()));
            for token in [format!("{message}."), message.clone(), format!("{message}.AAAA")] {
                assert_eq!((place(&token), open(&token, KEY)), (None, None), "{token}");
            }
        }
        let token = sign(&here(), KEY, &claims()).unwrap();
        let unsigned = &token[..=token.rfind('.').unwrap()];
        assert_eq!(open(unsigned, KEY), None);
    }

    #[test]
    fn no_algorithm_but_the_one_is_taken() {
        let named = |algorithm: &str| json!({ "typ": "JWT", "alg": algorithm, "kid": "7.8.9" });
        assert!(open(&forged(&named("HS256"), KEY.as_bytes(), hmac::HMAC_SHA256), KEY).is_some());
        for (algorithm, signed) in [
            ("HS384", hmac::HMAC_SHA384),
            ("HS512", hmac::HMAC_SHA512),
            ("HS512", hmac::HMAC_SHA256),
            ("RS256", hmac::HMAC_SHA256),
            ("ES256", hmac::HMAC_SHA256),
            ("EdDSA", hmac::HMAC_SHA256),
            ("hs256", hmac::HMAC_SHA256),
        ] {
            let token = forged(&named(algorithm), KEY.as_bytes(), signed);
            assert_eq!(open(&token, KEY), None, "{algorithm}");
        }
    }

    #[test]
    fn a_changed_part_is_noticed() {
        let token = sign(&here(), KEY, &claims()).unwrap();
        let parts: Vec<_> = token.split('.').collect();
        let later = part(&serde_json::to_value(Claims { exp: i64::MAX, ..claims() }).unwrap());
        let elsewhere = part(&json!({ "typ": "JWT", "alg": "HS256", "kid": "7.8.10" }));
        for changed in
            [format!("{}.{later}.{}", parts[0], parts[2]), format!("{elsewhere}.{}.{}", parts[1], parts[2])]
        {
            assert_eq!(open(&changed, KEY), None, "{changed}");
        }
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(open(&changed, KEY), None, "character {at}");
        }
    }

    #[test]
    fn a_place_that_is_none_is_not_looked_for() {
        for kid in [json!("../../etc"), json!("7.8"), json!("7.8.9.10"), json!(""), json!(7), Value::Null] {
            let header = json!({ "typ": "JWT", "alg": "HS256", "kid": kid });
            assert_eq!(place(&forged(&header, KEY.as_bytes(), hmac::HMAC_SHA256)), None, "{kid}");
        }
        for text in ["..", "a.b.c", "....", "e30.e30.e30"] {
            assert_eq!(place(text), None, "{text}");
        }
    }

    /// Whatever asks for it in this process, and whatever it has checked before.
    #[test]
    fn the_house_lends_its_cryptography_to_one_algorithm() {
        assert!(check(Algorithm::HS256, AlgorithmFamily::Hmac).is_ok());
        for (algorithm, family) in [
            (Algorithm::HS384, AlgorithmFamily::Hmac),
            (Algorithm::HS512, AlgorithmFamily::Hmac),
            (Algorithm::RS256, AlgorithmFamily::Rsa),
            (Algorithm::HS256, AlgorithmFamily::Rsa),
            (Algorithm::EdDSA, AlgorithmFamily::Ed),
        ] {
            assert!(check(algorithm, family).is_err(), "{algorithm:?}");
        }
        let key = EncodingKey::from_secret(KEY.as_bytes());
        assert!((RING.signer_factory)(&Algorithm::HS256, &key).is_ok());
        assert!((RING.signer_factory)(&Algorithm::HS512, &key).is_err());
    }
}
