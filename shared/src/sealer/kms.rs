//! The KMS engine: a data key per tenant, wrapped by one KMS key and kept in each sealed value's header.
//!
//! Its one rule: the tenant is the encryption context of its data key, so that KMS itself refuses to unwrap one tenant's
//! key for another, and logs for whom it did.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::decrypt::DecryptError;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use aws_types::SdkConfig;
use secrecy::SecretString;
use zeroize::{Zeroize, Zeroizing};

use super::envelope::{self, DataKey};
use super::{SealError, Sealer};
use crate::aws::{OnUse, on_use};
use crate::clock::{Clock, Moment};
use crate::metrics;
use crate::tenant::TenantId;

/// How long a data key opens again: the longest that a withdrawn right to read under the KMS key goes unnoticed.
const OPENS: Duration = Duration::from_secs(5 * 60);
/// How long one seals again. Longer: whoever has it learns nothing by sealing, and each new one is another call for whoever opens.
const SEALS: Duration = Duration::from_secs(3600);
/// Data keys kept at a time, some 400 bytes each. With fewer than there are organizations at work, most seals are calls.
const MOST: usize = 10_000;
/// Name of the tenant in the encryption context; the key policy and the audit log see it.
const CONTEXT: &str = "tenant";

/// Seals under data keys that KMS makes.
pub struct KmsSealer {
    client: OnUse<Client>,
    key_id: String,
    clock: Arc<dyn Clock>,
    sealing: Cache<TenantId, Sealing>,
    opening: Cache<(TenantId, Vec<u8>), DataKey>,
}

/// A data key, and the same key as only KMS can read it.
struct Sealing {
    key: Arc<DataKey>,
    wrapped: Vec<u8>,
}

impl KmsSealer {
    /// `key_id` is the id, ARN or alias of a symmetric KMS key.
    pub fn new(config: &SdkConfig, key_id: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        let (sealing, opening) = (Cache::of(SEALS), Cache::of(OPENS));
        let config = config.clone();
        let client = on_use(move || Client::new(&config));
        Self { client, key_id: key_id.into(), clock, sealing, opening }
    }

    async fn new_key(&self, tenant: TenantId) -> Result<Sealing, SealError> {
        let answer = self
            .client
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context(CONTEXT, tenant.to_string())
            .send()
            .await
            .map_err(|e| unavailable(&e))?;
        let (Some(plain), Some(wrapped)) = (answer.plaintext, answer.ciphertext_blob) else {
            return Err(SealError::Unavailable("KMS answered without a key".into()));
        };
        Ok(Sealing { key: Arc::new(data_key(plain)?), wrapped: wrapped.into_inner() })
    }

    async fn unwrap(&self, tenant: TenantId, wrapped: &[u8]) -> Result<DataKey, SealError> {
        let answer = self
            .client
            .decrypt()
            // Named although the ciphertext names it too: a value sealed under a foreign key must not open.
            .key_id(&self.key_id)
            .ciphertext_blob(Blob::new(wrapped))
            .encryption_context(CONTEXT, tenant.to_string())
            .send()
            .await;
        match answer {
            Ok(answer) => data_key(answer.plaintext.ok_or(SealError::DoesNotOpen)?),
            Err(error) if does_not_open(&error) => Err(SealError::DoesNotOpen),
            Err(error) => Err(unavailable(&error)),
        }
    }
}

#[async_trait]
impl Sealer for KmsSealer {
    async fn seal(&self, tenant: TenantId, record: &str, secret: &SecretString) -> Result<String, SealError> {
        let now = self.clock.moment();
        let sealing = match self.sealing.get(&tenant, now) {
            Some(known) => known,
            None => {
                let new = self.new_key(tenant).await?;
                // Who registers an n8n seals its key and opens it at once.
                self.opening.keep((tenant, new.wrapped.clone()), new.key.clone(), now);
                self.sealing.keep(tenant, Arc::new(new), now)
            }
        };
        envelope::seal(&sealing.key, &sealing.wrapped, tenant, record, secret)
    }

    async fn open(&self, tenant: TenantId, record: &str, sealed: &str) -> Result<SecretString, SealError> {
        let envelope = envelope::split(sealed)?;
        if envelope.header.is_empty() {
            return Err(SealError::DoesNotOpen);
        }
        let now = self.clock.moment();
        // The tenant is part of the name: a key unwrapped for its owner must not serve another that shows the same header.
        let name = (tenant, envelope.header.clone());
        let key = match self.opening.get(&name, now) {
            Some(known) => known,
            None => self.opening.keep(name, Arc::new(self.unwrap(tenant, &envelope.header).await?), now),
        };
        envelope::open(&key, &envelope, tenant, record)
    }
}

/// Values that are used again for a while, counted from when they were made.
struct Cache<K, V> {
    all: Mutex<HashMap<K, (Moment, Arc<V>)>>,
    kept: Duration,
}

impl<K, V> Cache<K, V> {
    fn of(kept: Duration) -> Self {
        Self { all: Mutex::default(), kept }
    }
}

impl<K: Hash + Eq, V> Cache<K, V> {
    fn get(&self, name: &K, now: Moment) -> Option<Arc<V>> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(name)
            .filter(|(since, _)| now.is_within(self.kept, *since))
            .map(|(_, value)| Arc::clone(value))
    }

    fn keep(&self, name: K, value: Arc<V>, now: Moment) -> Arc<V> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, (since, _)| now.is_within(self.kept, *since));
        }
        // Full of keys in use: any fourth of them goes. To forget them all would make most of the next seals calls.
        if all.len() >= MOST {
            let mut number = 0;
            all.retain(|_, _| {
                number += 1;
                number % 4 != 0
            });
        }
        all.insert(name, (now, Arc::clone(&value)));
        value
    }
}

/// Takes the key out of the answer and wipes what it came in.
fn data_key(plain: Blob) -> Result<DataKey, SealError> {
    let mut bytes = plain.into_inner();
    let key = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new);
    bytes.zeroize();
    key.map(DataKey::new)
        .map_err(|_| SealError::Unavailable("KMS answered with a key of another size".into()))
}

fn does_not_open(error: &SdkError<DecryptError>) -> bool {
    error
        .as_service_error()
        .is_some_and(|e| e.is_invalid_ciphertext_exception() || e.is_incorrect_key_exception())
}

fn unavailable<E>(error: &SdkError<E>) -> SealError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    metrics::key_service_failed(error.code().unwrap_or("no answer"));
    SealError::Unavailable(DisplayErrorContext(error).to_string())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::aws::standins;
    use crate::clock::{FixedClock, SystemClock};
    use crate::store::conformance::fresh;

    crate::sealer_conformance!(
        ministack,
        async { ((), in_ministack(Arc::new(SystemClock)).await) },
        #[ignore = "needs TEST_AWS_ENDPOINT: infra/standins/run.sh"]
    );

    async fn in_ministack(clock: Arc<dyn Clock>) -> KmsSealer {
        let config = standins::ministack();
        let key = Client::new(&config).create_key().send().await.unwrap().key_metadata.unwrap();
        KmsSealer::new(&config, key.key_id, clock)
    }

    #[tokio::test]
    #[ignore = "needs TEST_AWS_ENDPOINT: infra/standins/run.sh"]
    async fn another_instance_opens_what_this_one_sealed() {
        let clock = Arc::new(FixedClock::at(crate::clock::Millis(0)));
        let ours = in_ministack(clock.clone()).await;
        let theirs = KmsSealer::new(&standins::ministack(), &*ours.key_id, clock.clone());
        let foreign = in_ministack(clock.clone()).await;
        let tenant = fresh();
        let first = ours.seal(tenant, "r", &"secret".into()).await.unwrap();
        clock.advance(SEALS);
        let second = ours.seal(tenant, "r", &"secret".into()).await.unwrap();
        let header = |sealed: &str| envelope::split(sealed).unwrap().header;
        assert_ne!(header(&first), header(&second), "a new data key after an hour");
        for sealed in [&first, &second] {
            assert_eq!(theirs.open(tenant, "r", sealed).await.unwrap().expose_secret(), "secret");
            assert!(matches!(foreign.open(tenant, "r", sealed).await, Err(SealError::DoesNotOpen)));
            assert!(matches!(theirs.open(fresh(), "r", sealed).await, Err(SealError::DoesNotOpen)));
        }
    }

    fn at(millis: i64) -> Moment {
        let clock = FixedClock::at(crate::clock::Millis(0));
        clock.advance(Duration::from_millis(millis.unsigned_abs()));
        clock.moment()
    }

    #[test]
    fn a_key_opens_again_for_five_minutes() {
        let cache = Cache::of(OPENS);
        cache.keep(TenantId(1), Arc::new('a'), at(0));
        assert_eq!(cache.get(&TenantId(1), at(299_999)).as_deref(), Some(&'a'));
        assert_eq!(cache.get(&TenantId(1), at(300_000)), None);
        assert_eq!(cache.get(&TenantId(2), at(0)), None);
    }

    #[test]
    fn the_cache_forgets_what_is_old_and_never_outgrows_its_bound() {
        let cache = Cache::of(OPENS);
        for n in 0..MOST {
            cache.keep(n, Arc::new(()), at(0));
        }
        cache.keep(MOST, Arc::new(()), at(1));
        assert_eq!(cache.all.lock().unwrap().len(), MOST * 3 / 4 + 1, "of those in use, most stay");
        for n in MOST..MOST * 5 / 4 {
            cache.keep(n, Arc::new(()), at(2));
        }
        cache.keep(0, Arc::new(()), at(400_000));
        assert_eq!(cache.all.lock().unwrap().len(), 1);
    }

    /// Calls for each thousand seals of an instance that lives an hour: thirty seals a second, of any of so many tenants.
    fn calls(tenants: u64) -> u64 {
        let (cache, mut random, mut calls) = (Cache::of(SEALS), 1_u64, 0);
        const SECONDS: i64 = 3600;
        for second in 0..SECONDS {
            for _ in 0..30 {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (tenant, now) = (random % tenants, at(second * 1000));
                if cache.get(&tenant, now).is_none() {
                    cache.keep(tenant, Arc::new(()), now);
                    calls += 1;
                }
            }
        }
        calls * 1000 / (30 * 3600)
    }

    #[test]
    fn most_seals_are_no_call() {
        let [few, many, more] = [calls(100), calls(10_000), calls(20_000)];
        assert!(few <= 1 && many <= 100 && more <= 600, "{few}, {many}, {more} of a thousand");
    }

    #[test]
    fn a_key_of_another_size_is_refused() {
        assert!(data_key(Blob::new([0; 32])).is_ok());
        assert!(matches!(data_key(Blob::new([0; 16])), Err(SealError::Unavailable(_))));
    }
}
