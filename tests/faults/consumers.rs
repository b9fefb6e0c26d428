//! Every worker, the tick and the sweep, killed before and after every call that they make. The message is lost with the
//! process: the due index alone must find the debt, and all ends as if nothing had happened.
//!
//! A kind of task or of chore without a row does not compile.

mod owing;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use shared::{
    clock::Millis,
    domain::{
        chore::{Chore, What},
        n8n_workflow,
        usage::{Source, Usage},
    },
    egress::OutReply,
    error::Result,
    ids::InstallationId,
    pricing::PRICE_VERSION,
    queue::{QueueName, Task, TaskKind},
    repo::chores::Chores,
    store::{self, Attrs, Key, Write},
    work::{
        Handled,
        due::{self, Report},
    },
};
use standins::{Plan, dump};

use harness::stories::{Register, Story, Trigger};

use super::{
    deaths,
    handlers::same,
    long_pass,
    stored::{blobs, outside, owed, stored},
};
use harness::{N8N, TestApp, work_on};

/// The execution that waits for decisions here.
const EXECUTION: u64 = 7;

macro_rules! tasks {
    ($($kind:pat => [$($row:ident),+];)*) => {
        /// Whether a row is about tasks of this kind.
        fn is_about(kind: TaskKind, row: &str) -> bool {
            match kind {
                $($kind => [$(stringify!($row)),+].contains(&row),)*
            }
        }

        mod dying_over {
            use super::*;

            $($(#[tokio::test]
            async fn $row() {
                worker_survives(stringify!($row), owing::$row).await;
            })+)*
        }
    };
}

tasks! {
    TaskKind::ResumeN8n => [a_payload, a_lead, a_media_item, an_invoice, a_deleted_payload, a_deleted_lead];
    TaskKind::PollExecution => [a_run];
    TaskKind::ListWorkflows => [a_listing];
    TaskKind::WatchWorkflow => [a_silent_workflow];
    TaskKind::Chore => [purge, unfile_media, enrich_media, move_leads, forget_field, forget_installation, watch_workflows, drop_upload, delete_file, reprice, check_budgets, settle_usage, list_by_group];
}

/// The row of a chore of this kind.
fn row_of(what: &What) -> &'static str {
    match what {
        What::Purge { .. } => "purge",
        What::UnfileMedia { .. } => "unfile_media",
        What::EnrichMedia { .. } => "enrich_media",
        What::MoveLeads { .. } => "move_leads",
        What::ForgetField { .. } => "forget_field",
        What::ForgetInstallation { .. } => "forget_installation",
        What::WatchWorkflows => "watch_workflows",
        What::MoveGroup { .. } => "move_group",
        What::DropUpload { .. } => "drop_upload",
        What::DeleteFile { .. } => "delete_file",
        What::Reprice { .. } => "reprice",
        What::ListByGroup => "list_by_group",
        What::CheckBudgets => "check_budgets",
        What::SettleUsage { .. } => "settle_usage",
    }
}

/// All that came of it, inside and outside, once time has passed.
async fn end(house: &TestApp, place: &str) -> Vec<String> {
    long_pass(house).await;
    let mut lines = stored(house).await;
    lines.extend(blobs(house));
    lines.extend(outside(house, EXECUTION));
    for queue in QueueName::ALL {
        assert_eq!(house.depth(queue).await.dead, 0, "{place}");
    }
    let owed = owed(house).await;
    assert!(owed.is_empty(), "{place}: {owed:?}");
    lines
}

/// The message of the row among those that were sent. All of them are lost.
async fn message(house: &TestApp, row: &str) -> String {
    let all = dump::messages(&house.file).await.unwrap();
    dump::lose_messages(&house.file).await.unwrap();
    let about = all.into_iter().rev().find(|body| {
        let task: Task = serde_json::from_str(body).unwrap();
        is_about(task.task, row)
    });
    let body = about.unwrap_or_else(|| panic!("nothing was sent for {row}"));
    let task: Task = serde_json::from_str(&body).unwrap();
    if task.task == TaskKind::Chore {
        let chore: Chore = house.app.store.get(&task.key()).await.unwrap().unwrap().decode().unwrap();
        assert_eq!(row_of(&chore.what), row);
    }
    body
}

async fn worker_survives(row: &str, owe: impl AsyncFn(&TestApp)) {
    let begin = async || {
        let mut house = TestApp::new().await;
        owe(&house).await;
        let body = message(&house, row).await;
        house.advance(Duration::from_secs(70));
        house.restart();
        (house, body)
    };
    let (calm, body) = begin().await;
    calm.faults.set(Plan::Calm);
    assert_eq!(work_on(&calm.app, &body).await, Handled::Done);
    let calls = calm.faults.calls();
    assert!(calls.len() > 3, "the worker did nothing: {calls:?}");
    let expected = end(&calm, "calm").await;
    let deaths = deaths(&calls);
    println!("{row}: {} calls, {} deaths", calls.len(), deaths.len());
    for (plan, place) in deaths {
        let (mut house, body) = begin().await;
        house.faults.set(plan);
        let outcome = house.faults.survive(work_on(&house.app, &body)).await;
        assert!(outcome.is_none(), "{place}, and answered {outcome:?}");
        house.faults.set(Plan::Calm);
        house.restart();
        same(&end(&house, &place).await, &expected, &place);
    }
}

/// The clockwork with a debt for each of two queues in its hands, and no message of theirs.
async fn clockwork_survives(run: impl AsyncFn(&TestApp) -> Result<Report>) {
    let begin = async || {
        let mut house = TestApp::new().await;
        owing::a_payload(&house).await;
        owing::unfile_media(&house).await;
        dump::lose_messages(&house.file).await.unwrap();
        // For so long that the sweep finds both overdue: the decision is looked after seventy seconds after its attempt.
        house.advance(Duration::from_secs(140));
        house.restart();
        house
    };
    let calm = begin().await;
    calm.faults.set(Plan::Calm);
    let report = run(&calm).await.unwrap();
    assert!(report.sent >= 2, "{report:?}");
    let calls = calm.faults.calls();
    let expected = end(&calm, "calm").await;
    let deaths = deaths(&calls);
    println!("the clockwork: {} calls, {} deaths", calls.len(), deaths.len());
    for (plan, place) in deaths {
        let mut house = begin().await;
        house.faults.set(plan);
        let report = house.faults.survive(run(&house)).await;
        assert!(report.is_none(), "{place}, and went on");
        house.faults.set(Plan::Calm);
        house.restart();
        same(&end(&house, &place).await, &expected, &place);
    }
}

#[tokio::test]
async fn the_tick_survives_every_death() {
    clockwork_survives(async |house: &TestApp| {
        due::tick(&house.app, Duration::from_secs(60), Millis(i64::MAX)).await
    })
    .await;
}

#[tokio::test]
async fn the_sweep_survives_every_death() {
    clockwork_survives(async |house: &TestApp| due::sweep(&house.app, Millis(i64::MAX)).await).await;
}
