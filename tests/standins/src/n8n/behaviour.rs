//! How it behaves, as a test wishes.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use super::{Endless, FakeN8n, Slow, reply};
use shared::{
    clock::FixedClock,
    egress::{OutError, OutReply},
};

impl FakeN8n {
    /// The API takes this key and no other.
    pub fn take_key(&self, key: &str) {
        self.state().api_key = Some(key.to_owned());
    }

    /// Nobody answers any more, or again.
    pub fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// The API refuses the key; webhooks go on.
    pub fn refuse_key(&self, refuse: bool) {
        self.state().key_refused = refuse;
    }

    /// The API does not list waiting executions, as n8n 2.8 does not; each can still be asked for by its id.
    pub fn hide_waiting(&self, hide: bool) {
        self.state().hides_waiting = hide;
    }

    /// n8n has just started, or is done with it: until then it calls what waits crashed.
    pub fn starts_up(&self, starts: bool) {
        self.state().starts_up = starts;
    }

    /// The API answers this to everything, or is itself again.
    pub fn answer_api(&self, answer: Option<(u16, &str)>) {
        self.state().api_answer = answer.map(|(status, body)| (status, body.to_owned()));
    }

    /// What webhooks answer; `{"message":"Workflow was started"}` unless told.
    pub fn answer_webhooks(&self, answer: Result<(u16, &str), OutError>) {
        self.state().webhook_answer = Some(answer.map(|(status, body)| reply(status, body)));
    }

    /// Webhooks answer with what is no text.
    pub fn answer_webhooks_in_bytes(&self, status: u16, kind: &'static str, body: &'static [u8]) {
        let kind = http::HeaderValue::from_static(kind);
        let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, kind)]);
        self.state().webhook_answer = Some(Ok(OutReply { status, headers, body: Bytes::from_static(body) }));
    }

    /// The next resume call gets this answer and changes nothing.
    pub fn answer_next_resume(&self, answer: Result<(u16, &str), OutError>) {
        self.state().resume_answers.push(answer.map(|(status, body)| (status, body.to_owned())));
    }

    /// The next resume call, or the next change of a credential, is taken, and its answer is lost.
    pub fn lose_next_answer(&self) {
        self.state().lose_answer = true;
    }

    /// The next resume call is taken, and its answer is replaced by this one.
    pub fn spoil_next_answer(&self, status: u16, body: &str) {
        self.state().spoilt = Some((status, body.to_owned()));
    }

    /// Every answer repeats what the call was sent, as careless proxies and workflows do; or no longer.
    pub fn echo(&self, status: Option<u16>) {
        self.state().echo = status;
    }

    /// Answers of its API and of its Waits take so long from now on. What a caller does not wait for is done all the same.
    pub fn slow(&self, clock: &Arc<FixedClock>, api: Duration, waits: Duration) {
        self.state().slow = Some(Slow { clock: clock.clone(), api, waits });
    }

    /// Its list of workflows goes on for ever, in pages of so many bytes, and after so many pages from the beginning.
    pub fn list_for_ever(&self, bytes: usize, round: usize) {
        self.state().endless = Some(Endless { bytes, round });
    }

    /// Webhooks redirect, or answer again.
    pub fn redirect_webhooks(&self, redirect: Option<(u16, &str)>) {
        self.state().redirect = redirect.map(|(status, there)| (status, there.to_owned()));
    }

    /// It is one of before 2025: its API refuses `status=running` and what it does not know, and its rows have no status.
    pub fn be_early(&self) {
        self.state().is_early = true;
    }

    /// Every workflow has so many bytes of pinned data from now on.
    pub fn pin(&self, bytes: usize) {
        self.state().pinned = bytes;
    }

    /// The API does not show this execution's data: it answers this instead.
    pub fn hide_data(&self, answer: Option<Result<(u16, &str), OutError>>) {
        self.state().data_answer =
            answer.map(|answer| answer.map(|(status, body)| (status, body.to_owned())));
    }

    /// What its Waits ask their callers for: a header and its value.
    pub fn ask_for_header(&self, name: &str, value: &str) {
        self.state().header = Some((name.to_owned(), value.to_owned()));
    }

    /// Where an execution waits, in n8n's words: the type and the parameters of the node.
    pub fn waits_at(&self, kind: &str, parameters: Value) {
        self.state().node = Some((kind.to_owned(), parameters));
    }

    /// Everything about credentials gets this answer, or is itself again.
    pub fn refuse_credentials(&self, status: Option<u16>) {
        self.state().credentials_refused = status;
    }

    /// A single credential cannot be asked for, as in n8n 2.8.
    pub fn list_credentials_only(&self) {
        self.state().lists_credentials_only = true;
    }
}
