//! The cookies of a browser's session: one that scripts cannot read and that is the credential, and one that they must
//! read to prove that they are ours.
//!
//! Its one rule: by https the names start with `__Host-`, which browsers take from this very host alone and only
//! with `Secure`; by plain http (a laptop) they would drop such a cookie, so there it has the bare name.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use secrecy::ExposeSecret;

use super::peer::Peer;
use crate::{
    accounts::SessionToken,
    clock::Millis,
    error::{Error, Result},
};

/// Holds the token of the session.
pub const SESSION: &str = "baton_session";
/// Holds what `X-CSRF-Token` must repeat.
pub const CSRF: &str = "baton_csrf";

/// The session's token that a browser sent.
pub(super) fn session(headers: &HeaderMap, peer: Peer) -> Option<&str> {
    let wanted = name(SESSION, peer);
    let pairs = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == wanted && !value.is_empty()).map(|(_, value)| value)
}

/// Has a browser keep the token for as long as it is good.
pub fn set(headers: &mut HeaderMap, token: &SessionToken, peer: Peer, now: Millis) -> Result<()> {
    let life = token.expires_at.since(now);
    add(headers, SESSION, token.text.expose_secret(), life, "; HttpOnly", peer)?;
    add(headers, CSRF, &token.csrf_token, life, "", peer)
}

/// Has a browser forget both.
pub fn clear(headers: &mut HeaderMap, peer: Peer) -> Result<()> {
    add(headers, SESSION, "", Duration::ZERO, "; HttpOnly", peer)?;
    add(headers, CSRF, "", Duration::ZERO, "", peer)
}

/// `Lax`, so that a link from elsewhere finds a person logged in; what other sites make a browser send otherwise comes
/// without the cookie.
fn add(
    headers: &mut HeaderMap,
    cookie: &str,
    value: &str,
    life: Duration,
    hidden: &str,
    peer: Peer,
) -> Result<()> {
    let secure = if peer.https { "; Secure" } else { "" };
    let text = format!(
        "{}={value}; Path=/; Max-Age={}; SameSite=Lax{hidden}{secure}",
        name(cookie, peer),
        life.as_secs()
    );
    let mut value = HeaderValue::from_str(&text).map_err(Error::internal)?;
    value.set_sensitive(true);
    headers.append(header::SET_COOKIE, value);
    Ok(())
}

fn name(cookie: &str, peer: Peer) -> String {
    if peer.https { format!("__Host-{cookie}") } else { cookie.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Peer = Peer { address: None, https: false };
    const HTTPS: Peer = Peer { address: None, https: true };
    const NOW: Millis = Millis(1_737_455_400_000);

    fn sent(cookies: &[&'static str]) -> HeaderMap {
        cookies.iter().map(|text| (header::COOKIE, HeaderValue::from_static(text))).collect()
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        for cookies in [
            &["baton_session=a.b.c"][..],
            &["theme=dark; baton_session=a.b.c; lang=en"],
            &["theme=dark", "baton_session=a.b.c"],
            &["baton_session=; x;=;baton_session=a.b.c"],
        ] {
            assert_eq!(session(&sent(cookies), PLAIN), Some("a.b.c"), "{cookies:?}");
        }
        for cookies in
            [&[][..], &["session=a"], &["xbaton_session=a"], &["baton_session"], &["baton_session="]]
        {
            assert_eq!(session(&sent(cookies), PLAIN), None, "{cookies:?}");
        }
    }

    #[test]
    fn by_https_only_a_cookie_of_this_very_host_counts() {
        let both = ["baton_session=planted", "__Host-baton_session=ours"];
        assert_eq!(session(&sent(&both), HTTPS), Some("ours"));
        assert_eq!(session(&sent(&both[..1]), HTTPS), None);
        assert_eq!(session(&sent(&both), PLAIN), Some("planted"));
    }

    fn set_cookies(peer: Peer) -> Vec<String> {
        let token = SessionToken {
            text: "a.b.c".into(),
            expires_at: NOW.plus(Duration::from_secs(3600)),
            csrf_token: "t".into(),
        };
        let mut headers = HeaderMap::new();
        set(&mut headers, &token, peer, NOW).unwrap();
        clear(&mut headers, peer).unwrap();
        headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn cookies_are_as_narrow_as_they_can_be() {
        assert_eq!(
            set_cookies(HTTPS),
            [
                "__Host-baton_session=a.b.c; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly; Secure",
                "__Host-baton_csrf=t; Path=/; Max-Age=3600; SameSite=Lax; Secure",
                "__Host-baton_session=; Path=/; Max-Age=0; SameSite=Lax; HttpOnly; Secure",
                "__Host-baton_csrf=; Path=/; Max-Age=0; SameSite=Lax; Secure",
            ]
        );
        assert_eq!(
            set_cookies(PLAIN)[0],
            "baton_session=a.b.c; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly"
        );
    }
}
