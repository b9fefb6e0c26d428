use serde_json::json;
use shared::ids::LeadId;
use standins::dump;

use super::{PATH, listed, make, person, shown, with};
use harness::{refusal, samples};

#[tokio::test]
async fn a_deleted_lead_is_in_no_list_and_is_kept_aside() {
    let house = samples::scene().await;
    let deleted = house.acme.delete(&format!("{PATH}/101")).await;
    let reply = json!({ "success": true, "id": 101, "message": "Lead deleted successfully." });
    assert_eq!((deleted.status, &deleted.json), (200, &reply));
    for query in [
        "",
        "?status=New",
        "?source=Website%20Form",
        "?search=maria",
        "?search=globex",
        "?email=maria@example.org",
    ] {
        assert!(!listed(&house, query).await.contains(&101), "{query}");
    }
    let recent = house.acme.get(&format!("{PATH}/recent")).await.json;
    assert_eq!(recent["count"], 2);
    for answer in [
        house.acme.get(&format!("{PATH}/101")).await,
        house.acme.patch(&format!("{PATH}/101"), json!({ "phone": "1" })).await,
        house.acme.delete(&format!("{PATH}/101")).await,
        house.acme.post("/automation/approve", json!({ "entity_id": 101, "entity_type": "lead" })).await,
    ] {
        assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (404, "not_found"));
    }
    let leads = house.app.repos(house.acme.key.tenant).leads();
    let kept = leads.several_deleted(&[LeadId::from_u64(101).unwrap()]).await.unwrap();
    assert!(kept.found[0].ttl.is_some());
    assert_eq!(kept.found[0].deleted_by.username, "jane@acme.example");
}

#[tokio::test]
async fn a_deleted_lead_leaves_nothing_to_find_but_what_it_owes() {
    let house = samples::scene().await;
    let before = dump::items(&house.file).await.unwrap().len();
    let asked = json!({
        "human_interaction": true, "installation_id": 45, "workflow_id": "abc123", "execution_id": 7,
        "resume_url": format!("{}/webhook-waiting/7?signature=token-7", harness::N8N),
    });
    let id = make(&house, with(person("jane@example.com"), asked)).await;
    house.n8n.set_down(true);
    let decided =
        house.acme.post("/automation/approve", json!({ "entity_id": id, "entity_type": "lead" })).await;
    assert_eq!(decided.json["resume_state"], "pending", "{decided:?}");
    assert_eq!(house.acme.delete(&format!("{PATH}/{id}")).await.status, 200);
    let items = dump::items(&house.file).await.unwrap();
    assert_eq!(
        items.len(),
        before + 6,
        "the lead that is kept aside, its debt, what its execution asked, and three events"
    );
    let kept = items.iter().find(|item| item.pk.ends_with("#lead-deleted")).unwrap();
    assert_eq!(kept.due_at, None);
    for personal in ["sealed_resume_url", "jane@example.com", "first_name", "Jane"] {
        assert!(!kept.body.contains(personal), "{}", kept.body);
    }
}

#[tokio::test]
async fn deleting_twice_at_once_succeeds_once() {
    let house = samples::scene().await;
    let path = format!("{PATH}/101");
    let (first, second) = tokio::join!(house.acme.delete(&path), house.acme.delete(&path));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404]);
    assert_eq!(shown(&house, 102).await["id"], 102);
}
