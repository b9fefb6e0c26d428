//! Every route that changes something, killed before and after every call that it makes: the client repeats the request to
//! another process over what is stored, and all is as if the first had lived.
//!
//! A row says what the repeat may answer, and is a test of its own; a route without a row answers as its method does (`usual`). The
//! stories (`death.rs`) tell more of some of them: a larger scene, and what holds while nobody has come back yet.

use std::collections::BTreeSet;

use shared::{
    http::routes::{ROUTES, Route, Verb},
    queue::QueueName,
};
use standins::{FakeN8n, Plan};

use super::{
    deaths, long_pass,
    stored::{blobs, outside, owed, plain, stored},
};
use harness::{
    Answer, Caller, TestApp, pass,
    samples::{Sample, media, samples, scene, sessions},
};

/// What the fake n8n takes the samples' execution for.
const EXECUTION: u64 = 0;

/// What a repeat may answer, and no more, when the first attempt died.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Repeat {
    /// What the first attempt would have answered, word for word.
    Same,
    /// The same status. The body tells how things stand now.
    Status,
    /// What the first attempt would have answered, or that there is nothing left to do.
    Or(u16),
    /// The same where the answer holds what is made anew each time.
    StatusOr(u16),
}

use Repeat::{Or, Same, Status, StatusOr};

/// What an attempt that died may have left behind once more, by its place in the store: only where every attempt makes
/// something new on purpose, and what the first made is of no use to anybody.
const NOTHING: &[&str] = &[];
const A_SESSION: &[&str] = &["#session#", "#session /", "#event#session.created"];
const A_REQUEST: &[&str] = &["#notification", "#event#password.reset_requested"];
const A_KEY: &[&str] = &["#event#api_key.", "G#key#"];

macro_rules! rows {
    ($($operation:ident: $repeat:expr, $leaves:expr;)*) => {
        const ROWS: &[&str] = &[$(stringify!($operation)),*];

        mod dying_in {
            use super::*;

            $(#[tokio::test]
            async fn $operation() {
                survives(stringify!($operation), $repeat, $leaves).await;
            })*
        }
    };
}

rows! {
    record_token_usage: Same, NOTHING;
    reprice_token_usage: Same, NOTHING;
    set_model_price: Same, NOTHING;
    delete_model_price: Or(404), NOTHING;
    create_budget: Same, NOTHING;
    update_budget: Same, NOTHING;
    delete_budget: Or(404), NOTHING;
    trigger_webhook: Same, NOTHING;
    // It tells what is known by then.
    poll_execution: Status, NOTHING;
    create_payload: Same, NOTHING;
    create_payload_for_review: Same, NOTHING;
    update_payload: Same, NOTHING;
    delete_payload: Or(404), NOTHING;
    // The stored reply says how far n8n had been told when it was stored.
    approve: Status, NOTHING;
    deny: Status, NOTHING;
    regenerate: Status, NOTHING;
    create_lead_status: Same, NOTHING;
    reorder_lead_statuses: Same, NOTHING;
    update_lead_status: Same, NOTHING;
    delete_lead_status: Or(404), NOTHING;
    create_lead_custom_field: Same, NOTHING;
    update_lead_custom_field: Same, NOTHING;
    delete_lead_custom_field: Or(404), NOTHING;
    set_lead_view: Same, NOTHING;
    register_installation: Same, NOTHING;
    delete_installation: Or(404), NOTHING;
    create_alert: Same, NOTHING;
    update_alert: Same, NOTHING;
    delete_alert: Or(404), NOTHING;
    push_execution: Same, NOTHING;
    create_lead: Same, NOTHING;
    change_leads: Same, NOTHING;
    update_lead: Same, NOTHING;
    delete_lead: Or(404), NOTHING;
    admin_login: Status, A_SESSION;
    create_admin_session: Status, A_SESSION;
    log_in: Status, A_SESSION;
    // The session is over: its token is refused.
    log_out: Or(403), NOTHING;
    // The old password is none any more.
    change_password: Or(422), NOTHING;
    // Shown once: the reply that was lost was the once.
    copy_own_api_key: Or(409), NOTHING;
    regenerate_own_api_key: Status, A_KEY;
    // The ticket was used.
    accept_invitation: Or(422), NOTHING;
    confirm_password_reset: Or(422), NOTHING;
    // Whoever asks twice is heard twice.
    request_password_reset: Same, A_REQUEST;
    begin_second_factor: Status, NOTHING;
    // Its codes were shown once; a secret without them is begun anew when it is lost.
    confirm_second_factor: StatusOr(409), NOTHING;
    delete_second_factor: Or(409), NOTHING;
    // Shown once: a reply that was lost shows the token no more.
    invite_team_member: Status, NOTHING;
    invite_team_member_again: Status, NOTHING;
    reset_password_of_team_member: Status, NOTHING;
    create_notification: Same, NOTHING;
    mark_notification: Same, NOTHING;
    create_invoice: Same, NOTHING;
    update_invoice: Same, NOTHING;
    delete_invoice: Or(404), NOTHING;
    set_invoice_status: Same, NOTHING;
    log_chat_message: Same, NOTHING;
    update_chat: Same, NOTHING;
    delete_chat: Or(404), NOTHING;
    delete_chat_message: Or(404), NOTHING;
    connect_n8n_node: Same, NOTHING;
    create_media: Same, NOTHING;
    // Another upload has another address.
    create_media_upload: Status, NOTHING;
    put_file: Same, NOTHING;
    update_media: Same, NOTHING;
    delete_media: Or(404), NOTHING;
    create_media_for_review: Same, NOTHING;
    create_collection: Same, NOTHING;
    update_collection: Same, NOTHING;
    delete_collection: Or(404), NOTHING;
    // Shown once: a reply that was lost shows the key no more.
    create_api_key: Status, NOTHING;
    rotate_api_key: Status, NOTHING;
    // It has ended, and is there.
    revoke_api_key: Same, NOTHING;
}

/// What a repeat may answer where no row says otherwise: what was deleted is gone, and all else is as it was made.
fn usual(method: Verb) -> Repeat {
    if method == Verb::Delete { Or(404) } else { Same }
}

fn changing() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.method != Verb::Get)
}

#[tokio::test]
async fn every_route_without_a_row_does_what_its_method_does() {
    for route in changing().filter(|route| !ROWS.contains(&route.operation)) {
        survives(route.operation, usual(route.method), NOTHING).await;
    }
}

#[test]
fn every_row_is_a_route_that_changes_something() {
    let changing: BTreeSet<_> = changing().map(|route| route.operation).collect();
    let rows: BTreeSet<_> = ROWS.iter().copied().collect();
    assert!(rows.is_subset(&changing), "{:?}", rows.difference(&changing));
}

/// A scene in which one request is about to be sent.
struct About {
    house: TestApp,
    sample: Sample,
    /// The credential to send it with.
    text: String,
}

impl About {
    async fn to(operation: &str) -> Self {
        let mut house = scene().await;
        // The host of the registration that is the sample.
        FakeN8n::at(&house.network, "https://n8n.yourdomain.com");
        let mut all = samples(&house);
        all.extend(sessions::logins(&house));
        all.extend(sessions::tickets(&house).await);
        all.push(media::upload(&house));
        let sample = all.into_iter().find(|sample| sample.route.operation == operation).unwrap();
        let text = sample.caller(&house).await.text;
        // What the scene itself owes is paid before anything is counted.
        pass(&house, 20).await;
        house.restart();
        Self { house, sample, text }
    }

    fn caller(&self) -> Caller {
        self.house.acme.with_key(&self.text)
    }

    /// Sends it, with the same `Idempotency-Key` each time where the route remembers.
    async fn send(&self) -> Answer {
        if self.sample.route.operation == "confirm_second_factor" {
            // A code of then is none of now.
            return self.sample.send_body(&self.caller(), sessions::code(&self.house)).await;
        }
        match self.sample.route.remembers() {
            true => self.sample.send_with(&self.caller(), &[("idempotency-key", "once")]).await,
            false => self.sample.send(&self.caller()).await,
        }
    }

    /// All that came of it, inside and outside.
    async fn end(&self, leaves: &[&str]) -> Vec<String> {
        // A run that is followed comes to its end.
        self.house.n8n.set_status(EXECUTION, "success");
        long_pass(&self.house).await;
        let mut lines = stored(&self.house).await;
        lines.dedup_by(|a, b| a == b && leaves.iter().any(|place| a.contains(place)));
        lines.extend(blobs(&self.house));
        lines.extend(outside(&self.house, EXECUTION));
        for queue in QueueName::ALL {
            assert_eq!(self.house.depth(queue).await.dead, 0);
        }
        let owed = owed(&self.house).await;
        assert!(owed.is_empty(), "{owed:?}");
        lines
    }
}

async fn survives(operation: &str, repeat: Repeat, leaves: &[&str]) {
    let calm = About::to(operation).await;
    calm.house.faults.set(Plan::Calm);
    let reply = calm.send().await;
    assert!(reply.status < 300, "{reply:?}");
    let calls = calm.house.faults.calls();
    let expected = calm.end(leaves).await;
    assert!(calls.len() > 1, "it does nothing: {calls:?}");
    let deaths = deaths(&calls);
    println!("{operation}: {} calls, {} deaths", calls.len(), deaths.len());
    for (plan, place) in deaths {
        let mut about = About::to(operation).await;
        about.house.faults.set(plan);
        let unheard = about.house.faults.survive(about.send()).await;
        assert!(unheard.is_none(), "{place}, and answered all the same");
        about.house.faults.set(Plan::Calm);
        about.house.restart();
        long_pass(&about.house).await;
        let answer = about.send().await;
        may_answer(&answer, &reply, repeat, &place);
        same(&about.end(leaves).await, &expected, &place);
    }
}

#[track_caller]
fn may_answer(answer: &Answer, first: &Answer, repeat: Repeat, place: &str) {
    let nothing_left = matches!(repeat, Or(status) | StatusOr(status) if answer.status == status);
    assert!(nothing_left || answer.status == first.status, "{place}: {answer:?}");
    if !nothing_left && !matches!(repeat, Status | StatusOr(_)) {
        assert_eq!(plain(&answer.text), plain(&first.text), "{place}");
    }
}

#[track_caller]
pub fn same(now: &[String], expected: &[String], place: &str) {
    let (now, expected): (Vec<_>, Vec<_>) = (count(now), count(expected));
    let more: Vec<_> = now.iter().filter(|line| !expected.contains(line)).collect();
    let less: Vec<_> = expected.iter().filter(|line| !now.contains(line)).collect();
    assert!(more.is_empty() && less.is_empty(), "{place}\nthere is {more:#?}\nthere should be {less:#?}");
}

/// Each line with how often it occurs.
fn count(lines: &[String]) -> Vec<(&String, usize)> {
    let often = |line| lines.iter().filter(|other| *other == line).count();
    lines.iter().map(|line| (line, often(line))).collect()
}
