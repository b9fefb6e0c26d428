//! Bodies that were packed on their way here (`Content-Encoding`).
//!
//! Its one rule: what comes out is counted while it comes out, so that a small body never becomes a large one.

use std::io::{self, BufRead, Read};

use axum::body::Bytes;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};

use crate::error::{Error, ErrorKind, Result};

/// What is read, as a refusal names it in `Accept-Encoding` (RFC 9110 §15.5.16).
pub(super) const READ: &str = "gzip, deflate";
pub(super) const UNSUPPORTED: &str = "unsupported_encoding";

/// A way of packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Gzip,
    Deflate,
}

/// Whether the body is packed: how long it was on its way then says nothing of how much room it takes.
pub fn is_packed(headers: &HeaderMap) -> bool {
    !matches!(packing(headers), Ok(None))
}

/// The body as it was before it was packed, of at most `limit` bytes. What was not packed is handed on.
pub(super) fn unpack(
    headers: &HeaderMap,
    body: Bytes,
    limit: usize,
    too_large: impl FnOnce() -> Error,
) -> Result<Bytes> {
    let Some(packing) = packing(headers)? else { return Ok(body) };
    if body.is_empty() {
        return Ok(body);
    }
    let unpacked = match packing {
        Packing::Gzip => read(MultiGzDecoder::new(&body[..]), limit, |decoder| decoder.into_inner()),
        // By its name it is zlib's form; some send what is inside of it alone (RFC 9110 §8.4.1.2).
        Packing::Deflate if is_zlib(&body) => {
            read(ZlibDecoder::new(&body[..]), limit, |decoder| decoder.into_inner())
        }
        Packing::Deflate => read(DeflateDecoder::new(&body[..]), limit, |decoder| decoder.into_inner()),
    };
    match unpacked {
        Ok(Some(unpacked)) => Ok(unpacked.into()),
        Ok(None) => Err(too_large()),
        Err(error) => {
            let message = "The body cannot be unpacked: it is not what its Content-Encoding says, or it ended too early.";
            Err(Error::new(ErrorKind::Malformed, "body_unreadable", message).caused_by(error))
        }
    }
}

/// Everything that comes out; none when that is more than `limit`. Never more than one byte over the limit is unpacked.
fn read<'a, D: Read>(
    mut decoder: D,
    limit: usize,
    rest: impl FnOnce(D) -> &'a [u8],
) -> io::Result<Option<Vec<u8>>> {
    let mut unpacked = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder.by_ref().take(most).read_to_end(&mut unpacked)?;
    if unpacked.len() > limit {
        return Ok(None);
    }
    // What follows the end is nothing that anybody meant.
    if rest(decoder).fill_buf()?.is_empty() {
        Ok(Some(unpacked))
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

fn is_zlib(body: &[u8]) -> bool {
    // RFC 1950 §2.2: the method is 8, and the first two bytes are a multiple of 31.
    matches!(body, [method, flags, ..] if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

/// One way of packing, or none. A body that was packed twice is not opened twice.
fn packing(headers: &HeaderMap) -> Result<Option<Packing>> {
    let mut found = None;
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let Ok(value) = value.to_str() else { return Err(unsupported()) };
        for name in value.split(',').map(|name| name.trim().to_ascii_lowercase()) {
            let packing = match name.as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Packing::Gzip,
                "deflate" => Packing::Deflate,
                _ => return Err(unsupported()),
            };
            if found.replace(packing).is_some() {
                return Err(unsupported());
            }
        }
    }
    Ok(found)
}

fn unsupported() -> Error {
    let message =
        "The body's Content-Encoding cannot be read. Send it as it is, or packed once with gzip or deflate.";
    Error::new(ErrorKind::UnsupportedMedia, UNSUPPORTED, message)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use http::HeaderValue;

    use super::*;

    const LIMIT: usize = 100_000;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(data: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(data: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn opened(encodings: &[&str], body: &[u8]) -> Result<Bytes> {
        let mut headers = HeaderMap::new();
        for encoding in encodings {
            headers.append(header::CONTENT_ENCODING, HeaderValue::from_str(encoding).unwrap());
        }
        let too_large = || Error::new(ErrorKind::TooLarge, "body_too_large", "too large");
        unpack(&headers, Bytes::copy_from_slice(body), LIMIT, too_large)
    }

    fn refused(encodings: &[&str], body: &[u8]) -> &'static str {
        opened(encodings, body).unwrap_err().code
    }

    #[test]
    fn a_packed_body_is_what_it_was_before() {
        let text = br#"{"title":"x"}"#;
        for (encodings, body) in [
            (&["gzip"][..], gzip(text)),
            (&["GZIP"], gzip(text)),
            (&["x-gzip"], gzip(text)),
            (&["identity, gzip"], gzip(text)),
            (&["gzip"], [gzip(&text[..5]), gzip(&text[5..])].concat()),
            (&["deflate"], zlib(text)),
            (&["deflate"], deflate(text)),
            (&["identity"], text.to_vec()),
            (&[""], text.to_vec()),
            (&[], text.to_vec()),
        ] {
            assert_eq!(opened(encodings, &body).unwrap(), &text[..], "{encodings:?}");
        }
        for encoding in ["gzip", "deflate"] {
            assert_eq!(opened(&[encoding], b"").unwrap(), "", "nothing was packed");
        }
    }

    #[test]
    fn the_limit_is_that_of_what_comes_out() {
        let fits = vec![b' '; LIMIT];
        let over = vec![b' '; LIMIT + 1];
        let bomb = vec![0; 1000 * LIMIT];
        for pack in [gzip, zlib, deflate] {
            let encoding = if pack(b"x").starts_with(&[0x1f, 0x8b]) { "gzip" } else { "deflate" };
            assert_eq!(opened(&[encoding], &pack(&fits)).unwrap().len(), LIMIT);
            for large in [&over, &bomb] {
                assert!(pack(large).len() < LIMIT + 50_000);
                assert_eq!(refused(&[encoding], &pack(large)), "body_too_large");
            }
        }
        let many: Vec<u8> = (0..1000).flat_map(|_| gzip(&fits[..1000])).collect();
        assert_eq!(refused(&["gzip"], &many), "body_too_large", "a thousand small ones");
    }

    #[test]
    fn what_does_not_open_is_malformed() {
        let text = br#"{"title":"something that is long enough to be cut"}"#;
        for (encoding, packed) in [("gzip", gzip(text)), ("deflate", zlib(text)), ("deflate", deflate(text))]
        {
            for cut in 1..packed.len() {
                assert_eq!(
                    refused(&[encoding], &packed[..cut]),
                    "body_unreadable",
                    "{encoding} cut at {cut}"
                );
            }
            let with_more = [&packed[..], b"more"].concat();
            assert_eq!(refused(&[encoding], &with_more), "body_unreadable", "{encoding} with more behind it");
            assert_eq!(refused(&[encoding], text), "body_unreadable", "{encoding}");
        }
        let mut damaged = gzip(text);
        let at = damaged.len() - 6;
        damaged[at] ^= 1;
        assert_eq!(refused(&["gzip"], &damaged), "body_unreadable", "the sum over it is wrong");
    }

    #[test]
    fn what_is_not_read_is_said() {
        for encodings in
            [&["br"][..], &["zstd"], &["compress"], &["gzip, gzip"], &["gzip", "deflate"], &["aws-chunked"]]
        {
            assert_eq!(refused(encodings, &gzip(b"{}")), UNSUPPORTED, "{encodings:?}");
        }
    }
}
