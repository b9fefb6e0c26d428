//! The address under which a person registers an n8n.
//!
//! Its one rule: what is stored is n8n's base, whichever of its pages the person has copied.

use url::Url;

/// A base URL as it is stored: http or https, no credentials, query or fragment, no trailing slash.
/// The error says what a person should change.
pub fn base_url(text: &str) -> Result<String, &'static str> {
    let url = http_url(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a query or fragment");
    }
    Ok(without_slash(&url))
}

/// The base of the n8n that an address belongs to, and whether anything had to be cut for it: the address may be that of n8n's
/// API (`…/api/v1`), of a page of its editor (`…/home/workflows`) or of a webhook.
pub fn n8n_base_url(text: &str) -> Result<(String, bool), &'static str> {
    let mut url = http_url(text)?;
    let path = url.path().to_owned();
    let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let typed = segments.len();
    // What is left may be a page again: `…/home/api/v1`.
    while let Some(at) = (0..segments.len()).find(|at| segments.get(*at..).is_some_and(is_n8ns_own)) {
        segments.truncate(at);
    }
    if segments.len() == typed {
        return base_url(text).map(|base| (base, false));
    }
    url.set_path(&segments.join("/"));
    url.set_query(None);
    url.set_fragment(None);
    Ok((without_slash(&url), true))
}

fn http_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text.trim()).map_err(|_| "must be a full URL such as https://n8n.example.com")?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("must start with http:// or https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password");
    }
    if url.port() == Some(0) {
        return Err("must not have port 0");
    }
    Ok(url)
}

fn without_slash(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// Whether a path is one that n8n serves below its base: its API, its editor's pages, its webhooks. A prefix that somebody has
/// chosen (`/automation`, `/n8n`) is none, and stays.
fn is_n8ns_own(path: &[&str]) -> bool {
    match path {
        ["api", "v1" | "v2", ..] | ["rest" | "types" | "icons" | "assets", _, ..] => true,
        ["signin" | "signup" | "setup" | "forgot-password" | "change-password" | "mfa" | "saml"] => true,
        ["home" | "personal" | "shared" | "overview", rest @ ..] => {
            rest.len() <= 1 && rest.iter().all(|page| is_page(page))
        }
        ["workflow", "new"] | ["settings", _] | ["settings", _, _] => true,
        ["workflow", id, rest @ ..] => is_id(id) && rest.len() <= 2,
        ["projects", id, ..] => is_id(id),
        ["templates" | "collections", ..] => path.len() <= 2,
        [page] if is_page(page) => true,
        ["healthz" | "metrics"] | ["healthz", "readiness"] => true,
        [
            "webhook" | "webhook-test" | "webhook-waiting" | "form" | "form-test" | "form-waiting" | "mcp"
            | "mcp-test",
            ..,
        ] => true,
        _ => false,
    }
}

/// The lists of n8n's editor.
fn is_page(word: &str) -> bool {
    matches!(
        word,
        "workflows"
            | "credentials"
            | "executions"
            | "variables"
            | "datatables"
            | "data-tables"
            | "insights"
            | "evaluation"
    )
}

/// n8n's ids are 16 letters and digits; earlier ones were numbers.
fn is_id(word: &str) -> bool {
    let alphanumeric = word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    alphanumeric && (word.len() == 16 || !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_kept_in_one_form() {
        assert_eq!(base_url("https://N8N.example.com:443/"), Ok("https://n8n.example.com".into()));
        assert_eq!(base_url("http://127.0.0.1:5678/n8n/"), Ok("http://127.0.0.1:5678/n8n".into()));
        for text in [
            "n8n.example.com",
            "ftp://x.example",
            "https://u:p@x.example",
            "https://x.example/?a=1",
            "https://x.example:0/",
            "",
        ] {
            assert!(base_url(text).is_err(), "{text}");
            assert!(n8n_base_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_address_of_the_api_or_of_a_page_leads_to_its_n8n() {
        for page in [
            "api/v1",
            "api/v1/",
            "api/v1/workflows?limit=1",
            "api/v1/docs/#/Workflow",
            "home/workflows",
            "home/workflows/",
            "home/credentials",
            "home",
            "workflows",
            "executions",
            "workflow/new?projectId=x",
            "workflow/AbCdEfGh12345678",
            "workflow/AbCdEfGh12345678/executions/551",
            "workflow/12",
            "projects/AbCdEfGh12345678/workflows",
            "settings/api",
            "signin?redirect=%252F",
            "setup",
            "rest/settings",
            "webhook/my-path",
            "webhook-test/my-path",
            "webhook-waiting/5?signature=s",
            "form/AbCd",
            "healthz",
        ] {
            for base in ["https://n8n.example.com", "https://example.com/n8n", "http://127.0.0.1:5678/a/b"] {
                assert_eq!(n8n_base_url(&format!("{base}/{page}")), Ok((base.into(), true)), "{page}");
            }
        }
    }

    #[test]
    fn a_prefix_of_ones_own_stays() {
        for base in [
            "https://n8n.example.com",
            "https://example.com/n8n",
            "https://example.com/automation/n8n",
            "https://example.com/home/n8n",
            "https://example.com/workflow/n8n",
            "https://example.com/api",
            "https://example.com/api/n8n",
            "https://example.com/projects/acme",
        ] {
            assert_eq!(n8n_base_url(base), Ok((base.into(), false)), "{base}");
        }
        assert!(n8n_base_url("https://example.com/n8n?x=1").is_err());
    }
}
