//! Client groups of one organization do not see each other either, as far as who asks is bound to one: the same matrix, with
//! another group's ids in the place of another tenant's.
//!
//! What a call costs is not compared: what an instance remembers of the organization is shared by its groups.

use super::*;

use harness::samples::furnish_group;
use shared::ids::GroupId;

/// Another client group of Acme's.
const OTHER: u64 = 990_001;

/// Where another group's id may be told from nobody's, and why.
const TOLD_APART: [(&str, &str, &str); 1] = [(
    "register_installation",
    "instance_id",
    "names of n8n instances are the organization's: registering one anew changes the one that is there",
)];

/// Acme as its samples expect it, whose own key is bound to its first client group, and beside it the rival, who is bound to
/// another group of the same organization.
async fn groups() -> TestApp {
    let mut house = scene().await;
    house.seed_group(&house.acme, OTHER).await;
    let (own, other) = (house.acme.key.group_id, GroupId::from_u64(OTHER).unwrap());
    let in_group = |group| NewKey { group_id: Some(group), groups: vec![group], ..NewKey::default() };
    house.rival = house.key(&house.acme, in_group(other)).await;
    furnish_group(&house, &house.rival, RIVALS, "https://n8n.rival.example").await;
    work(&house.rival).await;
    house.acme = house.key(&house.acme, in_group(own)).await;
    house
}

/// What lies in the other group, or under an id of its things.
async fn of_the_other(house: &TestApp) -> Vec<dump::StoredItem> {
    let items = dump::items(&house.file).await.unwrap();
    let other = format!("\"group_id\":{OTHER}");
    items.into_iter().filter(|item| format!("{item:?}").replace('\\', "").contains(&other)).collect()
}

async fn ask(house: &TestApp, sample: &Sample, place: &Place, id: &Value) -> (u16, String) {
    let (method, path, body) = with_id(sample, place, id);
    let answer = sample.caller(house).await.call(method, &path, body, &[]).await;
    (answer.status, answer.text)
}

fn sample_of(house: &TestApp, route: &Route) -> Sample {
    let of = |sample: &Sample| sample.route.operation == route.operation;
    samples(house).into_iter().find(of).unwrap_or_else(|| panic!("{} has no sample", route.operation))
}

#[tokio::test]
async fn another_groups_id_cannot_be_told_from_one_of_nobody() {
    let documents = Documents::made();
    let mut twins = (groups().await, groups().await);
    let mut owned = of_the_other(&twins.0).await;
    assert!(owned.len() > 8, "the other group owns {} items", owned.len());
    let mut differ = Vec::new();
    for route in ROUTES.iter().filter(|route| matches!(route.auth, Auth::Scope(_))) {
        for place in places(documents.of(route), route) {
            let (sample, same) = (sample_of(&twins.0, route), sample_of(&twins.1, route));
            let (theirs, nobodys) = pair(&twins.0, route, &place);
            let (status, text) = ask(&twins.0, &sample, &place, &theirs).await;
            let second = ask(&twins.1, &same, &place, &nobodys).await;
            let plain = |id: &Value| id.to_string().trim_matches(['[', ']', '"']).to_owned();
            let mut text = text.replace(&plain(&theirs), &plain(&nobodys));
            if place.name() == "workflow_id" {
                text = text.replace(&own_nid(&twins.0, &theirs), &own_nid(&twins.0, &nobodys));
            }
            let allowed = TOLD_APART
                .iter()
                .any(|(operation, name, _)| (*operation, *name) == (route.operation, place.name()));
            if (status, &text) != (second.0, &second.1) && !allowed {
                differ.push(format!("{} {place:?}\n  {status} {text}\n  {second:?}", route.operation));
            }
            assert_eq!(of_the_other(&twins.0).await, owned, "{}: {place:?}", route.operation);
            if status < 300 && route.method != Verb::Get {
                twins = (groups().await, groups().await);
                owned = of_the_other(&twins.0).await;
            }
        }
    }
    assert!(differ.is_empty(), "can be told apart:\n{}", differ.join("\n"));
}

/// Words and ids of what lies in the other group.
fn names_of_the_other() -> Vec<String> {
    let ids = [1, 42, 45, 61, 71, 72, 73, 74, 91, 92, 101, 102, 103].map(|id| (RIVALS + id).to_string());
    ids.into_iter().chain(["rivals-".into(), OTHER.to_string(), "rival.example".into()]).collect()
}

/// Whatever is listed, counted or shown, nothing of the other group is among it; and what is wrong with a request is not told of
/// what lies there.
#[tokio::test]
async fn nothing_of_another_group_is_in_any_answer() {
    let house = groups().await;
    let names = names_of_the_other();
    for sample in samples(&house).iter().filter(|sample| sample.route.method == Verb::Get) {
        let answer = sample.ask(&house).await;
        let shown: Vec<_> = names.iter().filter(|name| answer.text.contains(*name)).collect();
        assert!(shown.is_empty(), "{} shows {shown:?}: {}", sample.route.operation, answer.text);
    }
}

/// What is the whole organization's is not changed by who is bound to a client group, whatever the scopes of the key are.
#[tokio::test]
async fn who_is_bound_cannot_change_what_is_the_organizations() {
    let house = groups().await;
    for sample in samples(&house) {
        let Auth::Scope(scope) = sample.route.auth else { continue };
        if !shared::domain::principal::is_organizations(scope) || sample.route.own_key {
            continue;
        }
        let answer = sample.ask(&house).await;
        assert_eq!(answer.status, 403, "{}: {answer:?}", sample.route.operation);
        assert_eq!(sample.refusal(&answer), "bound_to_groups", "{}", sample.route.operation);
    }
}
