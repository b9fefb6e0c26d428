use http::Method;
use serde_json::json;

use harness::{TestApp, refusal};

#[tokio::test]
async fn health_needs_no_credential() {
    let house = TestApp::new().await;
    for path in ["/health", "/api/v1/health", "/health/"] {
        for key in [None, Some(("x-api-key", "sk-123"))] {
            let answer = house.acme.bare(Method::GET, path, None, key.as_slice()).await;
            assert_eq!((answer.status, &answer.json["status"]), (200, &json!("ok")), "{path}");
            assert_eq!(answer.json["time"], "2025-01-21T10:30:00Z");
        }
    }
}

#[tokio::test]
async fn the_first_address_that_people_type_says_what_is_here() {
    let house = TestApp::new().await;
    let ask = async |path: &str, accept: Option<&str>| {
        let headers: Vec<_> = accept.map(|accept| ("accept", accept)).into_iter().collect();
        house.acme.bare(Method::GET, path, None, &headers).await
    };
    for accept in [None, Some("*/*"), Some("application/json"), Some("application/json, text/html;q=0.5")] {
        let answer = ask("/", accept).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("application/json")),
            "{accept:?}"
        );
        assert_eq!((&answer.json["name"], &answer.json["docs"]), (&json!("Baton"), &json!("/docs")));
        assert_eq!(answer.header("vary"), Some("accept"));
        for path in ["docs", "openapi", "health"] {
            let path = answer.json[path].as_str().unwrap();
            assert_eq!(ask(path, None).await.status, 200, "{path}");
        }
    }
    let browsers = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for accept in [browsers, "text/html", "TEXT/HTML;q=0.9, application/json;q=0.8"] {
        let page = ask("/", Some(accept)).await;
        assert!(
            page.header("content-type").unwrap().starts_with("text/html"),
            "{accept}: {:?}",
            page.headers
        );
        for word in ["href=\"docs\"", "X-API-Key", env!("CARGO_PKG_VERSION")] {
            assert!(page.text.contains(word), "{word}: {}", page.text);
        }
        assert!(!page.text.contains("http:") && !page.text.contains("https:"), "{}", page.text);
    }
    assert_eq!(ask("//", Some("text/html")).await.status, 200);
    let posted = house.acme.post("/", json!({})).await;
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET,HEAD")));
}

#[tokio::test]
async fn the_reference_works_without_the_network() {
    let house = TestApp::new().await;
    let page = house.acme.bare(Method::GET, "/docs", None, &[]).await;
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    for word in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(!page.text.contains(word), "the page loads something from elsewhere: {word}");
    }
    for (file, media) in [
        ("swagger-ui.css", "text/css"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("start.js", "text/javascript"),
    ] {
        let answer = house.acme.bare(Method::GET, &format!("/docs/{file}"), None, &[]).await;
        assert_eq!(answer.status, 200, "{file}");
        assert!(answer.header("content-type").unwrap().starts_with(media), "{file}: {:?}", answer.headers);
        assert!(page.text.contains(file), "the page does not name {file}");
    }
}

#[tokio::test]
async fn other_files_of_the_reference_are_not_there() {
    let house = TestApp::new().await;
    for file in ["index.html", "nothing.js", "..%2Fopenapi.json", "%00"] {
        let path = format!("/docs/{file}");
        let answer = house.acme.bare(Method::GET, &path, None, &[]).await;
        assert_eq!((answer.status, refusal(&answer, &path).as_str()), (404, "not_found"), "{file}");
    }
}

#[tokio::test]
async fn the_api_document_is_served() {
    let house = TestApp::new().await;
    let answer = house.acme.bare(Method::GET, "/openapi.json", None, &[]).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.json["openapi"].as_str().unwrap().starts_with("3.1"), "{}", answer.json["openapi"]);
}

#[tokio::test]
async fn a_credential_test_says_whose_key_it_is_and_shows_no_key() {
    let house = TestApp::new().await;
    for path in ["/api", "/api/auth/test"] {
        let answer = house.acme.get(path).await;
        assert_eq!((answer.status, &answer.json["username"]), (200, &json!("jane@acme.example")));
        assert!(!answer.text.contains(&house.acme.text));
        assert_ne!(answer.json["organization_id"], house.rival.get(path).await.json["organization_id"]);
    }
}

#[tokio::test]
async fn the_page_of_links_runs_its_own_script_alone_and_works_at_both_addresses() {
    let house = TestApp::new().await;
    for path in ["/join", "/join/"] {
        let page = house.acme.bare(Method::GET, path, None, &[]).await;
        assert_eq!((page.status, page.header("x-content-type-options")), (200, Some("nosniff")), "{path}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(!policy.contains("unsafe") && policy.matches("'sha256-").count() == 2, "{policy}");
        // Of an empty text, where an element was not found.
        assert!(!policy.contains("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), "{policy}");
        assert!(page.text.contains(r#"location.pathname.replace(/join\/?$/"#), "relative to where it lies");
    }
}
