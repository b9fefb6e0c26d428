use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        fields::Fields,
        input::{Kept, Patch, Text, of_standing},
        reply::Reply,
    },
    ids::ProjectId,
    ops::projects::{self, Change},
};

use super::wire::ProjectOut;

shared::input! {
    /// What to change of a project; what is left out stays, and a description that is null goes. Other fields are refused.
    pub closed struct UpdateProject {
        #[example("Spring campaign")]
        name: Kept<Text<200>>,
        #[example("Everything that goes out before Easter.")]
        description: Patch<Text<2000>>,
    }
}

impl From<UpdateProject> for Change {
    fn from(UpdateProject { name, description }: UpdateProject) -> Self {
        let description = if description.is_taken() { Some(String::new()) } else { description.set() };
        Self { name, description }
    }
}

/// Changes a project.
#[utoipa::path(patch, path = "/api/v1/projects/{id}", operation_id = "update_project",
    params(("id" = u64, Path, description = "Id of the project.", example = 81)),
    request_body = UpdateProject, responses((status = 200, description = "Changed.", body = ProjectOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<ProjectId>, fields: Fields) -> Result<Reply> {
    let input = of_standing(ctx.repos().projects().get(id), UpdateProject::read(fields)).await?;
    Reply::ok(&ProjectOut::new(&projects::update(&ctx, id, input.into()).await?))
}
