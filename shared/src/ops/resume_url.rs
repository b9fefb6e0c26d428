//! Which n8n a post comes from, and where its `resume_url` is called.
//!
//! Its one rule: no item is lost for an address that n8n makes of a wrong setting. Where the n8n is known and the address lies
//! elsewhere (localhost, a container's name, http for https, another port), its path and its signature are taken to the
//! registered address; what was posted is never called itself.

use std::sync::Arc;

use url::Url;

use super::{Warning, act::Act};
use crate::{
    domain::installation::Installation,
    error::{Error, Result},
    ids::InstallationId,
};

/// What a post says of where it comes from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said<'a> {
    pub installation_id: Option<InstallationId>,
    pub workflow_id: Option<&'a str>,
    pub execution_id: Option<&'a str>,
}

/// Where it comes from, and where it is resumed.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub installation: Option<Arc<Installation>>,
    pub resume_url: Option<Url>,
    /// The address is not the one that was posted.
    pub moved: Option<Warning>,
}

/// Finds the installation: the one that is named, which must exist; else the one below whose address the URL lies; else the one
/// that has the workflow; else the only one that the URL can mean ([`crate::installed::Installed::meant_by`]).
pub(super) async fn settle(act: &Act, said: Said<'_>, url: Option<Url>) -> Result<Settled> {
    let installed = act.installed();
    let known = |installation, resume_url| Settled { installation, resume_url, moved: None };
    match (said.installation_id, url) {
        (Some(id), None) => Ok(known(Some(installed.get(id).await?), None)),
        (Some(id), Some(url)) => {
            let named = installed.get(id).await?;
            if !named.holds(&url)
                && let Some(other) = installed.by_url(&url).await?
                && other.id != named.id
            {
                return Err(Error::invalid(
                    "resume_url",
                    format!("lies on another registered n8n, that of installation {}", other.id),
                ));
            }
            at(named, url, said.execution_id)
        }
        (None, None) => match said.workflow_id {
            Some(workflow) => Ok(known(installed.by_workflow(workflow).await?, None)),
            None => Ok(Settled::default()),
        },
        (None, Some(url)) => {
            if let Some(found) = installed.by_url(&url).await? {
                return Ok(known(Some(found), Some(url)));
            }
            let mut found = match said.workflow_id {
                Some(workflow) => installed.with_workflow(workflow).await?,
                None => None,
            };
            if found.is_none() {
                found = installed.meant_by(&url).await?;
            }
            at(found.ok_or_else(unknown)?, url, said.execution_id)
        }
    }
}

/// The URL at an installation: as it is where it has its origin, else moved there.
fn at(installation: Arc<Installation>, url: Url, execution: Option<&str>) -> Result<Settled> {
    if installation.owns(&url) {
        return Ok(Settled { installation: Some(installation), resume_url: Some(url), moved: None });
    }
    let base = Url::parse(installation.webhook_base()).map_err(Error::internal)?;
    let there = below(&base, &url, execution).ok_or_else(unknown)?;
    let message = format!(
        "resume_url lies on {}, which is not your registered n8n. Its path and its signature are used at {}. Set WEBHOOK_URL of \
         that n8n to its own address, or register the address of its webhooks as webhook_url.",
        url.origin().ascii_serialization(),
        installation.webhook_base(),
    );
    let moved = Warning { code: "resume_url_moved", message };
    Ok(Settled { installation: Some(installation), resume_url: Some(there), moved: Some(moved) })
}

/// The address of the same Wait below another base; none where the URL is not one of a Wait. n8n's own part of its path
/// begins with `webhook-waiting` or `form-waiting`, or what an operator calls them, in front of the execution.
fn below(base: &Url, url: &Url, execution: Option<&str>) -> Option<Url> {
    let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
    let before = |execution: &str| segments.iter().position(|segment| *segment == execution)?.checked_sub(1);
    let named = segments.iter().position(|segment| segment.ends_with("-waiting"));
    let own = segments.get(named.or_else(|| before(execution?))?..)?;
    // The Wait's endpoint, and whose it is.
    if own.len() < 2 {
        return None;
    }
    let mut there = base.clone();
    there.set_path(&format!("{}/{}", base.path().trim_end_matches('/'), own.join("/")));
    there.set_query(url.query());
    Some(there)
}

fn unknown() -> Error {
    Error::invalid(
        "resume_url",
        "must lie below the host or webhook_url of a registered installation (POST /api/installs/register)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_moved_with_its_path_and_its_signature() {
        for (base, url, there) in [
            (
                "https://n8n.example.com",
                "http://localhost:5678/webhook-waiting/5?signature=abc",
                Some("https://n8n.example.com/webhook-waiting/5?signature=abc"),
            ),
            (
                "https://example.com/n8n/",
                "http://n8n:5678/webhook-waiting/5/my-suffix?signature=a%2Fb",
                Some("https://example.com/n8n/webhook-waiting/5/my-suffix?signature=a%2Fb"),
            ),
            (
                "https://example.com/n8n",
                "http://localhost/n8n/form-waiting/5",
                Some("https://example.com/n8n/form-waiting/5"),
            ),
            (
                "https://example.com",
                "http://localhost/n8n/resume/5/x%20y",
                Some("https://example.com/resume/5/x%20y"),
            ),
            ("https://example.com", "http://localhost/webhook-waiting", None),
            ("https://example.com", "http://169.254.169.254/latest/meta-data", None),
            ("https://example.com", "http://localhost/5", None),
            ("https://example.com", "http://localhost/", None),
        ] {
            let (base, url) = (Url::parse(base).unwrap(), Url::parse(url).unwrap());
            assert_eq!(below(&base, &url, Some("5")).as_ref().map(Url::as_str), there, "{url}");
        }
    }
}
