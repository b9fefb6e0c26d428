//! Projects.

use super::Scene;
use crate::{
    domain::project::Project,
    error::ErrorKind,
    ids::{Id, ProjectId},
    ops::projects::{self, Change, MAX_PROJECTS, NewProject},
    repo::{pages, projects::PROJECT},
};

impl Scene {
    async fn project(&self, name: &str) -> Project {
        let new = NewProject { name: name.into(), description: None };
        projects::create(&self.act(), new).await.unwrap()
    }
}

#[tokio::test]
async fn projects_are_counted_and_there_may_be_a_thousand() {
    let scene = Scene::new().await;
    let act = scene.act();
    let (one, two) = (scene.project("one").await, scene.project("one").await);
    assert_ne!(one.id, two.id, "a name is nobody's");
    assert_eq!(act.repos().projects().how_many().await.unwrap(), 2);
    projects::delete(&act, one.id).await.unwrap();
    assert_eq!(act.repos().projects().how_many().await.unwrap(), 1);
    let more = i64::try_from(MAX_PROJECTS - 1).unwrap();
    let many = pages::tally(act.tenant, PROJECT, two.id.untyped(), more);
    scene.house.store().write(many).await.unwrap();
    let refused = projects::create(&act, NewProject { name: "three".into(), description: None }).await;
    assert_eq!(refused.unwrap_err().code, "too_many_projects");
}

#[tokio::test]
async fn changes_at_once_all_stand() {
    let scene = Scene::new().await;
    let (act, id) = (scene.act(), scene.project("one").await.id);
    let named = Change { name: Some("two".into()), ..Change::default() };
    let told = Change { description: Some("what for".into()), ..Change::default() };
    let (one, two) = (projects::update(&act, id, named), projects::update(&act, id, told));
    futures::future::try_join(one, two).await.unwrap();
    let stands = projects::get(&act, id).await.unwrap();
    assert_eq!((stands.name.as_str(), stands.description.as_deref(), stands.v), ("two", Some("what for"), 3));
    let emptied = Change { description: Some(String::new()), ..Change::default() };
    assert_eq!(projects::update(&act, id, emptied.clone()).await.unwrap().description, None);
    let before = scene.house.store().meter().read();
    projects::update(&act, id, emptied).await.unwrap();
    assert_eq!(scene.house.store().meter().read().since(&before).write_units, 0.0);
}

#[tokio::test]
async fn what_is_gone_is_not_found() {
    let scene = Scene::new().await;
    let (act, id) = (scene.act(), scene.project("one").await.id);
    projects::delete(&act, id).await.unwrap();
    for error in [
        projects::delete(&act, id).await.unwrap_err(),
        projects::get(&act, id).await.unwrap_err(),
        projects::update(&act, ProjectId::from_u64(Id::SMALLEST.get()).unwrap(), Change::default())
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::NotFound);
    }
}
