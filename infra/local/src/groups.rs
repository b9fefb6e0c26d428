//! `baton group …`: the operations on client groups, for whoever may read the data directory.

use anyhow::Context;
use clap::Subcommand;
use serde_json::{Value, json};
use shared::{
    clock, config::LocalSettings, domain::org::Group, ids::GroupId, ops::groups, repo::listing::Row,
};

use crate::{
    cli::{Owner, plain, user},
    house,
    keys::{self, group},
    say,
};

/// Longest name of a group.
const NAME: usize = 200;

#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// Make a client group.
    Create {
        /// What to call it.
        #[arg(value_parser = name)]
        name: String,
        #[command(flatten)]
        owner: Owner,
    },
    /// List the client groups.
    List {
        #[command(flatten)]
        owner: Owner,
    },
    /// Give a client group another name.
    Rename {
        /// Id of the group, from `baton group list`.
        #[arg(value_parser = group)]
        id: GroupId,
        #[arg(value_parser = name)]
        name: String,
        #[command(flatten)]
        owner: Owner,
    },
    /// Delete a client group. A running server moves what lies in it.
    Delete {
        /// Id of the group, from `baton group list`.
        #[arg(value_parser = group)]
        id: GroupId,
        /// The client group that what lies in it goes to; needed unless it is empty.
        #[arg(long, value_name = "ID", value_parser = group)]
        move_to: Option<GroupId>,
        #[command(flatten)]
        owner: Owner,
    },
}

fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let fits = (1..=NAME).contains(&name.chars().count());
    fits.then(|| name.to_owned()).ok_or_else(|| format!("must have 1 to {NAME} characters"))
}

/// Runs one of the commands.
pub(crate) async fn run(settings: &LocalSettings, command: GroupCommand, json: bool) -> anyhow::Result<()> {
    let owner = match &command {
        GroupCommand::Create { owner, .. }
        | GroupCommand::List { owner }
        | GroupCommand::Rename { owner, .. }
        | GroupCommand::Delete { owner, .. } => owner,
    };
    let app = house::accounts(settings).await?;
    let user = user(&app, "--user", &owner.email).await?;
    let (by, act) = keys::acting(&app, &user, "baton-group").await?;
    let may = if matches!(command, GroupCommand::List { .. }) { "groups:read" } else { "groups:manage" };
    by.allows(may).then_some(()).context("that user may not do this: name an admin with --user")?;
    match command {
        GroupCommand::Create { name, .. } => {
            let made = groups::create(&act, name).await.map_err(plain)?;
            told(json, &describe(&made), &[format!("Client group {} ({})", made.id, made.name)])
        }
        GroupCommand::Rename { id, name, .. } => {
            let renamed = groups::rename(&act, id, &name).await.map_err(plain)?;
            told(json, &describe(&renamed), &[format!("Client group {id} is called {} now.", renamed.name)])
        }
        GroupCommand::Delete { id, move_to, .. } => {
            let deleted = groups::delete(&act, id, move_to).await.map_err(plain)?;
            let text = match deleted.moves_to {
                Some(to) => format!("What lies in client group {id} goes to {to}; then it is gone."),
                None => "Deleted.".to_owned(),
            };
            told(json, &json!({ "id": id, "deleted": true, "moving_to": deleted.moves_to }), &[text])
        }
        GroupCommand::List { .. } => {
            let all = groups::list(&act).await.map_err(plain)?;
            let lines: Vec<_> = all.iter().map(line).collect();
            let shown = |row: &Row<Group>| match row {
                Ok(group) => describe(group),
                Err(unreadable) => json!({ "id": unreadable.id, "unreadable": true }),
            };
            told(json, &all.iter().map(shown).collect::<Value>(), &lines)
        }
    }
}

fn told(json: bool, value: &Value, lines: &[String]) -> anyhow::Result<()> {
    if json { say::json(value) } else { say::lines(lines) }
}

fn describe(group: &Group) -> Value {
    json!({
        "id": group.id,
        "name": group.name,
        "status": if group.is_open() { "active" } else { "moving" },
        "moving_to": group.leaving.map(|leaving| leaving.to),
        "created_at": clock::iso(group.created_at),
    })
}

fn line(row: &Row<Group>) -> String {
    let group = match row {
        Ok(group) => group,
        Err(unreadable) => return format!("{}  (what is stored of it cannot be read)", unreadable.id),
    };
    let goes = group.leaving.map(|leaving| format!("  moving to {}", leaving.to)).unwrap_or_default();
    format!("{}  {}  {}{goes}", group.id, clock::iso(group.created_at), group.name)
}
