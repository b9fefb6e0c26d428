use shared::{
    domain::project::Project,
    error::Result,
    http::{
        ctx::Ctx,
        input::{InBody, Text},
        reply::Reply,
    },
    ops::projects::{self, NewProject},
};

use super::wire::ProjectOut;

shared::input! {
    /// A project to make. Other fields are refused.
    pub closed struct CreateProject {
        #[example("Spring campaign")]
        name: Text<200>,
        #[example("Everything that goes out before Easter.")]
        description: Option<Text<2000>>,
    }
}

/// Makes a project. Several may have the same name.
#[utoipa::path(post, path = "/api/v1/projects", operation_id = "create_project",
    request_body = CreateProject, responses((status = 201, description = "The project.", body = ProjectOut)))]
pub async fn handler(ctx: Ctx, InBody(input): InBody<CreateProject>) -> Result<Reply> {
    let new = NewProject { name: input.name, description: input.description };
    ctx.answer(
        |project: &Project| Reply::created(&ProjectOut::new(project)),
        async move |act| projects::create(act, new).await,
    )
    .await
}
