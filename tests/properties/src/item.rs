//! What comes back from where it was stored or sent: items, numbers, messages, sealed values.

use futures::FutureExt;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use shared::{
    parsers::{check, number},
    queue::Task,
    sealer::{Sealer, keyfile::KeyFile},
    store::{Key, Write},
    tenant::TenantId,
};

const TENANT: TenantId = TenantId(7);

/// An item comes back as the same value from every engine, a number is read as no other one, a message names a tenant's
/// item or none, and a value that was sealed opens in its place only.
pub fn item(data: &[u8]) {
    match standins::json(data) {
        Some(Value::Object(map)) => attributes(map),
        Some(value) => attributes([("value".to_owned(), value)].into_iter().collect()),
        None => {}
    }
    if let Ok(task) = shared::json::from_slice::<Task>(data) {
        message(&task);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        digits(text);
        sealed(text);
    }
}

fn attributes(attrs: Map<String, Value>) {
    let key = Key::of(TENANT, "fuzz", "1");
    if check::write(&Write::put(key, attrs.clone())).is_err() {
        return;
    }
    let mut kept = Value::Object(attrs);
    number::canonical(&mut kept);
    let mut again = kept.clone();
    number::canonical(&mut again);
    assert_eq!(again, kept);
    numbers(&kept);
    // As the embedded engine keeps it.
    assert_eq!(standins::json(kept.to_string()).as_ref(), Some(&kept));
    #[cfg(feature = "aws")]
    assert_eq!(shared::parsers::round_trip(&kept).ok().as_ref(), Some(&kept));
}

/// As DynamoDB keeps each: its digits, within its range.
fn numbers(value: &Value) {
    match value {
        Value::Number(number) => {
            assert_eq!(number::read(&number.to_string()).as_ref(), Some(number), "{number}");
            let size = number.as_f64().map_or(0.0, f64::abs);
            assert!(size == 0.0 || (1e-130..1e126).contains(&size), "{number}");
        }
        Value::Array(all) => all.iter().for_each(numbers),
        Value::Object(map) => map.values().for_each(numbers),
        _ => {}
    }
}

/// Digits as DynamoDB may spell them.
fn digits(text: &str) {
    let Some(read) = number::read(text) else { return };
    assert_eq!(number::read(&read.to_string()), Some(read.clone()), "{text}");
    let exact = text.parse::<i128>().ok();
    if let Some(exact) = exact.filter(|exact| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(exact)) {
        assert_eq!(read.to_string(), exact.to_string(), "an integer stays exact");
    }
    assert!(read.as_f64().is_some_and(f64::is_finite), "{text}");
}

fn message(task: &Task) {
    let written = serde_json::to_string(task).unwrap_or_default();
    assert_eq!(shared::json::from_str::<Task>(&written).ok().as_ref(), Some(task));
    if let Ok(tenant) = task.tenant() {
        let whose = task.pk.strip_prefix("T#").and_then(|rest| rest.split('#').next());
        assert_eq!(whose, Some(tenant.to_string().as_str()), "{}", task.pk);
    }
}

fn sealed(text: &str) {
    let Ok(sealer) = KeyFile::ephemeral() else { return };
    let opened = sealer.open(TENANT, "record", text).now_or_never();
    assert!(opened.is_some_and(|opened| opened.is_err()), "a text that nobody sealed opens");
    let Some(Ok(sealed)) = sealer.seal(TENANT, "record", &text.into()).now_or_never() else { return };
    let open = |tenant, record: &str| {
        let opened = sealer.open(tenant, record, &sealed).now_or_never().and_then(Result::ok);
        opened.map(|secret| secret.expose_secret().to_owned())
    };
    assert_eq!(open(TENANT, "record").as_deref(), Some(text));
    assert_eq!(open(TENANT, text).filter(|_| text != "record"), None, "it opens as another record");
    assert_eq!(open(TenantId(8), "record"), None, "it opens for another tenant");
}
