//! Conditions: every engine decides as [`Cond::holds`] does.

use serde_json::json;

use super::{attrs, fresh, got, put};
use crate::store::{Change, Cond, Key, Refusal, Store, StoreError, UNLABELLED, Write, attr};

pub async fn put_if_absent_refuses_second(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    let create = |n: i64| Write::put(key.clone(), attrs(json!({"n": n}))).when(Cond::Absent);
    store.write(create(1)).await.unwrap();
    let refused = store.write(create(2)).await.unwrap_err();
    assert_eq!(*refused.refused_by(UNLABELLED).unwrap().unwrap().attrs().unwrap(), attrs(json!({"n": 1})));
    assert_eq!(got(store, &key).await.unwrap(), attrs(json!({"n": 1})));
}

/// Each condition against an item of each kind, and against none.
pub async fn every_condition_decides_as_written(store: &dyn Store) {
    let items = [
        None,
        Some(json!({})),
        Some(json!({"n": 5, "s": "five", "b": true, "z": null, "l": [1, "x"], "m": {"k": 1}})),
        Some(json!({"n": i64::MIN, "s": "", "b": false, "z": 0, "l": [], "m": {}})),
        Some(json!({"n": "5", "s": 5, "b": "true"})),
    ];
    let conds = [
        Cond::Always,
        Cond::Absent,
        Cond::Exists,
        Cond::eq("n", 5),
        Cond::eq("n", i64::MIN),
        Cond::eq("s", "five"),
        Cond::eq("s", ""),
        Cond::eq("b", true),
        Cond::eq("z", json!(null)),
        Cond::eq("l", json!([1, "x"])),
        Cond::eq("m", json!({"k": 1})),
        Cond::eq("m", json!({})),
        Cond::lt("n", 5),
        Cond::lt("n", 6),
        Cond::le("n", 5),
        Cond::le("n", 4),
        Cond::le("n", i64::MIN),
        Cond::missing("n"),
        Cond::missing("none"),
        Cond::has("z"),
        Cond::has("none"),
        Cond::All(vec![Cond::Exists, Cond::lt("n", 9)]),
        Cond::Any(vec![Cond::Absent, Cond::eq("n", 5), Cond::missing("n")]),
        Cond::All(vec![
            Cond::Any(vec![Cond::has("n"), Cond::has("x")]),
            Cond::Any(vec![Cond::eq("b", true)]),
        ]),
        Cond::Any(vec![Cond::All(vec![Cond::has("n"), Cond::missing("n")]), Cond::Always]),
    ];
    let tenant = fresh();
    for (i, item) in items.iter().enumerate() {
        for (c, cond) in conds.iter().enumerate() {
            let key = Key::of(tenant, "matrix", format!("{i}-{c}"));
            let before = item.clone().map(attrs);
            if let Some(attrs) = &before {
                store.write(Write::put(key.clone(), attrs.clone())).await.unwrap();
            }
            let write =
                Write::update(key, vec![Change::set("done", true)]).when(cond.clone()).labelled("thing");
            match store.write(write).await {
                Ok(_) => assert!(cond.holds(before.as_ref()), "{cond:?} held for {before:?}"),
                Err(StoreError::ConditionFailed(Refusal { label, current })) => {
                    assert_eq!(label, "thing");
                    assert!(!cond.holds(before.as_ref()), "{cond:?} did not hold for {before:?}");
                    assert_eq!(current.map(|item| item.into_attrs().unwrap()), before);
                }
                Err(error) => panic!("{cond:?} for {before:?}: {error}"),
            }
        }
    }
}

pub async fn refused_write_changes_nothing_and_names_the_item(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    let before = json!({"n": 1, "list": ["x"]});
    put(store, &key, before.clone()).await;
    let writes = [
        Write::put(key.clone(), attrs(json!({"n": 2}))),
        Write::update(key.clone(), vec![Change::add("n", 1)]),
        Write::delete(key.clone()),
    ];
    for write in writes {
        let refused = store.write(write.when(Cond::eq("n", 7))).await.unwrap_err();
        let StoreError::ConditionFailed(Refusal { current: Some(current), .. }) = refused else {
            panic!("{refused}")
        };
        assert_eq!((&current.key, &*current.attrs().unwrap()), (&key, &attrs(before.clone())));
        assert_eq!(got(store, &key).await.unwrap(), attrs(before.clone()));
    }
}

pub async fn refused_write_on_nothing_names_nothing(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    for write in [Write::update(key.clone(), vec![Change::set("n", 1)]), Write::delete(key.clone())] {
        let refused = store.write(write.when(Cond::Exists)).await.unwrap_err();
        assert!(matches!(refused.refused_by(UNLABELLED), Some(None)), "{refused:?}");
    }
    assert_eq!(got(store, &key).await, None);
}

pub async fn version_moves_on(store: &dyn Store) {
    let key = Key::of(fresh(), "lead", "1");
    put(store, &key, json!({attr::VERSION: 1})).await;
    let step =
        |from: u64| Write::update(key.clone(), vec![Change::add(attr::VERSION, 1)]).when(Cond::version(from));
    assert_eq!(store.write(step(1)).await.unwrap().unwrap().attrs().unwrap()[attr::VERSION], 2);
    let refused = store.write(step(1)).await.unwrap_err();
    assert_eq!(refused.refused_by(UNLABELLED).unwrap().unwrap().attrs().unwrap()[attr::VERSION], 2);
}
