//! Statuses and fields of an organization's own, as leads show them.

use serde_json::{Value, json};
use shared::{
    domain::{
        custom_field::{CustomField, FieldType},
        lead_setup::{Drain, LeadSetup, Status},
    },
    ids::{EntityId, Id},
};

use super::{PATH, listed, make, paged, person, shown, with};
use harness::{TestApp, assert_holds, named};

fn id<I: EntityId>(value: u64) -> I {
    I::of(Id::from_u64(value).unwrap())
}

fn field(number: u64, machine_name: &str, field_type: FieldType, required: bool) -> CustomField {
    let options = if field_type == FieldType::Select { vec!["Low".into(), "High".into()] } else { vec![] };
    CustomField {
        id: id(number),
        label: machine_name.into(),
        machine_name: machine_name.into(),
        field_type,
        options,
        required,
    }
}

/// Stores what `change` makes of acme's pipeline.
async fn set(house: &TestApp, change: impl FnOnce(&mut LeadSetup)) {
    let setups = house.app.repos(house.acme.key.tenant).lead_setups();
    let mut setup = setups.load().await.unwrap();
    change(&mut setup);
    setup.v += 1;
    house.app.store.write(setups.put_next(&setup).unwrap()).await.unwrap();
}

fn hot() -> Status {
    Status { id: id(90), label: "Hot".into(), color: "#ff0000".into(), is_default: false }
}

#[tokio::test]
async fn values_are_written_and_read_by_machine_name() {
    let house = TestApp::new().await;
    set(&house, |setup| {
        setup.fields = vec![
            field(11, "region", FieldType::Text, false),
            field(12, "priority", FieldType::Select, false),
            field(13, "seats", FieldType::Number, false),
        ];
    })
    .await;
    let lead =
        make(&house, with(person("jane@example.com"), json!({ "region": "EMEA", "seats": "12" }))).await;
    let expected = json!({ "region": "EMEA", "seats": 12, "priority": null });
    assert_holds(&shown(&house, lead).await, &expected);
    let path = format!("{PATH}/{lead}");
    let change = json!({ "priority": "high", "seats": 2.5, "region": null });
    assert_eq!(house.acme.patch(&path, change).await.status, 200);
    assert_holds(&shown(&house, lead).await, &json!({ "region": null, "seats": 2.5, "priority": "High" }));
    let row = house.acme.get(&format!("{PATH}/list")).await.json["leads"][0].clone();
    assert_eq!(row["priority"], "High");
    let wrong = house.acme.patch(&path, json!({ "priority": "Medium", "seats": "many", "colour": 1 })).await;
    assert_eq!(named(&wrong), ["colour", "priority", "seats"]);
    // An update by a workflow changes what it sends and leaves the rest.
    let again =
        super::post(&house, "update", with(person("jane@example.com"), json!({ "region": "APAC" }))).await;
    assert_eq!(again.id(), lead);
    assert_holds(&shown(&house, lead).await, &json!({ "region": "APAC", "seats": 2.5, "priority": "High" }));
}

#[tokio::test]
async fn a_required_field_is_asked_for_and_a_deleted_one_is_gone_at_once() {
    let house = TestApp::new().await;
    set(&house, |setup| setup.fields = vec![field(11, "region", FieldType::Text, true)]).await;
    assert_eq!(named(&house.acme.post(PATH, person("jane@example.com")).await), ["region"]);
    let lead = make(&house, with(person("jane@example.com"), json!({ "region": "EMEA" }))).await;
    set(&house, |setup| setup.fields.clear()).await;
    assert_eq!(shown(&house, lead).await.get("region"), None);
    // A new field of the same name shows none of the old values.
    set(&house, |setup| setup.fields = vec![field(12, "region", FieldType::Text, false)]).await;
    assert_eq!(shown(&house, lead).await["region"], Value::Null);
}

#[tokio::test]
async fn a_deleted_status_shows_as_its_heir_and_is_listed_with_it() {
    let house = TestApp::new().await;
    set(&house, |setup| setup.statuses.push(hot())).await;
    let mut made = Vec::new();
    for n in 0..6 {
        let status = if n % 2 == 0 { "hot" } else { "New" };
        made.push(make(&house, with(person(&format!("{n}@example.com")), json!({ "status": status }))).await);
    }
    made.reverse();
    assert_eq!(listed(&house, "?status=Hot").await, [made[1], made[3], made[5]]);
    let since = house.app.now();
    set(&house, |setup| {
        setup.statuses.pop();
        setup.draining.push(Drain { from: id(90), to: LeadSetup::NEW, since });
    })
    .await;
    assert_eq!(named(&house.acme.get(&format!("{PATH}/list?status=Hot")).await), ["status"]);
    assert_eq!(shown(&house, made[1]).await["status"], "New");
    for limit in [1, 2, 5, 6] {
        assert_eq!(paged(&house, "status=New", limit).await, made, "pages of {limit}");
        let own = house.acme.key.group_id;
        assert_eq!(paged(&house, &format!("status=New&group_id={own}"), limit).await, made);
    }
    let moved = house.acme.patch(&format!("{PATH}/{}", made[1]), json!({ "status": "New" })).await;
    assert_eq!(moved.status, 200);
    assert_eq!(listed(&house, "?status=New").await, made);
}
