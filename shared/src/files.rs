//! Addresses of files: where one is uploaded to and downloaded from, without a credential and for a while.
//!
//! Its one rule: an address is for one file, one purpose and a few minutes, whatever engine serves it. Where the engine of the
//! blobs has no addresses of its own, this house serves them under `/files`, and signs them.

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::hmac;

use crate::{
    app::App,
    blobs::{BlobKey, Served},
    clock::Millis,
    domain::file::{File, GIVEN_FOR, UPLOADED_WITHIN, Upload, blob_name},
    error::{Error, Result},
    ids::FileId,
    repo::files::Signing,
    tenant::TenantId,
};

/// A secret is believed for this long; it never changes.
const BELIEVED: Duration = Duration::from_secs(600);
/// Longest address that is looked at.
const MAX_TOKEN: usize = 4096;
/// Letters of a secret: more than 256 bits.
const SECRET: usize = 44;

/// An address, and until when it works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub url: String,
    pub until: Millis,
}

/// What an address of ours is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// To upload so many bytes.
    Up { bytes: u64 },
    /// To download a version of so many bytes.
    Down { bytes: u64, version: String, content_type: String, name: String },
}

/// What stands in an address of ours, once its signature was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub tenant: TenantId,
    pub id: FileId,
    pub until: Millis,
    pub purpose: Purpose,
}

/// Where a file is uploaded to.
pub async fn upload_address(
    app: &App,
    tenant: TenantId,
    upload: &Upload,
    content_type: &str,
) -> Result<Address> {
    let (key, until) = (BlobKey::of(tenant, &blob_name(upload.id)), app.now().plus(UPLOADED_WITHIN));
    let direct = app.blobs.upload_address(&key, content_type, upload.bytes, UPLOADED_WITHIN).await?;
    let url = match direct {
        Some(url) => url,
        None => {
            let purpose = Purpose::Up { bytes: upload.bytes };
            own(app, &Link { tenant, id: upload.id, until, purpose }).await?
        }
    };
    Ok(Address { url, until })
}

/// Where a file is downloaded from.
pub async fn download_address(app: &App, tenant: TenantId, file: &File) -> Result<Address> {
    let (key, until) = (BlobKey::of(tenant, &blob_name(file.id)), app.now().plus(GIVEN_FOR));
    let served = Served { content_type: &file.content_type, disposition: &disposition(&file.name) };
    let direct = app.blobs.download_address(&key, &file.version, served, GIVEN_FOR).await?;
    let url = match direct {
        Some(url) => url,
        None => {
            let purpose = Purpose::Down {
                bytes: file.bytes,
                version: file.version.clone(),
                content_type: file.content_type.clone(),
                name: file.name.clone(),
            };
            own(app, &Link { tenant, id: file.id, until, purpose }).await?
        }
    };
    Ok(Address { url, until })
}

/// What an address of ours says, if this house has signed it and its time has not run out.
pub async fn open(app: &App, token: &str) -> Result<Option<Link>> {
    let Some((tenant, text, signature)) = split(token) else { return Ok(None) };
    // Nothing is made for who asks: the tenant may be one that a stranger has thought of.
    let Some(secret) = known_secret(app, tenant).await? else { return Ok(None) };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    if hmac::verify(&key, &signed(tenant, &text), &signature).is_err() {
        return Ok(None);
    }
    Ok(read(tenant, &text).filter(|link| app.now() < link.until))
}

/// `attachment` with the name, as RFC 6266 writes it: a name is never a second parameter.
pub fn disposition(name: &str) -> String {
    let plain: String =
        name.chars()
            .map(|one| {
                if one.is_ascii_graphic() && !matches!(one, '"' | '\\' | '%') || one == ' ' {
                    one
                } else {
                    '_'
                }
            })
            .collect();
    let mut exact = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            exact.push(char::from(byte));
        } else {
            exact.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

async fn own(app: &App, link: &Link) -> Result<String> {
    let base = app.settings.public_url.as_deref();
    let base = base.ok_or_else(|| Error::internal("files have no address without BATON_PUBLIC_URL"))?;
    let secret = secret(app, link.tenant).await?;
    Ok(format!("{base}/files/{}", sign(&secret, link)))
}

/// The tenant's secret, made when there is none yet.
async fn secret(app: &App, tenant: TenantId) -> Result<Arc<String>> {
    if let Some(secret) = known_secret(app, tenant).await? {
        return Ok(secret);
    }
    let made = app.repos(tenant).files().sign_with(app.ids.secret(SECRET)).await?;
    Ok(believe(app, tenant, made))
}

async fn known_secret(app: &App, tenant: TenantId) -> Result<Option<Arc<String>>> {
    if let Some(secret) = app.file_secrets.get(&tenant, app.moment()) {
        return Ok(Some(secret));
    }
    let signing = app.repos(tenant).files().signing().await?;
    Ok(signing.map(|signing| believe(app, tenant, signing)))
}

fn believe(app: &App, tenant: TenantId, signing: Signing) -> Arc<String> {
    let secret = Arc::new(signing.secret);
    app.file_secrets.put(tenant, secret.clone(), app.moment(), BELIEVED);
    secret
}

/// The last part of an address of ours, signed with the tenant's secret.
pub fn sign(secret: &str, link: &Link) -> String {
    let text = write(link);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hmac::sign(&key, &signed(link.tenant, &text));
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}.{}", link.tenant, encode(text.as_bytes()), encode(signature.as_ref()))
}

fn signed(tenant: TenantId, text: &str) -> Vec<u8> {
    format!("{tenant}\n{text}").into_bytes()
}

/// Lines; the name comes last and holds none.
fn write(link: &Link) -> String {
    let Link { id, until, purpose, .. } = link;
    match purpose {
        Purpose::Up { bytes } => format!("up\n{id}\n{}\n{bytes}", until.0),
        Purpose::Down { bytes, version, content_type, name } => {
            format!("down\n{id}\n{}\n{bytes}\n{version}\n{content_type}\n{name}", until.0)
        }
    }
}

fn split(token: &str) -> Option<(TenantId, String, Vec<u8>)> {
    let mut parts = token.split('.').filter(|_| token.len() <= MAX_TOKEN);
    let tenant = TenantId(parts.next()?.parse().ok()?);
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok()?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
    parts.next().is_none().then_some((tenant, text, signature))
}

fn read(tenant: TenantId, text: &str) -> Option<Link> {
    let mut lines = text.splitn(7, '\n');
    let kind = lines.next()?;
    let id = lines.next()?.parse().ok()?;
    let until = Millis(lines.next()?.parse().ok()?);
    let purpose = match kind {
        "up" => Purpose::Up { bytes: lines.next()?.parse().ok()? },
        "down" => Purpose::Down {
            bytes: lines.next()?.parse().ok()?,
            version: lines.next()?.to_owned(),
            content_type: lines.next()?.to_owned(),
            name: lines.next()?.to_owned(),
        },
        _ => return None,
    };
    Some(Link { tenant, id, until, purpose })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{EntityId, Id};

    fn links() -> [Link; 2] {
        let link =
            |purpose| Link { tenant: TenantId(7), id: FileId::of(Id::SMALLEST), until: Millis(5), purpose };
        let down = Purpose::Down {
            bytes: 9,
            version: "v".into(),
            content_type: "image/png".into(),
            name: "a b.png".into(),
        };
        [link(Purpose::Up { bytes: 9 }), link(down)]
    }

    #[test]
    fn what_was_signed_reads_back_and_nothing_else_does() {
        for link in links() {
            let token = sign("secret", &link);
            let (tenant, text, signature) = split(&token).unwrap();
            assert_eq!(read(tenant, &text), Some(link.clone()));
            for (secret, tenant) in [("secret", TenantId(7)), ("other", TenantId(7)), ("secret", TenantId(8))]
            {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                let is_ours = hmac::verify(&key, &signed(tenant, &text), &signature).is_ok();
                assert_eq!(is_ours, secret == "secret" && tenant == TenantId(7));
            }
        }
        for token in ["", ".", "7.x", "x.eA.eA", "7.eA.eA.eA", &"7".repeat(5000)] {
            assert!(split(token).is_none_or(|(tenant, text, _)| read(tenant, &text).is_none()), "{token}");
        }
    }

    #[test]
    fn a_name_stays_inside_its_quotes() {
        assert_eq!(
            disposition("größe \"1\"; x=y.png"),
            "attachment; filename=\"gr__e _1_; x=y.png\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22%3B%20x%3Dy.png"
        );
    }
}
