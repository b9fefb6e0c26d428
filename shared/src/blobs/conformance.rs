//! What every engine of the blobs must do, one rule a function. Its one rule: nothing here knows an engine.
//!
//! [`blobs_conformance!`](crate::blobs_conformance) stamps a test of each for one engine. Every case works under a
//! tenant of its own, so the engine may be shared.

use bytes::Bytes;

use super::{BlobKey, Blobs, Stat};
use crate::store::conformance::fresh;

/// Stamps the suite: `blobs_conformance!(name, async { (guard, engine) })`, optionally with attributes for every
/// test, such as `#[ignore = "needs a server"]`. The guard, such as a folder or `()`, is dropped after the engine.
#[macro_export]
macro_rules! blobs_conformance {
    (@case $make:expr, [$($attr:meta),*], $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$attr])*
        async fn $case() {
            let (_guard, blobs) = $make.await;
            $crate::blobs::conformance::$case(&blobs).await;
        }
    };
    (@all $make:expr, $attrs:tt, $($case:ident)*) => {
        $($crate::blobs_conformance! { @case $make, $attrs, $case })*
    };
    ($name:ident, $make:expr $(, #[$attr:meta])* $(,)?) => {
        mod $name {
            use super::*;
            $crate::blobs_conformance! { @all $make, [$($attr),*],
                absent_blob_is_none
                body_comes_back_as_it_was_put
                newest_version_is_read_and_the_older_one_stays
                what_is_deleted_is_gone_until_it_is_put_again
                deleting_what_is_not_there_is_no_error
                version_belongs_to_its_key
                keys_that_look_alike_are_apart
                tenants_are_apart
                puts_at_once_all_stay
                the_newest_version_is_told_with_its_size
                a_part_of_a_body_is_read_alone
                a_body_in_pieces_is_there_when_it_has_ended
                a_body_in_pieces_without_an_end_never_was
            }
        }
    };
}

const TEXT: &str = "text/plain";

async fn put(blobs: &dyn Blobs, key: &BlobKey, body: &str) -> String {
    blobs.put(key, TEXT, Bytes::copy_from_slice(body.as_bytes())).await.unwrap()
}

async fn got(blobs: &dyn Blobs, key: &BlobKey, version: Option<&str>) -> Option<Bytes> {
    blobs.get(key, version).await.unwrap()
}

pub async fn absent_blob_is_none(blobs: &dyn Blobs) {
    let key = BlobKey::of(fresh(), "a");
    assert_eq!(got(blobs, &key, None).await, None);
    let version = put(blobs, &BlobKey::of(fresh(), "b"), "x").await;
    assert_eq!(got(blobs, &key, Some(&version)).await, None);
    assert_eq!(got(blobs, &key, Some("no version")).await, None);
}

pub async fn body_comes_back_as_it_was_put(blobs: &dyn Blobs) {
    let tenant = fresh();
    let large: Vec<u8> = (0..6_000_000_u32).map(|i| (i % 251) as u8).collect();
    for (i, body) in
        [Vec::new(), vec![0], "päivää\r\n".into(), (0..=255).collect(), large].into_iter().enumerate()
    {
        let (key, body) = (BlobKey::of(tenant, &format!("body/{i}")), Bytes::from(body));
        let version = blobs.put(&key, "application/octet-stream", body.clone()).await.unwrap();
        assert!(got(blobs, &key, None).await.unwrap() == body, "body {i}");
        assert!(got(blobs, &key, Some(&version)).await.unwrap() == body, "body {i} by its version");
    }
}

pub async fn newest_version_is_read_and_the_older_one_stays(blobs: &dyn Blobs) {
    let key = BlobKey::of(fresh(), "a");
    let mut versions = Vec::new();
    for i in 0..5 {
        versions.push(put(blobs, &key, &i.to_string()).await);
        assert_eq!(got(blobs, &key, None).await.unwrap(), i.to_string());
    }
    for (i, version) in versions.iter().enumerate() {
        assert_eq!(got(blobs, &key, Some(version)).await.unwrap(), i.to_string());
    }
}

pub async fn what_is_deleted_is_gone_until_it_is_put_again(blobs: &dyn Blobs) {
    let key = BlobKey::of(fresh(), "a");
    put(blobs, &key, "1").await;
    put(blobs, &key, "2").await;
    blobs.delete(&key).await.unwrap();
    assert_eq!((got(blobs, &key, None).await, blobs.stat(&key).await.unwrap()), (None, None));
    put(blobs, &key, "3").await;
    assert_eq!(got(blobs, &key, None).await.unwrap(), "3");
}

pub async fn deleting_what_is_not_there_is_no_error(blobs: &dyn Blobs) {
    let key = BlobKey::of(fresh(), "a");
    put(blobs, &key, "1").await;
    blobs.delete(&key).await.unwrap();
    blobs.delete(&key).await.unwrap();
    blobs.delete(&BlobKey::of(fresh(), "never")).await.unwrap();
}

pub async fn version_belongs_to_its_key(blobs: &dyn Blobs) {
    let tenant = fresh();
    let (ours, theirs) = (BlobKey::of(tenant, "ours"), BlobKey::of(tenant, "theirs"));
    let version = put(blobs, &ours, "ours").await;
    put(blobs, &theirs, "theirs").await;
    assert_eq!(got(blobs, &theirs, Some(&version)).await, None);
    blobs.delete(&theirs).await.unwrap();
    assert_eq!(got(blobs, &ours, Some(&version)).await.unwrap(), "ours");
}

pub async fn keys_that_look_alike_are_apart(blobs: &dyn Blobs) {
    let tenant = fresh();
    let long = "x".repeat(300);
    let names = ["a", "A", "a/b", "a//b", "a/b/", "a b", "a%20b", "a.b", "a/../b", "b", "ä", "", &long];
    for name in names {
        put(blobs, &BlobKey::of(tenant, name), name).await;
    }
    for name in names {
        assert_eq!(got(blobs, &BlobKey::of(tenant, name), None).await.unwrap(), name);
    }
}

pub async fn tenants_are_apart(blobs: &dyn Blobs) {
    let (ours, theirs) = (BlobKey::of(fresh(), "a"), BlobKey::of(fresh(), "a"));
    let version = put(blobs, &ours, "ours").await;
    assert_eq!(got(blobs, &theirs, None).await, None);
    assert_eq!(got(blobs, &theirs, Some(&version)).await, None);
}

pub async fn puts_at_once_all_stay(blobs: &dyn Blobs) {
    let key = &BlobKey::of(fresh(), "a");
    let puts = (0..20).map(|i| async move { (put(blobs, key, &i.to_string()).await, i.to_string()) });
    let all = futures::future::join_all(puts).await;
    for (version, body) in &all {
        assert_eq!(got(blobs, key, Some(version)).await.unwrap(), *body);
    }
    let newest = got(blobs, key, None).await.unwrap();
    assert!(all.iter().any(|(_, body)| newest == *body));
}

pub async fn the_newest_version_is_told_with_its_size(blobs: &dyn Blobs) {
    let key = BlobKey::of(fresh(), "files/1");
    assert_eq!(blobs.stat(&key).await.unwrap(), None);
    for body in ["first", ""] {
        let version = put(blobs, &key, body).await;
        let bytes = u64::try_from(body.len()).unwrap();
        assert_eq!(blobs.stat(&key).await.unwrap(), Some(Stat { version: version.clone(), bytes }));
    }
    blobs.delete(&key).await.unwrap();
    assert_eq!(blobs.stat(&key).await.unwrap(), None);
}

pub async fn a_part_of_a_body_is_read_alone(blobs: &dyn Blobs) {
    let key = BlobKey::of(fresh(), "files/1");
    let parts = [
        ("0123456789", 0, "0123"),
        ("0123456789", 3, "3456"),
        ("0123456789", 8, "89"),
        ("0123456789", 10, ""),
        ("01", 0, "01"),
        ("01", 9, ""),
        ("", 0, ""),
    ];
    for (body, from, part) in parts {
        let version = put(blobs, &key, body).await;
        assert_eq!(blobs.part(&key, &version, from, 4).await.unwrap().unwrap(), part, "{body} from {from}");
    }
    assert_eq!(blobs.part(&key, "no version", 0, 4).await.unwrap(), None);
}

pub async fn a_body_in_pieces_is_there_when_it_has_ended(blobs: &dyn Blobs) {
    let tenant = fresh();
    let large: Vec<u8> = (0..700_000_u32).map(|i| (i % 251) as u8).collect();
    for (i, body) in [&[][..], &large[..5], &large].into_iter().enumerate() {
        let key = BlobKey::of(tenant, &format!("pieces/{i}"));
        let before = put(blobs, &key, "before").await;
        let mut pieces = blobs.begin(&key, TEXT);
        for piece in body.chunks(100_001) {
            pieces.add(Bytes::copy_from_slice(piece)).await.unwrap();
            assert_eq!(got(blobs, &key, None).await.unwrap(), "before", "half a body is none");
        }
        let version = pieces.finish().await.unwrap();
        assert!(got(blobs, &key, None).await.unwrap() == body, "body {i}");
        assert!(got(blobs, &key, Some(&version)).await.unwrap() == body, "body {i} by its version");
        assert_eq!(got(blobs, &key, Some(&before)).await.unwrap(), "before");
    }
}

pub async fn a_body_in_pieces_without_an_end_never_was(blobs: &dyn Blobs) {
    let key = BlobKey::of(fresh(), "files/1");
    let mut pieces = blobs.begin(&key, TEXT);
    pieces.add(Bytes::from(vec![b'x'; 600_000])).await.unwrap();
    drop(pieces);
    assert_eq!((got(blobs, &key, None).await, blobs.stat(&key).await.unwrap()), (None, None));
}
