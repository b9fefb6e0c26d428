//! Asks the provider of a video for what its address does not tell (oEmbed, <https://oembed.com>).
//!
//! Its one rule: whatever the provider says fills only what nobody else has said, and a provider that says nothing is
//! asked a few times and then left alone: a media item is complete without it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use crate::{
    app::App,
    domain::{chore::Step, media::Enriched},
    egress::{OutError, OutReply, OutRequest},
    error::{Error, Result},
    ids::MediaId,
    json::{self, Part},
    ops::again::Again,
    store,
    tenant::TenantId,
};

/// Times that a provider is asked: with the pauses of a chore, over three hours.
const ATTEMPTS: u32 = 10;
const TIMEOUT: Duration = Duration::from_secs(8);
const MAX_REPLY: usize = 64 * 1024;

/// What asking led to.
enum Answer {
    Said(Enriched),
    /// Asking again would not help.
    Nothing(String),
    Later(String),
}

pub async fn step(app: &App, tenant: TenantId, id: MediaId, failures: u32) -> Result<Step> {
    let Some(item) = app.repos(tenant).media().get(id).await? else { return Ok(Step::Done) };
    let Some(address) = item.to_ask() else { return Ok(Step::Done) };
    match ask(app, address.clone()).await {
        Answer::Said(enriched) => keep(app, tenant, id, &address, enriched).await?,
        Answer::Nothing(why) => tracing::info!(media = %id, why, "a provider tells nothing of a video"),
        Answer::Later(why) if failures + 1 >= ATTEMPTS => {
            tracing::warn!(media = %id, why, "a provider did not answer and is not asked again");
        }
        Answer::Later(why) => return Err(Error::unavailable(why)),
    }
    Ok(Step::Done)
}

/// Keeps what was said, unless the item is about another video by now. Whatever else was changed meanwhile stays.
async fn keep(app: &App, tenant: TenantId, id: MediaId, asked: &Url, enriched: Enriched) -> Result<()> {
    let media = app.repos(tenant).media();
    let mut again = Again::new(app, "a media item");
    loop {
        let Some(before) = media.get(id).await?.filter(|item| item.to_ask().as_ref() == Some(asked)) else {
            return Ok(());
        };
        let mut after = before.clone();
        after.enriched = Some(enriched.clone());
        after.subject.touch(app.now());
        match store::apply(&*app.store, media.replace(&before, &after)?).await {
            Ok(()) => return Ok(()),
            Err(error) => again.after(error).await?,
        }
    }
}

async fn ask(app: &App, url: Url) -> Answer {
    let request = OutRequest {
        method: Method::GET,
        url,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: TIMEOUT,
        max_reply_bytes: MAX_REPLY,
    };
    match app.http.send(request).await {
        Ok(reply) => read(&reply),
        Err(error @ (OutError::Refused(_) | OutError::ReplyTooLarge { .. })) => {
            Answer::Nothing(error.to_string())
        }
        Err(error) => Answer::Later(error.to_string()),
    }
}

fn read(reply: &OutReply) -> Answer {
    match reply.status {
        200 => match json::text(&reply.body) {
            Ok(said) => Answer::Said(enriched(said.root())),
            Err(_) => Answer::Nothing("the answer is not JSON".into()),
        },
        408 | 425 | 429 | 500.. => Answer::Later(format!("it answered {}", reply.status)),
        // Private, gone, or not to be embedded.
        status => Answer::Nothing(format!("it answered {status}")),
    }
}

/// Takes what is usable: a provider may send numbers as text, and leave out what it likes.
fn enriched(said: Part<'_>) -> Enriched {
    let number = |name: &str| said.get(name)?.text_or_digits()?.parse::<u64>().ok();
    let pixels =
        |name: &str| number(name).and_then(|pixels| u32::try_from(pixels).ok()).filter(|pixels| *pixels > 0);
    let picture = said.get("thumbnail_url").and_then(|url| Url::parse(&url.text()?).ok());
    Enriched {
        thumbnail_url: picture
            .filter(|url| url.scheme() == "https" && url.as_str().len() <= 2048)
            .map(String::from),
        duration: number("duration").filter(|seconds| *seconds > 0).map(clock_time),
        width: pixels("width"),
        height: pixels("height"),
    }
}

/// Seconds as `m:ss` or `h:mm:ss`.
fn clock_time(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_duration_reads_like_a_clock() {
        for (seconds, text) in
            [(7, "0:07"), (62, "1:02"), (600, "10:00"), (3600, "1:00:00"), (36_061, "10:01:01")]
        {
            assert_eq!(clock_time(seconds), text);
        }
    }

    fn told(said: &serde_json::Value) -> json::Json {
        json::Json::read(said.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_is_usable_is_taken() {
        let said = json!({
            "thumbnail_url": "https://i.vimeocdn.com/video/1.jpg", "duration": 62, "width": "1920", "height": 1080,
            "title": "theirs", "html": "<iframe>",
        });
        let expected = Enriched {
            thumbnail_url: Some("https://i.vimeocdn.com/video/1.jpg".into()),
            duration: Some("1:02".into()),
            width: Some(1920),
            height: Some(1080),
        };
        assert_eq!(enriched(told(&said).part()), expected);
        for said in [
            json!({ "thumbnail_url": "javascript:alert(1)", "duration": -1, "width": "100%", "height": 0 }),
            json!({ "thumbnail_url": "http://i.vimeocdn.com/1.jpg", "duration": 0, "width": null }),
            json!([1]),
            json!("text"),
        ] {
            assert_eq!(enriched(told(&said).part()), Enriched::default(), "{said}");
        }
    }
}
