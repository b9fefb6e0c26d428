//! Projects: what workflows are for, by name.
//!
//! Its one rule: a project is a name and nothing that other things hang on: it goes whenever it is no longer wanted.

use super::{act::Act, again::Again};
use crate::{
    domain::{
        event::{EventType, Happened, Subject},
        project::Project,
    },
    error::{Error, ErrorKind, OrNotFound, Result},
    ids::ProjectId,
    repo::pages::{Asked, Page},
    store::Write,
};

/// Projects of an organization. Those who make the last ones at the same moment may go a little beyond it.
pub const MAX_PROJECTS: u64 = 1_000;

/// A project to make.
#[derive(Debug, Clone)]
pub struct NewProject {
    pub name: String,
    pub description: Option<String>,
}

/// What to change of a project; what is none stays, and an empty description takes it away.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub name: Option<String>,
    pub description: Option<String>,
}

/// A page of the projects, the newest first, and how many there are.
pub async fn list(act: &Act, asked: Asked) -> Result<Page<Project>> {
    Ok(act.repos().projects().page(asked).await?)
}

pub async fn get(act: &Act, id: ProjectId) -> Result<Project> {
    act.repos().projects().get(id).await?.or_not_found("project")
}

/// Makes a project.
///
/// # Errors
/// 422 `too_many_projects`.
pub async fn create(act: &Act, new: NewProject) -> Result<Project> {
    let projects = act.repos().projects();
    if projects.how_many().await? >= MAX_PROJECTS {
        let message =
            format!("An organization has at most {MAX_PROJECTS} projects. Delete one that is not used.");
        return Err(Error::new(ErrorKind::Invalid, "too_many_projects", message));
    }
    let project = Project::new(act.app.id(), new.name, new.description, act.now);
    let mut writes = projects.insert(&project)?;
    writes.push(emit(act, EventType::ProjectCreated, &project, &[])?);
    act.commit_once(writes, &project, &project).await?;
    Ok(project)
}

/// Changes a project, however it stands then. Where nothing differs, nothing is written.
pub async fn update(act: &Act, id: ProjectId, change: Change) -> Result<Project> {
    let projects = act.repos().projects();
    let mut again = Again::new(&act.app, "the project");
    let mut written = None;
    loop {
        let before = projects.get(id).await?.or_not_found("project")?;
        // An engine repeats a write whose answer was lost, and the repeat meets the first.
        if written.as_ref() == Some(&before) {
            return Ok(before);
        }
        let description = match &change.description {
            Some(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            None => before.description.clone(),
        };
        let name = change.name.clone().unwrap_or_else(|| before.name.clone());
        let changed: Vec<_> =
            [("name", name != before.name), ("description", description != before.description)]
                .into_iter()
                .filter_map(|(field, differs)| differs.then_some(field))
                .collect();
        if changed.is_empty() {
            return Ok(before);
        }
        let after = Project { name, description, changed_at: act.now, v: before.v + 1, ..before };
        let mut writes = projects.replace(&before, &after)?;
        writes.push(emit(act, EventType::ProjectUpdated, &after, &changed)?);
        match act.commit(writes, &after).await {
            Ok(()) => return Ok(after),
            Err(refused) => again.after(refused).await?,
        }
        written = Some(after);
    }
}

/// Deletes a project, whatever it has become meanwhile.
pub async fn delete(act: &Act, id: ProjectId) -> Result<ProjectId> {
    let projects = act.repos().projects();
    let mut again = Again::new(&act.app, "the project");
    loop {
        let before = projects.get(id).await?.or_not_found("project")?;
        let mut writes = projects.delete(&before)?;
        writes.push(emit(act, EventType::ProjectDeleted, &before, &[])?);
        match act.commit(writes, &id).await {
            Ok(()) => return Ok(id),
            Err(refused) => again.after(refused).await?,
        }
    }
}

fn emit(act: &Act, kind: EventType, project: &Project, changed: &[&str]) -> Result<Write> {
    let mut event = Happened::new(kind, Subject::of("project", project.id)).with("name", &*project.name);
    if !changed.is_empty() {
        event = event.with_words("changed", changed.iter().copied());
    }
    act.emit(event)
}
