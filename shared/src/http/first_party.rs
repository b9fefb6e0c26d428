//! Bodies that no other site's page can make a browser send. Logging in takes only these: a page that could send logins would
//! use up its visitor's attempts, or log him in as somebody else.
//!
//! Its one rule: a page may send what asks nobody (no media type, or a form's), and a browser says where a page is from. So the
//! media type must be there, and the page must be ours, or from an origin that the operator has listed.

use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};

use super::fields::Fields;
use crate::{
    app::SharedApp,
    error::{Error, ErrorKind, Result},
};

/// The fields of such a body.
#[derive(Debug)]
pub struct FirstParty(pub Fields);

impl FromRequest<SharedApp> for FirstParty {
    type Rejection = Error;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Self> {
        check(request.headers(), &app.settings.cors_origins)?;
        Fields::from_request(request, app).await.map(Self)
    }
}

fn check(headers: &HeaderMap, listed: &[String]) -> Result<()> {
    let site = headers.get_all("sec-fetch-site");
    let elsewhere = site.iter().any(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"));
    // `*` lets every page read what needs no session, and names none that may have one.
    let trusted = headers.get(header::ORIGIN).is_some_and(|origin| {
        listed.iter().any(|listed| listed != "*" && listed.as_bytes() == origin.as_bytes())
    });
    if elsewhere && !trusted {
        let message = "A page of another site may not do this. BATON_CORS_ORIGINS lists those that may.";
        return Err(Error::new(ErrorKind::Forbidden, "cross_site", message));
    }
    if !headers.contains_key(header::CONTENT_TYPE) {
        let message = "Send the body as application/json, and say so in Content-Type.";
        return Err(Error::new(ErrorKind::UnsupportedMedia, "not_json", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn refused(listed: &[&str], headers: &[(&'static str, &'static str)]) -> Option<&'static str> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        let listed: Vec<_> = listed.iter().map(|&origin| origin.to_owned()).collect();
        check(&map, &listed).err().map(|error| error.code)
    }

    #[test]
    fn a_page_of_another_site_sends_nothing_unless_its_origin_is_listed() {
        let json = ("content-type", "application/json");
        let (ours, theirs) = ("https://app.example.com", "https://evil.example.com");
        for (listed, headers, expected) in [
            (&[][..], &[json][..], None),
            (&[], &[json, ("sec-fetch-site", "same-origin")], None),
            (&[], &[json, ("sec-fetch-site", "none")], None),
            (&[], &[json, ("sec-fetch-site", "same-site")], Some("cross_site")),
            (&[], &[json, ("sec-fetch-site", "cross-site")], Some("cross_site")),
            (&[], &[json, ("sec-fetch-site", "")], Some("cross_site")),
            (&[], &[json, ("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], Some("cross_site")),
            (&[ours], &[json, ("sec-fetch-site", "cross-site"), ("origin", ours)], None),
            (&[ours], &[json, ("sec-fetch-site", "cross-site"), ("origin", theirs)], Some("cross_site")),
            (&[ours], &[json, ("sec-fetch-site", "cross-site")], Some("cross_site")),
            (&["*"], &[json, ("sec-fetch-site", "cross-site"), ("origin", theirs)], Some("cross_site")),
            (&["*"], &[json, ("sec-fetch-site", "cross-site"), ("origin", "*")], Some("cross_site")),
            (&[], &[], Some("not_json")),
            (&[], &[("sec-fetch-site", "cross-site")], Some("cross_site")),
        ] {
            assert_eq!(refused(listed, headers), expected, "{listed:?} {headers:?}");
        }
    }
}
