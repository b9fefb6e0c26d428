//! What every engine of the sealer must do, one rule a function. Its one rule: nothing here knows an engine.
//!
//! [`sealer_conformance!`](crate::sealer_conformance) stamps a test of each for one engine.
#![expect(clippy::needless_pass_by_value, reason = "an assertion ends the life of the result it looks at")]

use secrecy::{ExposeSecret, SecretString};

use super::{SealError, Sealer};
use crate::store::conformance::fresh;

/// Stamps the suite: `sealer_conformance!(name, async { (guard, engine) })`, optionally with attributes for every
/// test, such as `#[ignore = "needs a server"]`. The guard, such as a folder or `()`, is dropped after the engine.
#[macro_export]
macro_rules! sealer_conformance {
    (@case $make:expr, [$($attr:meta),*], $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$attr])*
        async fn $case() {
            let (_guard, sealer) = $make.await;
            $crate::sealer::conformance::$case(&sealer).await;
        }
    };
    (@all $make:expr, $attrs:tt, $($case:ident)*) => {
        $($crate::sealer_conformance! { @case $make, $attrs, $case })*
    };
    ($name:ident, $make:expr $(, #[$attr:meta])* $(,)?) => {
        mod $name {
            use super::*;
            $crate::sealer_conformance! { @all $make, [$($attr),*],
                secret_opens_for_its_tenant_and_record
                moved_value_does_not_open
                value_of_another_version_does_not_open
                value_under_anothers_key_does_not_open
                changed_value_does_not_open
                plain_text_does_not_open
                sealing_twice_differs
                sealed_text_does_not_show_the_secret
                many_tenants_at_once_do_not_mix
            }
        }
    };
}

#[track_caller]
fn assert_shut(result: Result<SecretString, SealError>) {
    assert!(matches!(result, Err(SealError::DoesNotOpen)));
}

pub async fn secret_opens_for_its_tenant_and_record(sealer: &dyn Sealer) {
    let long = "x".repeat(100_000);
    for secret in ["", "hunter2", "päivää 👋\n\0", &long] {
        let tenant = fresh();
        for record in ["", "credential/1", "ä"] {
            let sealed = sealer.seal(tenant, record, &secret.into()).await.unwrap();
            let opened = sealer.open(tenant, record, &sealed).await.unwrap();
            assert_eq!(opened.expose_secret(), secret);
        }
    }
}

pub async fn moved_value_does_not_open(sealer: &dyn Sealer) {
    let (ours, theirs) = (fresh(), fresh());
    let sealed = sealer.seal(ours, "credential/1", &"secret".into()).await.unwrap();
    assert_shut(sealer.open(theirs, "credential/1", &sealed).await);
    assert_shut(sealer.open(ours, "credential/2", &sealed).await);
    assert_shut(sealer.open(ours, "", &sealed).await);
}

/// The form of the text has a version, and so has the record of what is sealed more than once.
pub async fn value_of_another_version_does_not_open(sealer: &dyn Sealer) {
    let tenant = fresh();
    let sealed = sealer.seal(tenant, "credential/1/1", &"secret".into()).await.unwrap();
    assert_shut(sealer.open(tenant, "credential/1/2", &sealed).await);
    assert_shut(sealer.open(tenant, "credential/1", &sealed).await);
    let rest = sealed.strip_prefix("1.").unwrap();
    for version in ["0", "2", "11", ""] {
        assert_shut(sealer.open(tenant, "credential/1/1", &format!("{version}.{rest}")).await);
    }
}

/// Of two sealed values the parts are put together crosswise: one's key with the other's text.
pub async fn value_under_anothers_key_does_not_open(sealer: &dyn Sealer) {
    let (ours, theirs) = (fresh(), fresh());
    let first = sealer.seal(ours, "r", &"secret".into()).await.unwrap();
    let second = sealer.seal(theirs, "r", &"secret".into()).await.unwrap();
    let parts = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (first, second) = (parts(&first), parts(&second));
    let (crossed, across) =
        (format!("1.{}.{}", first[1], second[2]), format!("1.{}.{}", second[1], first[2]));
    for tenant in [ours, theirs] {
        for text in [&crossed, &across] {
            // Where the key is made of the tenant alone, one of the two is the tenant's own value.
            let own = parts(text)[1].is_empty();
            let opened = sealer.open(tenant, "r", text).await;
            let belongs = own && (tenant == ours) == (text == &across);
            assert!(opened.is_ok() == belongs, "{text}");
        }
    }
}

pub async fn changed_value_does_not_open(sealer: &dyn Sealer) {
    let tenant = fresh();
    let sealed = sealer.seal(tenant, "r", &"secret".into()).await.unwrap();
    // The last part is nonce, ciphertext and tag; a changed character may also break the encoding.
    let start = sealed.rfind('.').unwrap() + 1;
    for at in start..sealed.len() {
        let other = if sealed.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut changed = sealed.clone();
        changed.replace_range(at..=at, other);
        assert_shut(sealer.open(tenant, "r", &changed).await);
    }
    assert_shut(sealer.open(tenant, "r", &sealed[..sealed.len() - 4]).await);
}

pub async fn plain_text_does_not_open(sealer: &dyn Sealer) {
    for text in ["", "secret", "...", "1..", "9..AAAA"] {
        assert_shut(sealer.open(fresh(), "r", text).await);
    }
}

pub async fn sealing_twice_differs(sealer: &dyn Sealer) {
    let tenant = fresh();
    let first = sealer.seal(tenant, "r", &"secret".into()).await.unwrap();
    assert_ne!(first, sealer.seal(tenant, "r", &"secret".into()).await.unwrap());
}

/// It is stored in a string attribute, so it has to be plain ASCII without anything to escape.
pub async fn sealed_text_does_not_show_the_secret(sealer: &dyn Sealer) {
    let sealed = sealer.seal(fresh(), "r", &"hunter2hunter2".into()).await.unwrap();
    assert!(!sealed.contains("hunter2"));
    assert!(sealed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "{sealed}");
}

pub async fn many_tenants_at_once_do_not_mix(sealer: &dyn Sealer) {
    let rounds = (0..20).map(|i| async move {
        let (tenant, secret) = (fresh(), format!("secret {i}"));
        let sealed = sealer.seal(tenant, "r", &secret.clone().into()).await.unwrap();
        assert_eq!(sealer.open(tenant, "r", &sealed).await.unwrap().expose_secret(), secret);
    });
    futures::future::join_all(rounds).await;
}
