use serde_json::{Value, json};

use super::make;
use harness::{TestApp, refusal, samples};

const PATH: &str = "/api/media/stats";

async fn stats(house: &TestApp) -> Value {
    let answer = house.acme.get(PATH).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

/// The counts, made from the items themselves.
async fn recount(house: &TestApp) -> Value {
    let answer = house.acme.get("/api/media/list?limit=500").await.json;
    assert_eq!(answer["next_cursor"], Value::Null);
    let rows = answer["media"].as_array().unwrap();
    let count = |wanted: &dyn Fn(&Value) -> bool| rows.iter().filter(|row| wanted(row)).count();
    let of_type = |word: &'static str| count(&|row| row["media_type"] == word);
    let of_status = |word: &'static str| count(&|row| row["automation_status"] == word);
    json!({
        "total": rows.len(),
        "by_type": {
            "video": of_type("video"), "image": of_type("image"), "audio": of_type("audio"), "file": of_type("file"),
        },
        "by_status": {
            "pending": of_status("pending"), "approved": of_status("approved"), "denied": of_status("denied"),
            "regenerate": of_status("regenerate"),
        },
        "pending_review": count(&|row| row["human_interaction"] == true && row["automation_status"] == "pending"),
    })
}

#[tokio::test]
async fn nothing_counts_nothing() {
    let house = TestApp::new().await;
    assert_eq!(stats(&house).await, recount(&house).await);
    assert_eq!(stats(&house).await["total"], 0);
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides).unwrap()
    }
}

#[tokio::test]
async fn after_anything_that_happens_the_counts_are_those_of_the_items() {
    let house = samples::scene().await;
    let mut dice = Dice(1);
    let types = ["video", "image", "audio", "file"];
    let mut made = vec![42];
    for step in 0..150 {
        let id = made[dice.roll(made.len() as u64)];
        let path = format!("/api/media/{id}");
        let review = json!({ "entity_id": id, "entity_type": "media_item" });
        let answer = match dice.roll(9) {
            0 | 1 => {
                let body = json!({
                    "title": format!("item {step}"), "media_type": types[dice.roll(4)], "allow_regenerate": true,
                    "human_interaction": dice.roll(2) == 1, "execution_id": step.to_string(), "workflow_id": "abc123",
                });
                made.push(make(&house.acme, body).await);
                continue;
            }
            2 => house.acme.patch(&path, json!({ "media_type": types[dice.roll(4)] })).await,
            3 => house.acme.patch(&path, json!({ "human_interaction": dice.roll(2) == 1 })).await,
            4 => {
                let status = ["pending", "approved", "denied"][dice.roll(3)];
                house.acme.patch(&path, json!({ "automation_status": status })).await
            }
            5 => house.acme.post("/automation/approve", review).await,
            6 => house.acme.post("/automation/deny", review).await,
            7 => house.acme.post("/automation/regenerate", review).await,
            _ => house.acme.delete(&path).await,
        };
        assert!(matches!(answer.status, 200 | 404 | 409 | 422), "{answer:?}");
    }
    assert_eq!(stats(&house).await, recount(&house).await);
    assert!(stats(&house).await["total"].as_u64().unwrap() > 5);
}

#[tokio::test]
async fn a_group_is_counted_by_itself_and_a_foreign_one_is_a_403() {
    let house = TestApp::new().await;
    house.seed_group(&house.acme, 5).await;
    make(
        &house.acme,
        json!({ "title": "x", "media_type": "file", "group_id": 5, "human_interaction": true }),
    )
    .await;
    make(&house.acme, json!({ "title": "x", "media_type": "video" })).await;
    for (query, total, waiting) in [("", 2, 1), ("?group_id=5", 1, 1)] {
        let answer = house.acme.get(&format!("{PATH}{query}")).await.json;
        assert_eq!(
            (&answer["total"], &answer["pending_review"]),
            (&json!(total), &json!(waiting)),
            "{query}"
        );
    }
    for group in [house.rival.key.group_id.get(), samples::NOWHERE] {
        let answer = house.acme.get(&format!("{PATH}?group_id={group}")).await;
        assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (403, "no_such_group"));
    }
    assert_eq!(house.rival.get(PATH).await.json["total"], 0);
}

#[tokio::test]
async fn they_cost_the_same_however_many_items_there_are() {
    let house = TestApp::new().await;
    let mut costs = Vec::new();
    for _ in 0..3 {
        for _ in 0..40 {
            make(&house.acme, json!({ "title": "x", "media_type": "video" })).await;
        }
        let before = house.meter();
        stats(&house).await;
        let spent = house.meter().since(&before);
        costs.push((spent.read_units, spent.round_trips));
    }
    assert_eq!(costs, [(1.0, 1); 3]);
}
